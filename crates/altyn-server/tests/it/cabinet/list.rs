//! The table «Платежи»: what is found, what is refused, and what the hostile write into it.

use altyn_testkit::harness::bodies::{ALFA_SALE, CARD_SALE, alfa_sale, card_sale, over};
use altyn_testkit::harness::cards::{GOOD, SALE, payment};
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use crate::gate::cards::{RIGHT, pay};
use crate::page::html;
use crate::support::cabinet::{Person, comes_to_be_listed, listed, number_of, orders, page_of};
use crate::support::{World, texts};

on_both_databases! {
    a_payment_is_found_by_any_part_of_it,
    filters_narrow_and_wrong_ones_are_named,
    marks_of_a_query_language_are_letters,
    another_merchants_payment_is_not_there,
    what_is_stored_is_text_on_every_page,
}

fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

fn found(person: &Person, text: &str) -> Vec<String> {
    listed(person, &format!("q={}", encoded(text)))
}

/// A sale by card, paid, with more said of the payer.
fn paid(world: &World, reference: &str, customer: &Value) {
    let body = over(&payment(reference, 10_000, GOOD), &json!({"customer": customer}));
    let (_, told) = pay(world, SALE, &body, RIGHT);
    assert_eq!(told.status(), "success", "{}", told.body);
}

fn a_payment_is_found_by_any_part_of_it(world: &mut World) {
    let anna = Person::operator(world, "anna");
    paid(
        world,
        "Заказ-7731/б",
        &json!({
            "first_name": "Пётр",
            "last_name": "Щёголев",
            "email": "p.schegolev@example.org",
            "phone": "79161234567",
        }),
    );
    world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale("other", 10_000));
    comes_to_be_listed(&anna, "", &["other", "Заказ-7731/б"]);
    comes_to_be_listed(&anna, "status=success", &["Заказ-7731/б"]);

    let number = number_of(world, 1, "Заказ-7731/б");
    let told = |column: &str| {
        let sql = format!(
            "SELECT {column} FROM operations WHERE payment = {number} AND {column} IS NOT NULL"
        );
        let values = texts(&world.setup, &sql);
        values.first().unwrap_or_else(|| panic!("no {column}")).clone()
    };
    let (rrn, at_bank) = (told("rrn"), told("provider_payment_id"));
    for part in [
        "7731/б",
        "заказ-77",
        "щеголев",
        "ЩЁГОЛ",
        "Щёголев Пётр",
        "schegolev@exam",
        "6123456",
        "0077",
        &number,
        number.split_at(4).1,
        &rrn,
        rrn.split_at(2).1,
        &at_bank,
        "JOHN SMI",
    ] {
        assert_eq!(found(&anna, part), ["Заказ-7731/б"], "{part}");
    }
    for nothing in ["щука", "77310", "4000000000000077", "zz"] {
        assert_eq!(found(&anna, nothing), Vec::<String>::new(), "{nothing}");
    }
}

fn filters_narrow_and_wrong_ones_are_named(world: &mut World) {
    let anna = Person::operator(world, "anna");
    paid(world, "card", &json!({}));
    world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale("bank", 20_050));
    world.merchant.accepted(&world.node, CARD_SALE, &card_sale("partner", 100_000));
    comes_to_be_listed(&anna, "", &["partner", "bank", "card"]);
    comes_to_be_listed(&anna, "status=success", &["card"]);
    for (query, orders) in [
        ("currency=KES", ["partner"].as_slice()),
        ("currency=RUB", &["bank", "card"]),
        ("method=alfa-click", &["bank"]),
        ("method=card&method=card-partner", &["partner", "card"]),
        ("ps=127", &["bank", "card"]),
        ("ps=127&method=card", &["card"]),
        ("min=200,5&currency=RUB", &["bank"]),
        ("max=200.49&currency=RUB", &["card"]),
        ("min=100&max=100", &["card"]),
        ("project=1", &["partner", "bank", "card"]),
        ("from=2020-01-01&to=2020-12-31", &[]),
        ("from=2020-01-01", &["partner", "bank", "card"]),
        ("q=&status=&from=&whatever=1", &["partner", "bank", "card"]),
    ] {
        assert_eq!(listed(&anna, query), orders, "{query}");
    }
    for (query, says, rows) in [
        ("size=0", "На странице может быть 10, 25, 50", 3),
        ("size=501", "На странице может быть", 3),
        ("size=-1", "На странице может быть", 3),
        ("size=ten", "На странице может быть", 3),
        ("before=x.y", "Адрес страницы списка повреждён", 3),
        ("from=2026-12-31&to=2026-01-01", "Конец периода раньше начала", 0),
        ("from=вчера", "Это не дата", 0),
        ("to=2026-02-30", "Это не дата", 0),
        ("status=nosuch", "Такого статуса нет", 0),
        ("method=cash", "Такого способа оплаты нет", 0),
        ("currency=ZZZ", "Такой валюты нет", 0),
        ("ps=7", "Такой платёжной системы нет", 0),
        ("min=сто", "Введите сумму цифрами", 0),
        ("min=-1", "Введите сумму цифрами", 0),
        ("min=5&max=1", "Наибольшая сумма меньше наименьшей", 0),
        ("q=%00%01ab", "без управляющих символов", 0),
    ] {
        let answer = anna.get(&format!("/cabinet/payments?{query}"));
        let text = answer.text();
        assert_eq!(answer.status, 400, "{query}: {text}");
        assert!(text.contains(says), "{query}: {text}");
        assert_eq!(orders(&text).len(), rows, "{query}: {text}");
    }
    let long = format!("/cabinet/payments?q={}", "a".repeat(10 * 1024));
    let answer = anna.get(&long);
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.text().contains("Поиск — не длиннее 255 символов"), "{}", answer.text());
    for query in ["size=10", "size=500"] {
        assert_eq!(listed(&anna, query).len(), 3);
    }
}

