//! Reading, from bytes to typed requests: characters, lengths, forms that clients send.

use std::sync::Arc;

use altyn_app::payment::Answer;
use altyn_app::ports::provider::AuthenticationAnswer;
use altyn_app::projects::ProjectEntry;
use altyn_app::secret::Secret;
use altyn_domain::id::ProjectId;
use data_encoding::BASE64URL_NOPAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::contract::examples::{SECRET, request};
use crate::api::ecommpay::endpoints::Endpoint;
use crate::api::ecommpay::handlers::IN_GENERAL;
use crate::api::ecommpay::read::{Door, authenticate};
use crate::api::ecommpay::rig::{NOW, Understood, project, read_signed, set};
use crate::api::ecommpay::sign::{SigningKey, sign};
use crate::api::ecommpay::tree;
use crate::state::WebSettings;

/// The code and field of the refusal, or `ok`.
fn read(endpoint: Endpoint, path: &str, value: Value) -> String {
    let mut body = request(endpoint);
    set(&mut body, path, value);
    match read_signed(endpoint, &body) {
        Ok(_) => "ok".to_owned(),
        Err(refusal) => {
            format!("{} {}", refusal.code.number(), refusal.field.unwrap_or_default())
        }
    }
}

#[track_caller]
fn check(endpoint: Endpoint, cases: &[(&str, Value, &str)]) {
    for (path, value, expected) in cases {
        assert_eq!(read(endpoint, path, value.clone()), *expected, "{path} = {value}");
    }
}

