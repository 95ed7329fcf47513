//! What a merchant's developer reads: the contract as a page, as OpenAPI, and the one stylesheet.
//!
//! The page is made from the same tables and types as the Gate itself and holds no fact of its
//! own; it needs no script and asks nobody else for anything.

mod russian;
#[cfg(test)]
mod tests;
mod view;

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Query;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::api::ecommpay::contract;
use crate::lang::Lang;
use crate::page;

/// The stylesheet of every page.
const STYLE: &str = include_str!("../../static/altyn.css");

/// The document is made once: nothing in it changes while the process runs.
static OPENAPI: LazyLock<String> = LazyLock::new(contract::text);

/// Paths for developers of shops, and the stylesheet.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs", get(docs))
        .route("/openapi.json", get(openapi))
        .route("/static/altyn.css", get(style))
}

#[derive(Deserialize)]
struct Wish {
    lang: Option<String>,
}

async fn docs(headers: HeaderMap, Query(wish): Query<Wish>) -> Response {
    let lang = Lang::of(&headers, wish.lang.as_deref());
    page::render(StatusCode::OK, &view::Contract::of(lang))
}

async fn openapi() -> Response {
    asset("application/json", OPENAPI.as_str())
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

/// Something that changes only with a new version of the server.
fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "public, max-age=3600"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}
