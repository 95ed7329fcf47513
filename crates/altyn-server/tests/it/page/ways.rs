//! The other ways to pay: the bank's page, the bank's bill, the partner's page; and from one to
//! another.

use altyn_testkit::harness::eventually;
use serde_json::json;

use super::link::Link;
use super::payer::Page;
use super::{GOOD, charges, choice, choice_of, comes_back, link, operations, payer, told};
use crate::support::{Provider, World};

on_both_databases! {
    the_payer_pays_at_the_bank_and_comes_back,
    a_bill_is_shown_until_it_is_paid,
    the_partner_is_given_what_it_needs,
    what_was_given_up_is_paid_otherwise,
}

/// Chooses Alfa-Click; gives the page that leads to the bank.
fn to_bank(page: &Page) -> Page {
    let form = page.way("alfa-click").filled(&[("customer_account_number", "account1")]);
    let leaving = page.submit(&form);
    assert_eq!(leaving.state(), "leaving", "{}", leaving.html);
    leaving
}

/// Presses at the bank or the partner, and follows the way back.
fn pressed(at: &Page, action: &str) -> Page {
    let done = at.submit(&at.form(|form| form.tag.get("class") == Some("actions")).pressed(action));
    assert_eq!(done.status, 200, "{}", done.html);
    done.follow(|tag| tag.get("class") == Some("button primary"))
}

fn the_payer_pays_at_the_bank_and_comes_back(world: &mut World) {
    let nothing = choice(world, &link(world, "paid"));
    let empty = nothing.submit(&nothing.way("alfa-click"));
    assert_eq!((empty.status, empty.state().as_str()), (422, "choose"), "{}", empty.html);
    assert!(super::is_unknown(world, &world.merchant, "paid"));

    for (id, action, (status, code), path) in [
        ("paid", "pay", ("success", "0"), "/thanks"),
        ("cancelled", "cancel", ("decline", "20301"), "/sorry"),
    ] {
        let page = choice(world, &link(world, id));
        let leaving = to_bank(&page);
        let bank = leaving.follow(|tag| tag.get("data-leave").is_some());
        assert!(bank.url.starts_with(&world.emulators.url("")), "{}", bank.url);
        let waiting = payer(world).open(&leaving.standing());
        assert_eq!(waiting.state(), "waiting", "{}", waiting.html);
        let ended = pressed(&bank, action);
        assert_eq!(ended.url, leaving.standing(), "the clean address");
        assert_eq!(ended.ended(), (status.to_owned(), code.to_owned()), "{}", ended.html);
        comes_back(world, &ended, path);
        let told_last = world.shop.wait_status(id, status);
        assert_eq!(told_last.body["account"]["number"], "account1", "{}", told_last.body);
        assert_eq!(told_last.body["payment"]["method"], "alfa-click");
        // The page took the payer there itself: the shop is told the result.
        assert_eq!(told(world, id), [format!("{status}: sale {status} {code}")]);
    }
    // The login that the shop knows is not asked for.
    let known = link(world, "known").with("customer_account_number", "account2");
    let page = choice(world, &known);
    let leaving = page.submit(&page.way("alfa-click"));
    assert_eq!(leaving.state(), "leaving", "{}", leaving.html);
    // The page takes the payer along where the shop wants that.
    let taken = link(world, "taken").with("redirect_success_url", &world.shop.url("/taken"));
    let page = super::pay_by(world, &taken, GOOD);
    assert_eq!(page.way_back(), world.shop.url("/taken"));
    let tags = page.tags();
    let auto = tags.iter().find_map(|tag| tag.get("data-return")).unwrap();
    assert_eq!(auto, world.shop.url("/taken"));
    world.shop.wait_status("taken", "success");
}

fn a_bill_is_shown_until_it_is_paid(world: &mut World) {
    let merchant = &world.instructing;
    let bill = |id: &str| {
        Link::new(merchant.project, id, 12_345, "RUB")
            .with("merchant_success_url", &world.shop.url("/thanks"))
    };
    // A login that is known is shown for the payer to change (seed 004, steps 8 and 9).
    let known = bill("bill").with("customer_account_number", "known");
    let page = choice_of(world, merchant, &known);
    assert_eq!(page.way("alfa-click").get("customer_account_number"), Some("known"));
    let login = [("customer_account_number", "payer-of-bill")];
    let page = page.submit(&page.way("alfa-click").filled(&login));
    assert_eq!((page.status, page.state().as_str()), (200, "instruction"), "{}", page.html);
    for text in ["payer-of-bill", "123,45", "Project 3"] {
        assert!(page.html.contains(text), "{text}: {}", page.html);
    }
    assert!(world.shop.about("bill").is_empty(), "nothing is told before the result");
    let bank = payer(world).open(&world.emulators.url("/bank/?login=payer-of-bill"));
    let paid = bank.submit(&bank.form(|form| form.get("order").is_some()).pressed("pay"));
    assert!(paid.html.contains("Оплачено"), "{}", paid.html);
    let success = world.shop.wait_status("bill", "success");
    assert_eq!(success.body["account"]["number"], "payer-of-bill", "{}", success.body);
    let ended = page.reload();
    assert_eq!(ended.state(), "success", "{}", ended.html);
    comes_back(world, &ended, "/thanks");

    // A bill that is given up is closed at the bank, and there is no other way here.
    let page = choice_of(world, merchant, &bill("given up"));
    let login = [("customer_account_number", "nobody")];
    let page = page.submit(&page.way("alfa-click").filled(&login));
    let after = page.submit(&page.form(|form| form.action.ends_with("/cancel")));
    assert_eq!(after.ways(), ["alfa-click"], "{}", after.html);
    world.shop.wait_status("given up", "decline");
    let bank = payer(world).open(&world.emulators.url("/bank/?login=nobody"));
    assert!(!bank.html.contains("value=\"pay\""), "{}", bank.html);
}

