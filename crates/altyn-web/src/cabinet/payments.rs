//! The section «Платежи» (seed 000): the table, one payment with all that is known of it, and what
//! may be done with it.
//!
//! Guaranteed: a payment of another merchant and one that does not exist look the same; everything
//! that merchants and payers have written is text on the page, whatever is in it; what is done goes
//! through the use cases of `altyn_app::cabinet` alone.

mod act;
mod amounts;
mod cart;
mod case;
mod days;
mod dialogs;
mod filter;
mod list;
mod rows;
mod sentence;
mod show;
mod tabs;
#[cfg(test)]
pub mod tests;
pub(super) mod view;
mod words;

use altyn_app::access::user::Right;
use axum::Router;

use super::endpoint::{Endpoint, Needs};
use super::guard::Signed;
use crate::state::Web;
use filter::Within;

pub use words::{Key, about, status_and_hold};

const LIST: Endpoint = Endpoint::get("/cabinet/payments", Needs::Right(Right::View));
const ROWS: Endpoint = Endpoint::get("/cabinet/payments/rows", Needs::Right(Right::View));
const NEWS: Endpoint = Endpoint::get("/cabinet/payments/news", Needs::Right(Right::View));
const SHOW: Endpoint =
    Endpoint::get("/cabinet/payments/{project}/{payment}", Needs::Right(Right::View));
const REFUND_DIALOG: Endpoint =
    Endpoint::get("/cabinet/payments/{project}/{payment}/refund", Needs::Right(Right::Refund));
const REFUND: Endpoint =
    Endpoint::post("/cabinet/payments/{project}/{payment}/refund", Needs::Right(Right::Refund));
const CAPTURE_DIALOG: Endpoint =
    Endpoint::get("/cabinet/payments/{project}/{payment}/capture", Needs::Right(Right::Capture));
const CAPTURE: Endpoint =
    Endpoint::post("/cabinet/payments/{project}/{payment}/capture", Needs::Right(Right::Capture));
const VOID_DIALOG: Endpoint =
    Endpoint::get("/cabinet/payments/{project}/{payment}/void", Needs::Right(Right::Capture));
const VOID: Endpoint =
    Endpoint::post("/cabinet/payments/{project}/{payment}/void", Needs::Right(Right::Capture));
const RESEND: Endpoint =
    Endpoint::post("/cabinet/payments/{project}/{payment}/resend", Needs::Right(Right::Resend));
const ASK: Endpoint =
    Endpoint::post("/cabinet/payments/{project}/{payment}/ask", Needs::Right(Right::Resend));
const SETTLE_DIALOG: Endpoint =
    Endpoint::get("/cabinet/payments/{project}/{payment}/settle", Needs::Right(Right::Settle));
const SETTLE: Endpoint =
    Endpoint::post("/cabinet/payments/{project}/{payment}/settle", Needs::Right(Right::Settle));

/// What is here.
pub const ENDPOINTS: &[Endpoint] = &[
    LIST,
    ROWS,
    NEWS,
    SHOW,
    REFUND_DIALOG,
    REFUND,
    CAPTURE_DIALOG,
    CAPTURE,
    VOID_DIALOG,
    VOID,
    RESEND,
    ASK,
    SETTLE_DIALOG,
    SETTLE,
];

/// Where it is.
pub fn routes() -> Router<Web> {
    Router::new()
        .merge(LIST.serve(list::list))
        .merge(ROWS.serve(rows::rows))
        .merge(NEWS.serve(rows::news))
        .merge(SHOW.serve(show::payment))
        .merge(REFUND_DIALOG.serve(act::refund_dialog))
        .merge(REFUND.serve(act::refund))
        .merge(CAPTURE_DIALOG.serve(act::capture_dialog))
        .merge(CAPTURE.serve(act::capture))
        .merge(VOID_DIALOG.serve(act::void_dialog))
        .merge(VOID.serve(act::void))
        .merge(RESEND.serve(act::resend))
        .merge(ASK.serve(act::ask))
        .merge(SETTLE_DIALOG.serve(act::settle_dialog))
        .merge(SETTLE.serve(act::settle))
}

/// What the filter of whoever asks may choose from. It names projects itself, whatever is chosen at
/// the head of the page: an address that was sent shows everybody who may see it the same.
fn within(web: &Web, signed: &Signed) -> Within {
    Within { accounts: rows::systems(web), projects: signed.with_right(web, Right::View) }
}

/// A view of the list, by the query of its address, as registers take it.
pub(super) struct View {
    /// Its filter.
    pub filter: altyn_app::listing::ListingFilter,
    /// It in words.
    pub sentence: String,
    /// The query in its one spelling.
    pub query: String,
}

/// Reads the query of a view in the projects where the user has this right; `None` when a part of
/// it cannot be understood.
pub(super) fn view_of(web: &Web, signed: &Signed, query: &str, right: Right) -> Option<View> {
    let request = filter::Request::read(query);
    let projects = signed.projects(web, right);
    let within = Within { projects, ..within(web, signed) };
    let (filter, problems) = request.asked.filter(&within);
    let understood = request.problems.iter().chain(&problems).all(|problem| problem.is_harmless());
    let frame = signed.frame(web, super::frame::Section::Payments);
    let names: Vec<_> = frame.projects.into_iter().map(|own| (own.id, own.name)).collect();
    let named = sentence::Names { projects: &names, lang: signed.lang };
    let mut asked = request.asked;
    if asked.projects.is_empty() && filter.projects.len() < names.len()
        || filter.projects.len() < asked.projects.len()
    {
        // What may be seen but not taken along is left out, and the sentence says so.
        asked.projects.clone_from(&filter.projects);
    }
    understood.then(|| View { filter, sentence: named.sentence(&asked), query: asked.query() })
}
