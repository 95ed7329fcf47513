//! Signatures of the ECommPay dialect (`protocols/ecommpay.md` §1).
//!
//! A tree is flattened to `path:value` lines, the lines are sorted and joined with `;`, and the
//! text goes under HMAC-SHA512, in base64. [`sign`] does just that for what we send. [`verify`]
//! accepts in addition the texts that the platform's own client libraries make where they differ
//! from the rule: another sort order, `None` for null, another spelling of a number, doubled
//! colons in keys. A well-made signature costs one HMAC; a wrong one at most [`READINGS`] of them.
//!
//! What a good signature does **not** say:
//! * Separators are not escaped, so `{"a":"1;b:2"}` and `{"a":"1","b":"2"}` have one signature.
//!   Whoever reads the tree must check types and characters of every field afterwards.
//! * Types are not covered: `1`, `"1"` and `true` sign alike, as do null and `""`.
//! * Equal signatures do not mean equal requests; never use one as an idempotency key.

use std::fmt;

use data_encoding::BASE64;
use hmac::digest::array::Array;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

pub use self::leafs::{Leaf, Leafs, Step};
use self::lines::{Keys, Nulls};
pub(super) use self::lines::{Lines, Rules};
use self::numbers::Numbers;
use super::tree::Node;

mod leafs;
mod lines;
mod numbers;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

/// Texts that [`verify`] tries at most, each for one HMAC.
pub const READINGS: usize = 1 + FALLBACKS.len();

/// Characters of every signature: 64 bytes in padded base64.
const SIGNATURE_LENGTH: usize = 88;

/// What the client libraries sign where they leave the rule, likeliest first.
///
/// A list and not every combination: a library has its habits together. Readings that come to one
/// text, which they do for nearly all bodies, are tried once.
const FALLBACKS: [Rules; 11] = {
    let rule = Rules::CANONICAL;
    let paths = Rules { order: Order::Paths, ..rule };
    let whole_lines = Rules { order: Order::Lines, ..rule };
    let levels = Rules { order: Order::Levels, ..rule };
    [
        levels,                                                           // js
        Rules { nulls: Nulls::None, ..paths },                            // py 1.0.6
        Rules { keys: Keys::Doubled, ..rule },                            // php, woo
        Rules { keys: Keys::Doubled, ..whole_lines },                     // java, go
        paths,                                                            // py master
        whole_lines,                                                      // java, go
        Rules { numbers: Numbers::JavaScript, ..levels },                 // js, re-read
        Rules { numbers: Numbers::Python, nulls: Nulls::None, ..paths },  // py 1.0.6, re-read
        Rules { numbers: Numbers::Python, keys: Keys::Doubled, ..paths }, // py master, re-read
        Rules { keys: Keys::Doubled, ..paths },                           // py master
        Rules { nulls: Nulls::None, ..rule },                             // sorted by hand
    ]
};

/// How the lines of a signed text are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By path, runs of digits as numbers: the rule, and what PHP clients do.
    Natural,
    /// By path, byte for byte: Python clients.
    Paths,
    /// By whole lines, byte for byte: Java and Go clients.
    Lines,
    /// Key by key on every level, numbers first: JavaScript clients.
    Levels,
}

/// A project's secret, prepared for use. Copies are cheap and need no memory of their own.
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha512>);

impl SigningKey {
    /// Prepares a secret: its UTF-8 bytes, of any length, are the HMAC key.
    #[must_use]
    pub fn new(secret: &str) -> Self {
        // HMAC's own preparation of a key (RFC 2104): a long one is hashed, and zeros follow.
        // Done here because the checked constructor reports an error that cannot occur.
        let mut block = Array::default();
        let hashed;
        let bytes: &[u8] = if secret.len() > block.len() {
            hashed = Sha512::digest(secret);
            &hashed
        } else {
            secret.as_bytes()
        };
        for (slot, byte) in block.iter_mut().zip(bytes) {
            *slot = *byte;
        }
        Self(Hmac::new(&block))
    }

    fn over(&self, text: &str) -> Hmac<Sha512> {
        let mut mac = self.0.clone();
        mac.update(text.as_bytes());
        mac
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// The signature fits the body in no known reading.
///
/// `canonical` is for showing a developer what we signed instead. It is the whole body, card data
/// included, so it belongs to the signer only; `Debug` hides it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit the body")]
pub struct Mismatch {
    /// The text that the rule makes of the body; the secret is no part of it.
    pub canonical: Zeroizing<String>,
}

impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mismatch").finish_non_exhaustive()
    }
}

/// The text that is signed, by the rule alone.
#[must_use]
pub fn canonical<T: Leafs>(tree: &T) -> String {
    text_of(tree, Rules::CANONICAL).to_string()
}

/// Signs a tree by the rule, in whatever shape it is: a [`Node`] or a [`serde_json::Value`].
///
/// Members called `signature` and `frame_mode` are not signed, so it does not matter whether a
/// place for the signature is already in the tree. Every client agrees on the result only while
/// our documents stay plain: no nulls, no fractions, no `;` in texts, no list over ten.
#[must_use]
pub fn sign<T: Leafs>(tree: &T, key: &SigningKey) -> String {
    let text = text_of(tree, Rules::CANONICAL);
    BASE64.encode(&key.over(&text).finalize().into_bytes())
}

/// Checks a signature and tells which sort order it was made with.
///
/// The comparisons take the same time wherever the first difference is.
///
/// # Errors
/// [`Mismatch`] when no reading fits, or the signature is not base64 of 64 bytes.
pub fn verify<T: Leafs>(tree: &T, signature: &str, key: &SigningKey) -> Result<Order, Mismatch> {
    let canonical = text_of(tree, Rules::CANONICAL);
    // A text that can be no signature is not worth an HMAC.
    let Some(given) = decoded(signature) else { return Err(Mismatch { canonical }) };
    if key.over(&canonical).verify_slice(&given).is_ok() {
        return Ok(Order::Natural);
    }
    let mut tried = vec![canonical];
    for rules in FALLBACKS {
        let text = text_of(tree, rules);
        if tried.contains(&text) {
            continue;
        }
        if key.over(&text).verify_slice(&given).is_ok() {
            return Ok(rules.order);
        }
        tried.push(text);
    }
    Err(Mismatch { canonical: tried.swap_remove(0) })
}

/// Finds the signature of a body: in `general`, in `customer`, or beside them.
#[must_use]
pub fn signature_of<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    const PLACES: [&[&str]; 3] =
        [&["general", "signature"], &["customer", "signature"], &["signature"]];
    PLACES.iter().find_map(|place| node.at(place)?.as_text())
}

fn text_of<T: Leafs>(tree: &T, rules: Rules) -> Zeroizing<String> {
    Lines::gather(tree, rules).joined(rules.order)
}

fn decoded(signature: &str) -> Option<Vec<u8>> {
    if signature.len() != SIGNATURE_LENGTH {
        return None;
    }
    BASE64.decode(signature.as_bytes()).ok()
}
