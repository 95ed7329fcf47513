//! Sales by card without 3-D Secure: what is told, and what a repeat is.

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale, over};
use altyn_testkit::harness::cards::{self, AUTH, DECLINED, GOOD, SALE};
use serde_json::{Value, json};

use super::super::assert_shape;
use super::{RIGHT, order_of, pay, sums};
use crate::support::{Provider, World};

on_both_databases! {
    a_sale_is_paid_at_once,
    a_sale_is_declined,
    the_same_sale_again_is_the_same_sale,
    another_card_under_the_same_id_is_refused,
}

/// A callback about a sale of 100 roubles.
fn card_callback(id: &str, status: &str, code: (&str, &str), account: &Value) -> Value {
    json!({
        "project_id": 1,
        "payment": {
            "id": id,
            "type": "purchase",
            "status": status,
            "date": "<date>",
            "method": "card",
            "sum": {"amount": 10_000, "currency": "RUB"},
            "description": "",
        },
        "customer": {"id": "customer1"},
        "account": account,
        "operation": {
            "id": "<id>",
            "type": "sale",
            "status": status,
            "date": "<date>",
            "created_date": "<date>",
            "request_id": "<request>",
            "sum_initial": {"amount": 10_000, "currency": "RUB"},
            "sum_converted": {"amount": 10_000, "currency": "RUB"},
            "eci": "07",
            "provider": {
                "id": 1310,
                "payment_id": "<provider>",
                "date": "<date>",
                "auth_code": "",
                "endpoint_id": "alfabank",
            },
            "code": code.0,
            "message": code.1,
        },
        "signature": "<signature>",
    })
}

fn account(number: &str) -> Value {
    json!({
        "number": number,
        "type": "visa",
        "card_holder": "JOHN SMITH",
        "expiry_month": "12",
        "expiry_year": "2034",
    })
}

fn a_sale_is_paid_at_once(world: &mut World) {
    let sale = cards::payment("paid", 10_000, GOOD);
    let (steps, told) = pay(world, SALE, &sale, RIGHT);
    assert!(steps.is_empty(), "{steps:?}");
    let order = order_of(world, &told);
    assert_eq!(
        sums(&order, &["charges", "captured_minor", "deposited_minor"]),
        [1, 10_000, 10_000]
    );

    let mut shown = told.body.clone();
    let auth_code = shown["operation"]["provider"]["auth_code"].as_str().unwrap().to_owned();
    assert!(auth_code.len() == 6 && auth_code.bytes().all(|b| b.is_ascii_digit()), "{auth_code}");
    shown["operation"]["provider"]["auth_code"] = json!("");
    let account = account("400000******0077");
    assert_shape(&shown, &card_callback("paid", "success", ("0", "Success"), &account));
    let document = world.merchant.status(&world.node, "paid");
    assert_eq!(document["payment"]["status"], "success", "{document}");
    assert_eq!(document["account"], account, "{document}");
    assert_eq!(world.shop.about("paid").len(), 1, "the end alone is told");
}

fn a_sale_is_declined(world: &mut World) {
    let (steps, told) = pay(world, SALE, &cards::payment("no", 10_000, DECLINED), RIGHT);
    assert!(steps.is_empty(), "{steps:?}");
    let account = account("411111******1111");
    let expected = card_callback("no", "decline", ("10000", "General decline"), &account);
    assert_shape(&told.body, &expected);
    // The amounts of the test project decline a good card too.
    for (id, amount) in [("poor", 40_000), ("poor-2", 40_400)] {
        let (_, told) = pay(world, SALE, &cards::payment(id, amount, GOOD), RIGHT);
        assert_eq!((told.status(), told.code()), ("decline", "10105"), "{}", told.body);
    }
    let totals = world.emulators.totals();
    assert_eq!(totals["rbs"]["RUB"]["charges"], 0, "{totals}");
    assert_eq!(totals["rbs"]["RUB"]["orders"], 3, "{totals}");
}

fn the_same_sale_again_is_the_same_sale(world: &mut World) {
    let (merchant, node) = (&world.merchant, &world.node);
    let sale = cards::payment("one", 10_000, GOOD);
    let answers = world.at_once(&vec![(SALE, sale.clone()); 10]);
    for answer in &answers {
        assert_eq!((answer.status, answer.json()), (200, answers[0].json()));
    }
    let first = answers[0].json()["request_id"].as_str().unwrap().to_owned();
    let told = world.shop.wait_status("one", "success");
    assert_eq!(told.body["operation"]["request_id"], first.as_str());
    // Also when it is over, however the number is spelled.
    let spaced = over(&sale, &json!({"card": {"pan": "4000 0000 0000 0077", "month": "12"}}));
    assert_eq!(merchant.accepted(node, SALE, &sale), first);
    assert_eq!(merchant.accepted(node, SALE, &spaced), first);
    let declined = cards::payment("no", 10_000, DECLINED);
    let (_, told) = pay(world, SALE, &declined, RIGHT);
    assert_eq!(merchant.accepted(node, SALE, &declined), told.body["operation"]["request_id"]);

    assert_eq!(world.emulators.orders(Provider::Rbs).len(), 2);
    let totals = world.emulators.totals();
    assert_eq!(totals["rbs"]["RUB"]["charges"], 1, "{totals}");
    // Nothing more is on its way.
    world.alfa_paid("loud", 5_000);
    assert_eq!(world.shop.about("one").len(), 1);
    assert_eq!(world.shop.about("no").len(), 1);
}

fn another_card_under_the_same_id_is_refused(world: &mut World) {
    let (merchant, node) = (&world.merchant, &world.node);
    let sale = cards::payment("one", 10_000, GOOD);
    pay(world, SALE, &sale, RIGHT);
    let other = |card: Value| over(&sale, &json!({ "card": card }));
    for card in [json!({"pan": cards::CHALLENGED}), json!({"year": 2035}), json!({"month": 11})] {
        merchant.refused(node, SALE, &other(card), (400, "3041", "card"));
    }
    let amount = over(&sale, &json!({"payment": {"amount": 10_001}}));
    merchant.refused(node, SALE, &amount, (400, "3041", "payment.amount"));
    // One stage and two are different things, as are a card and a bank.
    merchant.refused(node, AUTH, &sale, (400, "3041", "operation type"));
    merchant.refused(node, ALFA_SALE, &alfa_sale("one", 10_000), (400, "3041", "payment method"));
    assert_eq!(world.emulators.orders(Provider::Rbs).len(), 1);
    assert_eq!(world.shop.about("one").len(), 1);
}
