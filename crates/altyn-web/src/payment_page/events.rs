//! News of a payment for its page, as server-sent events: the version, and each new one.
//!
//! The stream ends after a few minutes and the browser opens it anew; when there are too many, the
//! page falls back to looking again by itself. One payment has few: a payer has few tabs, and his
//! address in many hands must not take the room of all others. When the room is closed because the node stops,
//! every stream ends within a second: open pages do not hold a stop up.

use std::convert::Infallible;
use std::time::Duration;

use altyn_domain::id::{PaymentId, ProjectId};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};

use super::room::{Room, Slot};
use crate::state::Web;

/// Streams open at once; each costs a read a second.
const STREAMS_MAX: usize = 2_000;
/// Streams of one payment open at once: the tabs and devices of one payer.
const STREAMS_OF_ONE_MAX: u32 = 4;
/// How often a payment is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many looks a stream lasts.
const LOOKS: u32 = 300;
/// How often a silent stream says that it lives, so that proxies keep it.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

/// `GET /payment/{token}/events`.
pub async fn events(State(web): State<Web>, Path(token): Path<String>) -> Response {
    let Some((project, payment)) = web.pages.read(&token) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match web.streams.slot(payment) {
        Some(slot) => {
            let news = news(web, (project, payment), slot);
            let alive = KeepAlive::new().interval(ALIVE_EVERY);
            Sse::new(news).keep_alive(alive).into_response()
        }
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The room for streams; closing it ends them.
pub fn room_for_news() -> Room {
    Room::new(STREAMS_MAX, STREAMS_OF_ONE_MAX)
}

struct Watch {
    web: Web,
    about: (ProjectId, PaymentId),
    told: Option<i64>,
    looks: u32,
    _slot: Slot,
}

fn news(
    web: Web,
    about: (ProjectId, PaymentId),
    slot: Slot,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let watch = Watch { web, about, told: None, looks: 0, _slot: slot };
    stream::unfold(watch, |mut watch| async move {
        while watch.looks < LOOKS && !watch.web.streams.is_closed() {
            if watch.looks > 0 {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            watch.looks += 1;
            let found = watch.web.context.store.payment(watch.about.0, watch.about.1).await;
            let version = found.ok().flatten().map(|record| record.payment.version);
            if version.is_some() && version != watch.told {
                watch.told = version;
                let text = version.unwrap_or_default().to_string();
                return Some((Ok(Event::default().event("state").data(text)), watch));
            }
        }
        None
    })
}
