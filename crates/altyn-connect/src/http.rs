//! The outgoing client that providers and callbacks share: pooled, limited, without redirects.
//!
//! Guaranteed: [`HttpError::NotSent`] means that no byte of the request left (the name has no
//! address, nobody listens, the connection or its TLS handshake did not come about within
//! [`CONNECT_LIMIT`]); whatever fails after that is [`HttpError::Unknown`]. An answer longer than
//! [`ANSWER_MAX_BYTES`] is refused. Error texts name no path and no parameter. A form's own bytes
//! are wiped when the connection has let go of them, because a password or a card may be among
//! them. Attempted: that no copy stays in the buffers of the connection and of TLS; reusing
//! connections; one that the other side closed before the first byte is replaced silently, one that
//! it closed in the very moment of use gives `Unknown`.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use hyper_rustls::builderstates::WantsSchemes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::Service;
use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use crate::guard::{AddressPolicy, Resolve, SystemResolver, VettedResolver};

/// How long name, connection and TLS handshake may take together.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// The longest answer a provider may give; theirs are a few kilobytes.
pub const ANSWER_MAX_BYTES: usize = 256 * 1024;
/// The most that head and unread bytes of an answer may take in memory per connection.
const BUFFER_MAX_BYTES: usize = 64 * 1024;
/// Open connections kept per host; more than the workers that call at once.
const IDLE_PER_HOST: usize = 1_024;
/// How long an unused connection is kept: less than servers usually keep theirs (60 to 75 s), so
/// that we rarely write into one that is just being closed.
const IDLE_LIMIT: Duration = Duration::from_secs(20);

type BoxError = Box<dyn Error + Send + Sync>;
type Connector = Timed<HttpsConnector<HttpConnector<VettedResolver>>>;

/// Why there is no answer, told by what it proves.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request surely did not reach the other side.
    #[error("not sent: {0}")]
    NotSent(String),
    /// It may have.
    #[error("no readable answer: {0}")]
    Unknown(String),
}

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up")]
pub struct SetupError(#[from] rustls::Error);

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Bytes,
}

/// A pool of connections. Clones share it.
#[derive(Clone)]
pub struct HttpClient {
    inner: Client<Connector, Full<Bytes>>,
    policy: Arc<AddressPolicy>,
}

impl HttpClient {
    /// A client for addresses that the operator configured.
    pub fn new() -> Result<Self, SetupError> {
        Self::guarded(AddressPolicy::unrestricted(), Arc::new(SystemResolver))
    }

    /// A client that reaches only what `policy` allows.
    pub fn guarded(policy: AddressPolicy, source: Arc<dyn Resolve>) -> Result<Self, SetupError> {
        let tls = HttpsConnectorBuilder::new()
            .with_provider_and_webpki_roots(rustls::crypto::ring::default_provider())?;
        Ok(Self::connecting(tls, policy, source, CONNECT_LIMIT))
    }

    /// A client with the authorities that `tls` trusts and a limit for each connection.
    pub(crate) fn connecting(
        tls: HttpsConnectorBuilder<WantsSchemes>,
        policy: AddressPolicy,
        source: Arc<dyn Resolve>,
        limit: Duration,
    ) -> Self {
        let policy = Arc::new(policy);
        let mut tcp =
            HttpConnector::new_with_resolver(VettedResolver { policy: policy.clone(), source });
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(limit));
        let connector = tls.https_or_http().enable_http1().wrap_connector(tcp);
        let inner = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_LIMIT)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .pool_timer(TokioTimer::new())
            .http1_max_buf_size(BUFFER_MAX_BYTES)
            .build(Timed { connector, limit });
        Self { inner, policy }
    }

    /// Sends a form and reads the whole answer within `limit`.
    pub async fn post_form<V: AsRef<str>>(
        &self,
        url: &str,
        fields: &[(&str, V)],
        limit: Duration,
    ) -> Result<HttpReply, HttpError> {
        let uri = self.uri_of(url, &[])?;
        let mut request = plain(Method::POST, uri, form_of(fields));
        request.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"),
        );
        self.whole(request, limit).await
    }

    /// Gets `url` with `query` added to it and reads the whole answer within `limit`.
    pub async fn get(
        &self,
        url: &str,
        query: &[(&str, &str)],
        limit: Duration,
    ) -> Result<HttpReply, HttpError> {
        let uri = self.uri_of(url, query)?;
        self.whole(plain(Method::GET, uri, Bytes::new()), limit).await
    }

    /// Sends and gives the answer as soon as its head is there. No limit of time but that of the
    /// connection.
    pub(crate) async fn start(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, HttpError> {
        self.inner.request(request).await.map_err(|error| {
            let text = chain(&error);
            if error.is_connect() { HttpError::NotSent(text) } else { HttpError::Unknown(text) }
        })
    }

    /// Reads an address and judges it as far as that can be done before resolving its name.
    pub(crate) fn uri_of(&self, url: &str, query: &[(&str, &str)]) -> Result<Uri, HttpError> {
        let refused = |error: &dyn Error| HttpError::NotSent(chain(error));
        let mut url: Url = self.policy.check_url(url).map_err(|error| refused(&error))?;
        url.set_fragment(None);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url.as_str().parse::<Uri>().map_err(|error| refused(&error))
    }

    async fn whole(
        &self,
        request: Request<Full<Bytes>>,
        limit: Duration,
    ) -> Result<HttpReply, HttpError> {
        let exchange = async {
            let response = self.start(request).await?;
            let status = response.status().as_u16();
            let body = read_all(response.into_body()).await?;
            Ok(HttpReply { status, body })
        };
        match tokio::time::timeout(limit, exchange).await {
            Ok(reply) => reply,
            Err(_) => Err(HttpError::Unknown(format!("nothing within {} ms", limit.as_millis()))),
        }
    }
}

/// A request with our name on it.
pub(crate) fn plain(method: Method, uri: Uri, body: Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("Altyn"));
    request
}

/// A form's bytes, in a buffer that is wiped when it is freed.
fn form_of<V: AsRef<str>>(fields: &[(&str, V)]) -> Bytes {
    let mut form = Zeroizing::new(String::with_capacity(room_for(fields)));
    Serializer::new(&mut *form).extend_pairs(fields).finish();
    Bytes::from_owner(form)
}

/// Every byte as `%XX`, `=` and `&`: a buffer that had to grow would leave a copy behind.
fn room_for<V: AsRef<str>>(fields: &[(&str, V)]) -> usize {
    fields.iter().map(|(name, value)| (name.len() + value.as_ref().len()) * 3 + 2).sum()
}

async fn read_all(mut body: Incoming) -> Result<Bytes, HttpError> {
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| HttpError::Unknown(chain(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > ANSWER_MAX_BYTES {
            return Err(HttpError::Unknown(format!("more than {ANSWER_MAX_BYTES} bytes")));
        }
        read.extend_from_slice(&data);
    }
    Ok(read.into())
}

/// An error and its causes in one line, each said once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = inner.source();
    }
    text
}

/// Puts one limit over the whole of connecting: TCP has a limit of its own, names and TLS have none.
#[derive(Clone)]
struct Timed<C> {
    connector: C,
    limit: Duration,
}

impl<C> Service<Uri> for Timed<C>
where
    C: Service<Uri, Error = BoxError>,
    C::Future: Send + 'static,
    C::Response: 'static,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<C::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, limit) = (self.connector.call(uri), self.limit);
        Box::pin(async move {
            match tokio::time::timeout(limit, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(format!("no connection within {} ms", limit.as_millis()).into()),
            }
        })
    }
}

#[cfg(test)]
mod tests;
