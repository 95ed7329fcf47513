//! The connector against raw answers: what is sent, what each answer means.

use std::time::Duration;

use altyn_app::ports::provider::OrderAtProvider;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::{Details, ProviderFacts, RedirectMethod};
use altyn_domain::time::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::stub::{Act, Stub, answer, nobody, ok};
use client::Limits;
use map::reason::reason_of;
use wire::Reply;

mod card;
mod following;
mod properties;
mod secrecy;

const UUID: &str = "01491d0b-c848-7dd6-a20d-e96900a7d8c0";
const HEX: &str = "01491d0bc8487dd6a20de96900a7d8c0";
const REGISTERED: &str =
    r#"{"orderId":"01491d0b-c848-7dd6-a20d-e96900a7d8c0","formUrl":"http://x/"}"#;
const HANDED: &str =
    r#"{"errorCode":0,"redirect":"https://click.example/checkout/?orderId=1","info":"…"}"#;

fn rbs(url: &str, key: &str) -> Rbs {
    let config = RbsConfig {
        account: ProviderAccount {
            name: "alfa".into(),
            wire_id: 6,
            endpoint_id: None,
            payment_system: 127,
        },
        base_url: format!("{url}/payment/rest/"),
        auth: RbsAuth::Password { user: "api".into(), password: Secret::new("top secret") },
        callback_key: Secret::new(key),
        notify_url: Some("https://pay.example/providers/alfa/notify".into()),
        return_url: "https://pay.example/return".into(),
    };
    let mut rbs = Rbs::new(config, HttpClient::new().unwrap());
    let short = Duration::from_millis(300);
    rbs.gateway.limits = Limits {
        moving: short,
        asking: short,
        card_register: short,
        card_rest: short * 4,
        card_step: short,
    };
    rbs
}

