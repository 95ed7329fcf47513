//! 3-D Secure through the issuer's own pages, in both versions.

use super::html::Form;
use super::payer::Page;
use super::{GOOD, charges, comes_back, link, pay_by, payer, told};
use crate::support::{Provider, World};

on_both_databases! {
    the_issuer_asks_and_the_right_code_pays,
    a_wrong_code_declines_and_another_try_pays,
    an_answer_counts_once_and_where_it_belongs,
    what_is_given_up_at_the_issuer_is_paid_otherwise,
}

/// A test card that asks for a code by the second version.
pub const CHALLENGE: &str = "4314220000000056";
/// The second version, no question.
const FRICTIONLESS: &str = "4477000000000006";
/// A test card that asks by the first version.
pub const LEGACY: &str = "4012000000020063";
/// Declined after a right code, by the second version and by the first.
const IN_VAIN: [&str; 2] = ["4314220000000072", "4165519761269614"];
/// Any code but one is right.
const RIGHT: &str = "12345";
/// That one.
const WRONG: &str = "0000";

/// Through the hidden frame, if there is one, up to the issuer's question or the end.
fn to_issuer(page: &Page) -> Page {
    let mut page = page.clone();
    if page.state() == "fingerprint" {
        let frame = page.submit(&page.form(|form| form.tag.get("data-check").is_some()));
        let looked = frame.submit(&frame.form(|form| form.tag.get("id") == Some("return")));
        assert_eq!(looked.status, 200, "{}", looked.html);
        let done = page.form(|form| form.tag.get("data-done").is_some());
        page = page.submit(&done.filled(&[("completed", "1")]));
    }
    if page.state() == "challenge" {
        let leaves = page.form(|form| form.tag.get("data-leave").is_some());
        let policy = page.header("content-security-policy").to_owned();
        let origin = url::Url::parse(&leaves.action).unwrap().origin().ascii_serialization();
        assert!(policy.contains(&format!("form-action 'self' https: {origin};")), "{policy}");
        page = page.submit(&leaves);
    }
    page
}

/// Answers the issuer's question; gives the page whose form leads back to us.
fn answered(asked: &Page, code: &str) -> Page {
    let question = asked.form(|form| form.get("code").is_some());
    let back = asked.submit(&question.filled(&[("code", code)]).pressed("confirm"));
    assert_eq!(back.status, 200, "{}", back.html);
    back
}

/// Goes back to us.
pub fn back(from: &Page) -> Page {
    from.submit(&from.form(|form| form.tag.get("id") == Some("return")))
}

/// Pays by a card that asks, and answers rightly; gives the page whose form leads back to us.
pub fn answered_of(world: &World, payment_id: &str, number: &str) -> Page {
    answered(&to_issuer(&pay_by(world, &link(world, payment_id), number)), RIGHT)
}

fn the_issuer_asks_and_the_right_code_pays(world: &mut World) {
    let codes = |eci: &str| Some(eci.to_owned());
    for (id, number, asks, eci) in [
        ("second version", CHALLENGE, true, codes("05")),
        ("no question", FRICTIONLESS, false, codes("05")),
        ("first version", LEGACY, true, codes("05")),
    ] {
        let page = to_issuer(&pay_by(world, &link(world, id), number));
        let page = if asks {
            // Whoever looks meanwhile is offered the way on.
            let token =
                payer(world).open(&world.node.url(&link(world, id).path(&world.merchant.secret)));
            assert_eq!(token.state(), "waiting", "{}", token.html);
            assert!(token.html.contains("?go=1"), "{}", token.html);
            let answer = answered(&page, RIGHT);
            // The node is another one by then.
            world.node.stop_and_start();
            back(&answer)
        } else {
            page
        };
        assert_eq!(page.ended(), ("success".to_owned(), "0".to_owned()), "{id}: {}", page.html);
        comes_back(world, &page, "/thanks");
        let success = world.shop.wait_status(id, "success");
        assert_eq!(
            success.body["operation"]["eci"].as_str().map(str::to_owned),
            eci,
            "{}",
            success.body
        );
        assert_eq!(told(world, id), ["success: sale success 0"], "only the result is told");
    }
    assert_eq!(charges(world), 3);
}

