//! Where callbacks go, when they are taken, and what a repeat is.

use std::time::Duration;

use altyn_testkit::harness::bodies::{ALFA_SALE, alfa_sale, over};
use altyn_testkit::harness::{Reply, eventually};
use serde_json::json;

use crate::support::{CALLBACKS, Provider, World, order_id};

on_both_databases! {
    the_nearest_address_wins,
    only_200_is_taken_and_repeats_are_identical,
    a_slow_shop_holds_up_nobody,
}

fn the_nearest_address_wins(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    let to = |path: &str| shop.url(path);
    let cases = [
        ("project", json!({}), CALLBACKS, CALLBACKS),
        ("own", json!({"merchant_callback_url": to("/own")}), "/own", "/own"),
        (
            "by-result",
            json!({
                "merchant_callback_url": to("/own"),
                "merchant_success_callback_url": to("/won"),
                "merchant_decline_callback_url": to("/lost"),
            }),
            "/own",
            "/won",
        ),
        (
            "by-result-2",
            json!({
                "merchant_success_callback_url": to("/won"),
                "merchant_decline_callback_url": to("/lost"),
            }),
            CALLBACKS,
            "/lost",
        ),
    ];
    for (id, general, interim, end) in &cases {
        merchant.accepted(
            node,
            ALFA_SALE,
            &over(&alfa_sale(id, 5_000), &json!({"general": general})),
        );
        let redirect = shop.wait_status(id, "awaiting redirect result");
        assert_eq!(redirect.path, *interim, "{id}");
        let lost = *end == "/lost";
        let press = if lost { "cancel" } else { "pay" };
        world.emulators.press(Provider::Rbs, &order_id(&redirect), press);
        let told = shop.wait_status(id, if lost { "decline" } else { "success" });
        assert_eq!(told.path, *end, "{id}");
    }
    let silent = json!({"callback": {"force_disable": true}});
    merchant.accepted(node, ALFA_SALE, &over(&alfa_sale("silent", 5_000), &silent));
    let document = world.eventually_shown(merchant, "silent", "awaiting redirect result");
    let order = document["redirect_data"]["url"].as_str().unwrap().rsplit_once('=').unwrap().1;
    world.emulators.press(Provider::Rbs, order, "pay");
    world.eventually_shown(merchant, "silent", "success");
    let before = shop.callbacks().len();
    // What comes after proves that nothing of the silent one was on its way.
    world.alfa_paid("loud", 5_000);
    assert!(shop.about("silent").is_empty());
    assert_eq!(shop.callbacks().len(), before + 2);

    let late = json!({"callback": {"delay": 2}});
    let sent = altyn_testkit::harness::monotonic();
    merchant.accepted(node, ALFA_SALE, &over(&alfa_sale("late", 5_000), &late));
    let told = shop.wait_status("late", "awaiting redirect result");
    assert!(told.at.duration_since(sent) >= Duration::from_secs(2));
}

fn only_200_is_taken_and_repeats_are_identical(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    let elsewhere = shop.url("/elsewhere");
    let refusals = [
        Reply::Status(500),
        Reply::Status(404),
        Reply::Status(201),
        Reply::Status(204),
        Reply::Redirect(elsewhere),
        Reply::Drop,
    ];
    // Four repeats by the project's plan: the fifth try is the last.
    for (number, refusal) in refusals.iter().enumerate() {
        let path = format!("/stubborn-{number}");
        let own = json!({"general": {"merchant_callback_url": shop.url(&path)}});
        let id = format!("order-{number}");
        shop.plan(&path, [refusal.clone(), refusal.clone(), Reply::Status(200)]);
        merchant.accepted(node, ALFA_SALE, &over(&alfa_sale(&id, 5_000), &own));
        let what = format!("the third try after {refusal:?}");
        let tries = shop.wait_count(&what, 3, |told| told.path == path);
        for again in &tries {
            assert_eq!(again.bytes, tries[0].bytes, "{refusal:?}");
            let kind = again.header("content-type");
            assert!(kind.is_some_and(|kind| kind.starts_with("application/json")), "{kind:?}");
        }
    }
    assert!(shop.callbacks().iter().all(|told| told.path != "/elsewhere"), "nothing is followed");

    shop.plan("/endless", [Reply::Endless]);
    let own = json!({"general": {"merchant_callback_url": shop.url("/endless")}});
    merchant.accepted(node, ALFA_SALE, &over(&alfa_sale("endless", 5_000), &own));
    shop.wait_status("endless", "awaiting redirect result");
    shop.always("/never", Some(Reply::Status(503)));
    let own = json!({"general": {"merchant_callback_url": shop.url("/never")}});
    merchant.accepted(node, ALFA_SALE, &over(&alfa_sale("never", 5_000), &own));
    shop.wait_count("every try of the plan", 5, |told| told.path == "/never");
    let given_up = eventually("it is given up", || {
        let rows = world.setup.cli(&["callbacks", "list", "--state", "given-up", "--json"]);
        Some(rows.done().json()).filter(|rows| rows.as_array().is_some_and(|rows| !rows.is_empty()))
    });
    assert_eq!(given_up[0]["attempts"], 5, "{given_up}");
    assert_eq!(given_up.as_array().unwrap().len(), 1, "the endless answer was a 200: {given_up}");
    assert_eq!(shop.callbacks().iter().filter(|told| told.path == "/never").count(), 5);
}

fn a_slow_shop_holds_up_nobody(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    shop.always("/hangs", Some(Reply::Hang));
    for number in 0..5 {
        let own = json!({"general": {"merchant_callback_url": shop.url("/hangs")}});
        let sale = over(&alfa_sale(&format!("hanging-{number}"), 5_000), &own);
        merchant.accepted(node, ALFA_SALE, &sale);
    }
    shop.wait_count("all that hang", 5, |told| told.path == "/hangs");
    world.alfa_paid("quick", 5_000);

    // A late 200 is a 200.
    shop.plan("/late", [Reply::Late(Duration::from_millis(400), 200)]);
    let own = json!({"general": {"merchant_callback_url": shop.url("/late")}});
    merchant.accepted(node, ALFA_SALE, &over(&alfa_sale("late", 5_000), &own));
    eventually("it is delivered", || {
        let arguments = ["callbacks", "list", "--project", "1", "--payment", "late", "--json"];
        let rows = world.setup.cli(&arguments).done().json();
        (rows[0]["state"] == "delivered").then_some(())
    });
    assert_eq!(shop.about("late").len(), 1);
}
