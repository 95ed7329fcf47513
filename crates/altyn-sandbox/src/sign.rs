//! Signatures of both providers, written from providers.md §1.11, §2.1 and §2.4.

use data_encoding::{HEXLOWER, HEXUPPER};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

fn sha256_mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    // HMAC takes a key of any length, so the error arm is never reached; an empty answer is
    // refused by `same_hex` all the same.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

/// Lower-case hex of HMAC-SHA256; 64 characters.
pub(crate) fn hmac_sha256_lower(key: &[u8], text: &[u8]) -> String {
    HEXLOWER.encode(&sha256_mac(key, text))
}

/// `checksum` of a signed RBS notification (§1.11): `name;value;` of every parameter but
/// `checksum` and `sign_alias`, sorted by name in ordinal order, HMAC-SHA256 in upper-case hex.
pub(crate) fn rbs_checksum(key: &str, params: &[(String, String)]) -> String {
    let mut taking_part: Vec<&(String, String)> =
        params.iter().filter(|(name, _)| name != "checksum" && name != "sign_alias").collect();
    taking_part.sort();
    let mut text = String::new();
    for (name, value) in taking_part {
        text.push_str(name);
        text.push(';');
        text.push_str(value);
        text.push(';');
    }
    HEXUPPER.encode(&sha256_mac(key.as_bytes(), text.as_bytes()))
}

/// `hsh` of the iPay form (§2.1) over the already concatenated text: HMAC-SHA1, lower-case hex.
pub(crate) fn ipay_hsh(key: &str, text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// `hash` of the iPay REST calls (§2.4): HMAC-SHA256, lower-case hex.
pub(crate) fn ipay_hash(key: &str, text: &str) -> String {
    hmac_sha256_lower(key.as_bytes(), text.as_bytes())
}

/// Compares a signature with the expected hex in constant time, ignoring letter case.
pub(crate) fn same_hex(expected: &str, given: &str) -> bool {
    let (a, b) = (expected.to_ascii_lowercase(), given.trim().to_ascii_lowercase());
    !a.is_empty() && bool::from(a.as_bytes().ct_eq(b.as_bytes()))
}

/// Compares a password or token in constant time; an empty expectation never matches.
pub(crate) fn same_secret(expected: &str, given: &str) -> bool {
    !expected.is_empty() && bool::from(expected.as_bytes().ct_eq(given.as_bytes()))
}

#[cfg(test)]
mod tests {
    //! The published vectors, byte for byte.

    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn rbs_checksum_matches_the_five_vectors() {
        let own = "11111111-2222-3333-4444-555555555555";
        let first = pairs(&[
            ("status", "1"),
            ("mdOrder", "3ff6962a-7dcc-4283-ab50-a6d7dd3386fe"),
            ("checksum", "must not take part"),
            ("amount", "123456"),
            ("operation", "deposited"),
            ("sign_alias", "must not take part"),
            ("orderNumber", "10747"),
        ]);
        let second = pairs(&[
            ("mdOrder", "ed6f3abf-cea0-427e-afdf-0ba43ead124f"),
            ("amount", "1500"),
            ("operation", "deposited"),
            ("orderNumber", "89312"),
            ("status", "1"),
        ]);
        let fourth = pairs(&[
            ("amount", "900"),
            ("callbackCreationDate", "Mon Jan 31 21:46:52 MSK 2022"),
            ("mdOrder", own),
            ("operation", "refunded"),
            ("orderNumber", "ORD-7"),
            ("status", "1"),
        ]);
        let fifth = pairs(&[
            ("bindingId", "b-1"),
            ("clientId", "cust;1"),
            ("enabled", "true"),
            ("mdOrder", own),
            ("operation", "bindingCreated"),
            ("orderNumber", "ORD-7"),
            ("status", "1"),
        ]);
        let table = [
            (
                &first,
                "yourSecretToken",
                "51C892147225ABE87798CB02979D70EF46D0AE79B5AA3B28B1C260BE286C50A9",
            ),
            (&second, "123", "9F8253A6BB7777D067DD955751119FA5AAF67B14B9215147190F96B505CDB72C"),
            (
                &second,
                "12345678",
                "DDED310FACCC970D87BDB6DFA4BB2CDBA05B10E787021F92E794E6CC89E268C7",
            ),
            (
                &fourth,
                "test-key",
                "695B71FEAC594B5C6EE2BCDADD77EDEA42A7E670F242ACC4C29B6816BDAF3732",
            ),
            (
                &fifth,
                "test-key",
                "DCDF2BFF3DB8B77C48FDB28AD753AD3573312615AA3F2AA3720EC6AB02BA2E36",
            ),
        ];
        for (params, key, want) in table {
            assert_eq!(rbs_checksum(key, params), want);
        }
    }

    #[test]
    fn ipay_hash_matches_the_published_vectors() {
        let table = [
            (
                "0some-fictitious-id1some-fictitious-in110demoKES",
                "337595f88a1111fb7dff911fda4e7c35318e53e8f20249458238454dfa6bfd0e",
            ),
            (
                "SOMDEM31454154453760281529499DEMOdemo",
                "da809790871c46419dadd52d3cc014068bec0204749c134b8e15c7aab8d42893",
            ),
            (
                "ORD60FEDB4E266F8demo",
                "ef108d292de22ebb2ea7eba42fe342faacbfa394ba8599e3bf8cf13f1c61c561",
            ),
            (
                "code=1539630706A&vid=demo",
                "f2666deff60e141243213a2dcf2b8c744045b23ff1c1139985e866494b12d5f8",
            ),
        ];
        for (text, want) in table {
            assert_eq!(ipay_hash("demoCHANGED", text), want);
        }
    }

    #[test]
    fn ipay_hsh_matches_the_form_of_the_source() {
        let text = "0112112020102292999900256712375678example@example.comdemoKES\
                    https://pay.example.com/cb10";
        assert_eq!(ipay_hsh("demoCHANGED", text), "e0583491cfc669d96c090e918b12d4c537d3e068");
    }

    #[test]
    fn comparison_ignores_case_and_refuses_the_empty() {
        assert!(same_hex("AB01", "ab01"));
        assert!(!same_hex("ab01", "ab02"));
        assert!(!same_hex("", ""));
        assert!(!same_secret("", ""));
    }
}
