//! For whoever runs the server: health, readiness, metrics, and a line in the log per request.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::state::Web;

/// The answer's header that names the request in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// When to come again after a 503 whose author did not say: the seconds that most storms last.
const COME_AGAIN: HeaderValue = HeaderValue::from_static("5");

/// Paths for operators.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
}

/// The process runs.
async fn healthz() -> &'static str {
    "ok\n"
}

/// The store answers and ids can be made: requests can be accepted.
async fn readyz(State(web): State<Web>) -> Response {
    let store = web.context.store.ping().await;
    let ids = web.context.ids.next(web.context.clock.now());
    match (store, ids) {
        (Ok(()), Ok(_)) => (StatusCode::OK, "ready\n").into_response(),
        (Err(error), _) => not_ready(&error),
        (Ok(()), Err(error)) => not_ready(&error),
    }
}

fn not_ready(error: &dyn std::error::Error) -> Response {
    tracing::warn!(%error, "not ready");
    (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
}

async fn metrics(State(web): State<Web>) -> Response {
    let now = web.context.clock.now();
    match web.context.store.job_stats(now).await {
        Ok(stats) => {
            for kind in stats {
                web.metrics.jobs_waiting(kind.kind.as_str(), kind.waiting, kind.oldest_due_ms);
            }
        }
        Err(error) => tracing::warn!(%error, "job counts are not known"),
    }
    match web.cabinet.listing.lag().await {
        Ok(lag) => web.metrics.listing(lag),
        Err(error) => tracing::warn!(%error, "how far the list of payments is behind is not known"),
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], web.metrics.text()).into_response()
}

/// Counts and times every request, names it, and logs what was refused or failed. Every 503 says
/// when to come again.
pub async fn observe(State(web): State<Web>, request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let began = monotonic();
    let id = web.metrics.next_request_id();
    let span = tracing::info_span!("request", request.id = id, route);
    let mut response = tracing::Instrument::instrument(next.run(request), span.clone()).await;
    let seconds = began.elapsed().as_secs_f64();
    let status = response.status();
    web.metrics.request(&route, status.as_u16(), seconds);
    let duration_ms = seconds * 1_000.0;
    let _entered = span.enter();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        // Whoever put it off has said why, and there may be thousands a second.
        tracing::debug!(status = status.as_u16(), duration_ms, "request put off");
        response.headers_mut().entry(RETRY_AFTER).or_insert(COME_AGAIN);
    } else if status.is_server_error() {
        tracing::error!(status = status.as_u16(), duration_ms, "request failed");
    } else if status.is_client_error() {
        tracing::info!(status = status.as_u16(), duration_ms, "request refused");
    } else {
        tracing::debug!(status = status.as_u16(), duration_ms, "request answered");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

#[expect(clippy::disallowed_methods, reason = "a measurement for metrics, not a decision")]
fn monotonic() -> std::time::Instant {
    std::time::Instant::now()
}