fn a_wrong_code_declines_and_another_try_pays(world: &mut World) {
    for (id, number, code) in [
        ("wrong", CHALLENGE, WRONG),
        ("wrong by 1", LEGACY, WRONG),
        ("in vain", IN_VAIN[0], RIGHT),
        ("in vain by 1", IN_VAIN[1], RIGHT),
    ] {
        let asked = to_issuer(&pay_by(world, &link(world, id), number));
        let page = back(&answered(&asked, code));
        assert_eq!(page.ended(), ("decline".to_owned(), "10114".to_owned()), "{id}: {}", page.html);
        comes_back(world, &page, "/sorry");
        let decline = world.shop.wait_status(id, "decline");
        assert_eq!(decline.code(), "10114", "{}", decline.body);
    }
    assert_eq!(charges(world), 0);
    // The payer gives up at the issuer's page, then pays by the same card.
    let asked = to_issuer(&pay_by(world, &link(world, "after all"), CHALLENGE));
    let question = asked.form(|form| form.get("code").is_some());
    let page = back(&asked.submit(&question.pressed("cancel")));
    assert_eq!(page.state(), "fail", "{}", page.html);
    let again = page.again();
    let asked = to_issuer(&again.submit(&again.card(CHALLENGE)));
    let page = back(&answered(&asked, RIGHT));
    assert_eq!(page.ended().0, "success", "{}", page.html);
    world.shop.wait_status("after all", "success");
    assert_eq!(charges(world), 1);
}

fn what_is_given_up_at_the_issuer_is_paid_otherwise(world: &mut World) {
    for (id, number) in [("left 2", CHALLENGE), ("left 1", LEGACY)] {
        let before = charges(world);
        let asked = to_issuer(&pay_by(world, &link(world, id), number));
        let waiting =
            payer(world).open(&world.node.url(&link(world, id).path(&world.merchant.secret)));
        let again = waiting.submit(&waiting.form(|form| form.action.ends_with("/cancel")));
        assert_eq!((again.status, again.state().as_str()), (200, "choose"), "{}", again.html);
        world.shop.wait_status(id, "decline");
        // The tab with the issuer's question was left open; its answer takes nothing.
        let question = asked.form(|form| form.get("code").is_some());
        let late = asked.submit(&question.filled(&[("code", RIGHT)]).pressed("confirm"));
        assert!(!late.html.contains("id=\"return\""), "there is nothing to confirm: {}", late.html);
        assert_eq!(charges(world), before);
        let paid = again.submit(&again.card(GOOD));
        assert_eq!(paid.ended().0, "success", "{}", paid.html);
        world.shop.wait_status(id, "success");
        assert_eq!(charges(world), before + 1);
        let document = world.merchant.status(&world.node, id);
        assert_eq!(super::operations(&document).len(), 2, "{document}");
    }
}

fn an_answer_counts_once_and_where_it_belongs(world: &mut World) {
    for (kind, number) in [("2", CHALLENGE), ("1", LEGACY)] {
        let ids = ["a", "b"].map(|name| format!("{name} {kind}"));
        let [mine, foreign] = [&ids[0], &ids[1]].map(|id| {
            let page = answered_of(world, id, number);
            page.form(|form| form.tag.get("id") == Some("return"))
        });
        let before = charges(world);
        // What is no answer, or the answer of the other payment, brings nothing about.
        let field = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let wrong = [
            Vec::new(),
            field("cres", "e30"),
            field("cres", "\u{0}<script>"),
            field("MD", "other"),
            foreign.fields.clone(),
        ];
        for fields in wrong {
            let page = payer(world).post(&mine.action, &fields);
            assert_eq!(page.standing(), mine.action.strip_suffix("/3ds").unwrap());
            // Without an answer nobody is sent to the issuer again unasked.
            let state = page.state();
            assert!(
                ["challenge", "waiting"].contains(&state.as_str()),
                "{fields:?}: {}",
                page.html
            );
        }
        assert_eq!(charges(world), before, "neither of the two is charged");

        // The right one counts, however often it comes, and for its own payment only.
        many_times(world, &mine);
        world.shop.wait_status(&ids[0], "success");
        let page = payer(world).post(&mine.action, &mine.fields);
        assert_eq!((page.ended().0.as_str(), charges(world)), ("success", before + 1));
        let page = payer(world).post(&mine.action, &foreign.fields);
        assert_eq!((page.ended().0.as_str(), charges(world)), ("success", before + 1));
        let page = payer(world).post(&foreign.action, &foreign.fields);
        assert_eq!((page.ended().0.as_str(), charges(world)), ("success", before + 2));
        world.shop.wait_status(&ids[1], "success");
        for id in &ids {
            assert_eq!(told(world, id), ["success: sale success 0"], "only the result is told");
        }
    }
    let orders = world.emulators.orders(Provider::Rbs);
    assert!(orders.iter().all(|order| order["charges"] == 1), "{orders:?}");
}

/// Four tabs bring the same answer at once.
fn many_times(world: &World, answer: &Form) {
    let start = std::sync::Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                payer(world).post(&answer.action, &answer.fields)
            });
        }
    });
}
