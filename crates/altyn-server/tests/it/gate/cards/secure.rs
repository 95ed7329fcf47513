//! 3-D Secure through the shop: both versions, a wrong code, and answers that belong elsewhere.

use altyn_testkit::harness::Callback;
use altyn_testkit::harness::cards::{self, AUTH, CHALLENGED, CHECK_IFRAME, LEGACY, RESULT, SALE};
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::{
    RIGHT, Step, WRONG, answer_to, challenge, legacy, look, next, order_of, outcome, pay, sums,
    text,
};
use crate::support::World;

on_both_databases! {
    the_right_code_pays_and_holds,
    a_wrong_code_declines,
    an_answer_of_another_payment_changes_nothing,
    an_answer_counts_once,
    an_answer_made_up_pays_nothing,
}

fn the_right_code_pays_and_holds(world: &mut World) {
    let (second, first) = ([Step::Frame, Step::Challenge].as_slice(), [Step::Legacy].as_slice());
    for (number, steps) in [(CHALLENGED, second), (LEGACY, first)] {
        for (path, kind, status) in [(SALE, "sale", "success"), (AUTH, "auth", "awaiting capture")]
        {
            let id = format!("{kind}-{number}");
            let (met, told) = pay(world, path, &cards::payment(&id, 10_000, number), RIGHT);
            assert_eq!(met, steps, "{id}");
            assert_eq!(outcome(&told), (status, (kind, "success"), "0"), "{}", told.body);
            assert_eq!(told.body["operation"]["eci"], "05", "{}", told.body);
            for member in ["acs", "threeds2"] {
                assert!(told.body.get(member).is_none(), "{}", told.body);
            }
            let order = order_of(world, &told);
            assert_eq!(sums(&order, &["approved_minor"]), [10_000], "{order}");
            // All are one operation of one request, whatever steps it took.
            let about = world.shop.about(&id);
            for callback in &about {
                let (own, last) = (&callback.body["operation"], &told.body["operation"]);
                assert_eq!((&own["id"], &own["request_id"]), (&last["id"], &last["request_id"]));
            }
            assert_eq!(about.len(), steps.len() + 1, "{id}");
        }
    }
}

fn a_wrong_code_declines(world: &mut World) {
    for (number, path) in [(CHALLENGED, SALE), (LEGACY, SALE), (CHALLENGED, AUTH)] {
        let id = format!("{path}-{number}").replace('/', "-");
        let (steps, told) = pay(world, path, &cards::payment(&id, 10_000, number), WRONG);
        assert!(steps.len() < 3, "{steps:?}");
        assert_eq!((told.status(), told.code()), ("decline", "10114"), "{}", told.body);
    }
    let totals = world.emulators.totals();
    assert_eq!(totals["rbs"]["RUB"]["approved_minor"], 0, "{totals}");
}