fn sale() -> ProviderCall {
    ProviderCall {
        kind: OperationKind::Sale,
        method: Method::AlfaClick,
        order_number: "abc123".into(),
        amount: Amount::new(2_000, Currency::RUB).unwrap(),
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

fn seen_by_payer() -> ProviderCall {
    let facts = ProviderFacts { payment_id: Some(HEX.into()), ..Default::default() };
    ProviderCall { facts, ..sale() }
}

fn refund(minor: i64) -> ProviderCall {
    let sold = OrderAtProvider {
        order_number: "abc123".into(),
        payment_id: Some(HEX.into()),
        held_minor: 0,
        deposited_minor: 2_000,
    };
    ProviderCall {
        kind: OperationKind::Refund,
        order_number: "refund1".into(),
        amount: Amount::new(minor, Currency::RUB).unwrap(),
        order: Some(sold),
        ..sale()
    }
}

/// The sample of §1.8, trimmed, as a paid order of ours.
fn status() -> Value {
    json!({"errorCode":"0","errorMessage":"Success","orderNumber":"abc123","orderStatus":2,
        "actionCode":0,"amount":2000,"currency":"643","date":1_617_972_915_659_i64,
        "attributes":[{"name":"mdOrder","value":UUID}],"authDateTime":1_617_973_059_029_i64,
        "paymentAmountInfo":{"paymentState":"DEPOSITED","approvedAmount":2000,
            "depositedAmount":2000,"refundedAmount":0}})
}

fn status_with(changes: &[(&str, Value)]) -> String {
    let mut value = status();
    for (pointer, new) in changes {
        match value.pointer_mut(pointer) {
            Some(slot) => *slot = new.clone(),
            None => {
                value.as_object_mut().unwrap().insert(pointer.replace('/', ""), new.clone());
            }
        }
    }
    value.to_string()
}

/// A status: `orderStatus`, actionCode, deposited, refunded.
fn order(status: i64, action: i64, deposited: i64, refunded: i64) -> String {
    status_with(&[
        ("/orderStatus", json!(status)),
        ("/actionCode", json!(action)),
        ("/paymentAmountInfo/depositedAmount", json!(deposited)),
        ("/paymentAmountInfo/refundedAmount", json!(refunded)),
    ])
}

/// The outcome in words: `approved`, `declined insufficient_funds`, …
fn word(outcome: &ProviderOutcome) -> String {
    if let ProviderOutcome::Declined(reason, _) = outcome {
        return format!("declined {}", reason.as_str());
    }
    outcome.as_str().to_owned()
}

#[test]
fn checksums_are_those_of_the_source() {
    let own = "mdOrder=11111111-2222-3333-4444-555555555555&orderNumber=ORD-7&status=1";
    let second = "orderNumber=89312&mdOrder=ed6f3abf-cea0-427e-afdf-0ba43ead124f\
                  &operation=deposited&status=1&amount=1500";
    let table = [
        (
            "yourSecretToken",
            "amount=123456&mdOrder=3ff6962a-7dcc-4283-ab50-a6d7dd3386fe&operation=deposited\
             &orderNumber=10747&status=1"
                .to_owned(),
            "10747",
            "51C892147225ABE87798CB02979D70EF46D0AE79B5AA3B28B1C260BE286C50A9",
        ),
        (
            "123",
            second.to_owned(),
            "89312",
            "9F8253A6BB7777D067DD955751119FA5AAF67B14B9215147190F96B505CDB72C",
        ),
        (
            "12345678",
            second.to_owned(),
            "89312",
            "DDED310FACCC970D87BDB6DFA4BB2CDBA05B10E787021F92E794E6CC89E268C7",
        ),
        (
            "test-key",
            format!(
                "{own}&amount=900&callbackCreationDate=Mon Jan 31 21:46:52 MSK 2022&operation=refunded"
            ),
            "ORD-7",
            "695B71FEAC594B5C6EE2BCDADD77EDEA42A7E670F242ACC4C29B6816BDAF3732",
        ),
        (
            "test-key",
            format!("{own}&bindingId=b-1&clientId=cust;1&enabled=true&operation=bindingCreated"),
            "ORD-7",
            "DCDF2BFF3DB8B77C48FDB28AD753AD3573312615AA3F2AA3720EC6AB02BA2E36",
        ),
    ];
    for (key, query, number, checksum) in table {
        let rbs = rbs("http://x", key);
        let read = |checksum: &str| {
            let mut parameters: Vec<(String, String)> = query
                .split('&')
                .map(|pair| pair.split_once('=').unwrap())
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            parameters.push(("sign_alias".into(), "x".into()));
            parameters.push(("checksum".into(), checksum.into()));
            rbs.read_notification(&parameters)
        };
        for right in [checksum.to_owned(), checksum.to_lowercase()] {
            let subject = read(&right).unwrap();
            assert_eq!(subject.order_number.as_deref(), Some(number));
            assert!(subject.authentic);
        }
        for wrong in ["", "00", &checksum.replace('A', "B"), "zz"] {
            assert_eq!(read(wrong), Err(NotificationError::NotAuthentic), "{wrong}");
        }
    }
}

#[test]
fn a_notification_without_key_checksum_or_number_is_refused() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let of_empty_key = sign::sha256_hex("", "orderNumber;1;");
    let signed = vec![pair("orderNumber", "1"), pair("checksum", &of_empty_key)];
    assert!(rbs("http://x", "").read_notification(&signed).is_err());
    let rbs = rbs("http://x", "key");
    assert!(rbs.read_notification(&[]).is_err());
    assert!(rbs.read_notification(&[pair("orderNumber", "1")]).is_err());
    let right = sign::sha256_hex("key", "orderNumber;1;");
    let twice = vec![pair("orderNumber", "1"), pair("checksum", &right), pair("checksum", &right)];
    assert!(rbs.read_notification(&twice).is_err());
    let nameless = vec![pair("checksum", &sign::sha256_hex("key", ""))];
    let error = NotificationError::BadParameter("orderNumber");
    assert_eq!(rbs.read_notification(&nameless), Err(error));
}

#[test]
fn action_codes_of_alfa_click_have_their_reasons() {
    let table = "
        116 insufficient_funds   -2007 payer_timed_out    2007 payer_timed_out
        1001 payer_timed_out     100 cancelled_by_payer   121 limit_exceeded
        123 limit_exceeded       903 limit_exceeded       2002 limit_exceeded
        200 suspected_fraud      999 suspected_fraud      2000 suspected_fraud
        2001 suspected_fraud     104 account_restricted   101 account_restricted
        208 account_restricted   209 account_restricted   -20010 limit_exceeded
        5 general_decline        -100 general_decline     0 general_decline
        71015 general_decline    2005 general_decline     -1 general_decline";
    let cells: Vec<&str> = table.split_whitespace().collect();
    for pair in cells.chunks(2) {
        let body = order(6, pair[0].parse().unwrap(), 0, 0);
        let view = Reply::read(body.as_bytes()).unwrap().order();
        let outcome = map::asked(map::order_of(&view, &seen_by_payer()), &seen_by_payer());
        assert_eq!(word(&outcome), format!("declined {}", pair[1]), "{}", pair[0]);
    }
    assert_eq!(reason_of(Method::AlfaClick, None), Reason::GeneralDecline);
}

#[tokio::test]
async fn a_sale_is_registered_and_handed_over() {
    let stub = Stub::start(vec![ok(REGISTERED), ok(HANDED)]).await;
    let mut call = sale();
    call.details.description = "Шапка\r\nи шарф".into();
    let customer = &mut call.details.customer;
    customer.id = Some("7".into());
    customer.phone = Some("79001234567".into());
    customer.email = Some("not an email".into());
    customer.ip_address = Some("1.2.3.4".into());
    customer.account_id = Some("login".into());
    customer.language = Some("EN".into());
    call.details.return_urls.back = Some("https://shop.example/back".into());
    call.details.return_urls.decline = Some("https://shop.example/no".into());
    let outcome = rbs(&stub.url, "").submit(&call).await;
    let ProviderOutcome::Redirect(redirect, facts) = outcome else { panic!("{outcome:?}") };
    assert_eq!(redirect.method, RedirectMethod::Get);
    assert_eq!(redirect.url, "https://click.example/checkout/?orderId=1");
    assert_eq!(redirect.body, [("redirectType".to_owned(), "redirect".to_owned())]);
    assert_eq!(facts.payment_id.as_deref(), Some(HEX));

    assert_eq!(stub.methods(), ["register.do", "paymentotherway.do"]);
    let expected = [
        ("userName", "api"),
        ("password", "top secret"),
        ("orderNumber", "abc123"),
        ("amount", "2000"),
        ("currency", "643"),
        ("returnUrl", "https://shop.example/back"),
        ("failUrl", "https://shop.example/no"),
        ("description", "Шапка  и шарф"),
        ("language", "en"),
        ("sessionTimeoutSecs", "1860"),
        ("clientId", "7"),
        ("phone", "79001234567"),
        ("ip", "1.2.3.4"),
        ("dynamicCallbackUrl", "https://pay.example/providers/alfa/notify"),
    ];
    let sent = stub.seen().remove(0).parameters();
    let sent: Vec<(&str, &str)> = sent.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(sent, expected);
    let handed = stub.seen().remove(1);
    assert_eq!(handed.parameter("MDORDER").as_deref(), Some(UUID));
    assert_eq!(handed.parameter("paymentWay").as_deref(), Some("ALFA_ALFACLICK"));
    assert_eq!(handed.parameter("login"), None);
}

#[tokio::test]
async fn a_bill_goes_to_the_login_and_lives_seven_days() {
    let stub = Stub::start(vec![ok(REGISTERED), ok(r#"{"errorCode":"0","info":"billed"}"#)]).await;
    let mut call = ProviderCall { instruction: true, ..sale() };
    assert_eq!(word(&rbs(&stub.url, "").submit(&call).await), "declined provider_refused_data");
    assert_eq!(stub.connections(), 0);
    call.details.customer.account_id = Some("login7".into());
    let outcome = rbs(&stub.url, "").submit(&call).await;
    assert!(
        matches!(&outcome, ProviderOutcome::Instruct(f) if f.payment_id.as_deref() == Some(HEX))
    );
    let seen = stub.seen();
    assert_eq!(seen[0].parameter("sessionTimeoutSecs").as_deref(), Some("604800"));
    assert_eq!(seen[0].parameter("returnUrl").as_deref(), Some("https://pay.example/return"));
    assert_eq!(seen[0].parameter("failUrl").as_deref(), Some("https://pay.example/return"));
    assert_eq!(seen[1].parameter("login").as_deref(), Some("login7"));
}

#[tokio::test]
async fn every_answer_to_a_sale_has_its_outcome() {
    let duplicate =
        || ok(r#"{"errorCode":"1","errorMessage":"Заказ с таким номером уже обработан"}"#);
    let error = |code: &str| ok(&format!("{{\"errorCode\":{code},\"errorMessage\":\"…\"}}"));
    let table: Vec<(Vec<Act>, &str)> = vec![
        (vec![ok(REGISTERED), answer("200 OK", "text/plain;charset=UTF-8", HANDED)], "redirect"),
        (vec![ok(REGISTERED), ok(r#"{"redirect":"https://click.example/"}"#)], "redirect"),
        (vec![ok(REGISTERED), ok(r#"{"redirect":"javascript:alert(1)"}"#)], "unknown"),
        (vec![ok(REGISTERED), ok("{}")], "unknown"),
        (vec![ok(REGISTERED), error("5")], "declined provider_refused_data"),
        (vec![ok(REGISTERED), error("\"6\"")], "unknown"),
        (vec![ok(REGISTERED), error("7")], "unknown"),
        (vec![ok(REGISTERED), Act::Drop], "unknown"),
        (vec![ok(REGISTERED), Act::Silence], "unknown"),
        (vec![ok("{}")], "unknown"),
        (vec![ok("[]")], "unknown"),
        (vec![ok("")], "unknown"),
        (vec![ok("<html>")], "unknown"),
        (vec![error("\"3\"")], "declined provider_refused_data"),
        (vec![error("4")], "declined provider_refused_data"),
        (vec![error("5")], "declined provider_refused_data"),
        (vec![error("7")], "unknown"),
        (vec![error("\"7\"")], "unknown"),
        (vec![error("true")], "unknown"),
        (vec![error("\"x\"")], "unknown"),
        (vec![answer("500 Oops", "text/html", REGISTERED)], "unknown"),
        (vec![answer("302 Found", "application/json", REGISTERED)], "unknown"),
        (vec![Act::Drop], "unknown"),
        (vec![Act::DropUnread], "unknown"),
        (vec![Act::Silence], "unknown"),
        (vec![duplicate(), ok(&order(0, -100, 0, 0)), ok(HANDED)], "redirect"),
        (vec![duplicate(), ok(&order(7, -100, 0, 0)), ok(HANDED)], "redirect"),
        (vec![duplicate(), ok(&order(2, 0, 2000, 0))], "approved"),
        (vec![duplicate(), ok(&order(6, 116, 0, 0))], "declined insufficient_funds"),
        (vec![duplicate(), error("6")], "declined provider_refused_data"),
        (vec![duplicate(), error("5")], "unknown"),
        (vec![duplicate(), Act::Drop], "unknown"),
        (vec![duplicate(), ok(&status_with(&[("/amount", json!(1))]))], "unknown"),
    ];
    for (acts, expected) in table {
        let stub = Stub::start(acts.clone()).await;
        let outcome = rbs(&stub.url, "").submit(&sale()).await;
        assert_eq!(word(&outcome), expected, "{acts:?}: {outcome:?}");
        assert!(!format!("{outcome:?}").contains("top secret"));
    }
    assert_eq!(word(&rbs(&nobody().await, "").submit(&sale()).await), "not_sent");
}

#[tokio::test]
async fn a_known_order_is_handed_over_under_its_own_id() {
    let acts = vec![ok(r#"{"errorCode":1}"#), ok(&order(0, -100, 0, 0)), ok(HANDED)];
    let stub = Stub::start(acts).await;
    rbs(&stub.url, "").submit(&sale()).await;
    assert_eq!(stub.methods(), ["register.do", "getOrderStatusExtended.do", "paymentotherway.do"]);
    assert_eq!(stub.seen()[1].parameter("orderNumber").as_deref(), Some("abc123"));
    assert_eq!(stub.seen()[2].parameter("MDORDER").as_deref(), Some(UUID));
}

#[tokio::test]
async fn every_status_of_a_sale_has_its_outcome() {
    let table: Vec<(String, &str)> = vec![
        (order(2, 0, 2000, 0), "approved"),
        (order(4, 0, 500, 1500), "approved"),
        (order(2, 0, 0, 2000), "approved"),
        (order(2, 0, 1999, 0), "unknown"),
        (order(2, 0, 0, 0), "unknown"),
        (order(2, 0, 2000, 1), "unknown"),
        (order(2, 0, i64::MAX, 1), "unknown"),
        (status_with(&[("/paymentAmountInfo", json!(null))]), "approved"),
        (status_with(&[("/errorCode", json!(0))]), "approved"),
        (status_with(&[("/errorCode", json!(null))]), "approved"),
        (status_with(&[("/currency", json!("810"))]), "approved"),
        (status_with(&[("/currency", json!(null))]), "approved"),
        (status_with(&[("/orderStatus", json!("2")), ("/amount", json!("2000"))]), "approved"),
        (status_with(&[("/currency", json!("840"))]), "unknown"),
        (status_with(&[("/amount", json!(2001))]), "unknown"),
        (status_with(&[("/amount", json!(null))]), "unknown"),
        (status_with(&[("/orderNumber", json!("abc124"))]), "unknown"),
        (status_with(&[("/orderNumber", json!(null))]), "unknown"),
        (status_with(&[("/orderStatus", json!(null))]), "unknown"),
        (status_with(&[("/orderStatus", json!(9))]), "unknown"),
        (status_with(&[("/orderStatus", json!(2.5))]), "unknown"),
        (status_with(&[("/errorCode", json!("5"))]), "unknown"),
        (status_with(&[("/errorCode", json!([0]))]), "unknown"),
        (r#"{"errorCode":"6","errorMessage":"…"}"#.to_owned(), "unknown"),
        (r#"{"errorCode":6}"#.to_owned(), "unknown"),
        (r#"{"ErrorCode":"6"}"#.to_owned(), "unknown"),
        (r#"{"errorCode":"7"}"#.to_owned(), "unknown"),
        (order(0, -100, 0, 0), "pending"),
        (order(5, 0, 0, 0), "pending"),
        (order(7, -100, 0, 0), "pending"),
        (order(1, 0, 0, 0), "pending"),
        (order(8, 0, 100, 0), "pending"),
        (order(3, 0, 0, 0), "declined general_decline"),
        (order(6, 116, 0, 0), "declined insufficient_funds"),
        (order(6, -2007, 0, 0), "declined payer_timed_out"),
        (order(6, 116, 2000, 0), "unknown"),
        (order(6, 1019, 0, 0), "unknown"),
        (order(6, 151_019, 0, 0), "unknown"),
        ("{}".to_owned(), "unknown"),
        ("null".to_owned(), "unknown"),
        ("\u{0}".to_owned(), "unknown"),
    ];
    for (body, expected) in table {
        let stub = Stub::start(vec![answer("200 OK", "text/plain", &body)]).await;
        let outcome = rbs(&stub.url, "").ask(&seen_by_payer()).await;
        assert_eq!(word(&outcome), expected, "{body}: {outcome:?}");
    }
    for act in [Act::Drop, Act::DropUnread, Act::Silence, answer("500 Oops", "a/b", "{}")] {
        let stub = Stub::start(vec![act]).await;
        assert_eq!(word(&rbs(&stub.url, "").ask(&sale()).await), "unknown");
    }
    // Not being able to ask says nothing about the order.
    assert_eq!(word(&rbs(&nobody().await, "").ask(&sale()).await), "unknown");
}

#[tokio::test]
async fn facts_come_from_the_status() {
    let stub = Stub::start(vec![ok(&status().to_string())]).await;
    let ProviderOutcome::Approved(facts) = rbs(&stub.url, "").ask(&sale()).await else {
        panic!("not approved")
    };
    assert_eq!(facts.payment_id.as_deref(), Some(HEX));
    assert_eq!(facts.at, Some(Timestamp::from_millis(1_617_973_059_029)));
    assert_eq!(facts.auth_code, None);
}

#[tokio::test]
async fn an_order_nobody_was_sent_to_is_as_good_as_not_sent() {
    let table = [(0, false, "not_sent"), (0, true, "not_sent"), (7, false, "not_sent")];
    for (state, instruction, expected) in
        table.into_iter().chain([(7, true, "pending"), (5, false, "pending")])
    {
        let stub = Stub::start(vec![ok(&order(state, -100, 0, 0))]).await;
        let call = ProviderCall { instruction, ..sale() };
        assert_eq!(word(&rbs(&stub.url, "").ask(&call).await), expected, "{state}");
    }
    // Nor one that the gateway has never told of.
    for body in [r#"{"errorCode":"6"}"#, r#"{"errorCode":6}"#, r#"{"ErrorCode":"6"}"#] {
        let stub = Stub::start(vec![ok(body)]).await;
        assert_eq!(word(&rbs(&stub.url, "").ask(&sale()).await), "not_sent", "{body}");
    }
}

#[test]
fn ids_lose_and_regain_their_dashes() {
    for uuid in [UUID, "ED6F3ABF-CEA0-427e-afdf-0ba43ead124f"] {
        let bare = wire::payment_id_of(uuid);
        assert!(bare.len() == 32 && wire::md_order_of(&bare) == uuid, "{bare}");
    }
    for other in
        ["", "2540-a000-1fc", "94b4a6a43480d57ee45ab107", "zz491d0bc8487dd6a20de96900a7d8c0"]
    {
        assert_eq!(wire::md_order_of(&wire::payment_id_of(other)), other);
    }
}

#[tokio::test]
async fn a_token_replaces_the_password() {
    let stub = Stub::start(vec![ok("{}")]).await;
    let mut rbs = rbs(&stub.url, "");
    rbs.gateway.config.auth = RbsAuth::Token(Secret::new("t0k"));
    rbs.ask(&sale()).await;
    let sent = stub.seen().remove(0);
    assert_eq!(sent.parameter("token").as_deref(), Some("t0k"));
    assert_eq!(sent.parameter("userName"), None);
    assert!(!format!("{:?}", rbs.gateway.config).contains("t0k"));
}
