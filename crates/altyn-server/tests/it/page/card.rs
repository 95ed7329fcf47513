//! Paying by card on the page: at once, held first, and after a decline by another card.

use altyn_testkit::harness::bodies::{over, with};
use serde_json::{Value, json};

use super::{DECLINED, GOOD, OTHER, charges, comes_back, link, operations, pay_by, payer, told};
use crate::support::{Provider, World};

on_both_databases! {
    a_card_pays_at_once_and_a_hold_is_captured_or_released,
    another_card_after_a_decline_is_the_same_payment,
}

/// Without what differs from run to run, whose form is checked.
fn steady(body: &Value) -> Value {
    let mut body = body.clone();
    for object in ["payment", "operation"] {
        for name in ["date", "created_date", "id", "request_id"] {
            if let Some(value) =
                body[object].get(name).filter(|_| (object, name) != ("payment", "id"))
            {
                assert!(!value.is_null() && value != "", "{object}.{name}");
                body[object].as_object_mut().unwrap().remove(name);
            }
        }
    }
    for name in ["payment_id", "date", "auth_code"] {
        let value = body["operation"]["provider"].as_object_mut().unwrap().remove(name);
        assert!(value.is_some_and(|value| value.is_string()), "operation.provider.{name}");
    }
    body.as_object_mut().unwrap().remove("signature");
    body
}

/// The callback of ecommpay.md §4.2 for a card that paid 100 roubles.
fn paid(payment_id: &str, status: &str, kind: &str) -> Value {
    json!({
        "project_id": 1,
        "payment": {
            "id": payment_id,
            "type": "purchase",
            "status": status,
            "method": "card",
            "sum": {"amount": 10_000, "currency": "RUB"},
            "description": "Кофе, чай",
        },
        "customer": {"id": "customer1", "email": "a@b.example"},
        "account": {
            "number": "400000******0077",
            "type": "visa",
            "card_holder": "IVAN O'NEIL",
            "expiry_month": "12",
            "expiry_year": "2034",
        },
        "operation": {
            "type": kind,
            "status": "success",
            "sum_initial": {"amount": 10_000, "currency": "RUB"},
            "sum_converted": {"amount": 10_000, "currency": "RUB"},
            "code": "0",
            "message": "Success",
            "eci": "07",
            "provider": {"id": 1310, "endpoint_id": "alfabank"},
        },
    })
}

fn a_card_pays_at_once_and_a_hold_is_captured_or_released(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    let described = |id: &str| {
        link(world, id)
            .with("payment_description", "Кофе; чай")
            .with("customer_email", "a@b.example")
    };
    let page = pay_by(world, &described("at once"), GOOD);
    assert_eq!((page.status, page.state().as_str()), (200, "success"), "{}", page.html);
    assert_eq!(page.ended(), ("success".to_owned(), "0".to_owned()));
    assert!(page.html.contains("0077") && page.html.contains("Visa"), "{}", page.html);
    comes_back(world, &page, "/thanks");
    let success = shop.wait_status("at once", "success");
    assert_eq!(steady(&success.body), paid("at once", "success", "sale"));
    assert_eq!(told(world, "at once"), ["success: sale success 0"]);

    for (id, path, kind, status) in [
        ("captured", "/v2/payment/card/capture", "capture", "success"),
        ("released", "/v2/payment/card/cancel", "cancel", "canceled"),
    ] {
        let page = pay_by(world, &described(id).with("card_operation_type", "auth"), GOOD);
        assert_eq!(page.ended().0, "awaiting capture", "{}", page.html);
        assert_eq!(page.way_back(), shop.url("/thanks"));
        let held = shop.wait_status(id, "awaiting capture");
        assert_eq!(steady(&held.body), paid(id, "awaiting capture", "auth"));
        let followed = json!({"general": {"payment_id": id}, "payment": {"description": "x"}});
        merchant.accepted(node, path, &followed);
        let ended = shop.wait_status(id, status);
        assert_eq!(ended.operation(), (kind, "success"), "{}", ended.body);
        assert_eq!(page.reload().ended().0, status);
    }
    assert_eq!(charges(world), 2, "what was released was not taken");

    // What the connection tells of the payer is kept, and the Gate's status has the same.
    let document = merchant.status(node, "at once");
    let expected = with(&document, &json!({"account": success.body["account"].clone()}));
    assert_eq!(document, expected);
    assert_eq!(operations(&document), ["sale success 0"]);
    let refund = over(
        &json!({"general": {"payment_id": "at once"}}),
        &json!({"payment": {"amount": 4_000, "currency": "RUB", "description": "a part"}}),
    );
    merchant.accepted(node, "/v2/payment/card/refund", &refund);
    shop.wait_status("at once", "partially refunded");
    let page = payer(world).open(&node.url(&described("at once").path(&merchant.secret)));
    assert!(page.html.contains("40,00\u{202f}₽"), "{}", page.html);
}

fn another_card_after_a_decline_is_the_same_payment(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    let declined = pay_by(world, &link(world, "again"), DECLINED);
    assert_eq!((declined.status, declined.state().as_str()), (200, "fail"), "{}", declined.html);
    assert_eq!(declined.ended(), ("decline".to_owned(), "10000".to_owned()));
    assert!(declined.html.contains("Деньги не списаны"), "{}", declined.html);
    comes_back(world, &declined, "/sorry");
    let decline = shop.wait_status("again", "decline");
    let mut expected = paid("again", "decline", "sale");
    for (place, value) in [("status", "decline"), ("code", "10000"), ("message", "General decline")]
    {
        expected["operation"][place] = json!(value);
    }
    expected["payment"]["description"] = json!("");
    expected["customer"] = json!({"id": "customer1"});
    expected["account"]["number"] = json!("411111******1111");
    assert_eq!(steady(&decline.body), expected);

    let again = declined.again();
    assert!(again.html.contains("10000"), "the reason is still told: {}", again.html);
    let page = again.submit(&again.card(OTHER));
    assert_eq!(page.ended(), ("success".to_owned(), "0".to_owned()), "{}", page.html);
    assert_eq!(page.standing(), declined.standing());
    assert_eq!(declined.reload().ended().0, "success");
    let success = shop.wait_status("again", "success");
    assert_eq!(success.body["account"]["number"], "512616******6675", "{}", success.body);
    assert_eq!(told(world, "again"), ["decline: sale decline 10000", "success: sale success 0"]);
    let document = merchant.status(node, "again");
    assert_eq!(operations(&document), ["sale decline 10000", "sale success 0"]);
    let orders = world.emulators.orders(Provider::Rbs);
    assert_eq!((orders.len(), charges(world)), (2, 1), "{orders:?}");

    // There is an end to trying.
    let mut page = pay_by(world, &link(world, "in vain"), DECLINED);
    for _ in 1..5 {
        let again = page.again();
        page = again.submit(&again.card(DECLINED));
        assert_eq!(page.state(), "fail", "{}", page.html);
    }
    assert!(!page.html.contains("/again"), "{}", page.html);
    let late = payer(world).open(&format!("{}/again", page.standing()));
    assert_eq!(late.url, page.standing());
    assert_eq!(merchant.status(node, "in vain")["operations"].as_array().unwrap().len(), 5);
    shop.wait_count("five declines", 5, |told| told.tells("in vain", "decline"));
}
