//! Registers over HTTP: asked for, waited for, fetched whole and in part, and held against the books.

use std::collections::BTreeMap;

use altyn_testkit::harness::bodies::{ALFA_SALE, ANY_REFUND, alfa_sale, over};
use altyn_testkit::harness::cards::{DECLINED, GOOD, SALE, part, payment};
use altyn_testkit::harness::eventually;
use altyn_testkit::harness::http::Answer;
use serde_json::json;

use crate::gate::cards::{RIGHT, pay};
use crate::page::html;
use crate::support::cabinet::{Person, comes_to_be_listed, log_of};
use crate::support::{World, texts};

on_both_databases! {
    registers_agree_with_the_books,
    a_register_is_its_owners,
}

/// Numbers of the columns in a register.
const ORDER: usize = 3;
const CLIENT: usize = 4;
const CURRENCY: usize = 7;
const CAPTURED: usize = 9;
const REFUNDED: usize = 10;

/// Asks for a register of a view and waits until it is ready; gives where it is.
fn made(person: &Person, view: &str, format: &str) -> String {
    let before = ready(person);
    let answer = person.post("/cabinet/registers/new", &[("view", view), ("format", format)]);
    let leads = (answer.status, answer.header("location"));
    assert_eq!(leads.0, 303, "{}", answer.text());
    assert!(leads.1.is_some_and(|to| to.starts_with("/cabinet/registers?asked=")), "{leads:?}");
    eventually(&format!("{format} of {view:?} is ready"), || {
        ready(person).into_iter().find(|address| !before.contains(address))
    })
}

/// Registers that can be fetched.
fn ready(person: &Person) -> Vec<String> {
    let tags = html::tags(&person.page("/cabinet/registers"));
    let links = tags.iter().filter_map(|tag| tag.get("href"));
    links.filter(|address| address.ends_with("/file")).map(str::to_owned).collect()
}

/// Reads separated values (RFC 4180).
fn read(text: &str, separator: char) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            _ if quoted => field.push(character),
            '\r' => {}
            '\n' => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            _ if character == separator => row.push(std::mem::take(&mut field)),
            _ => field.push(character),
        }
    }
    assert!(!quoted && field.is_empty() && row.is_empty(), "the last line is whole: {text}");
    rows
}

/// Sums of two columns by currency, in minor units.
fn sums<'r>(rows: impl Iterator<Item = &'r Vec<String>>) -> BTreeMap<String, (i64, i64)> {
    let minor = |text: &str| -> i64 {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(text.chars().rev().nth(2).map(|mark| ",.".contains(mark)), Some(true), "{text}");
        digits.parse().unwrap()
    };
    let mut sums: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for row in rows {
        let (taken, returned) = sums.entry(row[CURRENCY].clone()).or_default();
        *taken += minor(&row[CAPTURED]);
        *returned += minor(&row[REFUNDED]);
    }
    sums
}

/// What providers took for a project and gave back, as the ledger has it.
fn books(world: &World, project: u32) -> BTreeMap<String, (i64, i64)> {
    let sql = format!(
        "SELECT currency || ' ' || CAST(debit_minor AS TEXT) || ' ' || CAST(credit_minor AS TEXT) \
         FROM balances WHERE account = 'provider_receivable' AND project = {project}"
    );
    let of = |line: &String| {
        let words: Vec<&str> = line.split(' ').collect();
        (words[0].to_owned(), (words[1].parse().unwrap(), words[2].parse().unwrap()))
    };
    texts(&world.setup, &sql).iter().map(of).collect()
}

/// Payments of every kind, with names that a spreadsheet would compute.
fn fill(world: &World, person: &Person) {
    for (reference, name, pan) in
        [("=1+1", "@SUM(A1)", GOOD), ("+7", "-2", GOOD), ("declined", "Пётр; \"Ё\"", DECLINED)]
    {
        let named = json!({"customer": {"first_name": name}});
        pay(world, SALE, &over(&payment(reference, 123_450, pan), &named), RIGHT);
    }
    world.merchant.accepted(&world.node, ANY_REFUND, &part("+7", 3_050));
    world.shop.wait_status("+7", "partially refunded");
    world.card_paid("partner", 100_000);
    world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale("open", 10_000));
    world.other.accepted(&world.node, ALFA_SALE, &alfa_sale("theirs", 10_000));
    comes_to_be_listed(person, "", &["open", "partner", "declined", "+7", "=1+1"]);
    comes_to_be_listed(person, "status=success", &["partner", "=1+1"]);
    comes_to_be_listed(person, "status=partially_refunded", &["+7"]);
}

