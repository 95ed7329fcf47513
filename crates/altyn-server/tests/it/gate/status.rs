//! Questions how a payment stands, repeats, and projects that do not see each other.

use altyn_testkit::harness::bodies::{
    ALFA_SALE, STATUS, STATUS_OF_REQUEST, alfa_sale, over, status, status_of_request,
};
use altyn_testkit::harness::sign;
use serde_json::json;

use super::{alfa_callback, assert_shape};
use crate::support::{OTHER_CALLBACKS, Provider, World};

on_both_databases! {
    a_payment_is_shown_whole,
    repeats_and_strangers_get_what_is_theirs,
}

fn a_payment_is_shown_whole(world: &mut World) {
    let (merchant, node) = (&world.merchant, &world.node);
    let paid = world.alfa_paid("order-1", 10_000);
    let document = merchant.status(node, "order-1");
    let mut expected = alfa_callback("success", ("sale", "success"), ("0", "Success"), "order-1");
    let operation = expected.as_object_mut().unwrap().remove("operation").unwrap();
    expected["operations"] = json!([operation]);
    assert_shape(&document, &expected);
    assert_eq!(document["operations"][0], paid.body["operation"]);

    let request = paid.body["operation"]["request_id"].as_str().unwrap();
    let answer = merchant.post(node, STATUS_OF_REQUEST, &status_of_request(request));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json(), document);
    let wanted = over(&status("order-1"), &json!({"destination": "merchant"}));
    assert_eq!(merchant.post(node, STATUS, &wanted).json(), document);

    let answer = merchant.post(node, STATUS, &status("no such order"));
    let unknown = answer.json();
    assert_eq!(answer.status, 200, "{unknown}");
    assert_eq!(unknown["payment"]["status"], "error", "{unknown}");
    let errors = json!([{"code": "3061", "message": "Transaction not found"}]);
    assert_eq!(unknown["errors"], errors, "{unknown}");
    assert_eq!(unknown["signature"], sign(&unknown, &merchant.secret), "{unknown}");
    for request in ["0be9d6d5-00000001", "no request", "-", "9999999999999-00000001"] {
        let body = status_of_request(request);
        merchant.refused(node, STATUS_OF_REQUEST, &body, (404, "3061", "request_id"));
    }
    merchant.refused(node, STATUS_OF_REQUEST, &json!({}), (400, "2004", "request_id"));
}

fn repeats_and_strangers_get_what_is_theirs(world: &mut World) {
    let (merchant, other, node) = (&world.merchant, &world.other, &world.node);
    let sale = alfa_sale("same", 10_000);
    let request = merchant.accepted(node, ALFA_SALE, &sale);
    for _ in 0..3 {
        assert_eq!(merchant.accepted(node, ALFA_SALE, &sale), request);
    }
    for (change, field) in [
        (json!({"payment": {"amount": 10_001}}), "payment.amount"),
        (json!({"payment": {"currency": "USD"}}), "payment.currency"),
        (json!({"customer": {"account_id": "another"}}), "customer.account_id"),
        (json!({"payment": {"description": "new"}}), "payment.description"),
    ] {
        merchant.refused(node, ALFA_SALE, &over(&sale, &change), (400, "3041", field));
    }

    // The other project has a payment of the same name, and it is another payment.
    assert_eq!(other.post(node, STATUS, &status("same")).json()["errors"][0]["code"], "3061");
    let theirs =
        other.accepted(node, ALFA_SALE, &over(&sale, &json!({"payment": {"amount": 777}})));
    assert_ne!(theirs, request);
    let told = world.shop.wait_for("the other's redirect", |told| told.path == OTHER_CALLBACKS);
    assert_eq!(told.body["project_id"], 2, "{}", told.body);
    assert_eq!(other.status(node, "same")["payment"]["sum"]["amount"], 777);
    assert_eq!(merchant.status(node, "same")["payment"]["sum"]["amount"], 10_000);
    for (who, foreign) in [(other, &request), (merchant, &theirs)] {
        let body = status_of_request(foreign);
        who.refused(node, STATUS_OF_REQUEST, &body, (404, "3061", "request_id"));
    }
    // The id is compared without regard to case, and echoed as it was sent.
    let upper = over(&sale, &json!({"general": {"payment_id": "SAME"}}));
    merchant.refused(node, ALFA_SALE, &upper, (400, "3041", "general.payment_id"));
    world.shop.wait_count("both redirects", 2, |told| told.status() == "awaiting redirect result");
    assert_eq!(world.emulators.orders(Provider::Rbs).len(), 2);
}
