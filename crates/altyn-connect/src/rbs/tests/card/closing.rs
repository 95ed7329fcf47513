//! Orders that are closed, by us or by others, and orders that the gateway has lost.

use super::*;

#[tokio::test]
async fn an_order_that_is_refused_and_stands_open_is_closed_first() {
    use OperationKind::{Authorization, Sale};
    let open = |action: i64| ok(&order(0, action, 0, 0));
    let fine = || ok(r#"{"errorCode":0}"#);
    let no = || ok(r#"{"errorCode":"7"}"#);
    let closed = || ok(&order(6, -100, 0, 0));
    let table: Vec<(&str, Vec<Act>, OperationKind, &str)> = vec![
        (DECLINED, vec![open(116), fine(), closed()], Sale, "declined insufficient_funds"),
        (DECLINED, vec![open(-100), fine(), closed()], Sale, "declined general_decline"),
        (
            DECLINED_BY_3DS,
            vec![open(-2011), fine(), closed()],
            Sale,
            "declined authentication_failed",
        ),
        (BAD_INPUT, vec![open(-100), fine(), closed()], Sale, "declined provider_refused_data"),
        (
            r#"{"errorCode":"5"}"#,
            vec![open(-100), fine(), closed()],
            Sale,
            "declined provider_refused_data",
        ),
        (
            DECLINED,
            vec![open(116), no(), ok(&order(6, -2007, 0, 0))],
            Sale,
            "declined insufficient_funds",
        ),
        (DECLINED, vec![open(116), Act::Drop, closed()], Sale, "declined insufficient_funds"),
        // Somebody who knew the order's id has paid it meanwhile.
        (DECLINED, vec![open(116), no(), ok(&order(2, 0, 2000, 0))], Sale, "approved"),
        (DECLINED, vec![open(116), no(), ok(&order(1, 0, 0, 0))], Authorization, "approved"),
        // It can still be paid, or nobody can tell.
        (DECLINED, vec![open(116), no(), open(116)], Sale, "unknown"),
        (DECLINED, vec![open(116), fine(), open(-100)], Sale, "unknown"),
        (DECLINED, vec![open(116), no(), ok(&order(5, 0, 0, 0))], Sale, "unknown"),
        (DECLINED, vec![open(116), fine(), ok(r#"{"errorCode":6}"#)], Sale, "unknown"),
        (DECLINED, vec![open(116), fine(), Act::Drop], Sale, "unknown"),
        (DECLINED, vec![open(116), fine(), Act::Silence], Sale, "unknown"),
    ];
    for (reply, rest, kind, expected) in table {
        let acts: Vec<Act> = [ok(REGISTERED), ok(reply)].into_iter().chain(rest.clone()).collect();
        let stub = Stub::start(acts).await;
        let outcome = pay(&stub.url, kind).await;
        assert_eq!(word(&outcome), expected, "{reply} {rest:?}: {outcome:?}");
        let status = "getOrderStatusExtended.do";
        assert_eq!(stub.methods()[2..], [status, "decline.do", status]);
        let sent = stub.seen().remove(3).parameters();
        assert_eq!(sent[2..], pairs(&[("orderId", UUID), ("orderNumber", "abc123")]));
    }
    // After the payer's answer it is the same, and that has a limit as well.
    let call = at_step(AuthenticationStep::Challenge, Some(TRANSACTION));
    let heard = AuthenticationAnswer::Challenge;
    let stub = Stub::start(vec![ok(DECLINED_BY_3DS), open(-2011), fine(), closed()]).await;
    let outcome = rbs(&stub.url, "").authenticate(&call, &heard).await;
    assert_eq!(word(&outcome), "declined authentication_failed");
    let stub = Stub::start(vec![ok(DECLINED_BY_3DS), open(-2011), Act::Silence]).await;
    let mut hasty = rbs(&stub.url, "");
    hasty.gateway.limits.moving = Duration::from_secs(60);
    let outcome = hasty.authenticate(&call, &heard).await;
    assert_eq!(outcome, ProviderOutcome::Unknown("no outcome within 1200 ms".into()));
}

#[tokio::test]
async fn an_order_that_stands_open_is_closed() {
    use OperationKind::{Authorization, Sale};
    let open = || ok(&order(0, -100, 0, 0));
    let fine = || ok(r#"{"errorCode":"0","errorMessage":"Success"}"#);
    let declined = || ok(&order(6, 5, 0, 0));
    let table: Vec<(Vec<Act>, OperationKind, &str)> = vec![
        (vec![open(), fine(), declined()], Sale, "declined interrupted"),
        (vec![ok(&order(5, 0, 0, 0)), fine(), declined()], Sale, "declined interrupted"),
        (vec![open(), Act::Drop, declined()], Sale, "declined interrupted"),
        // Others have closed it, so why they have is the reason.
        (vec![open(), ok(r#"{"errorCode":7}"#), declined()], Sale, "declined general_decline"),
        (
            vec![open(), ok(r#"{"errorCode":"7"}"#), ok(&order(6, 116, 0, 0))],
            Sale,
            "declined insufficient_funds",
        ),
        (vec![open(), ok(r#"{"errorCode":7}"#), ok(&order(2, 0, 2000, 0))], Sale, "approved"),
        (vec![open(), ok(r#"{"errorCode":7}"#), ok(&order(1, 0, 0, 0))], Authorization, "approved"),
        (vec![open(), ok(r#"{"errorCode":7}"#), ok(&order(1, 0, 0, 0))], Sale, "unknown"),
        (vec![open(), fine(), open()], Sale, "unknown"),
        (vec![open(), fine(), ok(r#"{"errorCode":6}"#)], Sale, "unknown"),
        (vec![open(), fine(), Act::Drop], Sale, "unknown"),
        (vec![ok(&order(2, 0, 2000, 0))], Sale, "approved"),
        (vec![ok(&order(1, 0, 0, 0))], Authorization, "approved"),
        (vec![ok(&order(1, 0, 0, 0))], Sale, "unknown"),
        (vec![ok(&order(6, 116, 0, 0))], Sale, "declined insufficient_funds"),
        (vec![ok(r#"{"errorCode":"5"}"#)], Sale, "unknown"),
        (vec![Act::Drop], Sale, "unknown"),
    ];
    for (acts, kind, expected) in table {
        let stub = Stub::start(acts.clone()).await;
        let outcome = rbs(&stub.url, "").close(&by_card(kind)).await;
        assert_eq!(word(&outcome), expected, "{acts:?}: {outcome:?}");
        assert_eq!(stub.seen().len().max(1), acts.len(), "{acts:?}");
        if let Some(sent) = stub.seen().get(1) {
            assert!(sent.line.contains("/decline.do"), "{}", sent.line);
            assert_eq!(sent.parameter("orderId").as_deref(), Some(UUID));
            assert_eq!(sent.parameter("orderNumber").as_deref(), Some("abc123"));
        }
    }
    let nowhere = rbs(&nobody().await, "");
    assert_eq!(word(&nowhere.close(&by_card(Sale)).await), "unknown");
}

/// Whoever has the card may be late, not dead: what he would pay is registered and closed.
#[tokio::test]
async fn an_order_that_nobody_registered_is_taken_and_closed() {
    use OperationKind::Sale;
    let absent = || ok(r#"{"errorCode":"6"}"#);
    let open = || ok(&order(0, -100, 0, 0));
    let fine = || ok(r#"{"errorCode":"0"}"#);
    let declined = || ok(&order(6, 5, 0, 0));
    let table: Vec<(Vec<Act>, &str)> = vec![
        (vec![ok(REGISTERED), open(), fine(), declined()], "declined interrupted"),
        // He was quicker.
        (vec![ok(r#"{"errorCode":1}"#), open(), fine(), declined()], "declined interrupted"),
        (vec![ok(r#"{"errorCode":1}"#), ok(&order(2, 0, 2000, 0))], "approved"),
        (vec![ok(r#"{"errorCode":1}"#), ok(&order(6, 116, 0, 0))], "declined insufficient_funds"),
        // He may still be.
        (vec![Act::Drop], "unknown"),
        (vec![ok(r#"{"errorCode":7}"#)], "unknown"),
        (vec![ok(REGISTERED), Act::Drop], "unknown"),
        (vec![ok(REGISTERED), absent()], "unknown"),
        (vec![ok(REGISTERED), open(), fine(), open()], "unknown"),
    ];
    for (rest, expected) in table {
        let acts: Vec<Act> = std::iter::once(absent()).chain(rest.clone()).collect();
        let stub = Stub::start(acts.clone()).await;
        let outcome = rbs(&stub.url, "").close(&by_card(Sale)).await;
        assert_eq!(word(&outcome), expected, "{rest:?}: {outcome:?}");
        assert_eq!(stub.seen().len(), acts.len(), "{rest:?}");
        assert_eq!(stub.methods()[1], "register.do");
    }
}

#[tokio::test]
async fn an_order_that_was_there_is_not_gone_because_the_gateway_does_not_know_it() {
    let absent = || ok(r#"{"errorCode":"6"}"#);
    for method in [Method::Card, Method::AlfaClick] {
        let known = ProviderCall { method, ..seen_by_payer() };
        let stub = Stub::start(vec![absent()]).await;
        assert_eq!(word(&rbs(&stub.url, "").close(&known).await), "unknown", "{method:?}");
        assert_eq!(stub.methods(), ["getOrderStatusExtended.do"]);
        assert_eq!(word(&rbs(&stub.url, "").ask(&known).await), "unknown", "{method:?}");

        let stub = Stub::start(vec![ok(r#"{"errorCode":1}"#), absent()]).await;
        let rbs = rbs(&stub.url, "");
        let outcome = match method {
            Method::Card => rbs.submit_card(&known, &payment()).await,
            Method::AlfaClick | Method::CardPartner => rbs.submit(&known).await,
        };
        assert_eq!(word(&outcome), "unknown", "{method:?}");
    }
}
