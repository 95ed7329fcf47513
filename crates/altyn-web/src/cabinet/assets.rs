//! The files that the cabinet's pages load.
//!
//! Each is named with a digest of what is in it, so that a browser may keep it for ever and still
//! gets the next version with the next page.

use std::sync::LazyLock;

use axum::Router;
use axum::extract::RawQuery;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};

use super::endpoint::{Endpoint, Needs};
use crate::state::Web;

/// The stylesheet.
pub const STYLE: &str = include_str!("../../static/cabinet.css");
/// The script.
pub const SCRIPT: &str = include_str!("../../static/cabinet.js");

/// The script that keeps the list of payments fresh.
pub const LIVE: &str = include_str!("../../static/cabinet-live.js");

const STYLE_FILE: Endpoint = Endpoint::get("/cabinet/static/cabinet.css", Needs::Nothing);
const SCRIPT_FILE: Endpoint = Endpoint::get("/cabinet/static/cabinet.js", Needs::Nothing);

const LIVE_FILE: Endpoint = Endpoint::get("/cabinet/static/cabinet-live.js", Needs::Nothing);

/// What is here.
pub const ENDPOINTS: &[Endpoint] = &[STYLE_FILE, SCRIPT_FILE, LIVE_FILE];

static STYLE_VERSION: LazyLock<String> = LazyLock::new(|| version(STYLE));
static SCRIPT_VERSION: LazyLock<String> = LazyLock::new(|| version(SCRIPT));

static LIVE_VERSION: LazyLock<String> = LazyLock::new(|| version(LIVE));

/// Where they are.
pub fn routes() -> Router<Web> {
    Router::new()
        .merge(STYLE_FILE.serve(style))
        .merge(SCRIPT_FILE.serve(script))
        .merge(LIVE_FILE.serve(live))
}

/// Where the stylesheet is, this version of it.
pub fn style_address() -> String {
    format!("{}?v={}", STYLE_FILE.path, *STYLE_VERSION)
}

/// Where the script is, this version of it.
pub fn script_address() -> String {
    format!("{}?v={}", SCRIPT_FILE.path, *SCRIPT_VERSION)
}

/// Where the script of the list is, this version of it.
pub fn live_address() -> String {
    format!("{}?v={}", LIVE_FILE.path, *LIVE_VERSION)
}

async fn style(RawQuery(query): RawQuery) -> Response {
    file("text/css; charset=utf-8", STYLE, query.as_deref() == Some(&versioned(&STYLE_VERSION)))
}

async fn script(RawQuery(query): RawQuery) -> Response {
    let kept = query.as_deref() == Some(&versioned(&SCRIPT_VERSION));
    file("text/javascript; charset=utf-8", SCRIPT, kept)
}

async fn live(RawQuery(query): RawQuery) -> Response {
    let kept = query.as_deref() == Some(&versioned(&LIVE_VERSION));
    file("text/javascript; charset=utf-8", LIVE, kept)
}

fn versioned(version: &str) -> String {
    format!("v={version}")
}

fn file(kind: &'static str, text: &'static str, for_ever: bool) -> Response {
    let cache = if for_ever { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers =
        [(CONTENT_TYPE, kind), (CACHE_CONTROL, cache), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, text).into_response()
}

/// The first 48 bits of the digest: enough to tell versions apart.
fn version(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}
