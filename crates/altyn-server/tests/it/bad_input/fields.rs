//! Every documented field with values it may not have.

use altyn_testkit::harness::bodies::{
    ALFA_REFUND, ALFA_SALE, CARD_SALE, CLARIFICATION, STATUS, alfa_sale, card_sale, full_refund,
    over, partial_refund, status,
};
use altyn_testkit::harness::sign;
use serde_json::{Value, json};

use super::{nothing_happened, refused_bytes, set};
use crate::support::World;

on_both_databases! {
    every_field_is_read_strictly,
    numbers_are_read_as_they_are_written,
    refunds_of_what_cannot_be_returned,
    strange_but_right_texts_come_back_whole,
}

/// Fields with values they may not have, and the code.
fn wrong_values() -> Vec<(&'static str, Vec<Value>, &'static str)> {
    let long = "x".repeat(256);
    let no_texts = || vec![json!(5), json!(true), json!(["a"]), json!({"a": "b"})];
    let texts = |more: &[&str]| -> Vec<Value> {
        no_texts().into_iter().chain(more.iter().map(|text| json!(text))).collect()
    };
    // A plugin may send an identity as a number.
    let identities = |more: &[&str]| -> Vec<Value> { texts(more).split_off(1) };
    let urls =
        &["ftp://x.example/", "shop.example", "https://u:p@x.example/", "javascript:alert(1)"];
    vec![
        ("general.payment_id", texts(&["a;b", "a\nb", "a\u{7f}b", &"x".repeat(300)]), "3024"),
        ("general.payment_id", vec![json!(""), Value::Null], "2004"),
        (
            "general.project_id",
            vec![json!("x"), json!(0), json!(-1), json!(1.5), json!(true)],
            "502",
        ),
        ("general.project_id", vec![json!(4_294_967_296_u64), json!("1 "), json!([1])], "502"),
        ("general.project_id", vec![json!(null)], "2004"),
        ("general.project_id", vec![json!(999)], "2442"),
        ("general.merchant_callback_url", texts(urls), "502"),
        ("general.merchant_success_callback_url", texts(urls), "502"),
        ("general.merchant_decline_callback_url", texts(urls), "502"),
        ("customer", vec![json!("x"), json!(5), json!(["x"]), json!(true)], "502"),
        ("customer.id", identities(&[&long, "a\u{1}b"]), "502"),
        ("customer.id", vec![json!("a;b"), json!("a\nb"), json!(-5), json!(1.5)], "2124"),
        ("customer.id", vec![json!(""), Value::Null], "2004"),
        ("customer.ip_address", texts(&["x", "1.2.3", "1.2.3.4;b"]), "502"),
        ("customer.ip_address", vec![json!(""), Value::Null], "2004"),
        ("customer.account_id", identities(&[&long, "a;b", "a\u{1}b"]), "502"),
        ("customer.account_id", vec![json!(""), Value::Null], "2004"),
        ("customer.phone", identities(&["123", "+123456", "12 34", &"1".repeat(25)]), "502"),
        ("customer.email", no_texts(), "502"),
        ("customer.email", vec![json!("x"), json!("@x.example"), json!("a b@x.example")], "2426"),
        ("customer.country", no_texts(), "502"),
        ("customer.country", vec![json!("RUS"), json!("ru"), json!("Р")], "2610"),
        ("customer.first_name", texts(&[&long, "a\u{0}b"]), "502"),
        ("payment", vec![json!("x"), json!(5), json!(["x"])], "502"),
        ("payment.amount", vec![json!(0), json!(-1), json!(1.5), json!("100"), json!(true)], "502"),
        ("payment.amount", vec![json!([1]), json!({"a": 1}), json!(10_000_000_000_001_i64)], "502"),
        ("payment.amount", vec![Value::Null], "2004"),
        ("payment.currency", no_texts(), "502"),
        ("payment.currency", vec![json!("XXY"), json!("rub"), json!("RUBB"), json!("R")], "3121"),
        ("payment.currency", vec![json!(""), Value::Null], "2004"),
        ("payment.description", texts(&[&long, "a\u{1}b"]), "502"),
        ("return_url", vec![json!("https://x.example/"), json!(5)], "502"),
        ("return_url.success", texts(urls), "502"),
        ("return_url.decline", texts(urls), "502"),
        ("return_url.return", texts(urls), "502"),
        ("callback", vec![json!("x"), json!(5)], "502"),
        ("callback.delay", vec![json!(601), json!(-1), json!(1.5), json!("5"), json!(true)], "502"),
        ("callback.force_disable", vec![json!(1), json!("true"), json!({"a": 1})], "502"),
    ]
}

