//! An acquirer that is down, and answers that are lost: what was not sent is not taken, what was
//! taken is found out.

use std::time::Duration;

use altyn_testkit::harness::bodies::over;
use altyn_testkit::harness::{PATIENCE, eventually_within};
use serde_json::json;

use super::payer::Page;
use super::{GOOD, charges, link, operations, pay_by, payer, told};
use crate::support::{Provider, World};

on_both_databases! {
    an_acquirer_that_is_down_takes_nothing,
    a_lost_answer_is_found_out,
}

fn an_acquirer_that_is_down_takes_nothing(world: &mut World) {
    world.emulators.go_down();
    let page = pay_by(world, &link(world, "down"), GOOD);
    assert_eq!(page.ended(), ("decline".to_owned(), "314".to_owned()), "{}", page.html);
    assert!(page.html.contains("Деньги не списаны"), "{}", page.html);
    world.shop.wait_status("down", "decline");
    let again = page.again();
    let page = again.submit(&again.card(GOOD));
    assert_eq!(page.ended().1, "314", "{}", page.html);

    world.emulators.come_back();
    assert!(world.emulators.orders(Provider::Rbs).is_empty());
    let again = page.again();
    let paid = again.submit(&again.card(GOOD));
    assert_eq!(paid.ended().0, "success", "{}", paid.html);
    world.shop.wait_status("down", "success");
    let document = world.merchant.status(&world.node, "down");
    assert_eq!(operations(&document), ["sale decline 314", "sale decline 314", "sale success 0"]);
    assert_eq!(charges(world), 1);

    // The same when the order could not be registered for another reason.
    for (id, kind) in [("refused", "http_500"), ("dropped", "drop_before")] {
        world.emulators.fault(&json!({"kind": kind, "method": "register.do", "provider": "rbs"}));
        let page = pay_by(world, &link(world, id), GOOD);
        assert_eq!(page.ended(), ("decline".to_owned(), "314".to_owned()), "{id}: {}", page.html);
        assert_eq!(page.again().status, 200);
        world.shop.wait_status(id, "decline");
    }
    assert_eq!(charges(world), 1);
}

/// The page of a payment whose outcome nobody knows yet: it waits, and offers nothing else.
fn waits(page: &Page) {
    assert_eq!((page.status, page.state().as_str()), (200, "waiting"), "{}", page.html);
    assert!(!page.html.contains("/again"), "{}", page.html);
}

/// The gateway answers no question for now, so that nothing is found out.
fn silence(world: &World) {
    let kind = json!({"kind": "http_500", "provider": "rbs", "count": 0});
    world.emulators.fault(&over(&kind, &json!({"method": "getOrderStatusExtended.do"})));
}

/// It answers again; workers ask, no payer has to be there.
fn ends(world: &World, page: &Page, state: &str) -> Page {
    world.emulators.clear_faults();
    eventually_within(PATIENCE, Duration::from_millis(100), "the outcome is found out", || {
        // Questions come ever more rarely; the next one is due now.
        world.sql("UPDATE jobs SET due_at = due_at - 600000 WHERE kind = 2 AND owner IS NULL");
        Some(payer(world).open(&page.standing())).filter(|page| page.state() == state)
    })
}

fn a_lost_answer_is_found_out(world: &mut World) {
    let lose = |kind: &str, method: &str| {
        world.emulators.fault(&json!({"kind": kind, "method": method, "provider": "rbs"}));
        silence(world);
    };

    // The gateway took the money, and its answer never came.
    lose("charged_then_timeout", "paymentorder.do");
    let page = pay_by(world, &link(world, "lost"), GOOD);
    waits(&page);
    assert_eq!(charges(world), 1);
    // Pressing again, trying again and giving up change nothing meanwhile.
    waits(&pay_by_hand(world, "lost"));
    waits(&payer(world).open(&format!("{}/again", page.standing())));
    waits(&payer(world).post(&format!("{}/cancel", page.standing()), &[]));
    let ended = ends(world, &page, "success");
    assert_eq!(ended.ended(), ("success".to_owned(), "0".to_owned()));
    world.shop.wait_status("lost", "success");
    assert_eq!(told(world, "lost"), ["success: sale success 0"]);
    assert_eq!((world.emulators.orders(Provider::Rbs).len(), charges(world)), (1, 1));

    // It declined, and its answer never came.
    lose("charged_then_timeout", "paymentorder.do");
    let page = pay_by(world, &link(world, "declined"), super::DECLINED);
    waits(&page);
    assert_eq!(ends(world, &page, "fail").ended().1, "10000");
    world.shop.wait_status("declined", "decline");

    // The card never arrived: the order stands open until it runs out, and is paid anew then.
    lose("drop_before", "paymentorder.do");
    let page = pay_by(world, &link(world, "never arrived"), GOOD);
    waits(&page);
    world.emulators.advance_minutes(32);
    let ended = ends(world, &page, "fail");
    let again = ended.again();
    let paid = again.submit(&again.card(GOOD));
    assert_eq!(paid.ended().0, "success", "{}", paid.html);
    world.shop.wait_status("never arrived", "success");
    assert_eq!(told(world, "never arrived").len(), 2);
    // Who does not want to wait for that gives the order up, which closes it.
    lose("drop_before", "paymentorder.do");
    let page = pay_by(world, &link(world, "given up"), GOOD);
    waits(&page);
    world.emulators.clear_faults();
    let again = payer(world).post(&format!("{}/cancel", page.standing()), &[]);
    assert_eq!(again.state(), "choose", "{}", again.html);
    let paid = again.submit(&again.card(GOOD));
    assert_eq!(paid.ended().0, "success", "{}", paid.html);
    world.shop.wait_status("given up", "success");

    // The same after 3-D Secure.
    for (id, method, number) in [
        ("lost by 2", "finish3dsVer2Payment.do", super::secure::CHALLENGE),
        ("lost by 1", "finish3dsPayment.do", super::secure::LEGACY),
    ] {
        let before = charges(world);
        let answer = super::secure::answered_of(world, id, number);
        lose("charged_then_timeout", method);
        let page = super::secure::back(&answer);
        waits(&page);
        assert_eq!(charges(world), before + 1);
        // The answer brought once more does not pay once more.
        waits(&super::secure::back(&answer));
        assert_eq!(ends(world, &page, "success").ended().0, "success");
        world.shop.wait_status(id, "success");
        assert_eq!(told(world, id), ["success: sale success 0"]);
        assert_eq!(charges(world), before + 1);
    }
}

/// The first screen's form once more, as a tab that was left open sends it.
fn pay_by_hand(world: &World, payment_id: &str) -> Page {
    let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let query = link(world, payment_id).query(&world.merchant.secret);
    let fields = [
        field("link", &query),
        field("method", "card"),
        field("card_number", super::OTHER),
        field("card_expiry", "12/34"),
        field("card_cvc", "123"),
    ];
    payer(world).post(&world.node.url("/payment/pay"), &fields)
}
