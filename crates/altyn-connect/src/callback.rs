//! Sends callbacks to merchants: one POST, one report.
//!
//! Guaranteed: no redirect is followed; nothing is reached that [`AddressPolicy`] refuses; one try
//! ends within 30 s and keeps at most [`ANSWER_KEPT_BYTES`] of the answer, after which reading
//! stops (a longer answer is no error). The stored bytes are sent as they are. Attempted: reusing
//! connections, so that thousands of deliveries a second are cheap. Source: ecommpay.md §4.1,
//! ruling 39.

use std::sync::Arc;
use std::time::{Duration, Instant};

use altyn_app::ports::CallbackSender;
use altyn_app::ports::delivery::{ANSWER_KEPT_BYTES, SendReport};
use async_trait::async_trait;
use http_body_util::BodyExt;
use hyper::Method;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};

use crate::guard::{AddressPolicy, Resolve, SystemResolver};
use crate::http::{HttpClient, HttpError, SetupError, chain, plain};

/// How long one try may take, connecting and reading included.
pub const SEND_LIMIT: Duration = Duration::from_secs(30);

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

    async fn exchange(&self, url: &str, body: &[u8], report: &mut SendReport) {
        let sent = async {
            let uri = self.http.uri_of(url, &[])?;
            let mut request = plain(Method::POST, uri, Bytes::copy_from_slice(body));
            request
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
            let response = self.http.start(request).await?;
            report.status = Some(response.status().as_u16());
            read_beginning(response.into_body(), &mut report.answer).await
        };
        report.error = match tokio::time::timeout(self.limit, sent).await {
            Ok(Ok(())) => None,
            Ok(Err(HttpError::NotSent(text) | HttpError::Unknown(text))) => Some(text),
            Err(_) => Some(format!("no whole answer within {} ms", self.limit.as_millis())),
        };
    }
}

#[async_trait]
impl CallbackSender for HttpCallbackSender {
    async fn send(&self, url: &str, body: &[u8]) -> SendReport {
        let mut report =
            SendReport { status: None, duration_ms: 0, answer: Vec::new(), error: None };
        let began = monotonic();
        self.exchange(url, body, &mut report).await;
        let took = monotonic().saturating_duration_since(began);
        report.duration_ms = i64::try_from(took.as_millis()).unwrap_or(i64::MAX);
        report
    }
}

#[expect(clippy::disallowed_methods, reason = "a measurement of how long the merchant took")]
fn monotonic() -> Instant {
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
