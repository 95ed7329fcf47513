//! The faces of the platform on the web: the Gate, the providers' door, the operator's endpoints.
//!
//! Handlers extract, call one use case and render. [`router`] lists every path.

pub mod admission;
pub mod api;
mod body;
pub mod cabinet;
mod docs;
mod format;
pub mod inbound;
pub mod lang;
pub mod metrics;
mod ops;
mod page;
pub mod payment_page;
pub mod peer;
pub mod state;
pub mod wording;

use axum::Router;
use axum::middleware;

use crate::state::Web;

/// Every path of the server.
pub fn router(web: Web) -> Router {
    Router::new()
        .merge(api::ecommpay::routes())
        .merge(cabinet::routes(&web))
        .merge(docs::routes())
        .merge(inbound::routes())
        .merge(payment_page::routes())
        .merge(ops::routes())
        .fallback(page::not_found)
        .layer(middleware::from_fn_with_state(web.clone(), ops::observe))
        .with_state(web)
}
