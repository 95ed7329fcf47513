//! The HTTP client of the demo's shop and of its payer: plain HTTP on loopback, no redirects.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use axum::body::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderName, LOCATION, REFRESH};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

/// How long anything in a demo may take; nothing here takes a second on a healthy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// A pool of connections. Clones share it.
#[derive(Clone)]
pub struct Http(Client<HttpConnector, Full<Bytes>>);

/// A whole answer.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Where it sends a browser at once.
    pub location: Option<String>,
    /// Where it sends a browser after a while, as the header has it.
    pub refresh: Option<String>,
    /// The body.
    pub body: Bytes,
}

impl Http {
    /// Makes no connection yet.
    pub fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Posts JSON, as a shop does.
    pub async fn post_json(&self, url: &str, body: &Value) -> Result<Answer> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body.to_string())));
        self.send(url, request.context("this is no request")?).await
    }

    /// Gets a page, as a browser does.
    pub async fn get(&self, url: &str) -> Result<Answer> {
        let request = Request::builder()
            .uri(url)
            .header(ACCEPT, "text/html,application/xhtml+xml")
            .body(Full::new(Bytes::new()));
        self.send(url, request.context("this is no request")?).await
    }

    /// Posts a form, as a browser does.
    pub async fn post_form(&self, url: &str, fields: &[(String, String)]) -> Result<Answer> {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(ACCEPT, "text/html,application/xhtml+xml")
            .header(CONTENT_TYPE, FORM)
            .body(Full::new(Bytes::from(body)));
        self.send(url, request.context("this is no request")?).await
    }

    async fn send(&self, url: &str, request: Request<Full<Bytes>>) -> Result<Answer> {
        let exchange = async {
            let response = self.0.request(request).await?;
            let header = |name: HeaderName| {
                let value = response.headers().get(name)?;
                value.to_str().ok().map(str::to_owned)
            };
            let (location, refresh) = (header(LOCATION), header(REFRESH));
            let status = response.status().as_u16();
            let body = response.into_body().collect().await?.to_bytes();
            anyhow::Ok(Answer { status, location, refresh, body })
        };
        match tokio::time::timeout(PATIENCE, exchange).await {
            Ok(answer) => answer.with_context(|| format!("{url} could not be asked")),
            Err(_) => bail!("{url} did not answer within {} s", PATIENCE.as_secs()),
        }
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body)
            .with_context(|| format!("HTTP {} without a JSON body", self.status))
    }
}
