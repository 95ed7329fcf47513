//! The Payment Page: what a payer sees of a payment, and the signed link that opens it.
//!
//! [`open`] shows the choice of methods and stores nothing; [`pay`] makes the payment come into
//! being; [`stand`] shows how it stands, from the payment alone, and is where every way leads back
//! to: the bank's, 3-D Secure's ([`authentication`]), reload, the back button, a second tab. The
//! screens are in [`view`], their words in [`words`].

mod answer;
mod assets;
mod authentication;
mod entered;
mod events;
pub mod link;
mod open;
mod pay;
pub mod refusal_code;
mod refused;
mod room;
mod secrecy;
mod stand;
pub mod token;
pub mod view;
mod widget;
pub mod words;

use axum::Router;
use axum::routing::{get, post};

use crate::state::Web;

pub use events::room_for_news;
pub use room::Room;
pub use stand::room_for_questions;

/// Paths for payers, and the files that pages and shops load.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/payment", get(open::by_query).post(open::by_form))
        .route("/payment/pay", post(pay::pay))
        .route("/payment/{token}", get(stand::stand))
        .route("/payment/{token}/again", get(pay::again_form).post(pay::again))
        .route("/payment/{token}/cancel", post(stand::cancel))
        .route("/payment/{token}/events", get(events::events))
        .route("/payment/{token}/fingerprint", post(authentication::fingerprinted))
        .route(
            "/payment/{token}/3ds",
            get(authentication::came_back).post(authentication::answered),
        )
        .route("/static/pay.css", get(assets::style))
        .route("/static/pay.js", get(assets::script))
        .route("/shared/merchant.js", get(assets::merchant_script))
        .route("/shared/merchant.css", get(assets::merchant_style))
}
