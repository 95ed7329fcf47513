//! Secrets of projects and users at rest: sealed by a key that is not in the database.
//!
//! XChaCha20-Poly1305 with a random nonce; whose it is is authenticated with it, so that a sealed
//! secret moved to another project's or user's row does not open. Stored form: one byte that names the
//! key, 24 bytes of nonce, the ciphertext with its tag.
//!
//! A key ring is a text of lines `<number>:<base64 of 32 bytes>`. Every key opens; the last line
//! seals. To rotate, append a line and have the store seal everything anew (`rotate_keys`); the old
//! line may go afterwards. Who loses the ring loses the secrets, and merchants need new ones.

use std::fmt;

use altyn_app::secret::Secret;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Why a ring could not be read, or a secret not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no key.
    #[error("the key ring is empty")]
    NoKeys,
    /// A line of the ring is not what [`KeyRing::generate_line`] makes.
    #[error("line {0} of the key ring is not `number:base64 of 32 bytes`, number 1 to 255")]
    BadLine(usize),
    /// Two lines have one number.
    #[error("the key ring has two keys of number {0}")]
    TwoKeys(u8),
    /// The system gave no randomness.
    #[error("the system has no random numbers to give")]
    NoRandomness,
    /// The text is too long to be sealed.
    #[error("the secret could not be sealed")]
    NotSealed,
    /// The key that sealed it is not in the ring.
    #[error("the key {0} that sealed the secret is not in the key ring")]
    KeyMissing(u8),
    /// It was changed, belongs to somebody else, or was sealed by another key of this number.
    #[error("the sealed secret does not open")]
    NotAuthentic,
}

/// Whose a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The project of this number.
    Project(i64),
    /// The user of this number.
    User(i64),
}

/// The keys that seal and open secrets; the last one seals.
#[derive(Clone)]
pub struct KeyRing {
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    number: u8,
    bytes: Zeroizing<[u8; KEY_BYTES]>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<u8> = self.keys.iter().map(|key| key.number).collect();
        f.debug_struct("KeyRing").field("numbers", &numbers).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// Reads the text form; blank lines and lines that begin with `#` are passed over.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let mut keys: Vec<Key> = Vec::new();
        for (line, at) in text.lines().zip(1..) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let key = Key::parse(line).ok_or(SealError::BadLine(at))?;
            if keys.iter().any(|other| other.number == key.number) {
                return Err(SealError::TwoKeys(key.number));
            }
            keys.push(key);
        }
        if keys.is_empty() { Err(SealError::NoKeys) } else { Ok(Self { keys }) }
    }

    /// A new line to append to a ring, without a line end.
    pub fn generate_line(number: u8) -> Result<Zeroizing<String>, SealError> {
        let mut bytes = Zeroizing::new([0_u8; KEY_BYTES]);
        getrandom::fill(bytes.as_mut()).map_err(|_| SealError::NoRandomness)?;
        let text = Zeroizing::new(BASE64.encode(bytes.as_ref()));
        Ok(Zeroizing::new(format!("{number}:{}", *text)))
    }

    /// The smallest number above all in the ring, for the next line; `None` after 255.
    pub fn next_number(&self) -> Option<u8> {
        self.keys.iter().map(|key| key.number).max().unwrap_or(0).checked_add(1)
    }

    /// Seals a secret with the last key.
    pub fn seal(&self, owner: Owner, secret: &Secret) -> Result<Vec<u8>, SealError> {
        let key = self.keys.last().ok_or(SealError::NoKeys)?;
        let mut nonce = [0_u8; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
        let aad = owner.associated_data();
        let payload = Payload { msg: secret.expose().as_bytes(), aad: aad.as_bytes() };
        let ciphertext = key
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::NotSealed)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_BYTES + ciphertext.len());
        sealed.push(key.number);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Opens what [`KeyRing::seal`] made for the same owner.
    pub fn open(&self, owner: Owner, sealed: &[u8]) -> Result<Secret, SealError> {
        let (number, rest) = sealed.split_first().ok_or(SealError::NotAuthentic)?;
        let (nonce, ciphertext) =
            rest.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::NotAuthentic)?;
        let key = self.keys.iter().find(|key| key.number == *number);
        let key = key.ok_or(SealError::KeyMissing(*number))?;
        let aad = owner.associated_data();
        let payload = Payload { msg: ciphertext, aad: aad.as_bytes() };
        let plain = key
            .cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| SealError::NotAuthentic)?;
        let plain = Zeroizing::new(plain);
        let text = std::str::from_utf8(&plain).map_err(|_| SealError::NotAuthentic)?;
        Ok(Secret::new(text))
    }

    /// Seals anew what an older key sealed; `None` when the newest one did.
    pub fn reseal(&self, owner: Owner, sealed: &[u8]) -> Result<Option<Vec<u8>>, SealError> {
        if sealed.first() == self.keys.last().map(|key| &key.number) {
            return Ok(None);
        }
        let secret = self.open(owner, sealed)?;
        self.seal(owner, &secret).map(Some)
    }

    /// Keys made of these for another purpose, the newest first: who has one of them knows nothing
    /// of the ring or of the keys of another purpose.
    pub fn derived(&self, purpose: &str) -> Vec<[u8; KEY_BYTES]> {
        let made = |key: &Key| {
            let mut hash = Sha256::new();
            hash.update(key.bytes.as_ref());
            hash.update(purpose.as_bytes());
            hash.finalize().into()
        };
        self.keys.iter().rev().map(made).collect()
    }
}

impl Key {
    fn parse(line: &str) -> Option<Self> {
        let (number, text) = line.split_once(':')?;
        let number = number.trim().parse().ok().filter(|number| *number > 0)?;
        let decoded = Zeroizing::new(BASE64.decode(text.trim().as_bytes()).ok()?);
        let bytes = <[u8; KEY_BYTES]>::try_from(decoded.as_slice()).ok()?;
        Some(Self { number, bytes: Zeroizing::new(bytes) })
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.bytes).into())
    }
}

