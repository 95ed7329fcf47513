//! Providers that fail: whatever is lost on the way, a payment ends as the provider has it, and
//! nobody is charged or repaid twice.

use altyn_testkit::harness::bodies::{ALFA_REFUND, ALFA_SALE, CARD_REFUND, alfa_sale, full_refund};
use altyn_testkit::harness::eventually;
use serde_json::{Value, json};

use crate::support::{Provider, World, order_id};

on_both_databases! {
    a_registration_is_lost,
    a_refund_is_lost,
    a_notification_is_lost,
    a_partner_cannot_be_asked_about_a_refund,
}

/// What can happen to a call, each to a payment of its own.
fn lost_calls(method: &str) -> Vec<(&'static str, Value)> {
    let fault = |kind: &str, delay_ms: u64| json!({"kind": kind, "method": method, "delay_ms": delay_ms, "provider": "rbs"});
    vec![
        ("slow", fault("slow", 700)),
        ("http-500", fault("http_500", 0)),
        ("done-and-lost", fault("charged_then_timeout", 100)),
        ("never-arrived", fault("drop_before", 0)),
        ("text-plain", fault("text_plain", 0)),
        ("number", fault("error_code_as_number", 0)),
    ]
}

/// Sets the fault, does what meets it, and waits until it was met.
fn meet(world: &World, fault: &Value, act: impl FnOnce()) {
    world.emulators.fault(fault);
    act();
    eventually(&format!("{fault} is met"), || world.emulators.faults_are_used_up().then_some(()));
}

fn a_registration_is_lost(world: &mut World) {
    let (merchant, node) = (&world.merchant, &world.node);
    for method in ["register.do", "paymentotherway.do"] {
        let cases = lost_calls(method);
        for (name, fault) in &cases {
            let sale = alfa_sale(&format!("{name} {method}"), 10_000);
            meet(world, fault, || drop(merchant.accepted(node, ALFA_SALE, &sale)));
        }
        for (name, _) in &cases {
            let id = format!("{name} {method}");
            let redirect = world.shop.wait_status(&id, "awaiting redirect result");
            world.emulators.press(Provider::Rbs, &order_id(&redirect), "pay");
            world.shop.wait_status(&id, "success");
            assert_eq!(world.shop.about(&id).len(), 2, "{id}");
        }
    }
    let orders = world.emulators.orders(Provider::Rbs);
    let paid = orders.iter().filter(|order| order["charges"] == 1).count();
    assert_eq!((orders.len(), paid), (12, 12), "one order each, and paid once: {orders:?}");
}

fn a_refund_is_lost(world: &mut World) {
    let (merchant, node) = (&world.merchant, &world.node);
    let cases = lost_calls("refund.do");
    for (name, _) in &cases {
        world.alfa_paid(name, 10_000);
    }
    for (name, fault) in &cases {
        meet(world, fault, || drop(merchant.accepted(node, ALFA_REFUND, &full_refund(name))));
    }
    for (name, _) in &cases {
        let told = world.shop.wait_status(name, "refunded");
        assert_eq!(told.operation(), ("refund", "success"), "{}", told.body);
        assert_eq!(world.shop.about(name).len(), 3, "{name}");
    }
    for order in world.emulators.orders(Provider::Rbs) {
        let sums = (&order["refunded_minor"], &order["deposited_minor"], &order["charges"]);
        assert_eq!(sums, (&json!(10_000), &json!(0), &json!(1)), "{order}");
    }
}

fn a_notification_is_lost(world: &mut World) {
    let kinds = ["duplicate", "late", "wrong", "no"];
    let words =
        ["duplicate_notification", "late_notification", "wrong_checksum", "no_notification"];
    for (name, kind) in kinds.iter().zip(words) {
        let redirect = world.alfa_redirected(name, 10_000);
        meet(world, &json!({"kind": kind, "method": "deposited"}), || {
            world.emulators.press(Provider::Rbs, &order_id(&redirect), "pay");
        });
    }
    world.shop.wait_status("duplicate", "success");
    // A forged notification is refused, and wakes nothing.
    eventually("the forged notification is refused", || {
        let labels = r#"{route="/providers/{account}/notify",status="400"}"#;
        world.node.metric(&format!("altyn_requests_total{labels}")).filter(|count| *count >= 1.0)
    });
    assert_eq!(world.emulators.release()["notifications"], 1);
    world.shop.wait_status("late", "success");
    // A quarter of a minute goes by, after which the gateway is asked.
    world.sql("UPDATE jobs SET due_at = due_at - 15000 WHERE kind = 2");
    for name in kinds {
        world.shop.wait_status(name, "success");
        assert_eq!(world.shop.about(name).len(), 2, "{name} is told once");
    }
}

fn a_partner_cannot_be_asked_about_a_refund(world: &mut World) {
    for name in ["done-and-lost", "never-arrived", "kept"] {
        world.card_paid(name, 5_000);
    }
    let (merchant, node) = (&world.merchant, &world.node);
    for (name, kind) in
        [("done-and-lost", "charged_then_timeout"), ("never-arrived", "drop_before")]
    {
        let fault = json!({"kind": kind, "method": "refund", "provider": "ipay"});
        meet(world, &fault, || drop(merchant.accepted(node, CARD_REFUND, &full_refund(name))));
    }
    for name in ["done-and-lost", "never-arrived"] {
        let document = eventually(&format!("the refund of {name} is under way"), || {
            let document = merchant.status(node, name);
            let attempts = document["operations"].as_array().map_or(0, Vec::len);
            (attempts == 2).then_some(document)
        });
        let refund = &document["operations"][1];
        assert_eq!((&refund["type"], &refund["status"]), (&json!("refund"), &json!("processing")));
        assert_eq!(document["payment"]["status"], "success", "{document}");
        // The money is spoken for: another refund cannot have it.
        let request = merchant.accepted(node, CARD_REFUND, &full_refund(name));
        let told = world.shop.wait_for("the second refund is declined", |told| {
            told.body["operation"]["request_id"] == request.as_str()
        });
        assert_eq!((told.code(), told.operation()), ("3283", ("refund", "decline")));
    }
    let orders = world.emulators.orders(Provider::Ipay);
    let returned: i64 = orders.iter().map(|order| order["refunded_minor"].as_i64().unwrap()).sum();
    assert_eq!(returned, 5_000, "asked for once each, done once: {orders:?}");
}
