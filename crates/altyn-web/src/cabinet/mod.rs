//! The cabinet: what operators, finance people and administrators see and do.
//!
//! Every page is drawn on the server and works without script; `static/cabinet.js` adds what makes
//! it quick. Guaranteed: no page and no action without a session whose user has the right in that
//! project ([`endpoint::Endpoint`] names it for each); no action without this browser's form token
//! ([`guard`]); what is refused is in the audit log. Rules about money are not here: pages call the
//! use cases of `altyn_app::cabinet`.

mod account;
mod assets;
mod audit;
mod cookies;
mod deliveries;
mod doctor;
pub mod endpoint;
mod frame;
mod guard;
mod payments;
mod projects;
mod registers;
mod sign_in;
#[cfg(test)]
mod tests;
mod users;
mod words;

use axum::{Router, middleware};

use crate::state::Web;
use endpoint::Endpoint;

// Words that registers have in common with the pages.
pub use payments::{Key, about, status_and_hold};
pub use words::method;

/// Every path of the cabinet.
pub fn routes(web: &Web) -> Router<Web> {
    Router::new()
        .merge(assets::routes())
        .merge(sign_in::routes())
        .merge(account::routes())
        .merge(users::routes())
        .merge(audit::routes())
        .merge(payments::routes())
        .merge(deliveries::routes())
        .merge(doctor::routes())
        .merge(registers::routes())
        .merge(projects::routes())
        .layer(middleware::from_fn_with_state(web.clone(), cookies::around))
}

/// Every endpoint, for the tests that knock at each of them.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    [
        assets::ENDPOINTS,
        sign_in::ENDPOINTS,
        account::ENDPOINTS,
        users::ENDPOINTS,
        audit::ENDPOINTS,
        payments::ENDPOINTS,
        deliveries::ENDPOINTS,
        doctor::ENDPOINTS,
        registers::ENDPOINTS,
        projects::ENDPOINTS,
    ]
    .into_iter()
    .flatten()
}