fn whole(person: &Person, address: &str) -> Answer {
    let answer = person.get(address);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let named = answer.header("content-disposition").unwrap();
    assert!(named.starts_with("attachment; filename=\""), "{named}");
    answer
}

fn registers_agree_with_the_books(world: &mut World) {
    let anna = Person::operator(world, "anna");
    fill(world, &anna);
    for (format, separator) in [("csv", ';'), ("csv_plain", ',')] {
        let answer = whole(&anna, &made(&anna, "", format));
        assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8"));
        let text = answer.text();
        assert_eq!(text.starts_with('\u{feff}'), format == "csv", "Excel needs the mark of UTF-8");
        let rows = read(text.trim_start_matches('\u{feff}'), separator);
        let (footer, rows): (Vec<_>, Vec<_>) =
            rows.into_iter().skip(1).partition(|row| row[0] == "Итого");
        let orders: Vec<&str> = rows.iter().map(|row| row[ORDER].as_str()).collect();
        assert_eq!(orders, ["open", "partner", "declined", "'+7", "'=1+1"], "{text}");
        let clients: Vec<&str> = rows.iter().map(|row| row[CLIENT].as_str()).collect();
        assert_eq!(clients[2..], ["Пётр; \"Ё\"", "'-2", "'@SUM(A1)"], "{text}");
        assert_eq!(sums(rows.iter()), sums(footer.iter()), "{text}");
        assert_eq!(sums(rows.iter()), books(world, 1), "{text}");
    }
    for (format, begins) in [("xlsx", b"PK\x03\x04".as_slice()), ("xls", b"\xD0\xCF\x11\xE0")] {
        let answer = whole(&anna, &made(&anna, "", format));
        assert!(answer.body.starts_with(begins), "{format}");
    }

    let address = made(&anna, "method=card&status=success", "csv_plain");
    let all = whole(&anna, &address);
    assert_eq!(read(&all.text(), ',').len(), 3, "a heading, a payment, a sum: {}", all.text());
    let length = all.body.len();
    for (range, from, until) in [
        ("bytes=10-19".to_owned(), 10, 20),
        (format!("bytes={}-", length - 7), length - 7, length),
        ("bytes=-5".to_owned(), length - 5, length),
        ("bytes=3-99999999".to_owned(), 3, length),
    ] {
        let some = anna.get_with(&address, &[("range", &range)]);
        assert_eq!(some.status, 206, "{range}");
        assert_eq!(some.body, all.body[from..until], "{range}");
        let said = format!("bytes {from}-{}/{length}", until - 1);
        assert_eq!(some.header("content-range"), Some(said.as_str()), "{range}");
    }
    let beyond = anna.get_with(&address, &[("range", "bytes=99999999-")]);
    assert_eq!((beyond.status, beyond.body.len()), (416, 0));
    for (action, count) in [("export", 5), ("download", 10)] {
        let entries = log_of(world, &format!("action = '{action}' AND result = 'done'"));
        assert_eq!(entries.len(), count, "{entries:?}");
    }
}

fn a_register_is_its_owners(world: &mut World) {
    let anna = Person::operator(world, "anna");
    let boris = Person::operator(world, "boris");
    // What his sign-in has left to be said is said here.
    assert_eq!(ready(&boris), Vec::<String>::new());
    fill(world, &anna);
    let address = made(&anna, "", "csv_plain");
    let nowhere = |path: &str| {
        let answer = boris.get(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        answer.text().replace(path, "PATH")
    };
    assert_eq!(nowhere(&address), nowhere("/cabinet/registers/77/file"));
    let refused = log_of(world, "action = 'download'");
    assert_eq!(refused, ["boris download refused -"; 2]);
    assert_eq!(ready(&boris), Vec::<String>::new());

    let ask = |view: &str, format: &str| {
        let answer = anna.post("/cabinet/registers/new", &[("view", view), ("format", format)]);
        (answer.status, answer.header("location").unwrap_or_default().to_owned())
    };
    assert_eq!(ask("", "pdf").0, 400);
    assert_eq!(ask("project=2", "csv_plain"), (303, "/cabinet/payments?project=2".to_owned()));
    assert_eq!(ask("from=x", "csv_plain"), (303, "/cabinet/payments?from=x".to_owned()));
    assert_eq!(ready(&anna), [address.as_str()]);
    assert_eq!(log_of(world, "action = 'export'").len(), 1);

    // Who may not make registers any more does not get the old ones either.
    let support = ["user", "grant", "anna", "--project", "1", "--role", "support"];
    world.setup.cli(&support).done();
    let answer = anna.get(&address);
    assert_eq!(answer.status, 403, "{}", answer.text());
}
