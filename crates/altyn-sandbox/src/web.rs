//! What every address of the sandbox shares: reading parameters, dropping a connection on
//! purpose, the register of requests, the gate through which faults act.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::faults::{Plan, Provider};
use crate::runtime::Sandbox;

/// Parameters of a request, those of the address before those of the form, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query, and the body of a POST as a form whatever its label.
    pub(crate) fn read(method: &Method, uri: &Uri, body: &Bytes) -> Self {
        let mut list: Vec<(String, String)> =
            url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        if method == Method::POST {
            list.extend(url::form_urlencoded::parse(body).into_owned());
        }
        Self(list)
    }

    /// The first value of a name, the empty one included.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The first value of a name unless it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).filter(|v| !v.is_empty())
    }

    /// A value or the empty text: absent and empty are one thing in signatures.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).unwrap_or_default()
    }
}

/// A request as the register shows it; secrets are left out.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Seen {
    /// When, the sandbox clock, milliseconds.
    pub(crate) at_ms: i64,
    /// Whose address.
    pub(crate) provider: Provider,
    /// HTTP method.
    pub(crate) http_method: String,
    /// Path without the query.
    pub(crate) path: String,
    /// Parameters, values of secrets replaced by `***`.
    pub(crate) params: Vec<(String, String)>,
}

/// The last requests received.
#[derive(Default)]
pub(crate) struct Register(VecDeque<Seen>);

impl Register {
    /// Adds one and forgets the oldest beyond 500.
    pub(crate) fn add(&mut self, seen: Seen) {
        if self.0.len() >= 500 {
            self.0.pop_front();
        }
        self.0.push_back(seen);
    }

    /// The newest first, at most `limit`.
    pub(crate) fn newest(&self, limit: usize) -> Vec<Seen> {
        self.0.iter().rev().take(limit).cloned().collect()
    }
}

/// Names whose values are never kept: access, signatures, and whatever is written on a card.
fn is_secret(name: &str) -> bool {
    matches!(
        name,
        "password"
            | "token"
            | "$PAN"
            | "$CVC"
            | "$EXPIRY"
            | "YYYY"
            | "MM"
            | "TEXT"
            | "pan"
            | "cvc"
            | "seToken"
            | "hash"
            | "hsh"
            | "userName"
    )
}

/// A request of a provider's interface, read and named.
pub(crate) struct Call {
    /// Whose.
    pub(crate) provider: Provider,
    /// Last part of the path, as faults name it.
    pub(crate) method: String,
    /// It may move money or make an order.
    pub(crate) moves: bool,
    /// Its parameters.
    pub(crate) params: Params,
}

impl Call {
    /// Writes the request into the register.
    pub(crate) fn note(&self, sandbox: &Sandbox, http_method: &Method, path: &str) {
        let params = self
            .params
            .0
            .iter()
            .map(|(n, v)| (n.clone(), if is_secret(n) { "***".to_owned() } else { v.clone() }))
            .collect();
        sandbox.register(Seen {
            at_ms: sandbox.now(),
            provider: self.provider,
            http_method: http_method.to_string(),
            path: path.to_owned(),
            params,
        });
    }
}

/// Does the work of a call inside whatever faults are set for it.
pub(crate) async fn gate<F>(sandbox: &Sandbox, call: Call, work: F) -> Response
where
    F: FnOnce(&Call, &Plan) -> Response,
{
    let plan = sandbox.with_state(|s, _| s.faults.plan(call.provider, &call.method, call.moves));
    if let Some(ms) = plan.slow_ms {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    if plan.drop_before {
        return dropped();
    }
    if let Some(status) = plan.http_error {
        let page = format!("<html><body><h1>{status}</h1></body></html>");
        return (status, [(header::CONTENT_TYPE, "text/html")], page).into_response();
    }
    let response = work(&call, &plan);
    if let Some(ms) = plan.drop_after_ms {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        return dropped();
    }
    response
}

/// A response that makes the server close the connection without sending a byte.
///
/// The head waits in the server's buffer for the first piece of the body; the body fails at
/// once, and the connection is given up unflushed.
fn dropped() -> Response {
    let body = Body::new(Failing);
    Response::new(body)
}

struct Failing;

impl hyper::body::Body for Failing {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, std::io::Error>>> {
        std::task::Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionAborted.into())))
    }
}

/// JSON of any shape with a status.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json;charset=UTF-8")], bytes)
            .into_response(),
        Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, e.to_string()).into_response(),
    }
}

/// Adds what every page of the sandbox carries: no scripts, own stylesheet, no framing.
pub(crate) fn harden(headers: &mut HeaderMap) {
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'",
        ),
    );
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Appends parameters to an address that may have some already; none if it is not an address.
pub(crate) fn with_query(address: &str, params: &[(String, String)]) -> Option<String> {
    let mut url = url::Url::parse(address).ok()?;
    url.query_pairs_mut().extend_pairs(params);
    Some(url.into())
}

/// A web address of a shop: http or https with a host.
pub(crate) fn is_web_address(text: &str) -> bool {
    url::Url::parse(text)
        .is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.host_str().is_some())
}

/// One segment of a path, percent-encoded.
pub(crate) fn path_segment(text: &str) -> String {
    let Ok(mut url) = url::Url::parse("http://x/") else { return String::new() };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.push(text);
    }
    url.path().trim_start_matches('/').to_owned()
}
