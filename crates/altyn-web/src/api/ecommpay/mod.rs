//! The ECommPay dialect of the Gate: signed JSON in, signed JSON out.
//!
//! A request body goes through [`tree`] (a strict reader that keeps what a signature depends on),
//! then [`sign`] (who sent it), and only then is read for meaning ([`read`]). [`view`] words what
//! goes out. [`contract`] tells merchants all of it, from the same types and tables. Wire facts
//! come from `protocols/ecommpay.md`; no rule about money is here.

pub mod codes;
pub mod contract;
pub mod dialect;
pub mod endpoints;
mod handlers;
pub(crate) mod read;
pub(crate) mod refusal;
pub mod request_id;
pub mod requests;
#[cfg(test)]
mod rig;
pub mod sign;
pub mod tree;
pub mod view;
pub mod wire;

use axum::Router;

use crate::state::Web;

use endpoints::Endpoint;
pub use handlers::BODY_MAX_BYTES;

/// Every path of the Gate: those of [`Endpoint::ALL`], and a refusal for all others below `/v2`.
pub fn routes() -> Router<Web> {
    Endpoint::ALL
        .iter()
        .fold(Router::new(), |router, endpoint| router.route(endpoint.path(), endpoint.handler()))
        .route("/v2", axum::routing::any(handlers::no_such_path))
        .route("/v2/", axum::routing::any(handlers::no_such_path))
        .route("/v2/{*rest}", axum::routing::any(handlers::no_such_path))
        .method_not_allowed_fallback(handlers::no_such_verb)
}
