//! The address of a payment's own page: who has it may see the payment, nobody can guess it.
//!
//! A token is the project's and the payment's number with a MAC over both, so nothing is stored
//! and a number cannot be swapped for another. It says who a page is about, not who looks at it:
//! a page behind it shows nothing that the payer does not know already.
//!
//! The first key makes tokens, all of them read; each is used through a key derived for this
//! purpose, so that one ring may serve several.

use altyn_app::ports::PageLinks;
use altyn_domain::id::{PaymentId, ProjectId};
use data_encoding::BASE32_DNSSEC;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of the MAC: nobody tries 2^128 addresses.
const MAC_BYTES: usize = 16;
const NUMBER_BYTES: usize = 4 + 8;
/// Characters of every token.
const TOKEN_LENGTH: usize = ((NUMBER_BYTES + MAC_BYTES) * 8).div_ceil(5);

/// What the derived key is for; changing it makes every address given out so far invalid.
const PURPOSE: &[u8] = b"altyn payment page token 1";

/// Makes and reads tokens.
#[derive(Clone)]
pub struct PageTokens {
    public_url: String,
    newest: Hmac<Sha256>,
    older: Vec<Hmac<Sha256>>,
}

impl PageTokens {
    /// `public_url` is where payers reach this server; the newest key comes first. Nothing when
    /// there is no key.
    pub fn new(public_url: &str, keys: &[[u8; 32]]) -> Option<Self> {
        let (newest, older) = keys.split_first()?;
        Some(Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            newest: prepared(newest)?,
            older: older.iter().filter_map(prepared).collect(),
        })
    }

    /// The token of a payment: digits and lower-case letters.
    pub fn token(&self, project: ProjectId, payment: PaymentId) -> String {
        let mut bytes = numbers(project, payment).to_vec();
        let mac = self.newest.clone().chain_update(&bytes).finalize().into_bytes();
        bytes.extend(mac.iter().take(MAC_BYTES));
        BASE32_DNSSEC.encode(&bytes)
    }

    /// The payment that a token of ours is for.
    pub fn read(&self, token: &str) -> Option<(ProjectId, PaymentId)> {
        // The decoder also takes upper-case letters; an address has one spelling.
        if token.len() != TOKEN_LENGTH || token.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return None;
        }
        let bytes = BASE32_DNSSEC.decode(token.as_bytes()).ok()?;
        let (numbers, mac) = bytes.split_first_chunk::<NUMBER_BYTES>()?;
        let ours = std::iter::once(&self.newest)
            .chain(&self.older)
            .any(|key| key.clone().chain_update(numbers).verify_truncated_left(mac).is_ok());
        if !ours || mac.len() != MAC_BYTES {
            return None;
        }
        let (project, payment) = numbers.split_first_chunk::<4>()?;
        let project = ProjectId::new(u32::from_be_bytes(*project))?;
        let payment = PaymentId::new(i64::from_be_bytes(payment.try_into().ok()?));
        Some((project, payment))
    }

    /// The address of a payment's page.
    pub fn url(&self, project: ProjectId, payment: PaymentId) -> String {
        format!("{}/payment/{}", self.public_url, self.token(project, payment))
    }
}

impl PageLinks for PageTokens {
    fn url_of(&self, project: ProjectId, payment: PaymentId) -> String {
        self.url(project, payment)
    }
}

fn numbers(project: ProjectId, payment: PaymentId) -> [u8; NUMBER_BYTES] {
    let mut bytes = [0; NUMBER_BYTES];
    let both = project.get().to_be_bytes().into_iter().chain(payment.get().to_be_bytes());
    for (slot, byte) in bytes.iter_mut().zip(both) {
        *slot = byte;
    }
    bytes
}

fn prepared(key: &[u8; 32]) -> Option<Hmac<Sha256>> {
    let derived = Hmac::<Sha256>::new_from_slice(key).ok()?.chain_update(PURPOSE).finalize();
    Hmac::new_from_slice(&derived.into_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(keys: &[u8]) -> PageTokens {
        let keys: Vec<[u8; 32]> = keys.iter().map(|byte| [*byte; 32]).collect();
        PageTokens::new("https://pay.example/", &keys).unwrap()
    }

    fn of(project: u32, payment: i64) -> (ProjectId, PaymentId) {
        (ProjectId::new(project).unwrap(), PaymentId::new(payment))
    }

    #[test]
    fn the_address_is_plain() {
        let (project, payment) = of(35, 7_001);
        let url = tokens(&[1]).url(project, payment);
        let token = url.strip_prefix("https://pay.example/payment/").unwrap();
        assert_eq!(token.len(), TOKEN_LENGTH);
        assert!(token.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()), "{token}");
    }

    /// Payers have stored these addresses.
    #[test]
    fn the_recipe_is_frozen() {
        let (project, payment) = of(35, 7_001);
        assert_eq!(
            tokens(&[1]).token(project, payment),
            "000008o0000000003dcvoursk8r5a63odsa74657h7hl2"
        );
    }

    #[test]
    fn every_key_of_the_ring_reads() {
        let (project, payment) = of(35, 7_001);
        let old = tokens(&[1]).token(project, payment);
        assert_eq!(tokens(&[2, 1]).read(&old), Some((project, payment)));
        assert_ne!(tokens(&[2, 1]).token(project, payment), old);
        assert_eq!(tokens(&[2]).read(&old), None);
        assert!(PageTokens::new("https://pay.example", &[]).is_none());
    }

    #[test]
    fn one_other_character_leads_nowhere() {
        let tokens = tokens(&[1]);
        let (project, payment) = of(35, 7_001);
        let token = tokens.token(project, payment);
        for at in 0..token.len() {
            let other: String = token
                .char_indices()
                .map(|(index, c)| {
                    if index != at {
                        c
                    } else if c == '0' {
                        '1'
                    } else {
                        '0'
                    }
                })
                .collect();
            assert_eq!(tokens.read(&other), None, "{other}");
        }
        assert_eq!(tokens.read(&token.to_uppercase()), None);
        assert_eq!(tokens.read(&format!("{token}a")), None);
        assert_eq!(tokens.read(""), None);
    }

    proptest! {
        #[test]
        fn tokens_read_back(project in 1..=u32::MAX, payment in 1..1_i64 << 53) {
            let tokens = tokens(&[1]);
            let (project, payment) = of(project, payment);
            prop_assert_eq!(tokens.read(&tokens.token(project, payment)), Some((project, payment)));
        }

        #[test]
        fn no_text_panics(text: String, short in "[0-9a-v]{45}") {
            prop_assert_eq!(tokens(&[1]).read(&text), None);
            prop_assert_eq!(tokens(&[1]).read(&short), None);
        }
    }
}
