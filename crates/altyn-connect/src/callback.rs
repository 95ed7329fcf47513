//! Sends callbacks to merchants' servers: one POST, one report.
//!
//! Guaranteed: no redirect is followed; nothing is reached that [`AddressPolicy`] refuses; one try
//! ends within 30 s and keeps at most [`ANSWER_KEPT_BYTES`] of the answer, after which reading
//! stops (a longer answer is no error). The stored bytes are sent as they are. Attempted: reusing
//! connections, so that thousands of deliveries a second are cheap. Source: ecommpay.md §4.1,
//! ruling 39.
//!
//! What the other side wishes of us changes nothing: a `Retry-After`, a 410 or a redirect is an
//! answer like any other, kept on record, and the plan alone says when the next try is. Any port is
//! called; what goes there is HTTP and nothing else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use altyn_app::ports::delivery::{ANSWER_KEPT_BYTES, SendReport};
use http_body_util::BodyExt;
use hyper::Method;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};

use crate::guard::{AddressPolicy, Resolve, SystemResolver};
use crate::http::{HttpClient, HttpError, SetupError, chain, plain};

/// How long one try may take, connecting and reading included.
pub const SEND_LIMIT: Duration = Duration::from_secs(30);

/// What the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// A JSON document.
    Json,
    /// The fields of a form.
    Form,
}

impl ContentType {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Form => "application/x-www-form-urlencoded; charset=utf-8",
        }
    }
}

/// Sends over HTTP and HTTPS with one pool of connections.
#[derive(Clone)]
pub struct HttpCallbackSender {
    http: HttpClient,
    limit: Duration,
}

impl HttpCallbackSender {
    /// Reaches what `policy` allows, names resolved by the operating system.
    pub fn new(policy: AddressPolicy) -> Result<Self, SetupError> {
        Self::with_resolver(policy, Arc::new(SystemResolver))
    }

    /// As [`Self::new`], names resolved by `source`.
    pub fn with_resolver(
        policy: AddressPolicy,
        source: Arc<dyn Resolve>,
    ) -> Result<Self, SetupError> {
        Ok(Self { http: HttpClient::guarded(policy, source)?, limit: SEND_LIMIT })
    }

    /// One try to give `body` to a merchant's server.
    pub async fn post(&self, url: &str, kind: ContentType, body: &[u8]) -> SendReport {
        let mut report = SendReport::default();
        let began = monotonic();
        self.exchange(url, kind, body, &mut report).await;
        report.duration_ms = elapsed_ms(began);
        report
    }

    async fn exchange(&self, url: &str, kind: ContentType, body: &[u8], report: &mut SendReport) {
        let sent = async {
            let uri = self.http.uri_of(url, &[])?;
            let mut request = plain(Method::POST, uri, Bytes::copy_from_slice(body));
            request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind.as_str()));
            let response = self.http.start(request).await?;
            report.status = Some(response.status().as_u16());
            read_beginning(response.into_body(), &mut report.answer).await
        };
        report.error = match tokio::time::timeout(self.limit, sent).await {
            Ok(Ok(())) => None,
            Ok(Err(HttpError::NotSent(text) | HttpError::Unknown(text))) => Some(text),
            Err(_) => Some(too_late(self.limit)),
        };
    }
}

/// What a try that took longer than it may says of itself.
pub(crate) fn too_late(limit: Duration) -> String {
    format!("no whole answer within {} ms", limit.as_millis())
}

/// Milliseconds since [`monotonic`] gave `began`.
pub(crate) fn elapsed_ms(began: Instant) -> i64 {
    let took = monotonic().saturating_duration_since(began);
    i64::try_from(took.as_millis()).unwrap_or(i64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "a measurement of how long the merchant took")]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// Keeps the first bytes; stops, and with that closes the connection, when there are enough.
async fn read_beginning(mut body: Incoming, kept: &mut Vec<u8>) -> Result<(), HttpError> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| HttpError::Unknown(chain(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        let room = ANSWER_KEPT_BYTES.saturating_sub(kept.len());
        kept.extend(data.iter().take(room));
        if data.len() >= room {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
