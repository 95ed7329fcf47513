//! The shop of the demo: takes callbacks, checks who signed them, and meets returning payers.
//!
//! As any shop should, it believes callbacks and not a payer who comes back: the page of a payer
//! whose callback is not there yet waits for it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use altyn_web::api::ecommpay::sign::{SigningKey, signature_of, verify};
use altyn_web::api::ecommpay::tree;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFRESH,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use tokio::sync::mpsc;

/// Callbacks the shop remembers, to tell repeats and to answer payers.
const REMEMBERED_MAX: usize = 1_000;
/// Callbacks that may wait for the demo to look at them.
const WAITING_MAX: usize = 1_000;

/// A callback as it came.
#[derive(Clone, Debug)]
pub struct Callback {
    /// The bytes.
    pub bytes: Bytes,
    /// The same, read.
    pub body: Value,
    /// Whether its signature is the platform's.
    pub fits: bool,
    /// Whether the very same came before.
    pub repeated: bool,
}

impl Callback {
    /// A text in it, `""` where there is none.
    pub fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number in it, 0 where there is none.
    pub fn number(&self, pointer: &str) -> i64 {
        self.body.pointer(pointer).and_then(Value::as_i64).unwrap_or_default()
    }
}

/// The shop's memory. Clones share it.
#[derive(Clone)]
pub struct Shop(Arc<Inner>);

struct Inner {
    key: SigningKey,
    came: Mutex<VecDeque<Callback>>,
    told: mpsc::Sender<Callback>,
}

impl Shop {
    /// A shop with the project's secret, and where its callbacks can be watched.
    pub fn open(key: SigningKey) -> (Self, mpsc::Receiver<Callback>) {
        let (told, callbacks) = mpsc::channel(WAITING_MAX);
        (Self(Arc::new(Inner { key, came: Mutex::default(), told })), callbacks)
    }

    /// Its addresses.
    pub fn router(self) -> Router {
        Router::new()
            .route("/callback", post(callback))
            .route("/thanks", get(payer))
            .route("/sorry", get(payer))
            .with_state(self)
    }

    fn read(&self, bytes: Bytes) -> Option<Callback> {
        let body = serde_json::from_slice(&bytes).ok()?;
        let node = tree::parse(&bytes).ok()?;
        let fits = signature_of(&node)
            .is_some_and(|signature| verify(&node, signature, &self.0.key).is_ok());
        let mut came = self.0.came.lock().unwrap_or_else(PoisonError::into_inner);
        let repeated = came.iter().any(|other| other.bytes == bytes);
        let callback = Callback { bytes: bytes.clone(), body, fits, repeated };
        // What nobody signed is shown and not remembered.
        if fits && !repeated {
            came.push_back(callback.clone());
            if came.len() > REMEMBERED_MAX {
                came.pop_front();
            }
        }
        Some(callback)
    }

    /// The last that was told of a payment.
    fn last(&self, payment: &str) -> Option<Callback> {
        let came = self.0.came.lock().unwrap_or_else(PoisonError::into_inner);
        came.iter().rev().find(|callback| callback.text("/payment/id") == payment).cloned()
    }
}

async fn callback(State(shop): State<Shop>, bytes: Bytes) -> Response {
    let Some(callback) = shop.read(bytes) else {
        return (StatusCode::BAD_REQUEST, "this is no callback").into_response();
    };
    let fits = callback.fits;
    if shop.0.told.send(callback).await.is_err() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the shop is closing").into_response();
    }
    if fits {
        (StatusCode::OK, "OK").into_response()
    } else {
        (StatusCode::BAD_REQUEST, "the signature does not fit").into_response()
    }
}

#[derive(serde::Deserialize)]
struct Back {
    #[serde(default)]
    payment: String,
}

async fn payer(State(shop): State<Shop>, headers: HeaderMap, Query(back): Query<Back>) -> Response {
    page(shop.last(&back.payment).as_ref(), prefers_english(&headers))
}

/// The first of the two languages in the browser's list; Russian when it has neither.
fn prefers_english(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let mut languages = accepted.unwrap_or_default().split(',').map(str::trim);
    languages
        .find_map(|tag| match tag.split(['-', ';']).next() {
            Some("en") => Some(true),
            Some("ru") => Some(false),
            Some(_) | None => None,
        })
        .unwrap_or(false)
}

