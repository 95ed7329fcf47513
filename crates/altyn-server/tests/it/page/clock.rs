//! The clock of a test project: what takes half an hour or a week is tried at once.

use altyn_testkit::harness::bodies::{CARD_SALE, card_sale_to_clarify};
use altyn_testkit::harness::{Merchant, ProjectSpec, eventually};
use serde_json::{Value, json};

use super::{GOOD, charges, choice, link, pay_by, payer};
use crate::support::World;

on_both_databases! {
    a_test_projects_clock_is_moved_and_a_live_ones_is_not,
}

/// Where the clock is moved by whoever has the secret.
const CLOCK: &str = "/v2/test/clock";
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

fn by(forward_ms: i64) -> Value {
    json!({"general": {}, "forward_ms": forward_ms})
}

fn a_test_projects_clock_is_moved_and_a_live_ones_is_not(world: &mut World) {
    let (merchant, node, shop) = (&world.merchant, &world.node, &world.shop);
    let forward = |project: &str, span: &str| {
        world.setup.cli(&["clock", "--project", project, "--forward", span])
    };
    merchant.accepted(node, CARD_SALE, &card_sale_to_clarify("unclear", 5_000));
    merchant.accepted(node, CARD_SALE, &card_sale_to_clarify("unclear too", 5_000));
    world.other.accepted(node, CARD_SALE, &card_sale_to_clarify("another's", 5_000));
    for id in ["unclear", "unclear too", "another's"] {
        shop.wait_status(id, "awaiting clarification");
    }
    let page = pay_by(world, &link(world, "held").with("operation_type", "auth"), GOOD);
    assert_eq!(page.ended().0, "awaiting capture", "{}", page.html);
    let time = until(node_time(world) + 60 * MINUTE_MS);
    let limited = link(world, "limited").with("best_before", &time);
    choice(world, &limited);

    forward("1", "29m").done();
    merchant.accepted(node, CARD_SALE, &card_sale_to_clarify("later", 5_000));
    shop.wait_status("later", "awaiting clarification");
    forward("1", "2m").done();
    for id in ["unclear", "unclear too"] {
        let told = shop.wait_status(id, "decline");
        assert_eq!((told.operation(), told.code()), (("sale", "decline"), "603"), "{}", told.body);
    }
    let moved = merchant.post(node, CLOCK, &by(30 * MINUTE_MS));
    let answer = moved.json();
    assert_eq!((moved.status, &answer["status"]), (200, &json!("success")), "{answer}");
    assert_eq!(answer["project_id"], 1, "{answer}");
    assert!(answer["now"].as_str().is_some_and(|now| now.ends_with("+0000")), "{answer}");
    shop.wait_status("later", "decline");
    let closed = payer(world).open(&node.url(&limited.path(&merchant.secret)));
    assert_eq!((closed.status, closed.state().as_str()), (400, "refused"), "{}", closed.html);
    let still = world.other.status(node, "another's");
    assert_eq!(still["payment"]["status"], "awaiting clarification", "each has its own: {still}");

    // The hold is captured on its date, not before.
    merchant.post(node, CLOCK, &by(4 * DAY_MS));
    assert_eq!(merchant.status(node, "held")["payment"]["status"], "awaiting capture");
    assert_eq!(charges(world), 0);
    merchant.post(node, CLOCK, &by(2 * DAY_MS));
    let captured = shop.wait_status("held", "success");
    assert_eq!(captured.operation(), ("capture", "success"), "{}", captured.body);
    assert_eq!((page.reload().ended().0.as_str(), charges(world)), ("success", 1));

    // Never back, never without a signature, never for a live project.
    for (body, expected) in [
        (by(0), (400, "502", "forward_ms")),
        (by(-1), (400, "502", "forward_ms")),
        (by(3_650 * DAY_MS), (400, "502", "forward_ms")),
        (json!({"general": {}}), (400, "2004", "forward_ms")),
    ] {
        merchant.refused(node, CLOCK, &body, expected);
    }
    Merchant::new(1, "guessed").refused(node, CLOCK, &by(1), (400, "3261", ""));
    assert_ne!(forward("1", "0m").code, Some(0));
    assert_ne!(forward("404", "1m").code, Some(0));
    let live = ProjectSpec { test: false, ..ProjectSpec::test(5, "live", "") };
    world.setup.add_project(&live);
    let live = Merchant::new(5, "live");
    let told = eventually("the node knows the project", || {
        let answer = live.post(node, CLOCK, &by(MINUTE_MS));
        Some(answer).filter(|answer| answer.status != 404)
    });
    let answer: Value = told.json();
    assert_eq!((told.status, &answer["code"]), (403, &json!("303")), "{answer}");
    let refused = forward("5", "1m");
    assert!(refused.code != Some(0) && refused.stderr.contains("live"), "{refused:?}");
}

/// What o'clock it is at the project, as the command shows it.
fn node_time(world: &World) -> i64 {
    let shown = world.setup.cli(&["clock", "--project", "1"]).done().stdout;
    let text = shown.split(' ').next().unwrap();
    text.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

fn until(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).unwrap().to_string()
}