/// Payments that wait for the bank's answer, with the callbacks that sent the payers there.
fn at_bank(world: &World, number: &str, ids: [&'static str; 2]) -> [Callback; 2] {
    ids.map(|id| {
        world.merchant.accepted(&world.node, SALE, &cards::payment(id, 10_000, number));
        let told = next(world, id, 0);
        if number == LEGACY {
            return told;
        }
        look(world, &told);
        world.merchant.accepted(&world.node, CHECK_IFRAME, &cards::frame_shown(id));
        next(world, id, 1)
    })
}

fn an_answer_of_another_payment_changes_nothing(world: &mut World) {
    let (merchant, node) = (&world.merchant, &world.node);
    let [first, second] = at_bank(world, CHALLENGED, ["a", "b"]);
    let [old, older] = at_bank(world, LEGACY, ["c", "d"]);
    let cres = challenge(world, &second, RIGHT);
    let own = challenge(world, &first, RIGHT);
    let (pa_res, md) = legacy(world, &old, RIGHT);
    let other_md = text(&older.body["acs"]["md"]);
    let with_md = |body: Value| {
        let mut body = body;
        body["md"] = json!(other_md);
        body
    };
    let foreign = |field| (400, "502", field);
    let wrong_state = (400, "3060", "");
    for (body, refusal) in [
        (cards::challenge_answer("a", &cres), foreign("cres")),
        (with_md(cards::challenge_answer("a", &own)), foreign("cres")),
        (cards::legacy_answer("c", &pa_res, &other_md), foreign("md")),
        (cards::legacy_answer("d", &pa_res, &md), foreign("md")),
        // The answer of the other version.
        (cards::legacy_answer("a", &pa_res, &md), wrong_state),
        (cards::challenge_answer("c", &cres), wrong_state),
        // Another project's payment is none.
        (cards::challenge_answer("e", &cres), (400, "3061", "general.payment_id")),
    ] {
        merchant.refused(node, RESULT, &body, refusal);
    }
    let stranger = cards::challenge_answer("a", &own);
    world.other.refused(node, RESULT, &stranger, (400, "3061", "general.payment_id"));
    // A step that is over, and one of a payment that has none.
    merchant.refused(node, CHECK_IFRAME, &cards::frame_shown("a"), wrong_state);
    let (_, told) = pay(world, SALE, &cards::payment("plain", 10_000, cards::GOOD), RIGHT);
    assert_eq!(told.status(), "success");
    merchant.refused(node, RESULT, &cards::challenge_answer("plain", &own), wrong_state);

    for id in ["a", "b", "c", "d"] {
        let document = merchant.status(node, id);
        assert_eq!(document["payment"]["status"], "awaiting 3ds result", "{document}");
    }
    let totals = world.emulators.totals();
    assert_eq!(totals["rbs"]["RUB"]["charges"], 1, "the plain one: {totals}");
    // Where they belong they count.
    for (id, body) in [
        ("a", cards::challenge_answer("a", &own)),
        ("b", cards::challenge_answer("b", &cres)),
        ("c", cards::legacy_answer("c", &pa_res, &md)),
    ] {
        merchant.accepted(node, RESULT, &body);
        world.shop.wait_status(id, "success");
    }
    let (path, body) = answer_to(world, &older, Step::Legacy, WRONG);
    merchant.accepted(node, path, &body);
    world.shop.wait_status("d", "decline");
}

fn an_answer_counts_once(world: &mut World) {
    let [told, _] = at_bank(world, CHALLENGED, ["once", "waits"]);
    let body = cards::challenge_answer("once", &challenge(world, &told, RIGHT));
    let answers = world.at_once(&vec![(RESULT, body.clone()); 6]);
    let taken = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(taken, 1, "one of six counts");
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("3060")));
    }
    let end = world.shop.wait_status("once", "success");
    assert_eq!(sums(&order_of(world, &end), &["charges"]), [1]);
    // The same answer later is an answer to nothing.
    world.merchant.refused(&world.node, RESULT, &body, (400, "3060", ""));
    let operations = world.merchant.status(&world.node, "once")["operations"].clone();
    assert_eq!(operations.as_array().unwrap().len(), 1, "{operations}");
    assert_eq!(world.shop.about("once").len(), 3, "each change is told once");
}

/// A `cres` that says «authenticated», without the payer having been asked.
fn an_answer_made_up_pays_nothing(world: &mut World) {
    let [told, _] = at_bank(world, CHALLENGED, ["made-up", "waits"]);
    let creq = text(&told.body["threeds2"]["redirect"]["params"]["creq"]);
    let decoded = BASE64URL_NOPAD.decode(creq.as_bytes()).unwrap();
    let mut message: Value = serde_json::from_slice(&decoded).unwrap();
    message["messageType"] = json!("CRes");
    message["transStatus"] = json!("Y");
    let cres = BASE64URL_NOPAD.encode(message.to_string().as_bytes());
    let body = cards::challenge_answer("made-up", &cres);
    world.merchant.accepted(&world.node, RESULT, &body);
    world.emulators.advance_minutes(31);
    let told = world.shop.wait_status("made-up", "decline");
    assert_eq!(told.operation(), ("sale", "decline"), "{}", told.body);
    let totals = world.emulators.totals();
    assert_eq!(totals["rbs"]["RUB"]["approved_minor"], 0, "{totals}");
}
