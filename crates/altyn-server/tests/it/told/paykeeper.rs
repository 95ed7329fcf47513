//! Notifications of PayKeeper, to a handler written as its clients' are.

use serde_json::{Value, json};

use super::{DECLINED, GOOD, callbacks, comes_to, merchant, pay, resend, tries};
use crate::support::World;
use crate::support::script::Script;

on_both_databases! {
    success_is_told_until_the_right_hash_comes_back,
}

fn success_is_told_until_the_right_hash_comes_back(world: &mut World) {
    let Some(mut shop) = Script::start("paykeeper_shop.py", &["секрет № 5"]) else {
        return;
    };
    let address = format!("http://127.0.0.1:{}/notify?from=altyn", shop.port());
    let merchant = merchant(world, 6, &address, &["--dialect", "paykeeper"]);
    let about = |id: &'static str| move |said: &Value| said["fields"]["orderid"] == id;

    pay(world, &merchant, "Заказ 1", GOOD);
    let told = shop.wait("the notification", 1, about("Заказ 1")).remove(0);
    let delivered = comes_to(world, (&merchant, "Заказ 1"), "delivered", "success");
    assert_eq!(told["authentic"], true, "{told}");
    assert_eq!(told["path"], "/notify?from=altyn");
    assert_eq!(told["type"], "application/x-www-form-urlencoded; charset=utf-8");
    let fields = &told["fields"];
    for (name, value) in [
        ("id", delivered["payment"].to_string().as_str()),
        ("sum", "1234.50"),
        ("clientid", "customer1"),
        ("service_name", "Кофе и чай"),
        ("client_email", "payer@example.org"),
        ("client_phone", ""),
        ("card_number", "4000********0077"),
        ("card_expiry", "12/34"),
        ("pk_hostname", &world.node.url("")),
    ] {
        assert_eq!(fields[name], value, "{name}: {told:#}");
    }
    assert_eq!(fields.get("batch_date"), None);

    pay(world, &merchant, "Заказ 2", DECLINED);
    assert_eq!(callbacks(world, &merchant, "Заказ 2"), Vec::<Value>::new());

    for (answer, id) in [("bare", "Заказ 3"), ("wrong", "Заказ 4")] {
        shop.tell(answer);
        pay(world, &merchant, id, GOOD);
        let stuck = comes_to(world, (&merchant, id), "given_up", "stuck");
        assert_eq!(stuck["attempts"], 4, "{stuck}");
        let told = shop.wait("every try of the plan", 4, about(id));
        assert_eq!(told.len(), 4);
        assert!(told.iter().all(|again| again["body"] == told[0]["body"]), "{told:#?}");
        assert_eq!(tries(world, &stuck).matches("HTTP 200\tOK").count(), 4, "{answer}");
        shop.tell("right");
        resend(world, &stuck);
        comes_to(world, (&merchant, id), "delivered", "success");
    }
    a_hold_is_told_once(world, &mut shop);
}

/// In a project of two stages a link that leaves the stage open holds; the notification has the
/// date of the capture, and a capture is not told (paykeeper.md §4).
fn a_hold_is_told_once(world: &World, shop: &mut Script) {
    let address = format!("http://127.0.0.1:{}/holds", shop.port());
    let merchant = merchant(world, 7, &address, &["--dialect", "paykeeper", "--two-stage", "true"]);
    pay(world, &merchant, "held", GOOD);
    let told = shop.wait("the hold", 1, |said| said["path"] == "/holds").remove(0);
    let date = told["fields"]["batch_date"].as_str().unwrap_or_default();
    assert_eq!(date.chars().filter(|letter| *letter == '-').count(), 2, "{told:#}");
    comes_to(world, (&merchant, "held"), "delivered", "success");
    let document = merchant.status(&world.node, "held");
    assert_eq!(document["payment"]["status"], "awaiting capture", "{document:#}");
    let captured = json!({"general": {"payment_id": "held"}, "payment": {"description": "x"}});
    merchant.accepted(&world.node, "/v2/payment/card/capture", &captured);
    world.eventually_shown(&merchant, "held", "success");
    assert_eq!(callbacks(world, &merchant, "held").len(), 1);
    assert_eq!(shop.said().iter().filter(|said| said["path"] == "/holds").count(), 1);
}
