//! Cards: what is refused and how, what is kept, and what never is.

use altyn_app::ports::provider::Browser;
use altyn_domain::card::{CardBrand, Expiry};
use altyn_domain::payment::OperationKind;
use serde_json::{Value, json};

use crate::api::ecommpay::contract::examples::request;
use crate::api::ecommpay::endpoints::Endpoint;
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::rig::{Understood, card_payment, read_signed, set};

const ENDPOINT: Endpoint = Endpoint::CardSale;

fn with(path: &str, value: Value) -> Value {
    let mut body = request(ENDPOINT);
    set(&mut body, path, value);
    body
}

fn told(refusal: Refusal) -> String {
    assert!(!refusal.detail.contains("4314220000000056"), "{refusal:?}");
    format!("{} {}", refusal.code.number(), refusal.field.unwrap_or_default())
}

#[track_caller]
fn check(path: &str, cases: &[(Value, &str)]) {
    for (value, expected) in cases {
        let read = read_signed(ENDPOINT, &with(path, value.clone()));
        let came = read.map_or_else(told, |_| "ok".to_owned());
        assert_eq!(came, *expected, "{path} = {value}");
    }
}

#[test]
fn a_number_is_judged() {
    let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    check(
        "card.pan",
        &[
            (json!("4314 2200-0000 0056"), "ok"),
            (number("4314220000000056"), "ok"),
            // Twelve digits are a Maestro's only; twenty are nobody's.
            (json!("676770000005"), "ok"),
            (json!("431422000000"), "502 card.pan"),
            (json!("43142200000000000056"), "502 card.pan"),
            (json!("4314220000000057"), "502 card.pan"),
            (json!("4314220000000056a"), "502 card.pan"),
            (json!("٤٣١٤٢٢٠٠٠٠٠٠٠٠٥٦"), "502 card.pan"),
            (number("4.314220000000056e15"), "502 card.pan"),
            (number("-4314220000000056"), "502 card.pan"),
            (json!(true), "502 card.pan"),
            (json!(["4314220000000056"]), "502 card.pan"),
            (json!(""), "2004 card.pan"),
            (Value::Null, "2004 card.pan"),
        ],
    );
    check("card", &[(json!("4314220000000056"), "502 card"), (Value::Null, "2004 card.pan")]);
}

#[test]
fn a_date_is_judged() {
    check(
        "card.month",
        &[
            (json!("01"), "ok"),
            (json!(12), "ok"),
            (json!(0), "502 card.month"),
            (json!(13), "502 card.month"),
            (json!("+1"), "502 card.month"),
            (json!(1.5), "502 card.month"),
            (Value::Null, "2004 card.month"),
        ],
    );
    check(
        "card.year",
        &[
            (json!("2099"), "ok"),
            (json!(2026), "ok"),
            (json!(2025), "3021 card.year"),
            (json!(30), "502 card.year"),
            (json!(2100), "502 card.year"),
            (json!(99999), "502 card.year"),
            (json!({}), "502 card.year"),
            (Value::Null, "2004 card.year"),
        ],
    );
    let mut body = with("card.year", json!(2026));
    set(&mut body, "card.month", json!(10));
    assert_eq!(read_signed(ENDPOINT, &body).map_err(told).unwrap_err(), "3021 card.year");
    set(&mut body, "card.month", json!(11));
    assert!(read_signed(ENDPOINT, &body).is_ok());
}