fn every_field_is_read_strictly(world: &mut World) {
    let (merchant, node) = (&world.merchant, &world.node);
    let mut tried = 0;
    for (path, values, code) in wrong_values() {
        for value in values {
            let wrong = set(&merchant.signed(&alfa_sale("wrong", 10_000)), path, &value);
            let status = if code == "2442" { 404 } else { 400 };
            let body = resigned(wrong, &merchant.secret);
            let name = format!("{path} = {value}");
            let bytes = serde_json::to_vec(&body).unwrap();
            let expected = (status, code, path);
            refused_bytes(world, (&name, "POST", ALFA_SALE), &bytes, expected);
            tried += 1;
        }
    }
    assert!(tried > 150, "{tried}");
    let tenge = json!({"customer": {"country": "KZ"}});
    let missing = (400, "2004", "customer.phone");
    merchant.refused(node, ALFA_SALE, &over(&alfa_sale("wrong", 10_000), &tenge), missing);
    let tenge = json!({"payment": {"currency": "KZT"}});
    merchant.refused(node, ALFA_SALE, &over(&alfa_sale("wrong", 10_000), &tenge), missing);
    for field in ["customer", "payment"] {
        let first = if field == "customer" { "customer.id" } else { "payment.amount" };
        let lacking = over(&alfa_sale("wrong", 10_000), &json!({field: null}));
        merchant.refused(node, ALFA_SALE, &lacking, (400, "2004", first));
    }
    let without = over(&card_sale("wrong", 10_000), &json!({"customer": {"ip_address": null}}));
    merchant.refused(node, CARD_SALE, &without, (400, "2004", "customer.ip_address"));
    for path in [STATUS, CLARIFICATION, ALFA_REFUND] {
        let nobody = json!({"general": {}, "additional_data": {}});
        merchant.refused(node, path, &nobody, (400, "2004", "general.payment_id"));
    }
    nothing_happened(world);
}

fn resigned(mut body: Value, secret: &str) -> Value {
    body["general"]["signature"] = json!(sign(&body, secret));
    body
}

/// Numbers in spellings that no JSON writer here makes: signed as the text they are sent as.
fn numbers_are_read_as_they_are_written(world: &mut World) {
    let merchant = &world.merchant;
    for spelling in ["1e3", "1E3", "1000.0", "-0", "99999999999999999999", "1e-400"] {
        let mut body = alfa_sale("spelt", 10_000);
        body["payment"]["amount"] = json!(spelling);
        let text = merchant.signed(&body).to_string();
        let raw = text.replace(&format!("\"{spelling}\""), spelling);
        assert_ne!(raw, text);
        let what = (spelling, "POST", ALFA_SALE);
        refused_bytes(world, what, raw.as_bytes(), (400, "502", "payment.amount"));
    }
    nothing_happened(world);
    // What PHP shops keep as text is a project all the same.
    let mut body = alfa_sale("php", 10_000);
    body["general"]["project_id"] = json!("1");
    merchant.accepted(&world.node, ALFA_SALE, &body);
    let numbers = json!({"customer": {"id": 17, "account_id": 42}});
    merchant.accepted(&world.node, ALFA_SALE, &over(&alfa_sale("numbers", 10_000), &numbers));
    let told = world.shop.wait_status("numbers", "awaiting redirect result");
    assert_eq!(told.body["account"], json!({"number": "42"}), "{}", told.body);
}

