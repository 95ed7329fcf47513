//! The vectors of paykeeper.md §12, the fields of §7.2, and answers right and wrong.

use std::collections::BTreeMap;

use altyn_app::secret::Secret;
use altyn_domain::card::Expiry;
use altyn_domain::id::PaymentId;
use altyn_domain::money::Currency;
use altyn_domain::payment::PaymentRef;
use altyn_testkit::build;
use proptest::prelude::*;

use super::*;

/// Number, sum, client, order, secret, key, answer.
const VECTORS: [[&str; 7]; 6] = [
    [
        "1",
        "100.00",
        "",
        "",
        "secret",
        "7d9cdc0d75c6f3188c2efb86f517c932",
        "b36c525848fee03529b338fa096a10e1",
    ],
    [
        "240711111",
        "899.00",
        "8",
        "a5252849-d8d9-4cd9-a596-f67db8bc2c50",
        "verysecretseed",
        "822bda092fa3442c04173041449b0576",
        "81fff9fb24d5232c967085dc124ec205",
    ],
    [
        "34",
        "42.50",
        "Иванов Иван Иванович",
        "Заказ № 10",
        "секрет",
        "00fc3e50e44afad1cde9095d233bfbec",
        "51763b4c0cf109d51136774b83953ecc",
    ],
    [
        "7700",
        "1234567.89",
        "user@example.com",
        "10-25",
        "p@$$ w0rd+&=",
        "6f90925e86031292e925bfa1180ffae9",
        "e3155d532f9cb5fb499a34fd9ddd8664",
    ],
    [
        "15",
        "0.10",
        "",
        "2023|15|shop|1",
        "x",
        "cbe9e2300e1ef5b84e9f8f8c5c3a311f",
        "d207a043bec16479b96df45e4bcbcd06",
    ],
    [
        "9007199254740993",
        "300.30",
        "O'Neil \"Q\" <b>",
        "A+B C",
        "S3cr3t",
        "4a405a49bb5be07737d86615571fe942",
        "6345634cbd99a0185c8858a10346872b",
    ],
];

const HOST: &str = "https://pay.example";

fn project(secret: &str) -> ProjectEntry {
    ProjectEntry { secret: Secret::new(secret), ..build::project(1) }
}

/// A payment of so much, as the vectors name it; a merchant's id is never empty here.
fn record(id: i64, minor: i64, client: &str, order: &str) -> Record {
    let request = build::sale_request(if order.is_empty() { "-" } else { order });
    let (mut record, _) = build::payment_of(&build::project(1).project, request);
    let payment = &mut record.payment;
    payment.id = PaymentId::new(id);
    payment.amount = build::rub(minor);
    payment.details.customer.id = Some(client.to_owned()).filter(|text| !text.is_empty());
    record
}

fn form(project: &ProjectEntry, record: &Record, account: Option<&ProviderAccount>) -> String {
    let operation = record.opening().unwrap().id;
    String::from_utf8(body(project, record, operation, (account, HOST))).unwrap()
}

fn fields(form: &str) -> BTreeMap<String, String> {
    form_urlencoded::parse(form.as_bytes()).into_owned().collect()
}

#[test]
fn keys_and_answers_are_those_of_the_vectors() {
    for [id, sum, client, order, secret, expected, taken] in VECTORS {
        assert_eq!(key(Signed { id, sum, client, order }, secret), expected, "{id}");
        assert_eq!(answer(id, secret), taken, "{id}");
        if order.is_empty() {
            continue;
        }
        let minor = sum.replace('.', "").parse().unwrap();
        let sent = form(&project(secret), &record(id.parse().unwrap(), minor, client, order), None);
        assert!(sent.starts_with("id="), "the mark by which a form is known: {sent}");
        assert!(sent.contains(&format!("&key={expected}&")), "{id}: {sent}");
    }
}

#[test]
fn the_third_vector_on_the_wire() {
    let wire = "id=34&sum=42.50&clientid=%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2+%D0%98%D0%B2%D0%B0\
                %D0%BD+%D0%98%D0%B2%D0%B0%D0%BD%D0%BE%D0%B2%D0%B8%D1%87&orderid=%D0%97%D0%B0%D0%BA\
                %D0%B0%D0%B7+%E2%84%96+10&key=00fc3e50e44afad1cde9095d233bfbec";
    let record = record(34, 4_250, "Иванов Иван Иванович", "Заказ № 10");
    let sent = form(&project("секрет"), &record, None);
    assert!(sent.starts_with(wire), "{sent}");
}

#[test]
fn a_sum_has_two_decimals_at_least() {
    for (minor, currency, expected) in [
        (10_000, "RUB", "100.00"),
        (1, "RUB", "0.01"),
        (100, "JPY", "100.00"),
        (1_234, "KWD", "1.234"),
    ] {
        let currency = Currency::from_code(currency).unwrap();
        assert_eq!(sum(Amount::new(minor, currency).unwrap()), expected);
    }
}

