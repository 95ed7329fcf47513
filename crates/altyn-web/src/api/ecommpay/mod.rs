//! The ECommPay dialect of the Gate: signed JSON in, signed JSON out.
//!
//! A request body goes through [`tree`] (a strict reader that keeps what a signature depends on),
//! then [`sign`] (who sent it), and only then is read for meaning ([`read`]). [`view`] words what
//! goes out. Wire facts come from `protocols/ecommpay.md`; no rule about money is here.

pub mod codes;
pub mod dialect;
mod handlers;
mod read;
mod refusal;
pub mod request_id;
pub mod sign;
pub mod tree;
pub mod view;
pub mod wire;

use axum::Router;
use axum::routing::post;

use crate::state::Web;

pub use handlers::BODY_MAX_BYTES;

/// Every path of the Gate, in one list.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/v2/payment/online-banking/{method}/sale", post(handlers::online_banking_sale))
        .route("/v2/payment/online-banking/{method}/refund", post(handlers::online_banking_refund))
        .route("/v2/payment/card-partner/sale", post(handlers::card_partner_sale))
        .route("/v2/payment/card-partner/refund", post(handlers::card_partner_refund))
        .route("/v2/payment/refund", post(handlers::any_refund))
        .route("/v2/payment/status", post(handlers::status))
        .route("/v2/payment/status/request", post(handlers::status_of_request))
        .route("/v2/payment/clarification", post(handlers::clarification))
        .route("/v2/{*rest}", axum::routing::any(handlers::no_such_path))
        .method_not_allowed_fallback(handlers::no_such_verb)
}
