//! Keyed hashes of both providers: made as hex, checked in constant time.
//!
//! Guaranteed: a check against an empty key or an empty hash fails. Source: providers.md §1.11,
//! §2.1 and §2.4.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// HMAC-SHA256 in lower-case hex.
pub(crate) fn sha256_hex(key: &str, text: &str) -> String {
    // A key of any length is taken, so the other arm is never reached; what it gives is refused by
    // every verifier.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// HMAC-SHA1 in lower-case hex.
pub(crate) fn sha1_hex(key: &str, text: &str) -> String {
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

/// True when `hex`, in whichever letter case, is the HMAC-SHA256 of `text`.
pub(crate) fn is_sha256_of(key: &str, text: &str, hex: &str) -> bool {
    if key.is_empty() {
        return false;
    }
    let Ok(given) = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return false };
    mac.update(text.as_bytes());
    mac.verify_slice(&given).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_v2_interface() {
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
        for (text, hash) in table {
            assert_eq!(sha256_hex("demoCHANGED", text), hash);
            assert!(is_sha256_of("demoCHANGED", text, &hash.to_uppercase()));
            assert!(!is_sha256_of("demoCHANGEd", text, hash));
        }
    }

    #[test]
    fn nothing_passes_without_a_key_or_a_whole_hash() {
        let of_empty_key = sha256_hex("", "text");
        assert!(!is_sha256_of("", "text", &of_empty_key));
        let right = sha256_hex("key", "text");
        let short: String = right.chars().take(62).collect();
        for hex in ["", "00", "zz", short.as_str(), &format!("{right}00")] {
            assert!(!is_sha256_of("key", "text", hex), "{hex}");
        }
    }
}
