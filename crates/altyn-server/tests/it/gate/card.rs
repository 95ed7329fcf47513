//! Cards through a partner, seed 003.

use altyn_testkit::harness::bodies::{
    CARD_REFUND, CARD_SALE, CLARIFICATION, card_sale, card_sale_to_clarify, full_refund, over,
};
use altyn_testkit::harness::eventually;
use serde_json::{Value, json};

use super::assert_shape;
use crate::support::{Provider, World, browser};

on_both_databases! {
    a_sale_is_paid_at_the_partner_and_returned,
    the_partner_the_payer_and_the_time_decline,
    refunds_end_when_the_partner_says,
    missing_data_is_asked_for,
    missing_data_that_never_comes_declines,
}

/// The callback of seed 003.
fn card_callback(
    id: &str,
    payment: (&str, i64),
    operation: (&str, &str),
    code: (&str, &str),
) -> Value {
    json!({
        "project_id": 1,
        "payment": {
            "id": id,
            "type": "purchase",
            "status": payment.0,
            "date": "<date>",
            "method": "Card partner",
            "sum": {"amount": payment.1, "currency": "KES"},
            "description": "",
        },
        "customer": {"phone": "123456789"},
        "operation": {
            "id": "<id>",
            "type": operation.0,
            "status": operation.1,
            "date": "<date>",
            "created_date": "<date>",
            "request_id": "<request>",
            "sum_initial": {"amount": 1_000, "currency": "KES"},
            "sum_converted": {"amount": 1_000, "currency": "KES"},
            "code": code.0,
            "message": code.1,
            "provider": {"id": 2377, "payment_id": "<provider>", "auth_code": ""},
        },
        "signature": "<signature>",
    })
}

fn a_sale_is_paid_at_the_partner_and_returned(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    let sale = over(
        &card_sale("EP79a6-d2db", 1_000),
        &json!({"return_url": {"success": "https://shop.example/ok?a=1"}}),
    );
    merchant.accepted(node, CARD_SALE, &sale);
    let redirect = shop.wait_status("EP79a6-d2db", "awaiting redirect result");
    let data = redirect.body["redirect_data"].clone();
    assert_eq!(
        (&data["method"], &data["url"]),
        (&json!("POST"), &json!(world.emulators.url("/v3/ke")))
    );
    for (field, value) in [("ttl", "10"), ("tel", "123456789"), ("curr", "KES"), ("live", "0")] {
        assert_eq!(data["body"][field], value, "{field}: {data}");
    }
    assert!(redirect.body["operation"].get("code").is_some_and(|code| code == "9999"));

    // The partner opens its page only when the form's hash is right; then the payer presses.
    let paid = browser::follow(&data).press("pay");
    assert!(paid.html.contains("Оплачено"), "{}", paid.html);
    let told = shop.wait_status("EP79a6-d2db", "success");
    let success = ("0", "Success");
    assert_shape(
        &told.body,
        &card_callback("EP79a6-d2db", ("success", 1_000), ("sale", "success"), success),
    );
    let back = browser::get(&paid.way_back());
    let place = back.header("location");
    assert_eq!((back.status, place), (303, Some("https://shop.example/ok?a=1")), "{}", back.text());

    // Only everything can be returned.
    let part = json!({"payment": {"amount": 400, "currency": "KES"}});
    merchant.accepted(node, CARD_REFUND, &over(&full_refund("EP79a6-d2db"), &part));
    let told = shop.wait_for("the declined part", |told| told.operation() == ("refund", "decline"));
    let whole = ("3609", "Operation amount must be equal to the initial amount");
    let mut expected =
        card_callback("EP79a6-d2db", ("success", 1_000), ("refund", "decline"), whole);
    for sum in ["sum_initial", "sum_converted"] {
        expected["operation"][sum]["amount"] = json!(400);
    }
    assert_shape(&told.body, &expected);

    merchant.accepted(node, CARD_REFUND, &full_refund("EP79a6-d2db"));
    let told = shop.wait_status("EP79a6-d2db", "refunded");
    assert_shape(
        &told.body,
        &card_callback("EP79a6-d2db", ("refunded", 0), ("refund", "success"), success),
    );
    let order = world.emulators.orders(Provider::Ipay).remove(0);
    assert_eq!(
        (&order["refunded_minor"], &order["charges"]),
        (&json!(1_000), &json!(1)),
        "{order}"
    );
    assert_eq!(shop.about("EP79a6-d2db").len(), 4);
}

fn the_partner_the_payer_and_the_time_decline(world: &mut World) {
    // The partner has one word for all of them.
    let code = ("20000", "General decline");
    for (id, amount, press) in
        [("poor", 40_000, "pay"), ("gone", 1_000, "cancel"), ("late", 1_000, "")]
    {
        world.merchant.accepted(&world.node, CARD_SALE, &card_sale(id, amount));
        let redirect = world.shop.wait_status(id, "awaiting redirect result");
        let page = browser::follow(&redirect.body["redirect_data"]);
        if press.is_empty() {
            world.emulators.advance_minutes(31);
        } else {
            page.press(press);
        }
        let told = world.shop.wait_status(id, "decline");
        let mut expected = card_callback(id, ("decline", amount), ("sale", "decline"), code);
        for sum in ["sum_initial", "sum_converted"] {
            expected["operation"][sum]["amount"] = json!(amount);
        }
        assert_shape(&told.body, &expected);
    }
    let totals = world.emulators.totals();
    assert_eq!(totals["ipay"]["KES"]["charges"], 0, "{totals}");
}