fn the_partner_is_given_what_it_needs(world: &mut World) {
    let shillings = |id: &str, amount: i64| {
        Link::new(world.merchant.project, id, amount, "KES")
            .with("force_payment_method", "card-partner")
            .with("merchant_success_url", &world.shop.url("/thanks"))
    };
    let page = choice(world, &shillings("partner", 12_300));
    let form = page.way("card-partner");
    for (phone, email) in [("", ""), ("12", "a@b.example"), ("+254 123 456789", "a b")] {
        let entered = [("customer_phone", phone), ("customer_email", email)];
        let wrong = page.submit(&form.filled(&entered));
        assert_eq!((wrong.status, wrong.state().as_str()), (422, "choose"), "{}", wrong.html);
        let invalid = wrong.tags().into_iter().filter(|tag| tag.get("aria-invalid").is_some());
        assert_eq!(invalid.count(), if phone.is_empty() { 2 } else { 1 }, "{}", wrong.html);
    }
    assert!(super::is_unknown(world, &world.merchant, "partner"));
    let entered = [("customer_phone", "+254 (123) 456-789"), ("customer_email", "a@b.example")];
    let leaving = page.submit(&form.filled(&entered));
    assert_eq!(leaving.state(), "leaving", "{}", leaving.html);
    let partner = leaving.submit(&leaving.form(|form| form.tag.get("data-leave").is_some()));
    assert_eq!(partner.status, 200, "{}", partner.html);
    let ended = pressed(&partner, "pay");
    assert_eq!(ended.url, leaving.standing(), "the clean address");
    let success = world.shop.wait_status("partner", "success");
    assert_eq!(success.body["customer"], json!({"phone": "254123456789"}), "{}", success.body);
    assert_eq!(success.body["payment"]["method"], "Card partner");
    let ended = ended.reload();
    assert_eq!(ended.state(), "success", "{}", ended.html);
    comes_back(world, &ended, "/thanks");
    let order = world.emulators.orders(Provider::Ipay).remove(0);
    assert_eq!((&order["charges"], &order["amount_minor"]), (&json!(1), &json!(12_300)));

    // What the shop knows is not asked for.
    let known = shillings("known", 5_000)
        .with("customer_phone", "254123456789")
        .with("customer_email", "a@b.example");
    let page = choice(world, &known);
    let form = page.way("card-partner");
    assert_eq!((form.get("customer_phone"), form.get("customer_email")), (None, None));
    assert_eq!(page.submit(&form).state(), "leaving");
    // The partner takes whole shillings only, so there is nothing to choose.
    let url = world.node.url(&shillings("cents", 5_050).path(&world.merchant.secret));
    let refused = payer(world).open(&url);
    assert_eq!((refused.status, refused.state().as_str()), (400, "refused"), "{}", refused.html);
    assert!(super::is_unknown(world, &world.merchant, "cents"));
    assert_eq!(world.emulators.orders(Provider::Ipay).len(), 1, "the known one was not opened");
}

fn what_was_given_up_is_paid_otherwise(world: &mut World) {
    let leaving = to_bank(&choice(world, &link(world, "otherwise")));
    let bank = leaving.follow(|tag| tag.get("data-leave").is_some());
    let waiting = payer(world).open(&leaving.standing());
    let again = waiting.submit(&waiting.form(|form| form.action.ends_with("/cancel")));
    assert_eq!((again.status, again.state().as_str()), (200, "choose"), "{}", again.html);
    world.shop.wait_status("otherwise", "decline");
    let paid = again.submit(&again.card(GOOD));
    assert_eq!(paid.ended(), ("success".to_owned(), "0".to_owned()), "{}", paid.html);
    let success = world.shop.wait_status("otherwise", "success");
    assert_eq!(success.body["account"]["number"], "400000******0077", "{}", success.body);
    assert_eq!(success.body["payment"]["method"], "card", "{}", success.body);

    // The tab that was left at the bank cannot pay a second time.
    let form = bank.form(|form| form.tag.get("class") == Some("actions")).pressed("pay");
    let late = bank.submit(&form);
    assert!(!late.html.contains("Оплачено"), "{}", late.html);
    assert_eq!((world.emulators.orders(Provider::Rbs).len(), charges(world)), (2, 1));
    let document = world.merchant.status(&world.node, "otherwise");
    let given_up = &told(world, "otherwise")[0];
    let operations = operations(&document);
    assert_eq!(given_up.as_str(), format!("decline: {}", operations[0]), "told alike later");
    assert_eq!(operations[1..], ["sale success 0"]);
    // Giving up what is paid changes nothing.
    let url = format!("{}/cancel", paid.standing());
    assert_eq!(payer(world).post(&url, &[]).ended().0, "success");
    let lines = told(world, "otherwise");
    assert_eq!(lines, ["decline: sale decline 20301", "success: sale success 0"]);

    // Paid at the bank in one tab while it is given up in the other: it is paid.
    let leaving = to_bank(&choice(world, &link(world, "crossed")));
    let bank = leaving.follow(|tag| tag.get("data-leave").is_some());
    let waiting = payer(world).open(&leaving.standing());
    bank.submit(&bank.form(|form| form.tag.get("class") == Some("actions")).pressed("pay"));
    let page = waiting.submit(&waiting.form(|form| form.action.ends_with("/cancel")));
    let page = eventually("the page shows it", || {
        Some(payer(world).open(&page.standing())).filter(|page| page.state() == "success")
    });
    assert_eq!(page.ended().0, "success");
    world.shop.wait_status("crossed", "success");
}
