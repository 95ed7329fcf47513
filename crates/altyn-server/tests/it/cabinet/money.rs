//! Money moved by hand: refunds, captures, releases, and the word about them sent again.

use altyn_testkit::harness::cards::{AUTH, GOOD, SALE, payment};
use altyn_testkit::harness::http::Answer;
use altyn_testkit::harness::{Callback, Reply, eventually};

use crate::gate::cards::{RIGHT, order_of, pay};
use crate::page::html;
use crate::support::cabinet::{Person, log_of, number_of, page_of};
use crate::support::{CALLBACKS, World, listed_status};

on_both_databases! {
    a_refund_is_what_was_typed_and_no_more,
    one_dialog_is_one_refund,
    two_operators_at_once_return_no_more_than_there_is,
    what_is_returned_whole_only_is_offered_so,
    a_hold_is_captured_in_part_or_whole,
    a_hold_is_released,
    what_is_stuck_is_told_again,
}

/// Pays, or holds, so many kopecks by a good card; gives the callback of it.
fn paid(world: &World, path: &str, reference: &str, amount: i64) -> Callback {
    let (_, told) = pay(world, path, &payment(reference, amount, GOOD), RIGHT);
    told
}

/// A sum of the payment's order at the gateway.
fn at_bank(world: &World, told: &Callback, name: &str) -> i64 {
    order_of(world, told)[name].as_i64().unwrap()
}

/// Operations of a kind that the merchant sees, as `status sum`.
fn operations(world: &World, reference: &str, kind: &str) -> Vec<String> {
    let document = world.merchant.status(&world.node, reference);
    let all = document["operations"].as_array().unwrap().iter();
    let own = all.filter(|operation| operation["type"] == kind);
    own.map(|one| format!("{} {}", one["status"].as_str().unwrap(), one["sum_initial"]["amount"]))
        .collect()
}

/// The key of a dialog as it is drawn now.
fn key_of(person: &Person, dialog: &str) -> String {
    person.form(dialog, dialog).get("key").unwrap().to_owned()
}

/// Sends a dialog with a part.
fn send(person: &Person, dialog: &str, (key, sum, step): (&str, &str, &str)) -> Answer {
    let fields =
        [("key", key), ("way", "part"), ("sum", sum), ("reason", "передумал"), ("step", step)];
    person.post(dialog, &fields)
}

/// Goes through both steps of a dialog with this sum.
fn through(person: &Person, dialog: &str, sum: &str) -> Answer {
    let asked = send(person, dialog, (&key_of(person, dialog), sum, "check"));
    assert_eq!(asked.status, 200, "{sum}: {}", asked.text());
    let forms = html::forms(&asked.text());
    let form = forms.iter().find(|form| form.action == dialog).unwrap().pressed("confirm");
    let fields: Vec<(&str, &str)> =
        form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let done = person.send(dialog, &fields, &[]);
    assert_eq!(done.status, 303, "{sum}: {}", done.text());
    done
}

/// What was done by hand with a payment, in the log, as `who action`.
fn done(world: &World, reference: &str) -> Vec<String> {
    let number = number_of(world, 1, reference);
    let entries = log_of(world, &format!("payment = {number} AND result = 'done'"));
    let end = format!(" done {number}");
    entries.iter().map(|entry| entry.strip_suffix(&end).unwrap().to_owned()).collect()
}