/// Values that clients may send anywhere, mostly near to what is right.
fn any_value() -> impl Strategy<Value = Value> {
    let near = vec![
        json!(null),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(true),
        json!(""),
        json!("1"),
        json!("RUB"),
        json!("RU"),
        json!("1.2.3.4"),
        json!("a@b.cd"),
        json!("https://a.example/"),
        json!("4314220000000056"),
        json!(i64::MIN),
        json!(u64::MAX),
        json!("a;b:c"),
        json!([]),
        json!({}),
        json!([null]),
        json!({"a": {"b": []}}),
        json!("e30"),
        json!("https://[::1"),
    ];
    let leaf = prop_oneof![
        3 => proptest::sample::select(near),
        1 => any::<String>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        let key = "[a-z_]{1,8}";
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::vec((key, inner), 0..3).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    /// A right signature proves nothing about what is under it: whatever is signed is read, or
    /// refused with a status that says whose fault it is.
    #[test]
    fn no_signed_fields_panic(
        endpoint in 0..Endpoint::ALL.len(),
        changes in proptest::collection::vec((
            proptest::sample::select(vec![
                "general", "general.payment_id", "general.project_id", "customer", "customer.id",
                "customer.ip_address", "customer.email", "customer.phone", "customer.country",
                "payment", "payment.amount", "payment.currency", "payment.description", "card",
                "card.pan", "card.year", "card.month", "card.cvv", "card.card_holder",
                "callback.delay", "return_url", "return_url.success", "cres", "pares", "md",
                "threeds_completion_indicator", "request_id", "forward_ms", "acs_return_url",
                "payment.merchant_refund_id", "additional_data", "project_id",
            ]),
            any_value(),
        ), 1..4),
    ) {
        let endpoint = *Endpoint::ALL.get(endpoint).unwrap();
        let mut body = request(endpoint);
        for (path, value) in changes {
            set(&mut body, path, value);
        }
        if let Err(refusal) = read_signed(endpoint, &body) {
            prop_assert!(refusal.status.is_client_error(), "{body}");
        }
    }
}

#[test]
fn identities_have_limits() {
    let long = "я".repeat(300);
    let digits: Value = serde_json::from_str(&"7".repeat(300)).unwrap_or_else(|_| json!(1e300));
    check(
        Endpoint::OnlineBankingSale,
        &[
            ("general.payment_id", json!(long), "3024 general.payment_id"),
            ("general.payment_id", json!("я".repeat(255)), "ok"),
            ("general.payment_id", json!("🚀 №5, «заказ»"), "ok"),
            ("general.payment_id", json!("a;b"), "3024 general.payment_id"),
            ("general.payment_id", json!("a\u{0}b"), "3024 general.payment_id"),
            ("general.payment_id", json!("a\nb"), "3024 general.payment_id"),
            ("general.payment_id", json!(5), "3024 general.payment_id"),
            ("general.payment_id", json!(""), "2004 general.payment_id"),
            ("customer.id", json!(long), "502 customer.id"),
            ("customer.id", digits, "2124 customer.id"),
            ("customer.id", json!(77), "ok"),
            ("customer.id", json!(-77), "2124 customer.id"),
            ("customer.id", json!(7.5), "2124 customer.id"),
            ("customer.id", json!("🧑 1"), "ok"),
            ("customer.id", json!("1;2"), "2124 customer.id"),
            ("customer.id", json!("1\t2"), "2124 customer.id"),
            ("customer.id", json!(""), "2004 customer.id"),
            ("customer.account_id", json!("u;x:y"), "502 customer.account_id"),
            ("customer.account_id", json!(false), "502 customer.account_id"),
        ],
    );
}

#[test]
fn texts_have_limits() {
    check(
        Endpoint::OnlineBankingSale,
        &[
            ("payment.description", json!("Заказ № 5; 🍕 ×2\nи доставка\t"), "ok"),
            ("payment.description", json!("🍕".repeat(255)), "ok"),
            ("payment.description", json!("🍕".repeat(256)), "502 payment.description"),
            ("payment.description", json!("a\u{0}"), "502 payment.description"),
            ("payment.description", json!("a\u{9f}"), "502 payment.description"),
            ("payment.description", json!(["a"]), "502 payment.description"),
            ("customer.first_name", json!("O'Neil \\ \" % _ ;"), "ok"),
            ("customer.phone", json!("+79161234567"), "502 customer.phone"),
            ("customer.phone", json!("٠١٢٣٤"), "502 customer.phone"),
            ("customer.phone", json!(79161234567_i64), "ok"),
            ("customer.email", json!("иван@пример.рф"), "ok"),
            ("customer.email", json!("a@b@c.d"), "2426 customer.email"),
            ("customer.email", json!("a b@c.de"), "2426 customer.email"),
            ("customer.ip_address", json!("2001:db8::1"), "ok"),
            ("customer.ip_address", json!("1.2.3.4.5"), "502 customer.ip_address"),
            ("customer.country", json!("ru"), "2610 customer.country"),
        ],
    );
}

#[test]
fn sums_are_whole_and_their_currency_exists() {
    let number = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    check(
        Endpoint::OnlineBankingSale,
        &[
            ("payment.amount", number("10000000000000"), "ok"),
            ("payment.amount", number("10000000000001"), "502 payment.amount"),
            ("payment.amount", number("0"), "502 payment.amount"),
            ("payment.amount", number("-1"), "502 payment.amount"),
            ("payment.amount", number("100.0"), "502 payment.amount"),
            ("payment.amount", number("1e3"), "502 payment.amount"),
            ("payment.amount", json!("100"), "502 payment.amount"),
            ("payment.amount", json!("100;payment:currency:RUB"), "502 payment.amount"),
            ("payment.currency", json!("rub"), "3121 payment.currency"),
            ("payment.currency", json!("RUR"), "3121 payment.currency"),
            ("payment.currency", json!("ZZZ"), "3121 payment.currency"),
            ("payment.currency", json!(643), "502 payment.currency"),
            ("payment.currency", json!("RUB;"), "3121 payment.currency"),
        ],
    );
}

#[test]
fn a_sum_in_the_wrong_place_never_becomes_a_full_refund() {
    for endpoint in [
        Endpoint::CardRefund,
        Endpoint::OnlineBankingRefund,
        Endpoint::CardPartnerRefund,
        Endpoint::AnyRefund,
    ] {
        check(
            endpoint,
            &[
                ("payment", json!("{\"amount\":100,\"currency\":\"RUB\"}"), "502 payment"),
                ("payment", json!([{"amount": 100, "currency": "RUB"}]), "502 payment"),
                ("payment", json!(100), "502 payment"),
                ("payment", json!([]), "ok"),
                ("payment", json!({}), "ok"),
                ("payment", Value::Null, "ok"),
                ("payment", json!({"amount": 100}), "3287 payment.currency"),
                ("payment", json!({"currency": "RUB"}), "3286 payment.amount"),
                ("payment.merchant_refund_id", json!("a;b"), "502 payment.merchant_refund_id"),
                ("payment.merchant_refund_id", json!("a\nb"), "502 payment.merchant_refund_id"),
                ("payment.description", json!("возврат; по просьбе"), "ok"),
            ],
        );
    }
}

#[test]
fn a_sum_in_the_wrong_place_never_becomes_a_whole_capture() {
    for endpoint in [Endpoint::CardCapture, Endpoint::CardCancel] {
        check(
            endpoint,
            &[
                ("payment", json!([{"amount": 100, "currency": "RUB"}]), "502 payment"),
                ("payment", json!(100), "502 payment"),
                ("payment", Value::Null, "ok"),
                ("payment", json!({"amount": 100}), "3287 payment.currency"),
                ("payment", json!({"currency": "RUB"}), "3286 payment.amount"),
                ("payment", json!({"amount": 0, "currency": "RUB"}), "502 payment.amount"),
                ("interface_type", json!({"id": 18}), "ok"),
            ],
        );
    }
}

#[test]
fn a_clock_goes_forward_by_whole_milliseconds() {
    check(
        Endpoint::TestClock,
        &[
            ("forward_ms", json!(1), "ok"),
            ("forward_ms", json!(0), "502 forward_ms"),
            ("forward_ms", json!(-1), "502 forward_ms"),
            ("forward_ms", json!("1000"), "502 forward_ms"),
            ("forward_ms", json!(1.5), "502 forward_ms"),
            ("forward_ms", json!(315_360_000_001_i64), "502 forward_ms"),
            ("forward_ms", Value::Null, "2004 forward_ms"),
        ],
    );
    let read = read_signed(Endpoint::TestClock, &request(Endpoint::TestClock));
    assert!(matches!(read, Ok(Understood::Clock(1_800_000))));
}

#[test]
fn addresses_are_absolute_and_open() {
    for path in ["general.merchant_callback_url", "return_url.success", "return_url.return"] {
        let refused = format!("502 {path}");
        for (text, expected) in [
            ("https://магазин.рф/?a=1&b=%3B", "ok"),
            ("http://127.0.0.1:8080/x", "ok"),
            ("", "ok"),
            ("https://a/;b", &refused),
            ("https://a/ b", &refused),
            ("//a/b", &refused),
            ("ftp://a/b", &refused),
            ("javascript:alert(1)", &refused),
            ("https://user@a/", &refused),
            ("https://", &refused),
        ] {
            let read = read(Endpoint::OnlineBankingSale, path, json!(text));
            assert_eq!(read, expected, "{path} = {text}");
        }
    }
}

#[test]
fn what_php_makes_of_empty_objects_is_understood() {
    check(
        Endpoint::OnlineBankingSale,
        &[
            ("return_url", json!([]), "ok"),
            ("callback", json!([]), "ok"),
            ("customer", json!([]), "2004 customer.id"),
            ("general.project_id", json!("35"), "ok"),
            ("general.project_id", json!("+35"), "502 general.project_id"),
            ("general.project_id", json!(4294967296_i64), "502 general.project_id"),
            ("callback.force_disable", json!(1), "502 callback.force_disable"),
            ("callback.delay", json!(601), "502 callback.delay"),
        ],
    );
    check(
        Endpoint::Clarification,
        &[
            ("additional_data", json!([]), "ok"),
            ("additional_data", json!([1]), "502 additional_data"),
            ("additional_data", Value::Null, "2004 additional_data"),
            ("additional_data.customer", json!("x"), "502 additional_data.customer"),
            ("additional_data.customer.email", json!("x"), "2426 additional_data.customer.email"),
        ],
    );
}

#[test]
fn a_request_id_of_ours_leads_to_its_operation() {
    let body = request(Endpoint::StatusOfRequest);
    let read = read_signed(Endpoint::StatusOfRequest, &body);
    assert!(matches!(read, Ok(Understood::Request(Some(_)))));
    let mut other = body;
    set(&mut other, "request_id", json!("0be9d6d5-00000001"));
    let read = read_signed(Endpoint::StatusOfRequest, &other);
    assert!(matches!(read, Ok(Understood::Request(None))));
    set(&mut other, "request_id", json!(7));
    assert_eq!(
        read_signed(Endpoint::StatusOfRequest, &other).unwrap_err().code,
        Code::ValidationError
    );
}

/// What an answer to 3-D Secure is understood as.
#[track_caller]
fn answer(endpoint: Endpoint, rest: Value) -> Answer {
    let mut body = request(endpoint);
    crate::api::ecommpay::rig::merge(&mut body, &rest);
    match read_signed(endpoint, &body) {
        Ok(Understood::Answer(answer)) => answer,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn answers_of_3d_secure_say_whose_they_are() {
    let transaction = Some("b60c9879-ac77-4918-a317-7b01c4317053".to_owned());
    let challenge = answer(Endpoint::AuthenticationResult, json!({"pares": "x", "md": "m"}));
    assert_eq!(challenge.answer, AuthenticationAnswer::Challenge);
    assert_eq!((challenge.transaction, challenge.md), (transaction, Some("m".to_owned())));
    let pa_res = "eJxVUt1u\r\ngjAUfhXCNQ==".to_owned();
    let legacy = answer(Endpoint::AuthenticationResult, json!({"cres": "", "pares": pa_res}));
    assert_eq!(legacy.answer, AuthenticationAnswer::Legacy { pa_res });
    assert_eq!(legacy.transaction, None);
    for completed in [true, false] {
        let frame =
            answer(Endpoint::FingerprintResult, json!({"threeds_completion_indicator": completed}));
        assert_eq!(frame.answer, AuthenticationAnswer::Fingerprint { completed });
    }
}

#[test]
fn answers_of_3d_secure_have_limits() {
    let padded = format!("{}==", BASE64URL_NOPAD.encode(br#"{"threeDSServerTransID":"1"}"#));
    let twice =
        BASE64URL_NOPAD.encode(br#"{"threeDSServerTransID":"1","threeDSServerTransID":"2"}"#);
    let nameless = BASE64URL_NOPAD.encode(br#"{"threeDSServerTransID":""}"#);
    check(
        Endpoint::AuthenticationResult,
        &[
            ("cres", json!(padded), "ok"),
            ("cres", json!(twice), "502 cres"),
            ("cres", json!(nameless), "502 cres"),
            ("cres", json!(BASE64URL_NOPAD.encode(b"[]")), "502 cres"),
            ("cres", json!("eyJ0;aHJlZURT"), "502 cres"),
            ("cres", json!("A".repeat(32 * 1024 + 1)), "502 cres"),
            ("cres", json!("%%%"), "502 cres"),
            ("cres", json!(1), "502 cres"),
            ("pares", json!("A".repeat(32 * 1024)), "ok"),
            ("pares", json!("A".repeat(32 * 1024 + 1)), "502 pares"),
            ("pares", json!("я"), "502 pares"),
            ("md", json!("A".repeat(2_049)), "502 md"),
            ("md", json!("a;b"), "502 md"),
        ],
    );
}

#[test]
fn nothing_of_an_answer_is_kept() {
    let body = tree::parse(
        br#"{"cres":"SECRET","pares":"SECRET","card":{"pan":"SECRET"},"token":"SECRET","md":"kept"}"#,
    )
    .unwrap();
    let kept = tree::echo(&body);
    assert_eq!(kept.lines().collect::<Vec<_>>(), [("md", "kept")]);
}

#[test]
fn the_secret_before_is_taken_until_its_moment() {
    let before = Secret::new("старый секрет");
    let until = NOW.plus_millis(1_000);
    let entry = Arc::new(ProjectEntry { previous: Some((before, until)), ..project(1) });
    let find = |_: ProjectId| Some(Arc::clone(&entry));
    let settings = WebSettings::default();
    for (secret, at_ms, expected) in [
        (SECRET, 0, Ok(())),
        (SECRET, 1_000, Ok(())),
        ("старый секрет", 999, Ok(())),
        ("старый секрет", 1_000, Err(Code::InvalidSignature)),
        ("another", 0, Err(Code::InvalidSignature)),
    ] {
        let mut body = request(Endpoint::Status);
        let signature = sign(&body, &SigningKey::new(secret));
        set(&mut body, "general.signature", json!(signature));
        let bytes = body.to_string();
        let now = NOW.plus_millis(at_ms);
        let door = Door { find: &find, settings: &settings, now };
        let read = authenticate(&door, tree::parse(bytes.as_bytes()).unwrap(), IN_GENERAL);
        let told = read.map(|_| ()).map_err(|refusal| refusal.code);
        assert_eq!(told, expected, "{secret} after {at_ms} ms");
    }
}