fn marks_of_a_query_language_are_letters(world: &mut World) {
    let anna = Person::operator(world, "anna");
    let strange = r#"100%_ 🦊 O'Neil "x" \ [a-z]* NEAR(b)"#;
    for reference in ["plain 1000 order", strange] {
        world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale(reference, 10_000));
    }
    comes_to_be_listed(&anna, "", &[strange, "plain 1000 order"]);
    for part in
        [strange, "0%_", "🦊 O", "O'Neil", "o'n", r#""x""#, r"\ [", "z]*", "near(b)", "  100%_  "]
    {
        assert_eq!(found(&anna, part), [strange], "{part}");
    }
    for nothing in [
        "%",
        "_",
        "%%%",
        "___",
        "1_0",
        "pl%in",
        "'",
        "\"",
        "🦊",
        "*",
        "' OR '1'='1",
        "'; DROP TABLE listing; --",
        "plain AND order",
        "plain OR order",
        "ord*",
        "\u{202e}abc",
    ] {
        assert_eq!(found(&anna, nothing), Vec::<String>::new(), "{nothing}");
    }
    assert_eq!(found(&anna, "1000"), ["plain 1000 order"]);
}

fn another_merchants_payment_is_not_there(world: &mut World) {
    let anna = Person::operator(world, "anna");
    world.other.accepted(&world.node, ALFA_SALE, &alfa_sale("theirs", 10_000));
    world.merchant.accepted(&world.node, ALFA_SALE, &alfa_sale("ours", 10_000));
    comes_to_be_listed(&anna, "", &["ours"]);
    let theirs = number_of(world, 2, "theirs");
    let chief = Person::signed_in(world, "chief", &["--role", "administrator"]);
    comes_to_be_listed(&chief, "q=theirs", &["theirs"]);
    chief.page(&format!("/cabinet/payments/2/{theirs}"));

    let nowhere = |path: &str| {
        let answer = anna.get(path);
        assert_eq!(answer.status, 404, "{path}: {}", answer.text());
        // The way to the other language names the address that was asked for.
        answer.text().replace(path, "PATH")
    };
    let not_there = nowhere("/cabinet/payments/1/77");
    for path in [
        format!("/cabinet/payments/2/{theirs}"),
        format!("/cabinet/payments/1/{theirs}"),
        "/cabinet/payments/2/77".to_owned(),
        format!("/cabinet/payments/9/{theirs}"),
        "/cabinet/payments/none/none".to_owned(),
        format!("/cabinet/payments/2/{theirs}/refund"),
        format!("/cabinet/payments/2/{theirs}/capture"),
    ] {
        assert_eq!(nowhere(&path), not_there, "{path}");
    }
    assert_eq!(found(&anna, "theirs"), Vec::<String>::new());
    assert_eq!(found(&anna, &theirs), Vec::<String>::new());
    for query in ["project=2", "project=9"] {
        assert_eq!(anna.get(&format!("/cabinet/payments?{query}")).status, 404, "{query}");
    }
    let rows = anna.page(&format!("/cabinet/payments/rows?ids={theirs}"));
    assert_eq!(orders(&rows), Vec::<String>::new());
}

const SCRIPT: &str = "<script>alert(1)</script>";
const BREAKING: &str = r#""'&<i>x</i>"#;

