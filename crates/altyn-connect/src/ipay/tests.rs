//! The connector against raw answers: the form, the verdicts, refunds and their notifications.

use altyn_app::ports::provider::{Notification, OrderAtProvider};
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::Details;
use altyn_domain::time::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::stub::{Act, Stub, answer, nobody, ok};

const ORDER: &str = "abc123";
const SUCCESS: &str = "aei7p7yrx4ae34";
const FAILED: &str = "fe2707etr5s4wq";
const PENDING: &str = "bdi6p2yy76etrs";
const USED: &str = "cr5i3pgy9867e1";
const LESS: &str = "dtfi4p7yty45wq";
const MORE: &str = "eq3i7p5yt7645e";

fn ipay(url: &str) -> Ipay {
    let config = IpayConfig {
        account: ProviderAccount {
            name: "ipay".into(),
            wire_id: 2377,
            endpoint_id: None,
            payment_system: 9,
        },
        form_url: "https://payments.example.com/v3/ke".into(),
        ipn_url: format!("{url}/ipn/"),
        api_url: format!("{url}/payments/v2"),
        vid: "demo".into(),
        key: Secret::new("demoCHANGED"),
        callback_url: "https://pay.example/providers/ipay/return".into(),
    };
    let mut ipay = Ipay::new(config, HttpClient::new().unwrap());
    let short = Duration::from_millis(300);
    ipay.limits = Limits { ipn: short, search: short, refund: short };
    ipay
}

fn call(minor: i64, currency: Currency) -> ProviderCall {
    ProviderCall {
        kind: OperationKind::Sale,
        method: Method::CardPartner,
        order_number: ORDER.into(),
        amount: Amount::new(minor, currency).unwrap(),
        details: Details::default(),
        instruction: false,
        handed_over: true,
        test: true,
        facts: ProviderFacts::default(),
        order: None,
        authentication: None,
        notifications: Vec::new(),
        now: Timestamp::from_millis(1),
    }
}

fn sale() -> ProviderCall {
    call(90_000, Currency::KES)
}

fn note(parameters: &[(&str, &str)]) -> Notification {
    let parameters =
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Notification { received_at: Timestamp::from_millis(1), parameters }
}

/// A callback of our order with its seal; the tokens all have the given text.
fn callback(token: &str, paid: &str, transaction: &str) -> Notification {
    let seal = wire::seal(&ipay("http://x").config, ORDER);
    note(&[
        ("seal", &seal),
        ("status", "whatever"),
        ("id", ORDER),
        ("ivm", ORDER),
        ("qwh", token),
        ("afd", token),
        ("poi", token),
        ("uyt", token),
        ("ifd", token),
        ("mc", paid),
        ("txncd", transaction),
    ])
}

fn with(notifications: Vec<Notification>) -> ProviderCall {
    ProviderCall { notifications, ..sale() }
}

fn text(body: &str) -> Act {
    answer("200 OK", "text/plain", body)
}

fn found(code: &str, amount: &str) -> Act {
    ok(&format!(
        r#"{{"header_status":200,"status":1,"data":{{"transaction_code":"{code}","transaction_amount":{amount}}}}}"#
    ))
}

