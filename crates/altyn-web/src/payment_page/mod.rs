//! The Payment Page: what a payer sees of a payment, and the signed link that opens it.

pub mod link;
pub mod refusal_code;
pub mod token;