fn refunds_end_when_the_partner_says(world: &mut World) {
    world.card_paid("slow", 5_000);
    world.emulators.fault(&json!({"kind": "ipay_refund_async"}));
    world.merchant.accepted(&world.node, CARD_REFUND, &full_refund("slow"));
    eventually("the partner has the refund", || world.emulators.faults_are_used_up().then_some(()));
    let document = world.merchant.status(&world.node, "slow");
    assert_eq!(document["payment"]["status"], "success", "{document}");
    assert_eq!(world.shop.about("slow").len(), 2, "nothing is told before the outcome");
    assert_eq!(world.emulators.release()["refunds"], 1);
    let told = world.shop.wait_status("slow", "refunded");
    assert_eq!(told.operation(), ("refund", "success"), "{}", told.body);

    world.card_paid("never", 5_000);
    world.emulators.fault(&json!({"kind": "ipay_refund_decline"}));
    world.merchant.accepted(&world.node, CARD_REFUND, &full_refund("never"));
    let told = world.shop.wait_for("the declined refund", |told| {
        told.payment_id() == "never" && told.operation() == ("refund", "decline")
    });
    assert_eq!((told.status(), told.code()), ("success", "20000"), "{}", told.body);
    assert_eq!(told.body["payment"]["sum"]["amount"], 5_000, "{}", told.body);
}

fn clarification(customer: Value) -> Value {
    json!({"general": {"payment_id": "asked"}, "additional_data": {"customer": customer}})
}

fn missing_data_is_asked_for(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    let asks = |fields: Value| {
        let what = format!("clarification of {fields}");
        shop.wait_for(&what, |told| {
            told.body["clarification_fields"] == json!({"customer": fields})
        })
    };
    merchant.accepted(node, CARD_SALE, &card_sale_to_clarify("asked", 1_000));
    let told = asks(json!(["phone", "email"]));
    assert_eq!(told.status(), "awaiting clarification", "{}", told.body);
    assert_eq!((told.code(), told.operation()), ("9999", ("sale", "awaiting clarification")));

    let without = json!({"general": {"payment_id": "asked"}});
    merchant.refused(node, CLARIFICATION, &without, (400, "2004", "additional_data"));
    let wrong = clarification(json!({"phone": "no digits"}));
    let field = "additional_data.customer.phone";
    merchant.refused(node, CLARIFICATION, &wrong, (400, "502", field));
    merchant.accepted(node, CLARIFICATION, &clarification(json!({"phone": "254712375678"})));
    asks(json!(["email"]));
    merchant.accepted(node, CLARIFICATION, &over(&without, &json!({"additional_data": {}})));
    let what = "the same asked for again";
    shop.wait_count(what, 2, |told| {
        told.body["clarification_fields"] == json!({"customer": ["email"]})
    });
    assert!(world.emulators.orders(Provider::Ipay).is_empty());

    merchant.accepted(node, CLARIFICATION, &clarification(json!({"email": "a@example.com"})));
    let redirect = shop.wait_status("asked", "awaiting redirect result");
    assert!(redirect.body.get("clarification_fields").is_none(), "{}", redirect.body);
    let body = &redirect.body["redirect_data"]["body"];
    assert_eq!((&body["tel"], &body["eml"]), (&json!("254712375678"), &json!("a@example.com")));
    let order = world.emulators.open_form(&redirect);
    world.emulators.press(Provider::Ipay, &order, "pay");
    let told = shop.wait_status("asked", "success");
    assert_eq!(told.body["customer"], json!({"phone": "254712375678"}), "{}", told.body);

    let late = clarification(json!({"email": "b@example.com"}));
    merchant.refused(node, CLARIFICATION, &late, (400, "3060", ""));
    let unknown = over(&late, &json!({"general": {"payment_id": "never asked"}}));
    merchant.refused(node, CLARIFICATION, &unknown, (400, "3061", "general.payment_id"));
}

fn missing_data_that_never_comes_declines(world: &mut World) {
    let sale = card_sale_to_clarify("forgotten", 1_000);
    world.merchant.accepted(&world.node, CARD_SALE, &sale);
    world.shop.wait_status("forgotten", "awaiting clarification");
    // Half an hour goes by: nothing but the stored times knows of it.
    let half_an_hour = 30 * 60_000;
    world.sql(&format!("UPDATE operations SET updated_at = updated_at - {half_an_hour}"));
    world.sql(&format!("UPDATE jobs SET due_at = due_at - {half_an_hour} WHERE kind = 4"));
    let told = world.shop.wait_status("forgotten", "decline");
    assert_eq!((told.code(), told.operation()), ("603", ("sale", "decline")), "{}", told.body);
    assert!(world.emulators.orders(Provider::Ipay).is_empty(), "no order was ever made");
}
