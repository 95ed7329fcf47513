//! Every line of the table of faults, sent.

use std::collections::BTreeSet;

use altyn_app::clock::ClockError;
use altyn_app::context::Failure;
use altyn_app::payment::{AcceptError, AnswerError, ClarifyError, HoldError, RefundError};
use altyn_app::ports::StoreError;
use altyn_domain::id::{OperationId, PaymentId};
use altyn_domain::method::Method;
use altyn_domain::payment::decide::{
    Change, Happening, PaymentRequest, accept_capture, accept_payment, accept_refund, accept_void,
    apply,
};
use altyn_domain::payment::{ProviderFacts, Record};
use altyn_domain::reason::Reason;
use altyn_domain::time::Timestamp;
use altyn_testkit::build::moment;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::contract::examples;
use crate::api::ecommpay::contract::stages::{CASES, Case, Input, Outcome, Sale, Stored};
use crate::api::ecommpay::dialect;
use crate::api::ecommpay::endpoints::Endpoint;
use crate::api::ecommpay::handlers;
use crate::api::ecommpay::refusal::{Refusal, not_taken};
use crate::api::ecommpay::rig::{self, Understood};
use crate::api::ecommpay::wire::UnknownPayment;

const AT: Timestamp = Timestamp::from_millis(1_800_000_000_000);
const SALE: OperationId = OperationId::new(1);

/// What came of a line.
enum Came {
    Refused(Box<Refusal>),
    Answered(Value),
    Told(Value),
}