fn a_refund_is_what_was_typed_and_no_more(world: &mut World) {
    let told = paid(world, SALE, "order", 200_000);
    let anna = Person::operator(world, "anna");
    let page = page_of(world, "order");
    let dialog = format!("{page}/refund");
    for step in ["check", "confirm"] {
        for bad in ["0", "0,00", "-5", "2 000,01", "сто", "1,005", "1e3", "", "9999999999999999"]
        {
            let answer = send(&anna, &dialog, (&key_of(&anna, &dialog), bad, step));
            assert_eq!(answer.status, 422, "{bad:?}: {}", answer.text());
            assert!(answer.text().contains("id=\"sum-error\""), "{bad:?}: {}", answer.text());
            assert!(answer.text().contains(&format!("name=\"sum\" value=\"{bad}\"")), "kept");
        }
    }
    assert_eq!(operations(world, "order", "refund"), Vec::<String>::new());
    assert_eq!(at_bank(world, &told, "refunded_minor"), 0);

    let back = through(&anna, &dialog, "1 000,5");
    assert_eq!(back.header("location"), Some(format!("{page}?tab=refunds").as_str()));
    world.shop.wait_status("order", "partially refunded");
    assert_eq!(at_bank(world, &told, "refunded_minor"), 100_050);
    let left = anna.page(&dialog);
    assert!(left.contains("999,50"), "what is left is shown: {left}");
    let much = send(&anna, &dialog, (&key_of(&anna, &dialog), "999,51", "confirm"));
    assert_eq!(much.status, 422, "{}", much.text());
    through(&anna, &dialog, "999.50");
    world.shop.wait_status("order", "refunded");
    assert_eq!(at_bank(world, &told, "refunded_minor"), 200_000);
    assert_eq!(anna.get(&dialog).status, 409, "nothing is left");
    assert_eq!(operations(world, "order", "refund"), ["success 100050", "success 99950"]);
    assert_eq!(done(world, "order"), ["anna refund"; 2]);
}

fn one_dialog_is_one_refund(world: &mut World) {
    let told = paid(world, SALE, "order", 10_000);
    let anna = Person::operator(world, "anna");
    let dialog = format!("{}/refund", page_of(world, "order"));
    let key = key_of(&anna, &dialog);
    // The token is looked up first: nothing of the browser moves while it sends.
    let token = anna.token();
    let fields = [
        ("token", token.as_str()),
        ("key", &key),
        ("way", "part"),
        ("sum", "30"),
        ("step", "confirm"),
    ];
    let start = std::sync::Barrier::new(4);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let presses = [(); 4].map(|()| {
            let (browser, start, fields, dialog) = (anna.clone(), &start, &fields, &dialog);
            scope.spawn(move || {
                start.wait();
                browser.send(dialog, fields, &[])
            })
        });
        presses.into_iter().map(|press| press.join().unwrap()).collect()
    });
    for answer in &answers {
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
    world.shop.wait_status("order", "partially refunded");
    let late = anna.send(&dialog, &fields, &[]);
    assert_eq!(late.status, 303, "the same dialog later: {}", late.text());
    assert_eq!(operations(world, "order", "refund"), ["success 3000"]);
    assert_eq!(at_bank(world, &told, "refunded_minor"), 3_000);
    assert_eq!(done(world, "order"), ["anna refund"]);
    // The same sum again is another dialog.
    through(&anna, &dialog, "30");
    eventually("the second refund", || {
        (at_bank(world, &told, "refunded_minor") == 6_000).then_some(())
    });
    world.shop.wait_count("two refunds", 2, |told| told.operation() == ("refund", "success"));
}

fn two_operators_at_once_return_no_more_than_there_is(world: &mut World) {
    let told = paid(world, SALE, "order", 10_000);
    let people = [Person::operator(world, "anna"), Person::operator(world, "boris")];
    let dialog = format!("{}/refund", page_of(world, "order"));
    let start = std::sync::Barrier::new(people.len());
    let answers: Vec<u16> = std::thread::scope(|scope| {
        let sends = people.map(|person| {
            let (start, dialog) = (&start, &dialog);
            let (key, token) = (key_of(&person, dialog), person.token());
            scope.spawn(move || {
                let sum = [("way", "part"), ("sum", "60"), ("step", "confirm")];
                let own = [("token", token.as_str()), ("key", &key)];
                start.wait();
                person.send(dialog, &[own.as_slice(), &sum].concat(), &[]).status
            })
        });
        sends.into_iter().map(|send| send.join().unwrap()).collect()
    });
    let mut sorted = answers;
    sorted.sort_unstable();
    assert_eq!(sorted[0], 303, "{sorted:?}");
    assert!([409, 422].contains(&sorted[1]), "{sorted:?}");
    world.shop.wait_status("order", "partially refunded");
    assert_eq!(operations(world, "order", "refund"), ["success 6000"]);
    assert_eq!(at_bank(world, &told, "refunded_minor"), 6_000);
    assert_eq!(done(world, "order").len(), 1);
}

