//! A link that was refused, an address that leads nowhere, a store that does not answer.

use altyn_domain::id::ProjectId;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::answer::{Look, Policy, show};
use super::link::LinkRefusal;
use super::refusal_code::NONCE_BYTES;
use super::view::{Gone, Refused};
use crate::state::Web;

/// The calm page of a refused link. Its code says everything to whoever may open it, and nothing
/// is stored; the log has it too.
pub fn page(web: &Web, look: Look, refusal: &LinkRefusal) -> Response {
    let now = web.context.clock.now();
    let code = nonce(web).map(|nonce| web.codes.seal(refusal, now, nonce));
    tracing::info!(
        project = refusal.project.map(ProjectId::get),
        code = refusal.code.number(),
        field = refusal.field.as_deref(),
        detail = refusal.detail,
        signed = refusal.signed.as_deref(),
        "a link to the Payment Page was refused"
    );
    let screen = Refused { frame: look.frame(None, None, None), code: code.as_deref() };
    show(refusal.code.status(), &Policy::default(), &screen)
}

/// Unique is enough for a nonce: the numbers of operations never repeat on any node. A node that has
/// none to give shows the page without a code rather than use a nonce twice.
fn nonce(web: &Web) -> Option<[u8; NONCE_BYTES]> {
    let unique = web.context.ids.next(web.context.clock.now()).ok()?;
    let mut nonce = [0; NONCE_BYTES];
    for (slot, byte) in nonce.iter_mut().zip(unique.to_be_bytes()) {
        *slot = byte;
    }
    Some(nonce)
}

/// Nothing is at this address.
pub fn gone(headers: &HeaderMap) -> Response {
    let look = Look::of(headers, None, None);
    let screen = Gone { frame: look.frame(None, None, None) };
    show(StatusCode::NOT_FOUND, &Policy::default(), &screen)
}

/// There is no room for another call with a card.
pub fn busy() -> Response {
    tracing::warn!("a payer was turned away: too many calls to acquirers are under way");
    turned_away()
}

/// The store does not answer: nothing was begun, and the browser may ask again.
pub fn unavailable(error: &dyn std::error::Error) -> Response {
    tracing::error!(%error, "a payer was turned away");
    turned_away()
}

fn turned_away() -> Response {
    let headers = [("retry-after", "5"), ("content-type", "text/plain; charset=utf-8")];
    let text = "Страница временно недоступна, деньги не списаны. Обновите её через минуту.\n\
                The page is not available just now; no money was taken. Reload it in a minute.\n";
    (StatusCode::SERVICE_UNAVAILABLE, headers, text).into_response()
}