fn absent() -> Act {
    answer("404 Not Found", "application/json", r#"{"header_status":404,"status":0}"#)
}

fn word(outcome: &ProviderOutcome) -> String {
    let facts = match outcome {
        ProviderOutcome::Declined(reason, facts) => {
            return format!("declined {} {}", reason.as_str(), id(facts));
        }
        ProviderOutcome::Approved(facts) | ProviderOutcome::Pending(facts) => facts,
        ProviderOutcome::Redirect(..)
        | ProviderOutcome::Authenticate(..)
        | ProviderOutcome::Instruct(_)
        | ProviderOutcome::NotSent(_)
        | ProviderOutcome::Unknown(_) => return outcome.as_str().to_owned(),
    };
    format!("{} {}", outcome.as_str(), id(facts))
}

fn id(facts: &ProviderFacts) -> &str {
    facts.payment_id.as_deref().unwrap_or("-")
}

#[test]
fn the_hash_is_that_of_the_source() {
    let names = [
        "live", "oid", "inv", "ttl", "tel", "eml", "vid", "curr", "p1", "p2", "p3", "p4", "cbk",
        "cst", "crl",
    ];
    let table = [
        (
            "demoCHANGED",
            "0|112|112020102292999|900|256712375678|kajuej@gmailo.com|demo|KES|airtel|020102292999||900|http://example.com/cb|1|2",
            "93284c17342fed6e741eb166ac31b763fa9f031b",
        ),
        (
            "demoCHANGED",
            "0|112|112020102292999|900|256712375678|example@example.com|demo|KES|||||https://pay.example.com/cb|1|0",
            "e0583491cfc669d96c090e918b12d4c537d3e068",
        ),
        (
            "s3cr3t",
            "1|ORD-7|ORD-7|12.50|254700000000|a@b.co|demo|USD|x1|x2|x3|x4|https://m.example/cb?o=7|0|2",
            "9866894ea8af1259bc5301bccf73789c38d95096",
        ),
    ];
    for (key, values, hash) in table {
        let mut form: Vec<(String, String)> = names
            .iter()
            .zip(values.split('|'))
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| ((*name).to_owned(), value.to_owned()))
            .collect();
        assert_eq!(wire::form_hash(key, &form), hash);
        form.push(("lbk".into(), "x".into()));
        form.reverse();
        assert_eq!(wire::form_hash(key, &form), hash, "order and other fields do not matter");
    }
}

#[tokio::test]
async fn the_form_has_the_fields_of_the_seed() {
    let mut call = sale();
    call.details.customer.phone = Some("+256 712-375678".into());
    call.details.customer.email = Some("example@example.com".into());
    let ipay = ipay("http://x");
    let ProviderOutcome::Redirect(redirect, facts) = ipay.submit(&call).await else {
        panic!("no redirect")
    };
    assert_eq!(facts, ProviderFacts::default());
    assert_eq!(redirect.method, RedirectMethod::Post);
    assert_eq!(redirect.url, "https://payments.example.com/v3/ke");
    let seal = wire::seal(&ipay.config, ORDER);
    let cbk = format!("https://pay.example/providers/ipay/return?seal={seal}");
    assert!(cbk.len() <= 100);
    let lbk =
        format!("https://pay.example/providers/ipay/return?oid=abc123&cancelled=1&seal={seal}");
    let hashed = format!("0abc123abc123900256712375678example@example.comdemoKES{cbk}10");
    let hash = sign::sha1_hex("demoCHANGED", &hashed);
    let expected = [
        ("live", "0"),
        ("mpesa", "1"),
        ("bonga", "0"),
        ("airtel", "1"),
        ("equity", "1"),
        ("mobilebanking", "0"),
        ("debitcard", "1"),
        ("mkoporahisi", "0"),
        ("saida", "0"),
        ("elipa", "0"),
        ("oid", "abc123"),
        ("inv", "abc123"),
        ("ttl", "900"),
        ("tel", "256712375678"),
        ("eml", "example@example.com"),
        ("vid", "demo"),
        ("curr", "KES"),
        ("cbk", &cbk),
        ("lbk", &lbk),
        ("cst", "1"),
        ("crl", "0"),
        ("autopay", "1"),
        ("hsh", &hash),
    ];
    let body: Vec<(&str, &str)> =
        redirect.body.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(body, expected);
}

