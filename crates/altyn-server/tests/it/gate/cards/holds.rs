//! Two stages: held, then captured or released by the shop, by the date, or by the bank.

use altyn_testkit::harness::bodies::{ANY_REFUND, over};
use altyn_testkit::harness::cards::{self, AUTH, CANCEL, CAPTURE, DECLINED, GOOD, REFUND, SALE};
use altyn_testkit::harness::{Callback, Merchant};
use serde_json::json;

use super::{RIGHT, asked, held, next, order_of, outcome, pay, sums};
use crate::support::World;

on_both_databases! {
    a_hold_is_captured_and_returned_in_parts,
    a_part_is_captured_and_the_rest_released,
    a_hold_is_released,
    what_a_hold_does_not_allow_is_declined,
    nobody_captures_so_the_date_does,
    the_bank_lets_a_hold_go,
}

fn left(told: &Callback) -> i64 {
    told.body["payment"]["sum"]["amount"].as_i64().unwrap()
}

fn a_hold_is_captured_and_returned_in_parts(world: &mut World) {
    let hold = held(world, "whole", 10_000);
    let names = ["charges", "held_minor", "captured_minor", "deposited_minor"];
    assert_eq!(sums(&order_of(world, &hold), &names), [0, 10_000, 0, 0]);
    let capture = asked(world, CAPTURE, &cards::whole("whole"));
    assert_eq!(outcome(&capture), ("success", ("capture", "success"), "0"), "{}", capture.body);
    assert_eq!(left(&capture), 10_000, "{}", capture.body);
    let (own, first) = (&capture.body["operation"], &hold.body["operation"]);
    assert_eq!(own["provider"]["payment_id"], first["provider"]["payment_id"], "one order");
    assert_eq!(sums(&order_of(world, &hold), &names), [1, 0, 10_000, 10_000]);

    let part = asked(world, REFUND, &cards::part("whole", 3_000));
    assert_eq!(outcome(&part), ("partially refunded", ("refund", "success"), "0"));
    assert_eq!(left(&part), 7_000, "{}", part.body);
    let rest = asked(world, ANY_REFUND, &cards::whole("whole"));
    assert_eq!(outcome(&rest), ("refunded", ("refund", "success"), "0"), "{}", rest.body);
    assert_eq!(
        (left(&rest), rest.body["operation"]["sum_initial"]["amount"].clone()),
        (0, json!(7_000))
    );
    let order = order_of(world, &hold);
    assert_eq!(sums(&order, &["refunded_minor", "deposited_minor"]), [10_000, 0], "{order}");
    let document = world.merchant.status(&world.node, "whole");
    let operations = document["operations"].as_array().unwrap();
    let kinds: Vec<_> = operations.iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["auth", "capture", "refund", "refund"], "{document}");
}

fn a_part_is_captured_and_the_rest_released(world: &mut World) {
    let hold = held(world, "part", 10_000);
    let capture = asked(world, CAPTURE, &cards::part("part", 6_000));
    assert_eq!(outcome(&capture), ("success", ("capture", "success"), "0"), "{}", capture.body);
    assert_eq!(left(&capture), 6_000, "what was captured: {}", capture.body);
    let names = ["held_minor", "captured_minor", "deposited_minor"];
    assert_eq!(sums(&order_of(world, &hold), &names), [0, 6_000, 6_000]);
    let again = asked(world, CAPTURE, &cards::part("part", 4_000));
    assert_eq!(outcome(&again), ("success", ("capture", "decline"), "3060"), "{}", again.body);
    assert_eq!(left(&again), 6_000, "{}", again.body);
    let much = asked(world, REFUND, &cards::part("part", 6_001));
    assert_eq!(outcome(&much), ("success", ("refund", "decline"), "3283"), "{}", much.body);
    let rest = asked(world, REFUND, &cards::whole("part"));
    assert_eq!(outcome(&rest), ("refunded", ("refund", "success"), "0"), "{}", rest.body);
}

fn a_hold_is_released(world: &mut World) {
    let hold = held(world, "off", 10_000);
    let cancel = asked(world, CANCEL, &cards::whole("off"));
    assert_eq!(outcome(&cancel), ("canceled", ("cancel", "success"), "0"), "{}", cancel.body);
    assert_eq!(left(&cancel), 10_000, "the sum stays: {}", cancel.body);
    // The same request is the same cancel, another one is too late.
    let same = world.merchant.accepted(&world.node, CANCEL, &cards::whole("off"));
    assert_eq!(cancel.body["operation"]["request_id"], same.as_str());
    for (path, body, kind) in
        [(CANCEL, cards::part("off", 10_000), "cancel"), (CAPTURE, cards::whole("off"), "capture")]
    {
        let told = asked(world, path, &body);
        assert_eq!(outcome(&told), ("canceled", (kind, "decline"), "3060"), "{}", told.body);
    }
    let order = order_of(world, &hold);
    assert_eq!(sums(&order, &["charges", "held_minor", "captured_minor"]), [0, 0, 0], "{order}");
}