fn what_is_returned_whole_only_is_offered_so(world: &mut World) {
    world.card_paid("partner", 100_000);
    let anna = Person::operator(world, "anna");
    let dialog = format!("{}/refund", page_of(world, "partner"));
    let form = anna.form(&dialog, &dialog);
    assert_eq!((form.get("way"), form.get("sum")), (Some("full"), None), "{form:?}");
    let answer = send(&anna, &dialog, (form.get("key").unwrap(), "500", "confirm"));
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_eq!(operations(world, "partner", "refund"), Vec::<String>::new());
    let fields = [("key", form.get("key").unwrap()), ("way", "full"), ("step", "confirm")];
    let answer = anna.post(&dialog, &fields);
    assert_eq!(answer.status, 303, "{}", answer.text());
    world.shop.wait_status("partner", "refunded");
    assert_eq!(operations(world, "partner", "refund"), ["success 100000"]);
    assert_eq!(done(world, "partner"), ["anna refund"]);
}

fn a_hold_is_captured_in_part_or_whole(world: &mut World) {
    let anna = Person::operator(world, "anna");
    for (reference, sum, minor) in [("part", "60,5", 6_050), ("whole", "100", 10_000)] {
        let told = paid(world, AUTH, reference, 10_000);
        let page = page_of(world, reference);
        let dialog = format!("{page}/capture");
        for bad in ["0", "-1", "100,01", "сто", ""] {
            let answer = send(&anna, &dialog, (&key_of(&anna, &dialog), bad, "confirm"));
            assert_eq!(answer.status, 422, "{bad:?}: {}", answer.text());
        }
        assert_eq!(anna.get(&format!("{page}/refund")).status, 409, "nothing was taken yet");
        let key = key_of(&anna, &dialog);
        through(&anna, &dialog, sum);
        world.shop.wait_status(reference, "success");
        assert_eq!(at_bank(world, &told, "deposited_minor"), minor);
        assert_eq!(at_bank(world, &told, "held_minor"), 0, "the rest is released");
        let late = send(&anna, &dialog, (&key, "1", "confirm"));
        assert!([409, 422].contains(&late.status), "{}", late.text());
        assert_eq!(anna.get(&format!("{page}/void")).status, 409);
        assert_eq!(done(world, reference), ["anna capture"]);
    }
}

fn a_hold_is_released(world: &mut World) {
    let told = paid(world, AUTH, "order", 10_000);
    let anna = Person::operator(world, "anna");
    let dialog = format!("{}/void", page_of(world, "order"));
    let key = key_of(&anna, &dialog);
    for _ in 0..2 {
        let answer = anna.post(&dialog, &[("key", &key)]);
        assert_eq!(answer.status, 303, "{}", answer.text());
    }
    world.shop.wait_status("order", "canceled");
    assert_eq!(at_bank(world, &told, "held_minor"), 0);
    assert_eq!(operations(world, "order", "cancel").len(), 1);
    assert_eq!(done(world, "order"), ["anna void"]);
}

fn what_is_stuck_is_told_again(world: &mut World) {
    world.shop.always(CALLBACKS, Some(Reply::Status(500)));
    let references = ["first", "second", "third"];
    for reference in references {
        paid(world, SALE, reference, 10_000);
    }
    let comes_to = |reference: &str, status: &str| {
        eventually(&format!("{reference} is {status}"), || {
            (listed_status(&world.setup, 1, reference)? == status).then_some(())
        });
    };
    references.into_iter().for_each(|reference| comes_to(reference, "stuck"));
    let anna = Person::operator(world, "anna");
    let given_up = anna.page("/cabinet/deliveries?state=given_up");
    assert!(references.iter().all(|reference| given_up.contains(reference)), "{given_up}");

    world.shop.always(CALLBACKS, None);
    let page = page_of(world, "first");
    let answer = anna.post(&format!("{page}/resend"), &[]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    comes_to("first", "success");
    comes_to("second", "stuck");
    assert_eq!(done(world, "first"), ["anna resend"]);
    // The rest at once.
    let answer = anna.post("/cabinet/deliveries/resend", &[]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    ["second", "third"].into_iter().for_each(|reference| comes_to(reference, "success"));
    let resends = log_of(world, "action = 'resend' AND result = 'done'");
    assert_eq!(resends.len(), 2, "{resends:?}");
    let html = anna.page("/cabinet/deliveries?state=given_up");
    assert!(references.iter().all(|reference| !html.contains(reference)), "{html}");
}