#[tokio::test]
async fn amounts_are_written_the_partners_way() {
    let table = [
        (90_000, Currency::KES, Some("900")),
        (90_001, Currency::KES, None),
        (1_250, Currency::USD, Some("12.50")),
        (100, Currency::USD, Some("1.00")),
        (100, Currency::RUB, None),
    ];
    for (minor, currency, total) in table {
        let live = ProviderCall { test: false, ..call(minor, currency) };
        match (ipay("http://x").submit(&live).await, total) {
            (ProviderOutcome::Redirect(redirect, _), Some(total)) => {
                let value = |name| parameter(&redirect.body, name);
                assert_eq!((value("ttl"), value("live")), (Some(total), Some("1")));
            }
            (ProviderOutcome::Declined(Reason::ProviderRefusedData, _), None) => {}
            (other, _) => panic!("{minor} {currency}: {other:?}"),
        }
    }
}

#[test]
fn amounts_are_read_exactly() {
    let table = [
        ("900", Some(90_000)),
        ("900.00", Some(90_000)),
        ("900.5", Some(90_050)),
        (" 12.50 ", Some(1_250)),
        ("0", Some(0)),
        ("900.000", Some(90_000)),
        ("900.", Some(90_000)),
        ("900.001", None),
        ("-1", None),
        ("1,000", None),
        ("", None),
        (".5", None),
        ("1e3", None),
        ("99999999999999999999", None),
        ("٣", None),
    ];
    for (text, minor) in table {
        assert_eq!(wire::minor_of(text, Currency::KES), minor, "{text}");
    }
}