fn what_a_hold_does_not_allow_is_declined(world: &mut World) {
    let hold = held(world, "held", 10_000);
    let euros = over(&cards::part("held", 100), &json!({"payment": {"currency": "EUR"}}));
    let waits = "awaiting capture";
    for (path, body, kind, code) in [
        (CAPTURE, cards::part("held", 10_001), "capture", "2642"),
        (CAPTURE, euros, "capture", "3023"),
        (CANCEL, cards::part("held", 9_999), "cancel", "3609"),
        (REFUND, cards::whole("held"), "refund", "3060"),
    ] {
        let told = asked(world, path, &body);
        assert_eq!(outcome(&told), (waits, (kind, "decline"), code), "{}", told.body);
    }
    assert_eq!(sums(&order_of(world, &hold), &["held_minor", "charges"]), [10_000, 0]);

    // Nothing is held: not yet, not at all, or taken at once.
    world.merchant.accepted(&world.node, AUTH, &cards::payment("asked", 10_000, cards::CHALLENGED));
    next(world, "asked", 0);
    pay(world, AUTH, &cards::payment("declined", 10_000, DECLINED), RIGHT);
    pay(world, SALE, &cards::payment("sold", 10_000, GOOD), RIGHT);
    for (id, status) in
        [("asked", "awaiting 3ds result"), ("declined", "decline"), ("sold", "success")]
    {
        for (path, kind) in [(CAPTURE, "capture"), (CANCEL, "cancel")] {
            let told = asked(world, path, &cards::whole(id));
            assert_eq!(outcome(&told), (status, (kind, "decline"), "3060"), "{}", told.body);
        }
    }
    // A capture of it all is still possible.
    let capture = asked(world, CAPTURE, &cards::part("held", 10_000));
    assert_eq!(outcome(&capture), ("success", ("capture", "success"), "0"), "{}", capture.body);
}

/// `altyn clock`, beside the running node.
fn forward(world: &World, project: &Merchant, span: &str) {
    let project = project.project.to_string();
    let arguments = ["clock", "--project", &project, "--forward", span];
    world.setup.cli(&arguments).done();
}

fn nobody_captures_so_the_date_does(world: &mut World) {
    let hold = held(world, "six-days", 10_000);
    forward(world, &world.merchant, "5d23h");
    // What comes after proves that the date has not come yet.
    world.alfa_paid("meanwhile", 5_000);
    assert_eq!(world.shop.about("six-days").len(), 1);
    forward(world, &world.merchant, "1h");
    let told = world.shop.wait_status("six-days", "success");
    assert_eq!(outcome(&told), ("success", ("capture", "success"), "0"), "{}", told.body);
    assert_eq!((told.number > hold.number, left(&told)), (true, 10_000), "{}", told.body);
    assert_eq!(sums(&order_of(world, &hold), &["captured_minor", "charges"]), [10_000, 1]);

    // A project's own date, and a hold that was released before it.
    let settings = ["project", "set", "--id", "1", "--capture-after-days", "2"];
    world.setup.cli(&settings).done();
    let days = |id: String| {
        let hold = held(world, &id, 7_000);
        forward(world, &world.merchant, "2d");
        let name = format!("after-{id}");
        world.alfa_paid(&name, 5_000);
        (hold, world.merchant.status(&world.node, &id)["payment"]["status"] == "success")
    };
    // The node knows the change within a second.
    let mut tries = 0;
    altyn_testkit::harness::eventually("a hold is captured after two days", || {
        tries += 1;
        days(format!("two-days-{tries}")).1.then_some(())
    });
    let hold = held(world, "released", 7_000);
    let cancel = asked(world, CANCEL, &cards::whole("released"));
    assert_eq!(cancel.status(), "canceled", "{}", cancel.body);
    forward(world, &world.merchant, "3d");
    world.alfa_paid("afterwards", 5_000);
    assert_eq!(world.shop.about("released").len(), 2, "nothing came of the date");
    assert_eq!(sums(&order_of(world, &hold), &["captured_minor"]), [0]);
}

fn the_bank_lets_a_hold_go(world: &mut World) {
    let holds = [held(world, "gone", 10_000), held(world, "gone-too", 10_000)];
    world.emulators.advance_minutes(7 * 24 * 60 + 1);
    for hold in &holds {
        assert_eq!(sums(&order_of(world, hold), &["held_minor", "charges"]), [0, 0]);
    }
    // A capture finds it gone, which ends the payment as a cancel does.
    let capture = asked(world, CAPTURE, &cards::whole("gone"));
    assert_eq!(outcome(&capture), ("canceled", ("capture", "decline"), "3060"), "{}", capture.body);
    let cancel = asked(world, CANCEL, &cards::whole("gone-too"));
    assert_eq!(outcome(&cancel), ("canceled", ("cancel", "success"), "0"), "{}", cancel.body);
    let late = asked(world, CANCEL, &cards::whole("gone"));
    assert_eq!(outcome(&late), ("canceled", ("cancel", "decline"), "3060"), "{}", late.body);
}