/// What a payer reads: title, text, mark, class.
struct Words(&'static str, &'static str, &'static str, &'static str);

fn words(status: &str, english: bool) -> Words {
    match (status, english) {
        ("success", false) => {
            Words("Спасибо, заказ оплачен", "Магазин получил подтверждение оплаты.", "✓", "good")
        }
        ("success", true) => Words(
            "Thank you, the order is paid",
            "The shop has received the confirmation.",
            "✓",
            "good",
        ),
        ("decline", false) => Words(
            "Оплата не прошла",
            "Деньги не списаны. Попробуйте ещё раз или другим способом.",
            "✕",
            "bad",
        ),
        ("decline", true) => Words(
            "The payment did not go through",
            "No money was taken. Try again, or pay another way.",
            "✕",
            "bad",
        ),
        ("partially refunded" | "refunded", false) => {
            Words("Деньги возвращены", "Магазин вернул деньги целиком или частью.", "↩", "back")
        }
        ("partially refunded" | "refunded", true) => {
            Words("The money was returned", "The shop gave back all or a part.", "↩", "back")
        }
        (_, false) => Words(
            "Ждём подтверждения оплаты",
            "Магазин верит оповещению платформы, а не возвращению плательщика. Страница обновится сама.",
            "…",
            "wait",
        ),
        (_, true) => Words(
            "Waiting for the confirmation",
            "The shop believes the platform's callback, not a returning payer. This page renews itself.",
            "…",
            "wait",
        ),
    }
}

fn page(last: Option<&Callback>, english: bool) -> Response {
    let status = last.map_or("", |callback| callback.text("/payment/status"));
    let Words(title, text, mark, class) = words(status, english);
    let facts = last.map(|last| facts(last, english)).unwrap_or_default();
    let (lang, shop) =
        if english { ("en", "Demo shop") } else { ("ru", "Демо-магазин") };
    let html = format!(
        "<!doctype html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{title} · {shop}</title>\
         <style>{STYLE}</style></head>\n<body><header>{shop}</header>\n<main>\
         <h1 class=\"{class}\"><span aria-hidden=\"true\">{mark}</span> {title}</h1>\
         <p>{text}</p>{facts}</main></body></html>\n"
    );
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ];
    let mut response = (headers, html).into_response();
    if class == "wait" {
        response.headers_mut().insert(REFRESH, HeaderValue::from_static("2"));
    }
    response
}

fn facts(last: &Callback, english: bool) -> String {
    let names = if english {
        ["Order", "Amount", "Result"]
    } else {
        ["Заказ", "Сумма", "Результат"]
    };
    let code = format!("{} {}", last.text("/operation/code"), last.text("/operation/message"));
    let minor = last.number("/operation/sum_initial/amount");
    let sum = for_payer(minor, last.text("/operation/sum_initial/currency"), english);
    let values = [last.text("/payment/id").to_owned(), sum, code];
    let rows: String = names
        .iter()
        .zip(&values)
        .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>", escaped(value)))
        .collect();
    format!("<dl>{rows}</dl>")
}

