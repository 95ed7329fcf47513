//! Captures, voids and refunds: what is sent, and what each answer and balance means.

use super::*;

#[tokio::test]
async fn every_answer_to_a_refund_has_its_outcome() {
    let error = |code: i64| ok(&format!("{{\"errorCode\":\"{code}\"}}"));
    let moved = || ok(&order(4, 0, 1500, 500));
    let still = || ok(&order(2, 0, 2000, 0));
    let other = || ok(&order(4, 0, 1000, 1000));
    let general = "declined general_decline";
    let data = "declined provider_refused_data";
    let table: Vec<(Vec<Act>, i64, &str)> = vec![
        (vec![ok(r#"{"errorCode":0}"#), moved()], 500, "approved"),
        (vec![ok(r#"{"errorCode":"0"}"#), Act::Drop], 500, "approved"),
        (vec![error(5), moved()], 500, "approved"),
        (vec![error(7), moved()], 500, "approved"),
        (vec![error(5), still()], 500, data),
        (vec![error(5), still()], 2001, "declined refund_exceeds_balance"),
        (vec![error(4), still()], 500, data),
        (vec![error(2), still()], 500, general),
        (vec![error(6), still()], 500, general),
        (vec![error(7), still()], 500, general),
        (vec![error(99), still()], 500, general),
        (vec![error(6), error(6)], 500, general),
        (vec![error(7), error(6)], 500, "unknown"),
        (vec![error(7), other()], 500, "unknown"),
        (vec![error(7), Act::Drop], 500, "unknown"),
        (vec![error(5), error(5)], 500, "unknown"),
        (vec![ok("{}"), still()], 500, "unknown"),
        (vec![ok("{}"), moved()], 500, "approved"),
        (vec![ok(r#"{"errorCode":"x"}"#), still()], 500, "unknown"),
        (vec![ok("[]")], 500, "unknown"),
        (vec![answer("500 Oops", "text/html", r#"{"errorCode":0}"#)], 500, "unknown"),
        (vec![Act::Drop], 500, "unknown"),
        (vec![Act::DropUnread], 500, "unknown"),
        (vec![Act::Silence], 500, "unknown"),
    ];
    for (acts, minor, expected) in table {
        let stub = Stub::start(acts.clone()).await;
        let outcome = rbs(&stub.url, "").submit(&refund(minor)).await;
        assert_eq!(word(&outcome), expected, "{acts:?}: {outcome:?}");
    }
    assert_eq!(word(&rbs(&nobody().await, "").submit(&refund(500)).await), "not_sent");
    let lost = ProviderCall { order: None, ..refund(500) };
    assert_eq!(word(&rbs("http://x", "").submit(&lost).await), "not_sent");
}

#[tokio::test]
async fn a_refund_names_the_sale_and_what_is_held() {
    let line = |id: &str, amount: i64, action: i64| json!({"externalRefundId": id, "amount": amount, "actionCode": action, "date": 1_700_000_000_000_i64});
    let lines = json!([line("first", 500, 0), line("refused", 500, 1041), line("other", 7, 0)]);
    let body =
        status_with(&[("/paymentAmountInfo/depositedAmount", json!(1500)), ("/refunds", lines)]);
    let stub = Stub::start(vec![ok(r#"{"errorCode":0}"#), ok(&body)]).await;
    let outcome = rbs(&stub.url, "").submit(&refund(500)).await;
    let ProviderOutcome::Approved(facts) = outcome else { panic!("{outcome:?}") };
    assert_eq!(facts.payment_id.as_deref(), Some("first"));
    assert_eq!(facts.at, Some(Timestamp::from_millis(1_700_000_000_000)));
    let sent = stub.seen().remove(0);
    let expected = [
        ("orderId", UUID),
        ("amount", "500"),
        ("currency", "643"),
        ("expectedDepositedAmount", "2000"),
    ];
    for (name, value) in expected {
        assert_eq!(sent.parameter(name).as_deref(), Some(value), "{name}");
    }
}

#[tokio::test]
async fn a_sale_without_its_id_is_looked_up_before_it_is_returned() {
    let mut call = refund(500);
    call.order.as_mut().unwrap().payment_id = None;
    let acts = vec![ok(&status().to_string()), ok(r#"{"errorCode":0}"#), Act::Drop];
    let stub = Stub::start(acts).await;
    assert_eq!(word(&rbs(&stub.url, "").submit(&call).await), "approved");
    assert_eq!(stub.seen()[1].parameter("orderId").as_deref(), Some(UUID));
    let stub = Stub::start(vec![Act::Drop]).await;
    assert_eq!(word(&rbs(&stub.url, "").submit(&call).await), "not_sent");
}

#[tokio::test]
async fn the_balance_answers_for_an_unknown_refund() {
    let table = [
        (order(4, 0, 1500, 500), "approved"),
        (order(2, 0, 2000, 0), "not_sent"),
        (order(4, 0, 1000, 1000), "unknown"),
        (order(4, 0, 2500, 0), "unknown"),
        (status_with(&[("/paymentAmountInfo", json!(null))]), "unknown"),
        (status_with(&[("/orderNumber", json!("other"))]), "unknown"),
        (r#"{"errorCode":"6"}"#.to_owned(), "unknown"),
        (r#"{"errorCode":"5"}"#.to_owned(), "unknown"),
        ("{}".to_owned(), "unknown"),
    ];
    for (body, expected) in table {
        let stub = Stub::start(vec![ok(&body)]).await;
        let outcome = rbs(&stub.url, "").ask(&refund(500)).await;
        assert_eq!(word(&outcome), expected, "{body}: {outcome:?}");
    }
    assert_eq!(word(&rbs(&nobody().await, "").ask(&refund(500)).await), "unknown");
}

/// A capture of a hold of 20.00, or its release.
fn on_hold(kind: OperationKind, minor: i64) -> ProviderCall {
    let held = OrderAtProvider {
        order_number: "abc123".into(),
        payment_id: Some(HEX.into()),
        held_minor: 2_000,
        deposited_minor: 0,
    };
    ProviderCall {
        kind,
        method: Method::Card,
        order_number: "later1".into(),
        amount: Amount::new(minor, Currency::RUB).unwrap(),
        order: Some(held),
        ..sale()
    }
}

fn capture(minor: i64) -> ProviderCall {
    on_hold(OperationKind::Capture, minor)
}

fn void() -> ProviderCall {
    on_hold(OperationKind::Void, 2_000)
}

#[tokio::test]
async fn every_answer_to_a_capture_has_its_outcome() {
    let error = |code: i64| ok(&format!("{{\"errorCode\":{code}}}"));
    let held = || ok(&order(1, 0, 0, 0));
    let taken = || ok(&order(2, 0, 500, 0));
    let state = "declined wrong_state";
    let data = "declined provider_refused_data";
    let table: Vec<(Vec<Act>, i64, &str)> = vec![
        (vec![ok(r#"{"errorCode":0,"errorMessage":"Success"}"#), taken()], 500, "approved"),
        (vec![ok(r#"{"errorCode":"0"}"#), Act::Drop], 500, "approved"),
        (vec![error(7), taken()], 500, "approved"),
        (vec![error(5), taken()], 500, "approved"),
        (vec![error(7), ok(&order(4, 0, 200, 300))], 500, "approved"),
        (vec![error(5), held()], 2001, "declined capture_exceeds_hold"),
        (vec![error(5), held()], 500, data),
        (vec![error(4), held()], 500, data),
        (vec![error(7), held()], 500, state),
        (vec![error(99), held()], 500, "declined general_decline"),
        (vec![error(7), ok(&order(3, 0, 0, 0))], 500, "declined hold_released"),
        (vec![error(7), ok(&order(6, 0, 0, 0))], 500, "declined hold_released"),
        (vec![error(7), ok(&order(2, 0, 400, 0))], 500, "unknown"),
        (vec![error(7), ok(&order(8, 0, 500, 0))], 500, "unknown"),
        (vec![error(7), ok(&order(0, -100, 0, 0))], 500, "unknown"),
        (vec![error(6), error(6)], 500, "declined general_decline"),
        (vec![error(7), error(6)], 500, "unknown"),
        (vec![error(7), Act::Drop], 500, "unknown"),
        (vec![ok("{}"), held()], 500, "unknown"),
        (vec![ok("{}"), taken()], 500, "approved"),
        (vec![ok(r#"{"errorCode":[]}"#), held()], 500, "unknown"),
        (vec![ok("[]")], 500, "unknown"),
        (vec![answer("502 Bad Gateway", "text/html", "")], 500, "unknown"),
        (vec![Act::Drop], 500, "unknown"),
        (vec![Act::Silence], 500, "unknown"),
    ];
    for (acts, minor, expected) in table {
        let stub = Stub::start(acts.clone()).await;
        let outcome = rbs(&stub.url, "").submit(&capture(minor)).await;
        assert_eq!(word(&outcome), expected, "{acts:?}: {outcome:?}");
    }
    assert_eq!(word(&rbs(&nobody().await, "").submit(&capture(500)).await), "not_sent");
    let lost = ProviderCall { order: None, ..capture(500) };
    assert_eq!(word(&rbs("http://x", "").submit(&lost).await), "not_sent");
}

#[tokio::test]
async fn every_answer_to_a_void_has_its_outcome() {
    let error = |code: i64| ok(&format!("{{\"errorCode\":\"{code}\"}}"));
    let held = || ok(&order(1, 0, 0, 0));
    let gone = || ok(&order(3, 0, 0, 0));
    let table: Vec<(Vec<Act>, &str)> = vec![
        (vec![ok(r#"{"errorCode":"0","errorMessage":"Success"}"#), gone()], "approved"),
        (vec![ok(r#"{"errorCode":0}"#), Act::Drop], "approved"),
        // The bank let it go by itself, or an earlier try of ours went through.
        (vec![error(7), gone()], "approved"),
        (vec![error(7), held()], "declined wrong_state"),
        (vec![error(5), held()], "declined provider_refused_data"),
        (vec![error(2), held()], "declined general_decline"),
        (vec![error(7), ok(&order(2, 0, 2000, 0))], "declined wrong_state"),
        (vec![error(7), ok(&order(4, 0, 0, 2000))], "declined wrong_state"),
        (vec![error(7), ok(&order(6, 0, 0, 0))], "unknown"),
        (vec![error(7), Act::Drop], "unknown"),
        (vec![ok("{}"), held()], "unknown"),
        (vec![ok("{}"), gone()], "approved"),
        (vec![Act::Drop], "unknown"),
        (vec![Act::Silence], "unknown"),
    ];
    for (acts, expected) in table {
        let stub = Stub::start(acts.clone()).await;
        let outcome = rbs(&stub.url, "").submit(&void()).await;
        assert_eq!(word(&outcome), expected, "{acts:?}: {outcome:?}");
    }
    assert_eq!(word(&rbs(&nobody().await, "").submit(&void()).await), "not_sent");
}

#[tokio::test]
async fn the_order_answers_for_an_unknown_capture_or_void() {
    let table = [
        (order(1, 0, 0, 0), "not_sent", "not_sent"),
        (order(2, 0, 500, 0), "approved", "declined wrong_state"),
        (order(4, 0, 400, 100), "approved", "declined wrong_state"),
        (order(2, 0, 2000, 0), "unknown", "declined wrong_state"),
        (order(3, 0, 0, 0), "declined hold_released", "approved"),
        (order(6, 0, 0, 0), "declined hold_released", "unknown"),
        (order(0, -100, 0, 0), "unknown", "unknown"),
        (order(5, 0, 0, 0), "unknown", "unknown"),
        (order(7, 0, 0, 0), "unknown", "unknown"),
        (order(8, 0, 500, 0), "unknown", "unknown"),
        (status_with(&[("/paymentAmountInfo", json!(null))]), "unknown", "declined wrong_state"),
        (status_with(&[("/orderNumber", json!("other"))]), "unknown", "unknown"),
        (status_with(&[("/currency", json!("840"))]), "unknown", "unknown"),
        (status_with(&[("/orderStatus", json!(null))]), "unknown", "unknown"),
        (r#"{"errorCode":"6"}"#.to_owned(), "unknown", "unknown"),
        ("{}".to_owned(), "unknown", "unknown"),
    ];
    for (body, captured, voided) in table {
        for (call, expected) in [(capture(500), captured), (void(), voided)] {
            let stub = Stub::start(vec![ok(&body)]).await;
            let outcome = rbs(&stub.url, "").ask(&call).await;
            assert_eq!(word(&outcome), expected, "{:?} {body}: {outcome:?}", call.kind);
            assert_eq!(stub.seen()[0].parameter("orderNumber").as_deref(), Some("abc123"));
        }
    }
    assert_eq!(word(&rbs(&nobody().await, "").ask(&capture(500)).await), "unknown");
}

#[tokio::test]
async fn a_capture_names_its_sum_and_a_void_takes_the_whole() {
    let done = |name: &str| status_with(&[(name, json!(1_700_000_000_000_i64))]);
    let stub = Stub::start(vec![ok(r#"{"errorCode":0}"#), ok(&done("/depositedDate"))]).await;
    let ProviderOutcome::Approved(facts) = rbs(&stub.url, "").submit(&capture(500)).await else {
        panic!("not approved")
    };
    assert_eq!(facts.payment_id.as_deref(), Some(HEX));
    assert_eq!(facts.at, Some(Timestamp::from_millis(1_700_000_000_000)));
    assert_eq!(stub.methods(), ["deposit.do", "getOrderStatusExtended.do"]);
    let sent = stub.seen()[0].parameters();
    let own = |pairs: &[(&str, &str)]| {
        let credentials = [("userName", "api"), ("password", "top secret")];
        let all = credentials.iter().chain(pairs);
        all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    // A deposit that is not the last one would leave the rest of the hold with the payer's bank.
    let last = ("depositType", "2");
    assert_eq!(sent, own(&[("orderId", UUID), ("amount", "500"), ("currency", "643"), last]));

    let stub = Stub::start(vec![ok(r#"{"errorCode":0}"#), ok(&done("/reversedDate"))]).await;
    let ProviderOutcome::Approved(facts) = rbs(&stub.url, "").submit(&void()).await else {
        panic!("not approved")
    };
    assert_eq!(facts.at, Some(Timestamp::from_millis(1_700_000_000_000)));
    assert_eq!(stub.methods(), ["reverse.do", "getOrderStatusExtended.do"]);
    assert_eq!(stub.seen()[0].parameters(), own(&[("orderId", UUID)]));
}

#[tokio::test]
async fn what_the_gateway_has_no_way_for_is_declined_unsent() {
    use OperationKind::{Authorization, Capture, Refund, Sale, Void};
    let table = [
        (Method::AlfaClick, vec![Authorization, Capture, Void], "declined two_stage_unsupported"),
        (
            Method::CardPartner,
            vec![Sale, Authorization, Capture, Void, Refund],
            "declined method_disabled",
        ),
    ];
    let stub = Stub::start(vec![ok("{}")]).await;
    let rbs = rbs(&stub.url, "");
    for (method, kinds, expected) in table {
        for kind in kinds {
            let call = ProviderCall { method, ..on_hold(kind, 500) };
            assert_eq!(word(&rbs.submit(&call).await), expected, "{method:?} {kind:?}");
            assert_eq!(word(&rbs.ask(&call).await), expected, "{method:?} {kind:?}");
        }
    }
    // A card's number is in one process only, so nobody else can give it.
    let no_card = on_hold(Sale, 500);
    assert_eq!(word(&rbs.submit(&no_card).await), "declined interrupted");
    assert_eq!(stub.connections(), 0);
    let able = rbs.capabilities();
    assert_eq!(able.methods, [Method::AlfaClick, Method::Card]);
    assert!(able.closes_orders && able.partial_refunds && able.refund_query);
}
