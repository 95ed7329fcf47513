//! The same thing asked for many times at once.

use altyn_testkit::harness::bodies::{ALFA_REFUND, ALFA_SALE, alfa_sale, partial_refund};
use altyn_testkit::harness::http::Answer;
use serde_json::{Value, json};

use crate::support::{Provider, World};

on_both_databases! {
    one_sale_sent_fifty_times_is_one_payment,
    fifty_sales_under_one_id_are_one_payment,
    two_refunds_of_the_same_money_are_one_refund,
}

/// Posts all bodies at once.
fn at_once(world: &World, path: &'static str, bodies: &[Value]) -> Vec<Answer> {
    let requests: Vec<_> = bodies.iter().map(|body| (path, body.clone())).collect();
    world.at_once(&requests)
}

fn one_sale_sent_fifty_times_is_one_payment(world: &mut World) {
    let answers = at_once(world, ALFA_SALE, &vec![alfa_sale("one", 10_000); 50]);
    for answer in &answers {
        assert_eq!((answer.status, answer.json()), (200, answers[0].json()));
    }
    world.shop.wait_status("one", "awaiting redirect result");
    assert_eq!(world.emulators.orders(Provider::Rbs).len(), 1);
    let again = world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale("one", 10_000));
    assert_eq!(again, answers[0].json()["request_id"].as_str().unwrap());
    assert_eq!(world.shop.about("one").len(), 1);
}

fn fifty_sales_under_one_id_are_one_payment(world: &mut World) {
    let bodies: Vec<Value> = (0..50).map(|n| alfa_sale("one", 10_000 + n % 5)).collect();
    let answers = at_once(world, ALFA_SALE, &bodies);
    let (taken, refused): (Vec<_>, Vec<_>) =
        bodies.iter().zip(&answers).partition(|(_, answer)| answer.status == 200);
    assert_eq!((taken.len(), refused.len()), (10, 40));
    for (body, answer) in &taken {
        assert_eq!(body["payment"], taken[0].0["payment"], "one amount is taken");
        assert_eq!(answer.json(), taken[0].1.json());
    }
    for (_, answer) in &refused {
        let told = answer.json();
        let got = (answer.status, &told["code"], &told["field"]);
        assert_eq!(got, (400, &json!("3041"), &json!("payment.amount")), "{told}");
    }
    let told = world.shop.wait_status("one", "awaiting redirect result");
    assert_eq!(told.body["payment"]["sum"]["amount"], taken[0].0["payment"]["amount"]);
    assert_eq!(world.emulators.orders(Provider::Rbs).len(), 1);
}

fn two_refunds_of_the_same_money_are_one_refund(world: &mut World) {
    let ids: Vec<String> = (0..20).map(|round| format!("round-{round}")).collect();
    for id in &ids {
        world.alfa_paid(id, 10_000);
        let answers = at_once(world, ALFA_REFUND, &vec![partial_refund(id, 6_000); 2]);
        for answer in &answers {
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        assert_ne!(answers[0].json(), answers[1].json(), "two requests");
    }
    for id in &ids {
        let told = world.shop.wait_count(&format!("both refunds of {id}"), 2, |told| {
            told.payment_id() == id && told.operation().0 == "refund"
        });
        let mut ends: Vec<_> = told.iter().map(|told| (told.operation().1, told.code())).collect();
        ends.sort_unstable();
        assert_eq!(ends, [("decline", "3283"), ("success", "0")], "{id}");
    }
    for order in world.emulators.orders(Provider::Rbs) {
        assert_eq!(order["refunded_minor"], 6_000, "{order}");
    }
}