#[tokio::test]
async fn every_verdict_has_its_outcome() {
    let paid = || callback("t", "900", "1A");
    let one = || vec![paid()];
    let table: Vec<(Vec<Notification>, Vec<Act>, &str)> = vec![
        (one(), vec![text(SUCCESS), found("9Z", "\"900\"")], "approved 9Z"),
        (one(), vec![text(&format!(" {SUCCESS}\r\n")), absent()], "approved 1A"),
        (one(), vec![text(SUCCESS), Act::Drop], "approved 1A"),
        (one(), vec![text(SUCCESS), found("9Z", "899.99")], "pending 9Z"),
        (one(), vec![text(SUCCESS), found("9Z", "null")], "approved 9Z"),
        (vec![callback("t", "899", "1A")], vec![text(SUCCESS), found("9Z", "900")], "approved 9Z"),
        (vec![callback("t", "899", "1A")], vec![text(SUCCESS), absent()], "pending 1A"),
        (vec![callback("t", "901", "1A")], vec![text(SUCCESS), absent()], "approved 1A"),
        (vec![callback("t", "?", "1A")], vec![text(SUCCESS), absent()], "approved 1A"),
        (one(), vec![text(MORE), absent()], "approved 1A"),
        (one(), vec![text(MORE), found("9Z", "1000")], "approved 9Z"),
        (one(), vec![text(LESS), absent()], "pending 1A"),
        (one(), vec![text(LESS), found("9Z", "100")], "pending 9Z"),
        (one(), vec![text(FAILED), absent()], "declined general_decline 1A"),
        (one(), vec![text(FAILED), found("9Z", "900")], "approved 9Z"),
        (one(), vec![text(FAILED), answer("500 Oops", "a/b", "{}")], "unknown"),
        (one(), vec![text(FAILED), answer("401 No", "a/b", "{}")], "unknown"),
        (one(), vec![text(FAILED), Act::Drop], "unknown"),
        (one(), vec![text(PENDING), absent()], "pending -"),
        (one(), vec![text(USED), absent()], "pending -"),
        (one(), vec![text(USED), found("9Z", "900.0")], "approved 9Z"),
        (one(), vec![text("OK"), absent()], "unknown"),
        (one(), vec![text("OK"), found("9Z", "900")], "approved 9Z"),
        (one(), vec![answer("500 Oops", "a/b", SUCCESS), absent()], "unknown"),
        (one(), vec![Act::Silence, absent()], "unknown"),
        (vec![], vec![absent()], "pending -"),
        (vec![], vec![answer("200 OK", "a/b", r#"{"header_status":404}"#)], "pending -"),
        (vec![], vec![found("9Z", "900")], "approved 9Z"),
        (vec![], vec![found("9Z", "1")], "pending 9Z"),
        (vec![], vec![found("9Z", "\"many\"")], "unknown"),
        (vec![], vec![ok("{}")], "unknown"),
        (vec![], vec![ok("<p>")], "unknown"),
        (vec![], vec![Act::DropUnread], "unknown"),
        (vec![note(&[("oid", ORDER), ("cancelled", "1")])], vec![absent()], "pending -"),
    ];
    for (notes, acts, expected) in table {
        let stub = Stub::start(acts.clone()).await;
        let outcome = ipay(&stub.url).ask(&with(notes)).await;
        assert_eq!(word(&outcome), expected, "{acts:?}: {outcome:?}");
    }
    assert_eq!(word(&ipay(&nobody().await).ask(&sale()).await), "unknown");
}

#[tokio::test]
async fn a_forged_callback_declines_nothing() {
    let mut forged = callback("junk", "0", "1A");
    for seal in [None, Some(""), Some("0123456789abcdef")] {
        forged.parameters.retain(|(name, _)| name != "seal");
        forged.parameters.extend(seal.map(|seal| ("seal".to_owned(), seal.to_owned())));
        let stub = Stub::start(vec![text(FAILED), absent()]).await;
        let outcome = ipay(&stub.url).ask(&with(vec![forged.clone()])).await;
        assert_eq!(word(&outcome), "pending -", "{seal:?}");
    }
    // Behind a sealed forgery the true one still counts, older or newer.
    let real = callback("t", "900", "1A");
    let fake = callback("junk", "0", "2A");
    for (notes, words) in [
        (vec![real.clone(), fake.clone()], [FAILED, SUCCESS]),
        (vec![fake, real], [SUCCESS, FAILED]),
    ] {
        let stub = Stub::start(vec![
            text(words[0]),
            if words[0] == SUCCESS { absent() } else { text(words[1]) },
            absent(),
        ])
        .await;
        assert_eq!(word(&ipay(&stub.url).ask(&with(notes)).await), "approved 1A");
    }
}

#[tokio::test]
async fn what_was_never_handed_over_is_surely_not_there() {
    for (handed_over, answer, expected) in [
        (false, absent(), "not_sent"),
        (true, absent(), "pending -"),
        (false, found("9Z", "900"), "approved 9Z"),
        (false, Act::Drop, "unknown"),
    ] {
        let stub = Stub::start(vec![answer.clone()]).await;
        let call = ProviderCall { handed_over, ..with(vec![]) };
        assert_eq!(word(&ipay(&stub.url).ask(&call).await), expected, "{answer:?}");
    }
}

#[tokio::test]
async fn ipn_gets_the_tokens_and_search_its_hash() {
    let stub = Stub::start(vec![text(SUCCESS), absent()]).await;
    ipay(&stub.url).ask(&with(vec![callback("t&1", "900", "1A")])).await;
    let seen = stub.seen();
    let expected = "GET /ipn/?vendor=demo&id=abc123&ivm=abc123&qwh=t%261&afd=t%261&poi=t%261\
                    &uyt=t%261&ifd=t%261 HTTP/1.1";
    assert_eq!(seen[0].line, expected);
    assert_eq!(seen[1].line, "POST /payments/v2/transaction/search HTTP/1.1");
    let hash = sign::sha256_hex("demoCHANGED", "abc123demo");
    assert_eq!(seen[1].body, format!("oid=abc123&vid=demo&hash={hash}"));
}

#[test]
fn few_and_different_callbacks_of_this_order_are_verified() {
    let mut notes: Vec<Notification> =
        ["a", "b", "c", "d", "d"].iter().map(|token| callback(token, "900", "1A")).collect();
    let mut foreign = callback("z", "900", "1A");
    foreign.parameters.retain(|(name, _)| name != "id");
    foreign.parameters.push(("id".into(), "other".into()));
    let mut poor = callback("z", "900", "1A");
    poor.parameters.retain(|(name, _)| name != "uyt");
    notes.extend([foreign, poor, callback(&"z".repeat(500), "900", "1A")]);
    let claims = map::claims(&with(notes), "seal");
    let tokens: Vec<&str> = claims.iter().map(|claim| claim.tokens[0].as_str()).collect();
    assert_eq!(tokens, ["d", "c", "b"]);
}

fn refund() -> ProviderCall {
    let sold = OrderAtProvider {
        order_number: "sale1".into(),
        payment_id: Some("1539630706A".into()),
        held_minor: 0,
        deposited_minor: 90_000,
    };
    ProviderCall { kind: OperationKind::Refund, order: Some(sold), ..sale() }
}

#[tokio::test]
async fn every_answer_to_a_refund_has_its_outcome() {
    let table = [
        (ok(r#"{"status":200,"code":"77RF","text":"Refund done"}"#), "approved 77RF"),
        (ok(r#"{"status":"200","text":"Refund done"}"#), "approved 1539630706A"),
        (ok(r#"{"status":202,"text":"Refund accepted"}"#), "pending 1539630706A"),
        (ok(r#"{"status":402,"text":"no funds"}"#), "declined general_decline 1539630706A"),
        (ok(r#"{"status":409,"code":"8RF"}"#), "unknown"),
        (answer("400 Bad", "a/b", r#"{"status":400}"#), "declined general_decline 1539630706A"),
        (answer("400 Bad", "a/b", r#"{"status":200}"#), "unknown"),
        (answer("500 Oops", "a/b", r#"{"status":200}"#), "unknown"),
        (answer("302 Found", "a/b", "{}"), "unknown"),
        (ok("{}"), "unknown"),
        (ok(r#"{"status":"done"}"#), "unknown"),
        (ok("200"), "unknown"),
        (ok(""), "unknown"),
        (Act::Drop, "unknown"),
        (Act::DropUnread, "unknown"),
        (Act::Silence, "unknown"),
    ];
    for (act, expected) in table {
        let stub = Stub::start(vec![act.clone()]).await;
        let outcome = ipay(&stub.url).submit(&refund()).await;
        assert_eq!(word(&outcome), expected, "{act:?}: {outcome:?}");
        if let Some(sent) = stub.seen().first() {
            let hash = "f2666deff60e141243213a2dcf2b8c744045b23ff1c1139985e866494b12d5f8";
            assert_eq!(sent.body, format!("code=1539630706A&vid=demo&hash={hash}"));
        }
    }
    assert_eq!(word(&ipay(&nobody().await).submit(&refund()).await), "not_sent");
}

#[tokio::test]
async fn a_sale_without_its_code_is_searched_before_it_is_returned() {
    let mut call = refund();
    call.order.as_mut().unwrap().payment_id = None;
    let stub = Stub::start(vec![found("9Z", "900"), ok(r#"{"status":200}"#)]).await;
    assert_eq!(word(&ipay(&stub.url).submit(&call).await), "approved 9Z");
    assert_eq!(stub.seen()[0].parameter("oid").as_deref(), Some("sale1"));
    let stub = Stub::start(vec![absent()]).await;
    assert_eq!(word(&ipay(&stub.url).submit(&call).await), "not_sent");
    let lost = ProviderCall { order: None, ..call };
    assert_eq!(word(&ipay(&stub.url).submit(&lost).await), "not_sent");
}

#[tokio::test]
async fn what_the_partner_has_no_way_for_is_declined_unsent() {
    use OperationKind::{Authorization, Capture, Refund, Sale, Void};
    let table = [
        (Method::CardPartner, vec![Authorization, Capture, Void], "two_stage_unsupported"),
        (Method::Card, vec![Sale, Authorization, Capture, Void, Refund], "method_disabled"),
        (Method::AlfaClick, vec![Sale, Refund], "method_disabled"),
    ];
    let stub = Stub::start(vec![ok("{}")]).await;
    let ipay = ipay(&stub.url);
    for (method, kinds, reason) in table {
        for kind in kinds {
            let call = ProviderCall { method, kind, ..refund() };
            let expected = format!("declined {reason} -");
            assert_eq!(word(&ipay.submit(&call).await), expected, "{method:?} {kind:?}");
            assert_eq!(word(&ipay.ask(&call).await), expected, "{method:?} {kind:?}");
        }
    }
    assert_eq!(stub.connections(), 0);
    assert!(!ipay.capabilities().closes_orders);
    assert_eq!(ipay.capabilities().methods, [Method::CardPartner]);
}

fn told(status: &str, code: &str, key: &str) -> Notification {
    let hash = sign::sha256_hex(key, &format!("code={code}&status={status}&vid=demo"));
    note(&[("code", code), ("status", status), ("vid", "demo"), ("hash", &hash)])
}

#[tokio::test]
async fn a_refund_ends_by_signed_notifications_only() {
    let key = "demoCHANGED";
    let code = "1539630706A";
    let yes = || told(SUCCESS, code, key);
    let no = || told(FAILED, code, key);
    let table = [
        (vec![yes()], None, "approved 1539630706A"),
        (vec![no()], None, "declined general_decline 1539630706A"),
        (vec![no(), yes()], None, "approved 1539630706A"),
        (vec![yes(), no()], None, "declined general_decline 1539630706A"),
        (vec![yes()], Some("8RF"), "approved 8RF"),
        (vec![told("success", code, key)], None, "approved 1539630706A"),
        (vec![told(SUCCESS, code, "other key")], None, "unknown"),
        (vec![told(SUCCESS, "another", key)], None, "unknown"),
        (vec![told(PENDING, code, key)], Some("8RF"), "unknown"),
        (vec![], Some("8RF"), "unknown"),
        (vec![], None, "unknown"),
    ];
    for (notifications, known, expected) in table {
        let facts = ProviderFacts { payment_id: known.map(str::to_owned), ..Default::default() };
        let call = ProviderCall { notifications, facts, ..refund() };
        let outcome = ipay("http://127.0.0.1:9").ask(&call).await;
        assert_eq!(word(&outcome), expected, "{call:?}");
    }
}

#[test]
fn notifications_name_their_subject() {
    let ipay = ipay("http://x");
    let read = |note: &Notification| ipay.read_notification(&note.parameters);
    let order = |note: &Notification| read(note).unwrap().order_number;
    assert_eq!(order(&callback("t", "1", "1A")).as_deref(), Some(ORDER));
    assert_eq!(order(&note(&[("oid", "o1"), ("cancelled", "1")])).as_deref(), Some("o1"));
    let right = told(SUCCESS, "1A", "demoCHANGED");
    assert_eq!(read(&right).unwrap().refunded_transaction.as_deref(), Some("1A"));
    let forged = read(&told(SUCCESS, "1A", "guess"));
    assert_eq!(forged, Err(NotificationError::NotAuthentic));
    let bare = note(&[("code", "1A"), ("status", SUCCESS), ("vid", "demo"), ("id", ORDER)]);
    assert_eq!(read(&bare), Err(NotificationError::NotAuthentic));
    let mut foreign = right;
    foreign.parameters[2].1 = "other".into();
    assert_eq!(read(&foreign), Err(NotificationError::NotAuthentic));
    assert_eq!(read(&note(&[])), Err(NotificationError::BadParameter("id")));
}

#[test]
fn only_who_was_given_the_form_can_prove_it() {
    let ipay = ipay("http://x");
    let (own, other) = (wire::seal(&ipay.config, ORDER), wire::seal(&ipay.config, "other"));
    let table: [(&[(&str, &str)], bool); 7] = [
        (&[("id", ORDER), ("status", SUCCESS), ("seal", &own)], true),
        (&[("oid", ORDER), ("cancelled", "1"), ("seal", &own)], true),
        (&[("id", ORDER), ("status", SUCCESS)], false),
        (&[("oid", ORDER), ("cancelled", "1")], false),
        (&[("id", ORDER), ("seal", "")], false),
        (&[("id", ORDER), ("seal", &other)], false),
        (&[("id", "other"), ("oid", ORDER), ("seal", &own)], false),
    ];
    for (parameters, expected) in table {
        let subject = ipay.read_notification(&note(parameters).parameters).unwrap();
        assert_eq!(subject.authentic, expected, "{parameters:?}");
    }
    // The partner's word on a refund names no order.
    let refund = ipay.read_notification(&told(SUCCESS, "1A", "demoCHANGED").parameters).unwrap();
    assert!(!refund.authentic);
}

static IPAY: std::sync::LazyLock<Ipay> = std::sync::LazyLock::new(|| ipay("http://x"));

proptest! {
    /// Whatever is sent: nobody proves that he was given an order by the seal of another one, and
    /// nobody is told apart by a panic.
    #[test]
    fn no_parameters_prove_anything_without_the_seal(
        told in prop::collection::vec((
            prop_oneof![
                6 => prop::sample::select(vec!["id", "oid", "seal", "status", "code", "hash",
                    "vid", "amount", "transaction_code"]).prop_map(str::to_owned),
                1 => "\\PC{0,8}",
            ],
            prop_oneof!["\\PC{0,12}", "[0-9a-f]{64}", Just(ORDER.to_owned())],
        ), 0..8),
        other in "[a-z0-9]{1,11}",
    ) {
        let is_proved = |told: &[(String, String)]| {
            IPAY.read_notification(told).is_ok_and(|subject| subject.authentic)
        };
        prop_assert!(!is_proved(&told));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let seal = wire::seal(&IPAY.config, ORDER);
        let of_another = [pair("id", &other), pair("seal", &seal)];
        prop_assert_eq!(is_proved(&of_another), other == ORDER);
        prop_assert!(is_proved(&[pair("id", ORDER), pair("seal", &seal)]));
    }

    #[test]
    fn no_bytes_pass_for_money(bytes in prop::collection::vec(any::<u8>(), 0..200), http: u16) {
        let search = Search::read(http, &bytes, Currency::KES);
        let outcome = map::asked_sale(Verdict::Open, search, &sale());
        prop_assert!(!matches!(outcome, ProviderOutcome::Approved(_) | ProviderOutcome::Declined(..)));
        let refund = RefundReply::read(http, &bytes);
        let is_taken = matches!(refund, RefundReply::Done { .. } | RefundReply::Accepted { .. });
        prop_assert!(!is_taken);
        let word = status_of(&HttpReply { status: 200, body: bytes.into() });
        prop_assert!(word.is_err());
    }

    #[test]
    fn only_a_found_transaction_is_a_payment(
        header in prop::sample::select(vec!["200", "\"200\"", "404", "null", "{}"]),
        code in prop::sample::select(vec!["\"9Z\"", "9", "\"\"", "null", "[]"]),
        amount in prop::sample::select(vec!["900", "\"900.00\"", "899", "null", "-900", "9e2", "1e400"]),
        http in prop::sample::select(vec![200_u16, 201, 302, 404, 500]),
    ) {
        let body = format!(
            r#"{{"header_status":{header},"data":{{"transaction_code":{code},"transaction_amount":{amount}}}}}"#
        );
        let search = Search::read(http, body.as_bytes(), Currency::KES);
        let outcome = map::asked_sale(Verdict::Open, search, &sale());
        let is_said = http == 200
            && !matches!(header, "404")
            && matches!(code, "\"9Z\"" | "9")
            && matches!(amount, "900" | "\"900.00\"" | "9e2");
        prop_assert_eq!(is_said, matches!(outcome, ProviderOutcome::Approved(_)), "{}", body);
    }
}
