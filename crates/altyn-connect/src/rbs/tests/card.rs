//! Cards: what is sent, what each reply leads to, and what each status means.

use altyn_app::card::{CardData, CardEntry};
use altyn_app::ports::provider::Browser;
use altyn_domain::payment::{Authentication, AuthenticationStep};

use super::*;

mod closing;

pub(super) const PAN: &str = "4111111111111111";
pub(super) const CODE: &str = "973";
const TRANSACTION: &str = "b60c9879-ac77-4918-a317-7b01c4317053";
/// The check vector of §4.3.
const CREQ: &str = "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6ImI2MGM5ODc5LWFjNzctNDkxOC1hMzE3LTdiMDFjNDMxNzA1MyIsImFjc1RyYW5zSUQiOiJkN2MxZWU5OS05NDc4LTQ0YTYtYjFmMi0zOTFlMjljNmIzNDAiLCJtZXNzYWdlVHlwZSI6IkNSZXEiLCJtZXNzYWdlVmVyc2lvbiI6IjIuMS4wIiwiY2hhbGxlbmdlV2luZG93U2l6ZSI6IjA1In0";

// The replies of §1.4.
const DONE: &str = r#"{"redirect":"https://shop.example/ok?orderId=1&lang=en","info":"Your order is proceeded, redirecting...","errorCode":0}"#;
const FRICTIONLESS: &str =
    r#"{"redirect":"https://shop.example/ok","info":"…","errorCode":0,"is3DSVer2":true}"#;
const DECLINED: &str = r#"{"redirect":"https://shop.example/no","error":"…","errorCode":0,"errorTypeName":"DATA_INPUT_ERROR","processingErrorType":"CLIENT_ERROR","errorMessage":"Operation declined. Please check the data and available balance of the account."}"#;
const DECLINED_BY_3DS: &str = r#"{"errorCode":"0","is3DSVer2":true,"errorTypeName":"TDS_UNKNOWN_ARES_STATUS","processingErrorType":"MANDATORY_3DSECURE","error":"…"}"#;
const BAD_INPUT: &str = r#"{"error":"[clientId] is empty","errorCode":5,"is3DSVer2":false,"errorMessage":"[clientId] is empty"}"#;
const LEGACY: &str = r#"{"info":"…","errorCode":0,"acsUrl":"https://acs.example/start","paReq":"eJxVUt1","termUrl":"https://gw.example/payment/rest/finish3ds.do?lang=en"}"#;
const METHOD: &str = r#"{"errorCode":0,"is3DSVer2":true,"threeDSServerTransId":"b60c9879-ac77-4918-a317-7b01c4317053","threeDSMethodURL":"https://acs.example/method","threeDSMethodURLServer":"https://gw.example/gather","threeDSMethodDataPacked":"eyJ0aHJlZURT"}"#;
const NO_METHOD: &str = r#"{"errorCode":0,"is3DSVer2":true,"threeDSServerTransId":"b60c9879-ac77-4918-a317-7b01c4317053"}"#;

fn challenge_reply() -> String {
    format!(
        r#"{{"info":"…","errorCode":0,"acsUrl":"https://acs.example/challenge","is3DSVer2":true,"packedCReq":"{CREQ}"}}"#
    )
}

pub(super) fn by_card(kind: OperationKind) -> ProviderCall {
    ProviderCall { kind, method: Method::Card, ..sale() }
}

pub(super) fn payment() -> CardPayment {
    let entry =
        CardEntry { number: PAN, month: 3, year: 2034, code: Some(CODE), holder: Some("IVAN O'N") };
    let card = CardData::read(&entry, Timestamp::from_millis(1_795_305_600_000));
    CardPayment {
        card: card.unwrap_or_else(|_| unreachable!()),
        authentication_return: Some("https://pay.example/acs/1".into()),
        browser: Browser {
            accept: Some("text/html".into()),
            user_agent: Some("Mozilla/5.0".into()),
            language: Some("en-US".into()),
            screen: Some((1536, 864)),
            color_depth: Some(24),
            timezone_offset_min: Some(-180),
            scripts: true,
        },
    }
}

