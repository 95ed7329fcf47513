//! A hold is taken or released once, whoever asks at the same moment.

use altyn_testkit::harness::Callback;
use altyn_testkit::harness::cards::{self, CANCEL, CAPTURE};

use super::{held, order_of, sums, told_of};
use crate::support::World;

on_both_databases! {
    of_six_captures_at_once_one_is_done,
    six_equal_captures_are_one_capture,
    a_capture_or_a_cancel_at_once,
}

/// The ends of requests that were posted at one moment.
fn ends(world: &World, requests: &[(&'static str, serde_json::Value)]) -> Vec<Callback> {
    let answers = world.at_once(requests);
    let ends = answers.iter().map(|answer| {
        assert_eq!(answer.status, 200, "{}", answer.text());
        told_of(world, answer.json()["request_id"].as_str().unwrap())
    });
    ends.collect()
}

fn of_six_captures_at_once_one_is_done(world: &mut World) {
    let hold = held(world, "held", 10_000);
    let requests: Vec<_> =
        (1..=6).map(|number| (CAPTURE, cards::part("held", number * 1_000))).collect();
    let ends = ends(world, &requests);
    let (done, declined): (Vec<_>, Vec<_>) =
        ends.iter().partition(|told| told.operation() == ("capture", "success"));
    assert_eq!((done.len(), declined.len()), (1, 5), "one of six takes the hold");
    for told in declined {
        assert_eq!((told.operation(), told.code()), (("capture", "decline"), "3060"));
    }
    let taken = done[0].body["operation"]["sum_initial"]["amount"].as_i64().unwrap();
    let order = order_of(world, &hold);
    let names = ["charges", "captured_minor", "deposited_minor", "held_minor"];
    assert_eq!(sums(&order, &names), [1, taken, taken, 0], "{order}");
    let document = world.merchant.status(&world.node, "held");
    assert_eq!(document["payment"]["sum"]["amount"], taken, "{document}");
}

fn six_equal_captures_are_one_capture(world: &mut World) {
    let hold = held(world, "held", 10_000);
    let ends = ends(world, &vec![(CAPTURE, cards::part("held", 4_000)); 6]);
    for told in &ends {
        assert_eq!(told.body["operation"]["request_id"], ends[0].body["operation"]["request_id"]);
        assert_eq!(told.operation(), ("capture", "success"), "{}", told.body);
    }
    assert_eq!(sums(&order_of(world, &hold), &["charges", "captured_minor"]), [1, 4_000]);
    assert_eq!(world.shop.about("held").len(), 2);
}

fn a_capture_or_a_cancel_at_once(world: &mut World) {
    for round in 0..6 {
        let id = format!("round-{round}");
        let hold = held(world, &id, 10_000);
        let requests = [(CAPTURE, cards::whole(&id)), (CANCEL, cards::whole(&id))];
        let ends = ends(world, &requests);
        let states: Vec<_> = ends.iter().map(|told| told.operation().1).collect();
        let taken = states == ["success", "decline"];
        assert!(taken || states == ["decline", "success"], "{id}: {states:?}");
        let status = if taken { "success" } else { "canceled" };
        let document = world.merchant.status(&world.node, &id);
        assert_eq!(document["payment"]["status"], status, "{document}");
        let captured = if taken { 10_000 } else { 0 };
        let order = order_of(world, &hold);
        assert_eq!(sums(&order, &["captured_minor", "held_minor"]), [captured, 0], "{order}");
    }
}