impl Owner {
    fn associated_data(self) -> String {
        match self {
            Self::Project(id) => format!("project:{id}"),
            Self::User(id) => format!("user:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// No text of a ring does more than be refused, and what is read seals and opens.
        #[test]
        fn no_ring_panics(
            text: String,
            lines in proptest::collection::vec("[0-9]{0,4}:?[A-Za-z0-9+/]{0,43}={0,2}", 0..5),
        ) {
            let whole: Vec<String> = (1..).zip(&lines)
                .map(|(number, line)| format!("{number}:{:A<43.43}=", line.replace([':', '='], "x")))
                .collect();
            for text in [text, lines.join("\n"), whole.join("\r\n")] {
                if let Ok(ring) = KeyRing::parse(&text) {
                    let sealed = ring.seal(Owner::User(1), &Secret::new("s")).unwrap();
                    let opened = ring.open(Owner::User(1), &sealed).unwrap();
                    proptest::prop_assert_eq!(opened.expose(), "s");
                }
            }
        }

        #[test]
        fn whatever_is_sealed_opens_and_no_bytes_do(
            secret: String, project: i64, number in 1..=u8::MAX, bytes: Vec<u8>,
        ) {
            let keys = KeyRing::parse(&ring(&[number])).unwrap();
            let owner = Owner::Project(project);
            let sealed = keys.seal(owner, &Secret::new(secret.clone())).unwrap();
            let opened = keys.open(owner, &sealed).unwrap();
            proptest::prop_assert_eq!(opened.expose(), secret.as_str());
            let named = [[number].as_slice(), bytes.as_slice()].concat();
            proptest::prop_assert!(keys.open(owner, &bytes).is_err());
            proptest::prop_assert!(keys.open(owner, &named).is_err());
        }
    }

    fn ring(numbers: &[u8]) -> String {
        let lines: Vec<String> = numbers
            .iter()
            .map(|number| KeyRing::generate_line(*number).unwrap().to_string())
            .collect();
        lines.join("\n")
    }

    #[test]
    fn opens_for_its_owner_only() {
        let keys = KeyRing::parse(&ring(&[1])).unwrap();
        let sealed = keys.seal(Owner::Project(7), &Secret::new("тайна")).unwrap();
        assert_eq!(keys.open(Owner::Project(7), &sealed).unwrap().expose(), "тайна");
        for other in [Owner::Project(8), Owner::User(7)] {
            assert_eq!(keys.open(other, &sealed), Err(SealError::NotAuthentic));
        }
        assert!(!sealed.windows(5).any(|window| window == "тайна".as_bytes().split_at(5).0));
        for at in 1..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(keys.open(Owner::Project(7), &changed), Err(SealError::NotAuthentic));
        }
        for length in 0..sealed.len() {
            let cut = sealed.split_at(length).0;
            assert_eq!(keys.open(Owner::Project(7), cut), Err(SealError::NotAuthentic));
        }
    }

    #[test]
    fn every_key_opens_and_the_last_seals() {
        let text = ring(&[3, 1]);
        let both = KeyRing::parse(&text).unwrap();
        let old = KeyRing::parse(text.lines().next().unwrap()).unwrap();
        let secret = Secret::new("s");
        let sealed_before = old.seal(Owner::Project(1), &secret).unwrap();
        assert_eq!(both.open(Owner::Project(1), &sealed_before).unwrap(), secret);
        let sealed_after = both.seal(Owner::Project(1), &secret).unwrap();
        assert_eq!(both.reseal(Owner::Project(1), &sealed_after), Ok(None));
        let sealed_anew = both.reseal(Owner::Project(1), &sealed_before).unwrap().unwrap();
        assert_eq!(sealed_anew.first(), sealed_after.first());
        assert_eq!(both.open(Owner::Project(1), &sealed_anew).unwrap(), secret);
        assert_eq!(old.open(Owner::Project(1), &sealed_after), Err(SealError::KeyMissing(1)));
        assert_eq!(both.next_number(), Some(4));
    }

    #[test]
    fn bad_rings_are_refused_by_line() {
        let good = ring(&[1]);
        let cases = [
            (String::new(), SealError::NoKeys),
            ("# nothing\n\n".to_owned(), SealError::NoKeys),
            (format!("{good}\nx"), SealError::BadLine(2)),
            (good.replacen('1', "0", 1), SealError::BadLine(1)),
            (good.replacen('1', "256", 1), SealError::BadLine(1)),
            ("1:AAAA".to_owned(), SealError::BadLine(1)),
            (format!("{good}\n\n{good}"), SealError::TwoKeys(1)),
        ];
        for (text, expected) in cases {
            assert_eq!(KeyRing::parse(&text).err(), Some(expected));
        }
    }

    #[test]
    fn derived_keys_differ_by_key_and_purpose() {
        let text = ring(&[1, 2]);
        let keys = KeyRing::parse(&text).unwrap();
        let first = KeyRing::parse(text.lines().next().unwrap()).unwrap();
        let derived = keys.derived("pages");
        assert_eq!(derived.len(), 2);
        assert_eq!(derived[1], first.derived("pages")[0], "the newest comes first");
        assert_ne!(derived[0], derived[1]);
        assert_ne!(derived[0], keys.derived("codes")[0]);
    }

    #[test]
    fn keys_are_not_printed() {
        let text = ring(&[9]);
        let printed = format!("{:?}", KeyRing::parse(&text).unwrap());
        assert_eq!(printed, "KeyRing { numbers: [9], .. }");
    }
}