fn refunds_of_what_cannot_be_returned(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    world.alfa_paid("paid", 10_000);
    world.alfa_redirected("unpaid", 10_000);
    let not_found = (400, "3061", "general.payment_id");
    merchant.refused(node, ALFA_REFUND, &full_refund("unknown"), not_found);
    world.other.refused(node, ALFA_REFUND, &full_refund("paid"), not_found);
    let part = partial_refund("paid", 1_000);
    for (change, code, field) in [
        (json!({"payment": {"currency": null}}), "3287", "payment.currency"),
        (json!({"payment": {"amount": null}}), "3286", "payment.amount"),
        (json!({"payment": {"amount": 0}}), "502", "payment.amount"),
        (json!({"payment": {"amount": "all"}}), "502", "payment.amount"),
        (json!({"payment": {"currency": "XXY"}}), "3121", "payment.currency"),
        (json!({"payment": {"description": 5}}), "502", "payment.description"),
        (json!({"payment": {"merchant_refund_id": "a;b"}}), "502", "payment.merchant_refund_id"),
        (json!({"payment": {"merchant_refund_id": true}}), "502", "payment.merchant_refund_id"),
        (json!({"customer": {"ip_address": "here"}}), "502", "customer.ip_address"),
    ] {
        merchant.refused(node, ALFA_REFUND, &over(&part, &change), (400, code, field));
    }
    for payment in [json!("all"), json!(5), json!(["all"])] {
        let body = set(&part, "payment", &payment);
        merchant.refused(node, ALFA_REFUND, &body, (400, "502", "payment"));
    }
    let declined = |id: &str, code: &str, status: &str| {
        let request = merchant.accepted(node, ALFA_REFUND, &full_refund(id));
        let told = shop.wait_for(&format!("the refund of {id} is declined"), |told| {
            told.body["operation"]["request_id"] == request.as_str()
        });
        let got = (told.operation(), told.code(), told.status());
        assert_eq!(got, (("refund", "decline"), code, status), "{}", told.body);
    };
    declined("unpaid", "3060", "awaiting redirect result");
    merchant.accepted(node, ALFA_REFUND, &full_refund("paid"));
    shop.wait_status("paid", "refunded");
    declined("paid", "3283", "refunded");
}

fn strange_but_right_texts_come_back_whole(world: &mut World) {
    let texts = [
        ("emoji", "Заказ №5 🚀 «чай» \"кавычки\" \\ / <b>&amp", None),
        ("lines", "one\ntwo\tthree", None),
        ("separator", "one;two", Some("one,two")),
        ("longest", &"ж".repeat(255), None),
    ];
    for (id, text, told) in texts {
        let sale = over(&alfa_sale(id, 10_000), &json!({"payment": {"description": text}}));
        world.merchant.accepted(&world.node, ALFA_SALE, &sale);
        let redirect = world.shop.wait_status(id, "awaiting redirect result");
        assert_eq!(redirect.body["payment"]["description"], told.unwrap_or(text), "{id}");
    }
    for id in [&"ж".repeat(255), "№ 5/а 🚀", "a\"b\\c", " spaced "] {
        world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale(id, 10_000));
        world.shop.wait_status(id, "awaiting redirect result");
        assert_eq!(world.merchant.status(&world.node, id)["payment"]["id"], *id);
    }
    let more = json!({"interface_type": {"id": 18}, "_plugin": [1, 2, {"x": null}], "payment": {"x": true}});
    let sale = over(&alfa_sale("plugin", 10_000), &more);
    world.merchant.accepted(&world.node, ALFA_SALE, &sale);
    assert_eq!(status("x"), full_refund("x"), "both need `general` only");
}
