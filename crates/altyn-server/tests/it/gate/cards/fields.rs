//! What of a card is refused at once: by its code and field, and nothing reaches the acquirer.

use altyn_testkit::harness::bodies::over;
use altyn_testkit::harness::cards::{self, AUTH, CAPTURE, CHECK_IFRAME, RESULT, SALE};
use serde_json::{Value, json};

use crate::support::{Provider, World};

on_both_databases! {
    a_card_that_is_none_is_refused,
    what_follows_a_card_is_read_as_strictly,
}

fn a_card_that_is_none_is_refused(world: &mut World) {
    let good = cards::payment("bad", 10_000, cards::GOOD);
    let own = |card: Value| over(&good, &json!({ "card": card }));
    let with = |member: Value| altyn_testkit::harness::bodies::with(&good, &member);
    let number = |pan: Value| (own(json!({ "pan": pan })), "502", "card.pan");
    let cases = [
        // Twelve digits and twenty, both with right check digits.
        number(json!("400000000006")),
        number(json!("40000000000000000002")),
        number(json!("4000000000000078")),
        number(json!("4000 0000 0000 007x")),
        number(json!("٤٠٠٠٠٠٠٠٠٠٠٠٠٠٧٧")),
        number(json!("4000000000000077<b>")),
        number(json!(-4_000_000_000_000_077_i64)),
        number(json!([cards::GOOD])),
        (own(json!({"pan": null})), "2004", "card.pan"),
        (own(json!({"pan": ""})), "2004", "card.pan"),
        (own(json!({"year": 2020})), "3021", "card.year"),
        (own(json!({"year": 34})), "502", "card.year"),
        (own(json!({"year": 2134})), "502", "card.year"),
        (own(json!({"year": null})), "2004", "card.year"),
        (own(json!({"month": 13})), "502", "card.month"),
        (own(json!({"month": 0})), "502", "card.month"),
        (own(json!({"cvv": "12"})), "502", "card.cvv"),
        (own(json!({"cvv": "12345"})), "502", "card.cvv"),
        (own(json!({"cvv": "12a"})), "502", "card.cvv"),
        (own(json!({"cvv": null})), "3141", "card.cvv"),
        (own(json!({"card_holder": "<script>alert(1)</script>"})), "3161", "card.card_holder"),
        (own(json!({"card_holder": "J;SMITH"})), "3161", "card.card_holder"),
        (own(json!({"card_holder": "X".repeat(256)})), "3161", "card.card_holder"),
        (own(json!({"card_holder": cards::GOOD})), "3161", "card.card_holder"),
        (own(json!({"card_holder": null})), "3162", "card.card_holder"),
        (with(json!({"card": cards::GOOD})), "502", "card"),
        (with(json!({"card": null})), "2004", "card.pan"),
        (
            with(json!({"acs_return_url": {"return_url": "javascript:x"}})),
            "502",
            "acs_return_url.return_url",
        ),
    ];
    for (body, code, field) in &cases {
        for path in [SALE, AUTH] {
            world.merchant.refused(&world.node, path, body, (400, code, field));
        }
        let answer = world.merchant.post(&world.node, SALE, body).text();
        assert!(!answer.contains(cards::GOOD), "a refusal repeats no number: {answer}");
    }
    nothing_came_of(world, "bad");
}

fn what_follows_a_card_is_read_as_strictly(world: &mut World) {
    let about = |members: Value| over(&cards::whole("none"), &members);
    let cres = json!({"cres": "not base64url!"});
    let cases = [
        (CAPTURE, about(json!({"payment": {"amount": 1}})), "3287", "payment.currency"),
        (CAPTURE, about(json!({"payment": {"currency": "RUB"}})), "3286", "payment.amount"),
        (
            CAPTURE,
            about(json!({"payment": {"amount": -1, "currency": "RUB"}})),
            "502",
            "payment.amount",
        ),
        (CHECK_IFRAME, about(json!({})), "2004", "threeds_completion_indicator"),
        (
            CHECK_IFRAME,
            about(json!({"threeds_completion_indicator": "yes"})),
            "502",
            "threeds_completion_indicator",
        ),
        (RESULT, about(json!({})), "2004", "cres"),
        (RESULT, about(cres), "502", "cres"),
        (RESULT, about(json!({"pares": "eJx;"})), "502", "pares"),
        (RESULT, about(json!({"pares": "eJxV", "md": "x".repeat(2_049)})), "502", "md"),
    ];
    for (path, body, code, field) in &cases {
        world.merchant.refused(&world.node, path, body, (400, code, field));
    }
    // Well formed, but about nothing.
    let unknown = (400, "3061", "general.payment_id");
    for (path, body) in [
        (CAPTURE, cards::part("none", 100)),
        (cards::CANCEL, cards::whole("none")),
        (cards::REFUND, cards::whole("none")),
        (CHECK_IFRAME, cards::frame_shown("none")),
        (RESULT, cards::legacy_answer("none", "eJxV", "md")),
    ] {
        world.merchant.refused(&world.node, path, &body, unknown);
    }
    nothing_came_of(world, "none");
}

fn nothing_came_of(world: &World, payment_id: &str) {
    assert!(world.emulators.orders(Provider::Rbs).is_empty());
    assert!(world.shop.callbacks().is_empty());
    let document = world.merchant.status(&world.node, payment_id);
    assert_eq!(document["errors"][0]["code"], "3061", "{document}");
    let log = world.node.log();
    assert!(!log.contains("panicked"), "{log}");
}
