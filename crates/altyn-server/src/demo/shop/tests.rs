//! The shop believes what is signed, shows the rest, and offers what can be done.

use altyn_web::api::ecommpay::sign::{SigningKey, sign};
use altyn_web::lang::Lang;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::*;
use crate::demo::http::Http;

fn open() -> (Shop, mpsc::Receiver<Callback>) {
    let (_, stopped) = watch::channel(false);
    let merchant = Merchant {
        platform: "http://127.0.0.1:1".to_owned(),
        shop: "http://127.0.0.1:2".to_owned(),
        key: SigningKey::new("secret"),
        http: Http::new(),
    };
    Shop::open(Surroundings { merchant, sandbox_url: "http://127.0.0.1:3".to_owned(), stopped })
}

fn told(status: &str) -> Bytes {
    let mut body = json!({
        "project_id": 100,
        "payment": {
            "id": "<b>",
            "status": status,
            "method": "card",
            "sum": { "amount": 123_450, "currency": "RUB" },
        },
        "operation": {
            "type": "auth",
            "status": "success",
            "code": "0",
            "message": "Success",
            "sum_initial": { "amount": 123_450, "currency": "RUB" },
        },
    });
    body["signature"] = Value::String(sign(&body, &SigningKey::new("secret")));
    Bytes::from(body.to_string())
}

#[tokio::test]
async fn only_what_the_platform_signed_is_believed() {
    let (shop, mut callbacks) = open();
    let good = told("success");
    let mut false_one: Value = serde_json::from_slice(&good).unwrap();
    false_one["payment"]["status"] = json!("refunded");
    for (body, status, fits, repeated) in [
        (Bytes::from(false_one.to_string()), 400, false, false),
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
fn a_payment_offers_what_can_be_done_with_it() {
    for (status, offered) in [
        ("awaiting capture", &["/orders/capture", "/orders/cancel"][..]),
        ("success", &["/orders/refund"]),
        ("partially refunded", &["/orders/refund"]),
        ("refunded", &[]),
        ("decline", &[]),
    ] {
        let (shop, _callbacks) = open();
        shop.read(told(status)).unwrap();
        let (came, number) = shop.remembered();
        let html = feed::orders(&came, number, Lang::English);
        for path in ["/orders/capture", "/orders/cancel", "/orders/refund"] {
            assert_eq!(html.contains(path), offered.contains(&path), "{status} {path}");
        }
        assert!(html.contains("&lt;b&gt;") && !html.contains("<b>\""), "{html}");
        assert!(html.contains("₽1,234.50"), "{html}");
    }
}

#[test]
fn what_nobody_signed_is_shown_and_offers_nothing() {
    let (shop, _callbacks) = open();
    let mut body: Value = serde_json::from_slice(&told("awaiting capture")).unwrap();
    body["payment"]["status"] = json!("success");
    assert!(!shop.read(Bytes::from(body.to_string())).unwrap().fits);
    let (came, number) = shop.remembered();
    let html = feed::orders(&came, number, Lang::Russian);
    assert!(html.contains("подпись неверна") && !html.contains("/orders/"), "{html}");
}

#[test]
fn facts_are_escaped() {
    let (shop, _callbacks) = open();
    let callback = shop.read(told("success")).unwrap();
    let facts = receipt::facts(&callback, Lang::English);
    assert!(facts.contains("&lt;b&gt;") && facts.contains("₽1,234.50"), "{facts}");
}

#[test]
fn payers_read_sums() {
    for (minor, currency, russian, english) in [
        (60_000, "RUB", "600,00\u{202f}₽", "₽600.00"),
        (123_450_005, "RUB", "1\u{202f}234\u{202f}500,05\u{202f}₽", "₽1,234,500.05"),
        (1_000, "KES", "10,00\u{202f}KES", "KES\u{202f}10.00"),
    ] {
        assert_eq!(page::money(minor, currency, Lang::Russian), russian);
        assert_eq!(page::money(minor, currency, Lang::English), english);
    }
}

#[test]
fn every_order_has_a_number_of_its_own() {
    let (shop, _callbacks) = open();
    let numbers: std::collections::BTreeSet<String> = (0..100).map(|_| shop.new_order()).collect();
    assert_eq!(numbers.len(), 100);
}

/// The shop has the look of the platform's pages: the same tokens.
#[test]
fn the_tokens_are_the_platforms() {
    let own = include_str!("shop.css");
    let platform = include_str!("../../../../altyn-web/static/altyn.css");
    let tokens = |text: &'static str| -> Vec<&'static str> {
        text.lines().map(str::trim).filter(|line| line.starts_with("--")).collect()
    };
    for token in tokens(platform) {
        assert!(tokens(own).contains(&token), "{token}");
    }
}