#[test]
fn the_fields_say_what_is_known() {
    let mut record = record(240_711_111, 89_900, "8", "order 1");
    let account = ProviderAccount {
        name: "bank".to_owned(),
        wire_id: 1310,
        endpoint_id: None,
        payment_system: 94,
    };
    record.payment.details.description = "Кофе; чай".to_owned();
    record.payment.details.customer.email = None;
    let operation = record.operations.first_mut().unwrap();
    // 22 November 2026, 21:30 UTC: the next day in Moscow.
    operation.updated_at = Timestamp::from_millis(1_795_383_000_000);
    operation.capture_at = Some(Timestamp::from_millis(1_795_383_000_000));
    let plain = fields(&form(&project("s"), &record, Some(&account)));
    let names: Vec<&str> = plain.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "client_email",
            "client_phone",
            "clientid",
            "id",
            "key",
            "obtain_datetime",
            "orderid",
            "pk_hostname",
            "ps_id",
            "service_name",
            "sum",
        ]
    );
    for (name, value) in [
        ("client_email", ""),
        ("client_phone", "79161234567"),
        ("obtain_datetime", "2026-11-23 00:30:00"),
        ("pk_hostname", HOST),
        ("ps_id", "94"),
        ("service_name", "Кофе; чай"),
        ("sum", "899.00"),
    ] {
        assert_eq!(plain[name], value, "{name}");
    }
    let operation = record.operations.first_mut().unwrap();
    operation.kind = OperationKind::Authorization;
    operation.card = Some(CardFacts {
        mask: "510012******3333".to_owned(),
        brand: None,
        expiry: Expiry::new(3, 2030).unwrap(),
        holder: Some("TEST GATEWAY".to_owned()),
    });
    operation.provider.rrn = Some("17647967655130".to_owned());
    operation.provider.auth_code = None;
    let held = fields(&form(&project("s"), &record, Some(&account)));
    for (name, value) in [
        ("batch_date", "2026-11-23"),
        ("card_number", "5100********3333"),
        ("card_holder", "TEST GATEWAY"),
        ("card_expiry", "03/30"),
        ("RRN", "17647967655130"),
        ("APPROVAL_CODE", ""),
    ] {
        assert_eq!(held[name], value, "{name}");
    }
    assert_eq!(held.len(), plain.len() + 6);
}

fn report(status: u16, answer: &str) -> SendReport {
    SendReport { status: Some(status), answer: answer.as_bytes().to_vec(), ..SendReport::default() }
}

#[test]
fn only_the_right_hash_takes_it() {
    let now = Timestamp::from_millis(1_000);
    for [id, _, _, _, secret, _, hash] in VECTORS {
        let (project, body) = (project(secret), format!("id={id}&sum=1.00"));
        let taken = |report: &SendReport| is_taken(&project, body.as_bytes(), report, now);
        let upper = hash.to_uppercase();
        for said in [
            format!("OK {hash}"),
            format!("OK {upper}"),
            format!("\u{feff}OK {hash}\r\n"),
            format!("  OK {hash}\n\u{feff}"),
        ] {
            assert!(taken(&report(200, &said)), "{said:?}");
            assert!(taken(&report(204, &said)), "{said:?}");
            for status in [199, 302, 404, 500] {
                assert!(!taken(&report(status, &said)), "{status} {said:?}");
            }
            let cut = SendReport { error: Some("cut".to_owned()), ..report(200, &said) };
            assert!(!taken(&cut), "{said:?}");
        }
        for said in [
            "OK".to_owned(),
            String::new(),
            hash.to_owned(),
            format!("ok {hash}"),
            format!("OK{hash}"),
            format!("OK  {hash}"),
            format!("Error! Incorrect order sum!OK {hash}"),
            format!("OK {hash}<br>"),
            format!("OK {}", answer(id, "another")),
        ] {
            assert!(!taken(&report(200, &said)), "{said:?}");
        }
        let broken = SendReport { answer: vec![b'O', 0xff], ..report(200, "") };
        assert!(!taken(&broken));
        assert!(!is_taken(&project, b"sum=1.00", &report(200, &format!("OK {hash}")), now));
    }
}

#[test]
fn after_a_rotation_either_secret_answers_until_its_moment() {
    let until = Timestamp::from_millis(2_000);
    let old = Some((Secret::new("old"), until));
    let project = ProjectEntry { previous: old, ..project("new") };
    for (secret, at_ms, expected) in [
        ("new", 1_999, true),
        ("old", 1_999, true),
        ("new", 2_000, true),
        ("old", 2_000, false),
        ("other", 1_999, false),
    ] {
        let said = report(200, &format!("OK {}", answer("5", secret)));
        let now = Timestamp::from_millis(at_ms);
        assert_eq!(is_taken(&project, b"id=5&sum=1.00", &said, now), expected, "{secret} {at_ms}");
    }
}

proptest! {
    #[test]
    fn the_key_is_made_of_what_is_sent(
        client in "\\PC{0,40}",
        order in "[^;\\p{Cc}]{1,40}",
        minor in 1..=10_000_000_000_000_i64,
        secret in ".{1,20}",
    ) {
        prop_assume!(PaymentRef::new(order.clone()).is_some());
        let sent = form(&project(&secret), &record(7, minor, &client, &order), None);
        let sent = fields(&sent);
        let whole = [&sent["id"], &sent["sum"], &sent["clientid"], &sent["orderid"]];
        let whole = Signed { id: whole[0], sum: whole[1], client: whole[2], order: whole[3] };
        prop_assert_eq!(&sent["key"], &key(whole, &secret));
        prop_assert_eq!(&sent["orderid"], &order);
        prop_assert_eq!(&sent["clientid"], &client);
    }

    #[test]
    fn no_answer_breaks_the_judge(said: Vec<u8>, body: Vec<u8>) {
        let said = SendReport { answer: said, ..report(200, "") };
        prop_assert!(!is_taken(&project("s"), &body, &said, Timestamp::from_millis(0)));
    }
}
