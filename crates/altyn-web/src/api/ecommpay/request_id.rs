//! `request_id` of the ECommPay dialect, computed from the operation's number.
//!
//! Guaranteed: the same operation always gets the same text, and the text leads back to the
//! operation, so neither a column nor an index over random values is needed to answer a status
//! request or to print a callback. The shape is the original's:
//! `<40 hex>-<40 hex>-<8 decimal digits>`.
//!
//! Not guaranteed: secrecy or authority. Anyone who knows the recipe can make such a text, so it
//! only correlates; what a caller may see is decided by the signature and the project.

use data_encoding::HEXLOWER;
use sha1::{Digest, Sha1};

/// Bytes of a SHA-1 digest, and so of each of the two hexadecimal blocks.
const BLOCK: usize = 20;

/// Renders the `request_id` of an operation; `request_no` counts its requests from 1.
#[must_use]
pub fn request_id(project: u32, operation: i64, request_no: u32) -> String {
    let mark = mark(project, operation);
    let number = operation.to_be_bytes();
    let mut masked: [u8; BLOCK] = Sha1::digest(mark).into();
    for (byte, plain) in masked.iter_mut().rev().zip(number.iter().rev()) {
        *byte ^= plain;
    }
    format!("{}-{}-{request_no:08}", HEXLOWER.encode(&mark), HEXLOWER.encode(&masked))
}

/// Finds the operation that a `request_id` was made for in this project.
///
/// The whole text is recomputed and compared, so another project's text, another spelling of the
/// same one, or a text of the original platform gives `None`.
#[must_use]
pub fn parse_request_id(project: u32, text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let mark = block(parts.next()?)?;
    let masked = block(parts.next()?)?;
    let request_no: u32 = parts.next()?.parse().ok()?;

    let mask: [u8; BLOCK] = Sha1::digest(mark).into();
    let mut number = [0_u8; 8];
    for ((byte, masked), mask) in
        number.iter_mut().rev().zip(masked.iter().rev()).zip(mask.iter().rev())
    {
        *byte = masked ^ mask;
    }
    let operation = i64::from_be_bytes(number);
    (request_id(project, operation, request_no) == text).then_some(operation)
}

/// The first block: a digest that differs for every project and operation.
fn mark(project: u32, operation: i64) -> [u8; BLOCK] {
    Sha1::new()
        .chain_update(b"altyn request")
        .chain_update(project.to_be_bytes())
        .chain_update(operation.to_be_bytes())
        .finalize()
        .into()
}

fn block(hex: &str) -> Option<[u8; BLOCK]> {
    // The length is looked at first: a hostile text must not make us decode megabytes.
    if hex.len() != 2 * BLOCK {
        return None;
    }
    HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{parse_request_id, request_id};

    #[test]
    fn has_the_shape_of_the_original() {
        let text = request_id(239, 389, 1);
        let parts: Vec<&str> = text.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [40, 40, 8]);
        assert!(text.ends_with("-00000001"));
        assert!(text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-')));
    }

    /// The recipe is part of what merchants have stored: changing it breaks their lookups.
    #[test]
    fn the_recipe_is_frozen() {
        assert_eq!(
            request_id(239, 389, 1),
            "b7ad6f98f4ecf8701d482daacc12a068a1c7d76d-212fa910275318c0612bd2947ce6f3d4ad90422d-00000001"
        );
        assert_eq!(
            request_id(u32::MAX, (1 << 53) - 1, 100_000_000),
            "d682ed2140a0fb45b4e9218bab24c749ae8e2578-091fa54978ee168443970e71e418aa5738e2e905-100000000"
        );
    }

    #[test]
    fn foreign_and_misspelt_texts_lead_nowhere() {
        let text = request_id(239, 389, 1);
        assert_eq!(parse_request_id(239, &text), Some(389));
        assert_eq!(parse_request_id(240, &text), None);
        assert_eq!(parse_request_id(239, &text.to_uppercase()), None);
        assert_eq!(parse_request_id(239, &text.replace("-00000001", "-1")), None);
        assert_eq!(parse_request_id(239, &text.replace("-00000001", "-+0000001")), None);
        assert_eq!(parse_request_id(239, &format!("{text}-")), None);
        assert_eq!(parse_request_id(239, "0be9d6d5-00000001"), None);
        assert_eq!(parse_request_id(239, ""), None);
    }

    proptest! {
        #[test]
        fn leads_back(project: u32, operation: i64, request_no: u32) {
            let text = request_id(project, operation, request_no);
            prop_assert_eq!(parse_request_id(project, &text), Some(operation));
            prop_assert_eq!(parse_request_id(project.wrapping_add(1), &text), None);
        }

        #[test]
        fn never_panics(project: u32, text: String) {
            prop_assert_eq!(parse_request_id(project, &text), None);
        }
    }
}
