//! Keys and answers: MD5 over texts put side by side with the secret (paykeeper.md §7.3).
//!
//! The scheme is PayKeeper's and old; nothing else here may rest on it.

use data_encoding::HEXLOWER;
use md5::{Digest, Md5};

/// The texts that a key covers, as they are sent; absent ones are empty.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The payment's number.
    pub id: &'a str,
    /// `899.00`.
    pub sum: &'a str,
    /// `clientid`.
    pub client: &'a str,
    /// `orderid`.
    pub order: &'a str,
}

/// What proves to the merchant that a notification is ours.
pub fn key(signed: Signed<'_>, secret: &str) -> String {
    hash(&[signed.id, signed.sum, signed.client, signed.order, secret])
}

/// The hash with which the merchant takes a notification about this payment.
pub fn answer(id: &str, secret: &str) -> String {
    hash(&[id, secret])
}

fn hash(texts: &[&str]) -> String {
    let mut digest = Md5::new();
    for text in texts {
        digest.update(text.as_bytes());
    }
    HEXLOWER.encode(&digest.finalize())
}
