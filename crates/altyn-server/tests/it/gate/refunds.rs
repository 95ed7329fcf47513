//! Refunds of Alfa-Click, seed 004.

use altyn_testkit::harness::bodies::{
    ALFA_REFUND, ANY_REFUND, CARD_REFUND, full_refund, over, partial_refund,
};
use altyn_testkit::harness::{Callback, Shop};
use serde_json::{Value, json};

use super::{alfa_callback, assert_shape};
use crate::support::{Provider, World};

on_both_databases! {
    parts_and_the_rest_are_returned,
    a_refund_has_one_id_however_often_it_is_sent,
    a_refund_that_the_bank_declines_changes_nothing,
}

fn refund_callback(id: &str, payment: (&str, i64), status: &str, amount: i64) -> Value {
    let code = if status == "success" {
        ("0", "Success")
    } else {
        ("3283", "Refund amount more than init amount")
    };
    let mut callback = alfa_callback(payment.0, ("refund", status), code, id);
    callback["payment"]["sum"]["amount"] = json!(payment.1);
    for sum in ["sum_initial", "sum_converted"] {
        callback["operation"][sum]["amount"] = json!(amount);
    }
    callback["operation"]["provider"].as_object_mut().unwrap().remove("endpoint_id");
    callback
}

fn wait_refund(shop: &Shop, request: &str) -> Callback {
    shop.wait_for(&format!("the end of refund {request}"), |told| {
        told.body["operation"]["request_id"] == request
    })
}

fn parts_and_the_rest_are_returned(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    let id = "EP1bb6-c379";
    let paid = world.alfa_paid(id, 10_000);
    let order = paid.body["operation"]["provider"]["payment_id"].clone();
    let too_much = |sum: i64, payment: (&str, i64)| {
        let request = merchant.accepted(node, ALFA_REFUND, &partial_refund(id, sum));
        let told = wait_refund(shop, &request);
        assert_shape(&told.body, &refund_callback(id, payment, "decline", sum));
        assert_eq!(told.body["operation"]["provider"]["payment_id"], order, "{}", told.body);
    };
    too_much(10_001, ("success", 10_000));

    let request = merchant.accepted(node, ALFA_REFUND, &partial_refund(id, 3_000));
    let told = wait_refund(shop, &request);
    let part = ("partially refunded", 7_000);
    assert_shape(&told.body, &refund_callback(id, part, "success", 3_000));
    too_much(7_001, part);
    let euros = over(&partial_refund(id, 100), &json!({"payment": {"currency": "EUR"}}));
    let request = merchant.accepted(node, ALFA_REFUND, &euros);
    let told = wait_refund(shop, &request);
    assert_eq!((told.code(), told.status()), ("3284", "partially refunded"), "{}", told.body);

    let request = merchant.accepted(node, ANY_REFUND, &full_refund(id));
    let told = wait_refund(shop, &request);
    assert_shape(&told.body, &refund_callback(id, ("refunded", 0), "success", 7_000));
    let request = merchant.accepted(node, ALFA_REFUND, &full_refund(id));
    let told = wait_refund(shop, &request);
    assert_eq!((told.code(), told.status()), ("3283", "refunded"), "{}", told.body);

    let order = world.emulators.orders(Provider::Rbs).remove(0);
    let sums = (&order["refunded_minor"], &order["deposited_minor"], &order["charges"]);
    assert_eq!(sums, (&json!(10_000), &json!(0), &json!(1)), "{order}");
    let document = merchant.status(node, id);
    let operations = document["operations"].as_array().unwrap();
    let ends: Vec<&str> = operations.iter().map(|one| one["status"].as_str().unwrap()).collect();
    let expected = ["success", "decline", "success", "decline", "decline", "success", "decline"];
    assert_eq!(ends, expected, "{document}");
}

fn a_refund_has_one_id_however_often_it_is_sent(world: &mut World) {
    let (merchant, node) = (&world.merchant, &world.node);
    world.alfa_paid("first", 10_000);
    world.alfa_paid("second", 10_000);
    let named = |payment: &str, amount: i64, id: &str| {
        let own = json!({"payment": {"merchant_refund_id": id}});
        over(&partial_refund(payment, amount), &own)
    };
    let request = merchant.accepted(node, ALFA_REFUND, &named("first", 1_000, "r-1"));
    let told = wait_refund(&world.shop, &request);
    assert_eq!(told.body["payment"]["merchant_refund_id"], "r-1", "{}", told.body);
    let again = merchant.accepted(node, ALFA_REFUND, &named("first", 1_000, "r-1"));
    assert_eq!(again, request);
    for (body, field) in [
        (named("first", 1_001, "r-1"), "payment.amount"),
        (named("second", 1_000, "r-1"), "general.payment_id"),
    ] {
        merchant.refused(node, ALFA_REFUND, &body, (400, "3230", field));
    }
    // Without an id of the shop's own, two equal refunds are two refunds.
    for _ in 0..2 {
        let request = merchant.accepted(node, ALFA_REFUND, &partial_refund("first", 2_000));
        wait_refund(&world.shop, &request);
    }
    let document = merchant.status(node, "first");
    assert_eq!(document["payment"]["sum"]["amount"], 5_000, "{document}");

    // The path names the method; a payment of another one is not there.
    let wrong = (400, "3061", "general.payment_id");
    merchant.refused(node, CARD_REFUND, &full_refund("second"), wrong);
    world.other.refused(node, ALFA_REFUND, &full_refund("second"), wrong);
}

fn a_refund_that_the_bank_declines_changes_nothing(world: &mut World) {
    let (merchant, node) = (&world.merchant, &world.node);
    world.alfa_paid("kept", 10_000);
    world.emulators.fault(&json!({"kind": "rbs_refund_decline"}));
    let request = merchant.accepted(node, ALFA_REFUND, &full_refund("kept"));
    let told = wait_refund(&world.shop, &request);
    assert_eq!((told.operation(), told.status()), (("refund", "decline"), "success"));
    assert_eq!(told.body["payment"]["sum"]["amount"], 10_000, "{}", told.body);
    // What was not returned can still be.
    let request = merchant.accepted(node, ALFA_REFUND, &full_refund("kept"));
    assert_eq!(wait_refund(&world.shop, &request).status(), "refunded");
}
