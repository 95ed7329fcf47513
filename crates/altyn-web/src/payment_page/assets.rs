//! The files that pages and shops load: two for our page, two for the shop's.

use axum::http::HeaderName;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::{IntoResponse, Response};

use super::view::{SCRIPT, STYLE};

/// The browser library `EPayWidget` (ecommpay.md §2.8).
const MERCHANT_SCRIPT: &str = include_str!("../../static/merchant.js");
/// Its look.
const MERCHANT_STYLE: &str = include_str!("../../static/merchant.css");

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// `GET /static/pay.css`.
pub async fn style() -> Response {
    file(CSS, STYLE)
}

/// `GET /static/pay.js`.
pub async fn script() -> Response {
    file(JAVASCRIPT, SCRIPT)
}

/// `GET /shared/merchant.js`.
pub async fn merchant_script() -> Response {
    shared(file(JAVASCRIPT, MERCHANT_SCRIPT))
}

/// `GET /shared/merchant.css`.
pub async fn merchant_style() -> Response {
    shared(file(CSS, MERCHANT_STYLE))
}

/// Something that changes only with a new version of the server.
fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "public, max-age=3600"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

/// For pages of any shop.
fn shared(response: Response) -> Response {
    let headers = [(RESOURCE_POLICY, "cross-origin"), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (headers, response).into_response()
}