/// A sum as people read it: `1 234,50 ₽`, `₽1,234.50`; by its code where the sign is not unique.
fn for_payer(minor: i64, currency: &str, english: bool) -> String {
    const NARROW: char = '\u{202f}';
    let (group, point) = if english { (',', '.') } else { (NARROW, ',') };
    let whole = (minor / 100).to_string();
    let mut number = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            number.push(group);
        }
        number.push(digit);
    }
    number.push_str(&format!("{point}{:02}", minor % 100));
    match (currency, english) {
        ("RUB", false) => format!("{number}{NARROW}₽"),
        ("RUB", true) => format!("₽{number}"),
        (code, false) => format!("{number}{NARROW}{code}"),
        (code, true) => format!("{code}{NARROW}{number}"),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

const STYLE: &str = "\
:root{--page:#f4f5f7;--card:#fff;--text:#1a1d21;--muted:#5b636d;--line:#d8dce1;\
--good:#14713a;--bad:#a8281f;--wait:#6b4a00;--back:#3d51a8}\
@media(prefers-color-scheme:dark){:root{--page:#14171a;--card:#1d2125;--text:#e9ecef;\
--muted:#a4adb6;--line:#3a4148;--good:#6fce92;--bad:#f09389;--wait:#e3b65a;--back:#a5b4f5}}\
*{box-sizing:border-box}\
body{margin:0;background:var(--page);color:var(--text);\
font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,\"Noto Sans\",sans-serif;\
font-variant-numeric:tabular-nums}\
header,main{max-width:440px;margin:0 auto}\
header{padding:20px 16px;font-weight:600}\
main{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:24px}\
h1{margin:0 0 8px;font-size:20px;line-height:1.3}\
.good{color:var(--good)}.bad{color:var(--bad)}.wait{color:var(--wait)}\
.back{color:var(--back)}\
p{margin:0}dl{margin:24px 0 0;border-bottom:1px solid var(--line)}\
dl div{display:flex;gap:16px;justify-content:space-between;padding:8px 0;\
border-top:1px solid var(--line)}\
dt{color:var(--muted);flex:none}dd{margin:0;text-align:right;overflow-wrap:anywhere;min-width:0}\
@media(max-width:472px){header{padding:20px 16px}main{border-left:0;border-right:0;border-radius:0}}";

#[cfg(test)]
mod tests {
    use altyn_web::api::ecommpay::sign::sign;
    use serde_json::json;

    use super::*;

    fn signed(key: &SigningKey) -> Value {
        let mut body = json!({
            "payment": { "id": "<b>", "status": "success" },
            "operation": {
                "code": "0",
                "message": "Success",
                "sum_initial": { "amount": 60_000, "currency": "RUB" },
            },
        });
        body["signature"] = Value::String(sign(&body, key));
        body
    }

    #[tokio::test]
    async fn only_what_the_platform_signed_is_believed() {
        let key = SigningKey::new("secret");
        let (shop, mut callbacks) = Shop::open(key.clone());
        let mut false_one = signed(&key);
        false_one["payment"]["status"] = json!("refunded");
        let bytes = |body: &Value| Bytes::from(body.to_string());
        let good = bytes(&signed(&key));
        for (body, status, fits, repeated) in [
            (bytes(&false_one), 400, false, false),
            (good.clone(), 200, true, false),
            (good.clone(), 200, true, true),
        ] {
            let answer = callback(State(shop.clone()), body).await;
            assert_eq!(answer.status().as_u16(), status);
            let came = callbacks.try_recv().unwrap();
            assert_eq!((came.fits, came.repeated), (fits, repeated));
        }
        assert_eq!(shop.last("<b>").unwrap().text("/payment/status"), "success");
        let answer = callback(State(shop), Bytes::from_static(b"no JSON")).await;
        assert_eq!(answer.status().as_u16(), 400);
    }

    #[test]
    fn facts_are_escaped() {
        let key = SigningKey::new("secret");
        let (shop, _callbacks) = Shop::open(key.clone());
        let callback = shop.read(Bytes::from(signed(&key).to_string())).unwrap();
        let facts = facts(&callback, true);
        assert!(facts.contains("&lt;b&gt;") && facts.contains("₽600.00"), "{facts}");
    }

    #[test]
    fn payers_read_sums() {
        for (minor, currency, russian, english) in [
            (60_000, "RUB", "600,00\u{202f}₽", "₽600.00"),
            (123_450_005, "RUB", "1\u{202f}234\u{202f}500,05\u{202f}₽", "₽1,234,500.05"),
            (1_000, "KES", "10,00\u{202f}KES", "KES\u{202f}10.00"),
        ] {
            assert_eq!(for_payer(minor, currency, false), russian);
            assert_eq!(for_payer(minor, currency, true), english);
        }
    }

    #[test]
    fn the_browsers_language_is_spoken() {
        for (accepted, english) in [("", false), ("de, en-GB;q=0.8, ru", true), ("ru,en", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
            assert_eq!(prefers_english(&headers), english, "{accepted}");
        }
    }
}