async fn pay(url: &str, kind: OperationKind) -> ProviderOutcome {
    rbs(url, "").submit_card(&by_card(kind), &payment()).await
}

fn authentication(outcome: ProviderOutcome) -> Authentication {
    let ProviderOutcome::Authenticate(authentication, facts) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(facts.payment_id.as_deref(), Some(HEX));
    authentication
}

fn pairs(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn the_card_goes_out_once_and_after_its_order() {
    let stub = Stub::start(vec![ok(REGISTERED), ok(DONE), ok(&order(1, 0, 0, 0))]).await;
    let mut call = by_card(OperationKind::Authorization);
    call.details.customer.ip_address = Some("1.2.3.4".into());
    call.details.customer.language = Some("en".into());
    let outcome = rbs(&stub.url, "").submit_card(&call, &payment()).await;
    assert_eq!(word(&outcome), "approved");
    let methods = ["registerPreAuth.do", "paymentorder.do", "getOrderStatusExtended.do"];
    assert_eq!(stub.methods(), methods);
    let seen = stub.seen();
    assert_eq!(seen[0].parameter("orderNumber").as_deref(), Some("abc123"));
    assert_eq!(seen[0].parameter("sessionTimeoutSecs").as_deref(), Some("1860"));
    assert!(!seen[0].body.contains(PAN));
    let browser = r#"{"browserAcceptHeader":"text/html","browserIpAddress":"1.2.3.4","browserLanguage":"en-US","browserTimeZoneOffset":-180,"colorDepth":24,"javaEnabled":false,"javascriptEnabled":true,"screenHeight":"864","screenWidth":"1536","userAgent":"Mozilla/5.0"}"#;
    let expected = pairs(&[
        ("userName", "api"),
        ("password", "top secret"),
        ("MDORDER", UUID),
        ("$PAN", PAN),
        ("$EXPIRY", "203403"),
        ("TEXT", "IVAN O'N"),
        ("language", "en"),
        ("bindingNotNeeded", "true"),
        ("$CVC", CODE),
        ("ip", "1.2.3.4"),
        ("threeDSVer2FinishUrl", "https://pay.example/acs/1"),
        ("clientBrowserInfo", browser),
    ]);
    assert_eq!(seen[1].parameters(), expected);

    let stub = Stub::start(vec![ok(REGISTERED), ok(DONE), ok(&order(2, 0, 2000, 0))]).await;
    let entry = CardEntry { number: PAN, month: 3, year: 2034, code: None, holder: None };
    let card = CardData::read(&entry, Timestamp::from_millis(1));
    let bare = CardPayment {
        card: card.unwrap_or_else(|_| unreachable!()),
        authentication_return: None,
        browser: Browser::default(),
    };
    let call = by_card(OperationKind::Sale);
    assert_eq!(word(&rbs(&stub.url, "").submit_card(&call, &bare).await), "approved");
    assert_eq!(stub.methods()[0], "register.do");
    let sent = stub.seen().remove(1);
    assert_eq!(sent.parameter("TEXT").as_deref(), Some("CARDHOLDER"));
    for absent in ["$CVC", "ip", "threeDSVer2FinishUrl", "clientBrowserInfo"] {
        assert_eq!(sent.parameter(absent), None);
    }
}

#[tokio::test]
async fn the_status_decides_whatever_the_reply_looks_like() {
    use OperationKind::{Authorization, Sale};
    let paid = || order(2, 0, 2000, 0);
    let table: Vec<(&str, String, OperationKind, &str)> = vec![
        (DONE, paid(), Sale, "approved"),
        (FRICTIONLESS, paid(), Sale, "approved"),
        (DONE, paid(), Authorization, "approved"),
        (DONE, order(1, 0, 0, 0), Authorization, "approved"),
        (DONE, order(1, 0, 0, 0), Sale, "unknown"),
        (DONE, order(8, 0, 500, 0), Authorization, "unknown"),
        (DONE, order(6, 116, 0, 0), Sale, "declined insufficient_funds"),
        (FRICTIONLESS, order(6, -2006, 0, 0), Sale, "declined authentication_failed"),
        (DECLINED, order(6, 71015, 0, 0), Sale, "declined wrong_card_data"),
        (DECLINED, paid(), Sale, "approved"),
        (DECLINED_BY_3DS, order(6, -2011, 0, 0), Sale, "declined authentication_failed"),
        (DECLINED, order(0, 151_019, 0, 0), Sale, "pending"),
        (DECLINED, order(0, -9000, 0, 0), Sale, "pending"),
        (DECLINED, order(5, 0, 0, 0), Sale, "pending"),
        (BAD_INPUT, order(0, -30_001, 0, 0), Sale, "pending"),
        (BAD_INPUT, paid(), Sale, "approved"),
        (r#"{"errorCode":7}"#, order(0, -100, 0, 0), Sale, "pending"),
        (r#"{"errorCode":"7"}"#, paid(), Sale, "approved"),
        (r#"{"errorCode":"x"}"#, order(0, -100, 0, 0), Sale, "pending"),
        ("{}", order(7, -100, 0, 0), Sale, "pending"),
        ("{}", order(6, 1019, 0, 0), Sale, "unknown"),
        (DONE, r#"{"errorCode":"6"}"#.to_owned(), Sale, "unknown"),
        (DONE, r#"{"errorCode":"5"}"#.to_owned(), Sale, "unknown"),
        (DONE, "[]".to_owned(), Sale, "unknown"),
        // A method without an address, or without its data, is passed over.
        (r#"{"acsUrl":"https://acs.example/"}"#, order(5, 0, 0, 0), Sale, "pending"),
    ];
    for (reply, status, kind, expected) in table {
        let acts = vec![ok(REGISTERED), answer("200 OK", "text/plain", reply), ok(&status)];
        let stub = Stub::start(acts).await;
        let outcome = pay(&stub.url, kind).await;
        assert_eq!(word(&outcome), expected, "{reply} {status}: {outcome:?}");
        assert_eq!(stub.seen()[2].parameter("orderNumber").as_deref(), Some("abc123"));
    }
}

#[tokio::test]
async fn before_the_card_leaves_nothing_is_sent_and_afterwards_all_is_unknown() {
    let error = |code: &str| ok(&format!("{{\"errorCode\":{code}}}"));
    let refused = "declined provider_refused_data";
    let table: Vec<(Vec<Act>, &str)> = vec![
        (vec![Act::Drop], "not_sent"),
        (vec![Act::DropUnread], "not_sent"),
        (vec![Act::Silence], "not_sent"),
        (vec![error("7")], "not_sent"),
        (vec![error("\"x\"")], "not_sent"),
        (vec![ok("{}")], "not_sent"),
        (vec![ok("<html>")], "not_sent"),
        (vec![answer("502 Bad Gateway", "text/html", "")], "not_sent"),
        (vec![error("\"3\"")], refused),
        (vec![error("5")], refused),
        (vec![ok(REGISTERED), Act::Drop], "unknown"),
        (vec![ok(REGISTERED), Act::Silence], "unknown"),
        (vec![ok(REGISTERED), ok("[]")], "unknown"),
        (vec![ok(REGISTERED), answer("502 Bad Gateway", "text/html", DONE)], "unknown"),
        (vec![ok(REGISTERED), ok(DONE), Act::Drop], "unknown"),
        (vec![ok(REGISTERED), ok(DONE), Act::Silence], "unknown"),
        (vec![ok(REGISTERED), ok(NO_METHOD), Act::Drop], "unknown"),
    ];
    for (acts, expected) in table {
        let stub = Stub::start(acts.clone()).await;
        let outcome = pay(&stub.url, OperationKind::Sale).await;
        assert_eq!(word(&outcome), expected, "{acts:?}: {outcome:?}");
    }
    assert_eq!(word(&pay(&nobody().await, OperationKind::Sale).await), "not_sent");
    // All together has a limit too, whatever is being waited for.
    let stub = Stub::start(vec![ok(REGISTERED), ok(NO_METHOD), Act::Silence]).await;
    let mut hasty = rbs(&stub.url, "");
    hasty.gateway.limits.card_step = Duration::from_secs(60);
    let outcome = hasty.submit_card(&by_card(OperationKind::Sale), &payment()).await;
    assert_eq!(outcome, ProviderOutcome::Unknown("no outcome within 1200 ms".into()));
    // Not for the wrong methods either.
    for call in [sale(), ProviderCall { method: Method::Card, ..refund(500) }] {
        let outcome = rbs("http://x", "").submit_card(&call, &payment()).await;
        assert_eq!(word(&outcome), "declined method_disabled");
    }
}

#[tokio::test]
async fn a_number_used_before_gets_the_card_only_if_untouched() {
    let duplicate = || ok(r#"{"errorCode":"1","errorMessage":"Заказ с таким номером обработан"}"#);
    let tried = [("/cardAuthInfo", json!({"maskedPan": "411111**1111"}))];
    let open = |more: &[(&str, Value)]| {
        let mut all = vec![("/orderStatus", json!(0)), ("/actionCode", json!(-100))];
        all.extend_from_slice(more);
        ok(&status_with(&all))
    };
    let paid = || ok(&order(2, 0, 2000, 0));
    let table: Vec<(Vec<Act>, bool, &str)> = vec![
        (vec![duplicate(), open(&[]), ok(DONE), paid()], true, "approved"),
        (vec![duplicate(), open(&tried)], false, "pending"),
        (vec![duplicate(), open(&[("/actionCode", json!(-9000))])], false, "pending"),
        (vec![duplicate(), open(&[("/actionCode", json!(null))])], false, "pending"),
        (vec![duplicate(), open(&[("/attributes", json!([]))])], false, "pending"),
        (vec![duplicate(), ok(&order(5, 0, 0, 0))], false, "pending"),
        (vec![duplicate(), paid()], false, "approved"),
        (vec![duplicate(), ok(&order(6, 116, 0, 0))], false, "declined insufficient_funds"),
        (vec![duplicate(), ok(r#"{"errorCode":6}"#)], false, "declined provider_refused_data"),
        (vec![duplicate(), ok(r#"{"errorCode":7}"#)], false, "unknown"),
        (vec![duplicate(), open(&[("/amount", json!(1))])], false, "unknown"),
        (vec![duplicate(), Act::Drop], false, "unknown"),
    ];
    for (acts, sent, expected) in table {
        let stub = Stub::start(acts.clone()).await;
        let outcome = pay(&stub.url, OperationKind::Sale).await;
        assert_eq!(word(&outcome), expected, "{acts:?}: {outcome:?}");
        assert_eq!(stub.methods().contains(&"paymentorder.do".to_owned()), sent, "{acts:?}");
    }
}

#[tokio::test]
async fn each_step_of_3ds_becomes_a_form() {
    let stub = Stub::start(vec![ok(REGISTERED), ok(METHOD)]).await;
    let form = authentication(pay(&stub.url, OperationKind::Sale).await);
    assert_eq!(form.step, AuthenticationStep::Fingerprint);
    assert_eq!(form.url, "https://acs.example/method");
    assert_eq!(form.fields, pairs(&[("threeDSMethodData", "eyJ0aHJlZURT")]));
    assert_eq!(form.transaction.as_deref(), Some(TRANSACTION));

    let stub = Stub::start(vec![ok(REGISTERED), ok(&challenge_reply())]).await;
    let form = authentication(pay(&stub.url, OperationKind::Sale).await);
    assert_eq!(form.step, AuthenticationStep::Challenge);
    assert_eq!(form.url, "https://acs.example/challenge");
    // «abc123» in base64url.
    assert_eq!(form.fields, pairs(&[("creq", CREQ), ("threeDSSessionData", "YWJjMTIz")]));
    assert_eq!(form.transaction.as_deref(), Some(TRANSACTION));

    let stub = Stub::start(vec![ok(REGISTERED), ok(LEGACY)]).await;
    let form = authentication(pay(&stub.url, OperationKind::Sale).await);
    assert_eq!(form.step, AuthenticationStep::Legacy);
    assert_eq!(form.url, "https://acs.example/start");
    let term = ("TermUrl", "https://pay.example/acs/1");
    assert_eq!(form.fields, pairs(&[("PaReq", "eJxVUt1"), ("MD", UUID), term]));
    assert_eq!(form.transaction, None);

    let stub = Stub::start(vec![ok(REGISTERED), ok(LEGACY)]).await;
    let homeless = CardPayment { authentication_return: None, ..payment() };
    let call = by_card(OperationKind::Sale);
    let form = authentication(rbs(&stub.url, "").submit_card(&call, &homeless).await);
    let term = "https://gw.example/payment/rest/finish3ds.do?lang=en";
    assert_eq!(form.field("TermUrl"), Some(term));
}

#[tokio::test]
async fn without_a_method_the_gateway_goes_on_at_once() {
    let only_url = NO_METHOD.replace('}', r#","threeDSMethodURL":"https://acs.example/m"}"#);
    let bad_url = METHOD.replace("https://acs.example/method", "javascript:alert(1)");
    for first in [NO_METHOD, &only_url, &bad_url, r#"{"errorCode":"0","is3DSVer2":"true"}"#] {
        let stub = Stub::start(vec![ok(REGISTERED), ok(first), ok(&challenge_reply())]).await;
        let form = authentication(pay(&stub.url, OperationKind::Sale).await);
        assert_eq!(form.step, AuthenticationStep::Challenge, "{first}");
        let seen = stub.seen().remove(2);
        assert_eq!(seen.line, "POST /payment/rest/3ds/continue.do HTTP/1.1");
        assert_eq!(seen.parameter("mdOrder").as_deref(), Some(UUID));
        assert!(!seen.body.contains(PAN));
    }
    for (second, status, expected) in [
        (FRICTIONLESS, order(2, 0, 2000, 0), "approved"),
        (DECLINED_BY_3DS, order(6, -2024, 0, 0), "declined authentication_failed"),
        // Begun anew: the payer is not sent in a circle.
        (METHOD, order(5, 0, 0, 0), "pending"),
        (r#"{"errorCode":6}"#, order(5, 0, 0, 0), "pending"),
    ] {
        let acts = vec![ok(REGISTERED), ok(NO_METHOD), ok(second), ok(&status)];
        let stub = Stub::start(acts).await;
        assert_eq!(word(&pay(&stub.url, OperationKind::Sale).await), expected, "{second}");
    }
}

#[tokio::test]
async fn a_browser_is_sent_to_web_addresses_only() {
    for reply in [
        challenge_reply().replace("https://acs.example/challenge", "javascript:alert(1)"),
        challenge_reply().replace(CREQ, "nobody"),
        LEGACY.replace("https://acs.example/start", "file:///etc/passwd"),
    ] {
        let stub = Stub::start(vec![ok(REGISTERED), ok(&reply)]).await;
        assert_eq!(word(&pay(&stub.url, OperationKind::Sale).await), "unknown", "{reply}");
    }
}

/// A payment whose payer stands at this step.
fn at_step(step: AuthenticationStep, transaction: Option<&str>) -> ProviderCall {
    let fields = pairs(&[("MD", UUID)]);
    let transaction = transaction.map(str::to_owned);
    let waiting = Authentication { step, url: "https://acs.example/".into(), fields, transaction };
    let facts = ProviderFacts { payment_id: Some(HEX.into()), ..Default::default() };
    ProviderCall { authentication: Some(waiting), facts, ..by_card(OperationKind::Sale) }
}

#[tokio::test]
async fn answers_are_taken_to_the_gateway_and_the_status_decides() {
    use AuthenticationStep::{Challenge, Fingerprint, Legacy};
    let seen = AuthenticationAnswer::Fingerprint { completed: true };
    let unseen = AuthenticationAnswer::Fingerprint { completed: false };
    let heard = AuthenticationAnswer::Challenge;
    let told = AuthenticationAnswer::Legacy { pa_res: "eJzVWFmT+/=".into() };
    let finished = r#"{"redirect":"https://shop.example/ok","errorCode":0,"is3DSVer2":true}"#;
    let paid = || ok(&order(2, 0, 2000, 0));
    let failed = || ok(&order(6, -2006, 0, 0));
    let no = "declined authentication_failed";
    let table: Vec<(AuthenticationStep, &AuthenticationAnswer, Vec<Act>, &str)> = vec![
        (Fingerprint, &seen, vec![ok(&challenge_reply())], "authenticate"),
        (Fingerprint, &unseen, vec![ok(FRICTIONLESS), paid()], "approved"),
        (Fingerprint, &seen, vec![ok(DECLINED_BY_3DS), failed()], no),
        (Fingerprint, &seen, vec![ok(METHOD), ok(&order(5, 0, 0, 0))], "pending"),
        (Challenge, &heard, vec![ok(finished), paid()], "approved"),
        (Challenge, &heard, vec![ok(finished), failed()], no),
        (Challenge, &heard, vec![ok(r#"{"errorCode":"5"}"#), failed()], no),
        (Challenge, &heard, vec![ok(r#"{"errorCode":7}"#), ok(&order(5, 0, 0, 0))], "pending"),
        (Challenge, &heard, vec![ok(finished), Act::Drop], "unknown"),
        (Challenge, &heard, vec![Act::Drop], "unknown"),
        (Challenge, &heard, vec![Act::Silence], "unknown"),
        (Challenge, &heard, vec![answer("502 Bad Gateway", "a/b", finished)], "unknown"),
        (Legacy, &told, vec![ok(r#"{"redirect":"https://x/","errorCode":0}"#), paid()], "approved"),
        (Legacy, &told, vec![ok(r#"{"redirect":"https://x/","errorCode":"0"}"#), failed()], no),
        (Legacy, &told, vec![Act::DropUnread], "unknown"),
    ];
    for (step, answer, acts, expected) in table {
        let stub = Stub::start(acts.clone()).await;
        let call = at_step(step, Some(TRANSACTION));
        let outcome = rbs(&stub.url, "").authenticate(&call, answer).await;
        assert_eq!(word(&outcome), expected, "{acts:?}: {outcome:?}");
        let Some(sent) = stub.seen().first().cloned() else { continue };
        let (path, own) = match step {
            Fingerprint => ("3ds/continue.do", pairs(&[("mdOrder", UUID)])),
            Challenge => {
                ("finish3dsVer2Payment.do", pairs(&[("threeDSServerTransId", TRANSACTION)]))
            }
            Legacy => {
                ("finish3dsPayment.do", pairs(&[("mdOrder", UUID), ("paRes", "eJzVWFmT+/=")]))
            }
        };
        assert_eq!(sent.line, format!("POST /payment/rest/{path} HTTP/1.1"));
        assert_eq!(sent.parameters()[2..], own);
    }
    let call = at_step(Challenge, Some(TRANSACTION));
    assert_eq!(word(&rbs(&nobody().await, "").authenticate(&call, &heard).await), "unknown");
    let stub = Stub::start(vec![ok("{}")]).await;
    let nameless = at_step(Challenge, None);
    assert_eq!(word(&rbs(&stub.url, "").authenticate(&nameless, &heard).await), "unknown");
    assert_eq!(stub.connections(), 0);
}

#[tokio::test]
async fn a_challenge_keeps_the_transaction_of_its_beginning() {
    let other = challenge_reply().replace(CREQ, "opaque");
    let stub = Stub::start(vec![ok(&other)]).await;
    let call = at_step(AuthenticationStep::Fingerprint, Some("tx-1"));
    let answer = AuthenticationAnswer::Fingerprint { completed: true };
    let form = authentication(rbs(&stub.url, "").authenticate(&call, &answer).await);
    assert_eq!(form.transaction.as_deref(), Some("tx-1"));

    // Without its id the order is looked up first.
    let stub = Stub::start(vec![ok(&order(5, 0, 0, 0)), ok(&challenge_reply())]).await;
    let mut call = at_step(AuthenticationStep::Fingerprint, Some("tx-1"));
    call.facts = ProviderFacts::default();
    let form = authentication(rbs(&stub.url, "").authenticate(&call, &answer).await);
    assert_eq!(form.transaction.as_deref(), Some(TRANSACTION));
    assert_eq!(stub.seen()[1].parameter("mdOrder").as_deref(), Some(UUID));
}

#[tokio::test]
async fn every_status_of_a_card_has_its_outcome() {
    let approved = |status: i64, minor: i64| {
        let sum = ("/paymentAmountInfo/approvedAmount", json!(minor));
        status_with(&[("/orderStatus", json!(status)), sum])
    };
    let bare = |status: i64| {
        status_with(&[("/orderStatus", json!(status)), ("/paymentAmountInfo", json!(null))])
    };
    let table: Vec<(String, &str, &str)> = vec![
        (order(0, -100, 0, 0), "pending", "pending"),
        (order(5, 0, 0, 0), "pending", "pending"),
        (order(7, 0, 0, 0), "pending", "pending"),
        (order(1, 0, 0, 0), "unknown", "approved"),
        (approved(1, 1999), "unknown", "unknown"),
        (bare(1), "unknown", "approved"),
        (order(2, 0, 2000, 0), "approved", "approved"),
        (approved(2, 1999), "approved", "unknown"),
        (bare(2), "approved", "approved"),
        // A part of the hold was captured since; some of it returned.
        (order(2, 0, 500, 0), "unknown", "approved"),
        (order(4, 0, 200, 300), "unknown", "approved"),
        (order(4, 0, 0, 2000), "approved", "approved"),
        (order(8, 0, 500, 0), "unknown", "unknown"),
        (order(3, 0, 0, 0), "declined general_decline", "declined general_decline"),
        (order(3, 0, 2000, 0), "unknown", "unknown"),
        (order(6, 101, 0, 0), "declined card_expired", "declined card_expired"),
        (order(6, 1019, 0, 0), "unknown", "unknown"),
        (status_with(&[("/amount", json!(1999))]), "unknown", "unknown"),
        (status_with(&[("/currency", json!("840"))]), "unknown", "unknown"),
        (status_with(&[("/orderNumber", json!("x"))]), "unknown", "unknown"),
        (r#"{"errorCode":"6"}"#.to_owned(), "not_sent", "not_sent"),
        (r#"{"errorCode":7}"#.to_owned(), "unknown", "unknown"),
        ("{}".to_owned(), "unknown", "unknown"),
    ];
    for (body, sold, held) in table {
        for (kind, expected) in [(OperationKind::Sale, sold), (OperationKind::Authorization, held)]
        {
            let stub = Stub::start(vec![ok(&body)]).await;
            let outcome = rbs(&stub.url, "").ask(&by_card(kind)).await;
            assert_eq!(word(&outcome), expected, "{kind:?} {body}: {outcome:?}");
        }
    }
    // An order that the gateway told us of was there once.
    let stub = Stub::start(vec![ok(r#"{"errorCode":"6"}"#)]).await;
    let mut call = by_card(OperationKind::Sale);
    call.facts.payment_id = Some("order-1".to_owned());
    let outcome = rbs(&stub.url, "").ask(&call).await;
    assert_eq!(word(&outcome), "unknown", "{outcome:?}");
    let nowhere = rbs(&nobody().await, "");
    assert_eq!(word(&nowhere.ask(&by_card(OperationKind::Sale)).await), "unknown");
}

#[tokio::test]
async fn facts_of_a_card_are_those_of_the_network() {
    let info = |code: Value, eci: Value| json!({"maskedPan": "411111**1111", "approvalCode": code, "secureAuthInfo": {"eci": eci}});
    let table = [
        (info(json!("012345"), json!(5)), json!("714105591198"), "012345 714105591198 05"),
        (info(json!(123_456), json!("05")), json!(714_105_591_198_i64), "123456 714105591198 05"),
        (info(json!(""), json!("07")), json!(null), "- - 07"),
        (info(json!("a b"), json!(105)), json!("1".repeat(13)), "- - -"),
        (json!(null), json!([]), "- - -"),
    ];
    for (card, rrn, expected) in table {
        let body = status_with(&[("/cardAuthInfo", card), ("/authRefNum", rrn)]);
        let stub = Stub::start(vec![ok(&body)]).await;
        let outcome = rbs(&stub.url, "").ask(&by_card(OperationKind::Sale)).await;
        let ProviderOutcome::Approved(facts) = outcome else { panic!("{outcome:?}") };
        let known = [facts.auth_code, facts.rrn, facts.eci].map(|fact| fact.unwrap_or("-".into()));
        assert_eq!(known.join(" "), expected);
        assert_eq!(facts.payment_id.as_deref(), Some(HEX));
        assert_eq!(facts.at, Some(Timestamp::from_millis(1_617_973_059_029)));
    }
}

#[test]
fn action_codes_of_cards_have_their_reasons() {
    let table = "
        0 general_decline        -100 interrupted     -1 issuer_unavailable
        1 general_decline        5 general_decline        100 general_decline
        101 card_expired         103 general_decline      107 general_decline
        104 account_restricted   109 general_decline      110 provider_refused_data
        111 wrong_card_data      116 insufficient_funds   119 card_not_permitted
        120 card_not_permitted   121 limit_exceeded       123 limit_exceeded
        125 wrong_card_data      200 suspected_fraud      208 card_blocked
        209 card_blocked         902 general_decline      903 limit_exceeded
        904 provider_refused_data 907 issuer_unavailable  909 issuer_unavailable
        910 issuer_unavailable   913 provider_refused_data 914 general_decline
        999 suspected_fraud      1001 payer_timed_out     2000 suspected_fraud
        2001 suspected_fraud     2002 limit_exceeded
        2003 authentication_failed  -2003 authentication_failed
        2004 authentication_failed  -2004 authentication_failed
        2005 authentication_failed  -2005 authentication_failed
        2006 authentication_failed  -2006 authentication_failed
        2007 payer_timed_out     -2007 payer_timed_out
        -2011 authentication_failed -2012 authentication_failed -2013 authentication_failed
        -2015 authentication_failed -2016 authentication_failed -2018 authentication_failed
        -2019 authentication_failed -2022 authentication_failed -2023 authentication_failed
        -2024 authentication_failed -2025 authentication_failed -2026 general_decline
        -9000 general_decline    -20010 limit_exceeded    -30001 general_decline
        -2200 general_decline    8204 provider_refused_data 9001 general_decline
        71015 wrong_card_data    1015 wrong_card_data     71014 general_decline
        1014 general_decline     1017 authentication_failed 151018 issuer_unavailable
        1018 issuer_unavailable  1041 general_decline     424242 general_decline";
    let call = by_card(OperationKind::Authorization);
    let cells: Vec<&str> = table.split_whitespace().collect();
    for pair in cells.chunks(2) {
        let body = order(6, pair[0].parse().unwrap(), 0, 0);
        let view = Reply::read(body.as_bytes()).unwrap().order();
        let outcome = map::asked(map::order_of(&view, &call), &call);
        assert_eq!(word(&outcome), format!("declined {}", pair[1]), "{}", pair[0]);
    }
    for no_word in [1019, 151_019] {
        let view = Reply::read(order(6, no_word, 0, 0).as_bytes()).unwrap().order();
        assert_eq!(word(&map::asked(map::order_of(&view, &call), &call)), "unknown");
    }
    assert_eq!(reason_of(Method::Card, None), Reason::GeneralDecline);
}