/// No tag is on the page that somebody has written into a field.
fn is_only_ours(path: &str, page: &str) {
    for tag in html::tags(page) {
        let foreign = tag.name == "i" || (tag.name == "script" && tag.get("src").is_none());
        assert!(!foreign, "{path} has {tag:?}");
        let runs = tag.attributes.iter().any(|(name, _)| name.starts_with("on"));
        assert!(!runs, "{path} has {tag:?}");
    }
}

/// Payments with scripts and formulas in every field that is kept.
fn pay_with_scripts(world: &World) {
    for (reference, text) in [(SCRIPT, BREAKING), ("=1+1", SCRIPT), (BREAKING, "=1+1")] {
        let customer = json!({
            "id": text,
            "first_name": text,
            "last_name": text,
            "email": "<script>alert(1)</script>@example.org",
        });
        let said = json!({"customer": customer, "payment": {"description": text}});
        let (_, told) = pay(world, SALE, &over(&payment(reference, 10_000, GOOD), &said), RIGHT);
        assert_eq!(told.status(), "success", "{}", told.body);
    }
}

/// The addresses of the deliveries that the page lists.
fn deliveries_on(page: &str) -> Vec<String> {
    let tags = html::tags(page);
    let number = |address: &str| {
        let number = address.strip_prefix("/cabinet/deliveries/").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let ways: Vec<String> = tags
        .iter()
        .filter_map(|tag| tag.get("href"))
        .filter(|address| number(address))
        .map(ToString::to_string)
        .collect();
    assert!(!ways.is_empty(), "{tags:?}");
    ways
}

fn what_is_stored_is_text_on_every_page(world: &mut World) {
    let named = format!("Магазин {SCRIPT}");
    world.setup.cli(&["project", "set", "--id", "1", "--name", &named]).done();
    pay_with_scripts(world);
    Person::added(world, "<i>login</i>", &["--role", "operator", "--project", "1"]);
    let chief = Person::signed_in(world, "chief", &["--role", "administrator"]);
    let own = [("login", chief.login.as_str()), ("password", &chief.password)];
    assert_eq!(chief.send("/cabinet/sign-in", &own, &[("user-agent", SCRIPT)]).status, 303);
    comes_to_be_listed(&chief, "status=success", &[BREAKING, "=1+1", SCRIPT]);

    let shown = |path: &str| {
        let page = chief.page(path);
        is_only_ours(path, &page);
        page
    };
    let all: Vec<String> = [SCRIPT, "=1+1"].map(|reference| page_of(world, reference)).into();
    for page in &all {
        for tab in ["", "?tab=operation", "?tab=refunds", "?tab=request", "?tab=history", "/refund"]
        {
            let path = format!("{page}{tab}");
            let html = shown(&path);
            let said = html::tags(&html);
            assert!(said.iter().any(|tag| tag.text.contains(SCRIPT)), "{path}: {html}");
        }
    }
    let evil = encoded(&format!("{SCRIPT}\"'"));
    for path in [
        "/cabinet/payments".to_owned(),
        format!("/cabinet/payments?q={evil}&zzz={evil}"),
        "/cabinet/deliveries".to_owned(),
        format!("/cabinet/deliveries?host={evil}"),
        format!("/cabinet/registers/new?q={evil}"),
        "/cabinet/registers".to_owned(),
        "/cabinet/projects".to_owned(),
        "/cabinet/projects/1".to_owned(),
        "/cabinet/users".to_owned(),
        "/cabinet/users/new".to_owned(),
        "/cabinet/audit".to_owned(),
        format!("/cabinet/audit?payment={evil}"),
        "/cabinet/account".to_owned(),
        "/cabinet/doctor".to_owned(),
    ] {
        shown(&path);
    }
    for path in [format!("/cabinet/payments?from={evil}&min={evil}"), format!("/cabinet/{evil}")] {
        let answer = chief.get(&path);
        assert!([400, 404].contains(&answer.status), "{path}: {}", answer.text());
        is_only_ours(&path, &answer.text());
    }
    for way in deliveries_on(&shown("/cabinet/deliveries")) {
        let html = shown(&way);
        assert!(html.contains("alert(1)"), "its body is shown: {html}");
    }
    let stranger = chief.at_another_browser();
    let fields = [("login", SCRIPT), ("password", "x"), ("next", BREAKING)];
    let answer = stranger.send("/cabinet/sign-in", &fields, &[]);
    assert_eq!(answer.status, 422);
    is_only_ours("/cabinet/sign-in", &answer.text());
}