impl From<Refusal> for Came {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

fn patched(endpoint: Endpoint, patch: &str) -> Value {
    let mut body = examples::request(endpoint);
    rig::merge(&mut body, &serde_json::from_str(patch).unwrap());
    body
}

fn told(record: &Record, change: &Change) -> Value {
    let project = rig::project(record.payment.project.get());
    let operation = change.callback.expect("a callback is owed");
    let bytes = dialect::callback(&project, record, operation, None);
    serde_json::from_slice(&bytes).unwrap()
}

fn sold(
    asked: PaymentRequest,
    settings: impl FnOnce(&mut altyn_domain::project::Project),
) -> Value {
    let mut project = rig::project(35).project;
    settings(&mut project);
    let (record, change) = accept_payment(&project, (PaymentId::new(1), SALE), moment(AT), asked);
    told(&record, &change)
}

fn sale_of(endpoint: Endpoint, patch: &str) -> Result<PaymentRequest, Refusal> {
    let read = rig::read_signed(endpoint, &patched(endpoint, patch))?;
    let Understood::Sale(sale) = read else { panic!("{read:?}") };
    Ok(*sale)
}

/// Where the payment begins that this line is about.
fn opening(case: &Case, sale: Sale) -> Endpoint {
    match case.endpoint.method() {
        Some(Method::Card) if matches!(sale, Sale::Held) => Endpoint::CardAuth,
        Some(Method::Card) => Endpoint::CardSale,
        Some(Method::CardPartner) => Endpoint::CardPartnerSale,
        Some(Method::AlfaClick) | None => Endpoint::OnlineBankingSale,
    }
}

fn followed(case: &Case, sale: Sale, patch: &str) -> Value {
    let asked = sale_of(opening(case, sale), r#"{"payment":{"amount":60000}}"#).unwrap();
    let project = rig::project(239).project;
    let (mut record, _) = accept_payment(&project, (PaymentId::new(1), SALE), moment(AT), asked);
    let end = match sale {
        Sale::Paid | Sale::Held => Happening::Approve(ProviderFacts::default()),
        Sale::Declined => Happening::Decline(Reason::GeneralDecline, ProviderFacts::default()),
    };
    for happening in [Happening::Send, end] {
        apply(&mut record, SALE, happening, moment(AT)).unwrap();
    }
    let body = patched(case.endpoint, patch);
    let id = OperationId::new(2);
    let (record, change) = match rig::read_signed(case.endpoint, &body).unwrap() {
        Understood::Refund(asked) => accept_refund(record, id, moment(AT), asked),
        Understood::Capture(asked) => accept_capture(record, id, moment(AT), asked),
        Understood::Void(asked) => accept_void(record, id, moment(AT), asked),
        other @ (Understood::Sale(_)
        | Understood::Answer(_)
        | Understood::Clarification
        | Understood::Status
        | Understood::Request(_)
        | Understood::Clock(_)) => panic!("{other:?}"),
    };
    told(&record, &change)
}

fn stored(case: &Case, stored: Stored) -> Came {
    let body = examples::request(case.endpoint);
    rig::read_signed(case.endpoint, &body).unwrap();
    let differs = |patch| {
        let first = sale_of(Endpoint::OnlineBankingSale, "{}").unwrap().request;
        let again = sale_of(Endpoint::OnlineBankingSale, patch).unwrap().request;
        first.first_difference(&again).map(|path| path.replace(':', "."))
    };
    match stored {
        Stored::SameRequest => {
            assert_eq!(differs("{}"), None);
            Came::Answered(serde_json::to_value(examples::accepted()).unwrap())
        }
        Stored::OtherRequest => {
            let field = differs(r#"{"payment":{"amount":10001}}"#).unwrap();
            Refusal::from(AcceptError::Exists { field }).into()
        }
        Stored::NoPayment if case.endpoint == Endpoint::Status => {
            Came::Answered(serde_json::to_value(UnknownPayment::of(35, "Payment 12")).unwrap())
        }
        Stored::OtherCard => {
            let card = |patch| sale_of(Endpoint::CardSale, patch).unwrap().request;
            let (first, again) = (card("{}"), card(r#"{"card":{"pan":"4000000000000077"}}"#));
            let field = first.first_difference(&again).unwrap().to_owned();
            Refusal::from(AcceptError::Exists { field }).into()
        }
        Stored::NoPayment if case.endpoint == Endpoint::CardCapture => {
            Refusal::from(HoldError::NotFound).into()
        }
        Stored::NoPayment => Refusal::from(RefundError::NotFound).into(),
        Stored::NotAwaited => not_taken(AnswerError::NotAwaited, "cres").into(),
        Stored::ForeignAnswer => not_taken(AnswerError::Foreign, "cres").into(),
        Stored::Live => Refusal::from(ClockError::Live).into(),
        Stored::FarAhead => Refusal::from(ClockError::OutOfRange).into(),
        Stored::OtherRefund => {
            let field = "payment.amount".to_owned();
            Refusal::from(RefundError::RefundIdExists { field }).into()
        }
        Stored::NotAsked => Refusal::from(ClarifyError::NotAsked).into(),
        Stored::NoRequest => handlers::no_such_request().into(),
        Stored::Busy => Refusal::from(Failure::Overloaded).into(),
        Stored::Broken => {
            let broken =
                StoreError::Inconsistent { table: "payments", column: "id", key: String::new() };
            Refusal::from(Failure::Store(broken)).into()
        }
    }
}

fn send(case: &Case) -> Came {
    let endpoint = case.endpoint;
    let understood = |bytes: &[u8]| match rig::understand(endpoint, bytes) {
        Err(refusal) => refusal.into(),
        Ok(read) => {
            let Understood::Sale(sale) = read else { panic!("{read:?}") };
            Came::Told(sold(*sale, |_| {}))
        }
    };
    match case.input {
        Input::Patch(patch) => {
            understood(rig::signed(endpoint, patched(endpoint, patch)).to_string().as_bytes())
        }
        Input::Tampered(patch) => understood(patched(endpoint, patch).to_string().as_bytes()),
        Input::Raw(text) => understood(text.as_bytes()),
        Input::TooLarge => handlers::too_large().into(),
        Input::UnknownMethod => handlers::online_banking("no-such-bank").unwrap_err().into(),
        Input::ForeignPath => no_such_path("/v2/payment/applepay/capture").into(),
        Input::UnknownPath => no_such_path("/v2/no-such-thing").into(),
        Input::OtherVerb => now(handlers::no_such_verb()).into(),
        Input::TestProject(patch) => {
            let sale = sale_of(endpoint, patch).unwrap();
            Came::Told(sold(sale, |project| project.test = true))
        }
        Input::MethodOff => {
            let sale = sale_of(endpoint, "{}").unwrap();
            Came::Told(sold(sale, |project| project.methods.clear()))
        }
        Input::AfterSale(sale, patch) => Came::Told(followed(case, sale, patch)),
        Input::Stored(what) => stored(case, what),
    }
}

fn no_such_path(path: &'static str) -> Refusal {
    now(handlers::no_such_path(axum::http::Uri::from_static(path)))
}

/// A handler that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("the handler waits"),
    }
}

#[track_caller]
fn check(case: &Case) {
    let what = case.english;
    match (case.outcome, send(case)) {
        (Outcome::Refused(status), Came::Refused(refusal)) => {
            assert_eq!(refusal.code, case.code, "{what}");
            assert_eq!(refusal.field.as_deref().unwrap_or_default(), case.field, "{what}");
            assert_eq!(refusal.into_response().status(), status, "{what}");
        }
        (Outcome::Answered, Came::Answered(answer)) => {
            let error = answer.pointer("/errors/0/code").unwrap_or(&Value::Null);
            let success = answer["status"] == "success";
            assert!(success || error == case.code.number(), "{what}: {answer}");
        }
        (Outcome::Told { payment, operation }, Came::Told(callback)) => {
            assert_eq!(callback["payment"]["status"], payment, "{what}");
            assert_eq!(callback["operation"]["status"], operation, "{what}");
            assert_eq!(callback["operation"]["code"], case.code.number(), "{what}");
            assert_eq!(callback["operation"]["message"], case.code.message(), "{what}");
            let rejected = payment == "error";
            assert_eq!(callback["errors"].is_array(), rejected, "{what}");
            if rejected {
                let mut error = json!({"code": case.code.number(), "message": case.code.message()});
                if !case.field.is_empty() {
                    error["field"] = json!(case.field);
                }
                assert_eq!(callback["errors"], json!([error]), "{what}");
            }
        }
        (expected, Came::Refused(refusal)) => panic!("{what}: {expected:?}, not {refusal:?}"),
        (expected, Came::Answered(body) | Came::Told(body)) => {
            panic!("{what}: {expected:?}, not {body}")
        }
    }
}

#[test]
fn a_path_is_of_a_method_that_we_do_not_have_or_of_nothing() {
    for (path, code) in [
        ("/v2/payment/wallet/paypal/refund", Code::UnknownMethod),
        ("/v2/payment/online-banking/ideal/capture", Code::UnknownMethod),
        ("/v2/payment/blik/sale", Code::UnknownMethod),
        ("/v2/payment/card/sale/token", Code::MalformedRequest),
        ("/v2/payment/card-partner/capture", Code::MalformedRequest),
        ("/v2/payment/online-banking/alfa-click/cancel", Code::MalformedRequest),
        ("/v2/payment/capture", Code::MalformedRequest),
        ("/v2/payment", Code::MalformedRequest),
        ("/v2/", Code::MalformedRequest),
    ] {
        let refusal = no_such_path(path);
        assert_eq!((refusal.code, refusal.status.as_u16()), (code, 404), "{path}");
    }
}

#[test]
fn every_line_of_the_table_is_true() {
    CASES.iter().for_each(check);
    let described: BTreeSet<&str> = CASES.iter().map(|case| case.russian).collect();
    assert_eq!(described.len(), CASES.len());
}