#[test]
fn a_code_and_a_name_are_judged() {
    check(
        "card.cvv",
        &[
            (json!("012"), "ok"),
            (json!(1234), "ok"),
            (json!("12"), "502 card.cvv"),
            (json!("12345"), "502 card.cvv"),
            (json!("12a"), "502 card.cvv"),
            (json!(false), "502 card.cvv"),
            (json!(""), "3141 card.cvv"),
            (Value::Null, "3141 card.cvv"),
        ],
    );
    check(
        "card.card_holder",
        &[
            (json!("Ёжиков О'Нил-мл."), "ok"),
            (json!("<b>JOHN</b>"), "3161 card.card_holder"),
            (json!("<script>alert(1)</script>"), "3161 card.card_holder"),
            (json!("JOHN;SMITH"), "3161 card.card_holder"),
            (json!("4314 2200 0000 0056"), "3161 card.card_holder"),
            (json!("J".repeat(256)), "3161 card.card_holder"),
            (json!(5), "502 card.card_holder"),
            (json!(""), "3162 card.card_holder"),
            (Value::Null, "3162 card.card_holder"),
        ],
    );
}

#[test]
fn a_browser_is_described_in_the_spellings_that_clients_have() {
    check("customer.color_depth", &[(json!("24"), "ok"), (json!(0), "502 customer.color_depth")]);
    check(
        "customer.timezone_offset",
        &[
            (json!("-180"), "ok"),
            (json!(1440), "ok"),
            (json!(-1441), "502 customer.timezone_offset"),
            (json!("Moscow"), "502 customer.timezone_offset"),
        ],
    );
    check(
        "customer.screen_res",
        &[
            (json!("1920x1080"), "ok"),
            (json!("1920"), "502 customer.screen_res"),
            (json!("0x1"), "502 customer.screen_res"),
            (json!("1x99999999999"), "502 customer.screen_res"),
        ],
    );
    check("customer.js_enabled", &[(json!("true"), "502 customer.js_enabled")]);
    check("customer.browser", &[(json!("a\r\nX: y"), "502 customer.browser")]);
    let mut bare = request(Endpoint::CardAuth);
    set(&mut bare, "customer.language", Value::Null);
    let payment = card_payment(Endpoint::CardAuth, &bare).unwrap();
    assert_eq!(payment.browser, Browser::default());
    assert_eq!(payment.authentication_return, None);
}

#[test]
fn a_mask_is_kept_and_the_card_is_not() {
    for (endpoint, kind) in [
        (Endpoint::CardSale, OperationKind::Sale),
        (Endpoint::CardAuth, OperationKind::Authorization),
    ] {
        let mut body = request(endpoint);
        set(&mut body, "card.pan", json!("4314 2200 0000 0056"));
        set(&mut body, "card.cvv", json!("789"));
        set(&mut body, "payment.description", json!("карта 4314220000000056"));
        let Ok(Understood::Sale(asked)) = read_signed(endpoint, &body) else {
            panic!("{body} is read");
        };
        assert_eq!(asked.kind, kind);
        let card = asked.card.as_ref().unwrap();
        assert_eq!((card.mask.as_str(), card.brand), ("431422******0056", Some(CardBrand::Visa)));
        assert_eq!(Some(card.expiry), Expiry::new(12, 2030));
        let kept = format!("{asked:?}");
        assert!(!kept.contains("4314220000000056") && !kept.contains("4314 2200 0000 0056"));
        assert!(!kept.contains("789"), "{kept}");
        let about: Vec<_> =
            asked.request.lines().filter(|(path, _)| path.starts_with("card")).collect();
        assert_eq!(about, [("card", "431422******0056 2030-12")]);
    }
}

#[test]
fn a_repeat_with_another_card_differs_in_the_card() {
    let kept = |body: &Value| match read_signed(ENDPOINT, body) {
        Ok(Understood::Sale(asked)) => asked.request,
        other => panic!("{other:?}"),
    };
    let first = kept(&request(ENDPOINT));
    for (path, value, difference) in [
        ("card.pan", json!("4000000000000077"), Some("card")),
        ("card.year", json!(2031), Some("card")),
        ("card.pan", json!(4314220000000056_i64), None),
        ("customer.js_enabled", json!(false), Some("customer:js_enabled")),
    ] {
        assert_eq!(first.first_difference(&kept(&with(path, value))), difference, "{path}");
    }
}
