//! The ECommPay dialect of the Gate: signed JSON in, signed JSON out.
//!
//! A request body goes through [`tree`] (a strict reader that keeps what a signature depends on),
//! then [`sign`] (who sent it), and only then is read for meaning. Wire facts come from
//! `protocols/ecommpay.md`.

pub mod request_id;
pub mod sign;
pub mod tree;
