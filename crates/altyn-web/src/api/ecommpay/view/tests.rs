//! Callbacks against the source documents' own examples, and what must hold for any of them.

use std::collections::BTreeSet;

use altyn_app::ports::provider::ProviderAccount;
use altyn_domain::id::{OperationId, PaymentId};
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::decide::{
    Happening, Moment, PaymentRequest, RefundRequest, accept_payment, accept_refund, apply,
};
use altyn_domain::payment::{
    Customer, Details, OperationKind, OperationState, PaymentRef, PaymentState, ProviderFacts,
    Record, Redirect, RedirectMethod, RequestEcho,
};
use altyn_domain::reason::Reason;
use altyn_domain::time::Timestamp;
use altyn_testkit::build::moment;
use proptest::prelude::*;
use serde_json::Value;

use super::{date, operation_status, operation_type, payment_status};
use crate::api::ecommpay::codes::{Code, code_of};
use crate::api::ecommpay::dialect;
use crate::api::ecommpay::rig;
use crate::api::ecommpay::sign::{SigningKey, verify};

mod cards;

macro_rules! fixture {
    ($folder:literal, $name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/fixtures/",
            $folder,
            "/",
            $name,
            ".json"
        )))
        .expect("a fixture is JSON")
    };
}
use fixture;

/// An example of a source document.
macro_rules! seed {
    ($name:literal) => {
        fixture!("seeds", $name)
    };
}

/// How the example's payment went.
struct Walk {
    method: Method,
    /// What the sale asked: the example shows what is left of it.
    sale_minor: i64,
    /// What the provider says of the sale; nothing for a refund refused by our rules.
    end: Happening,
    refund: Option<(Option<Happening>, &'static str)>,
}

fn text<'v>(example: &'v Value, path: &str) -> &'v str {
    example.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn integer(example: &Value, path: &str) -> i64 {
    example.pointer(path).and_then(Value::as_i64).unwrap_or_default()
}

fn at(example: &Value, path: &str) -> Moment {
    let written = text(example, path).replace("+0000", "Z");
    let millis = written.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let moment = Timestamp::from_millis(millis);
    Moment { project: moment, real: moment }
}

fn facts(example: &Value) -> ProviderFacts {
    let known = |path| Some(text(example, path).to_owned()).filter(|text| !text.is_empty());
    let dated = example.pointer("/operation/provider/date").is_some();
    ProviderFacts {
        payment_id: known("/operation/provider/payment_id"),
        auth_code: known("/operation/provider/auth_code"),
        rrn: None,
        eci: known("/operation/eci"),
        at: dated.then(|| at(example, "/operation/provider/date").project),
    }
}

fn amount(minor: i64, currency: &str) -> Amount {
    Amount::new(minor, Currency::from_code(currency).unwrap()).unwrap()
}

/// The body of the callback that the walk ends with, as it is sent.
fn walked(example: &Value, walk: Walk) -> Value {
    let sale =
        OperationId::new(integer(example, "/operation/id") - i64::from(walk.refund.is_some()));
    let currency = text(example, "/payment/sum/currency");
    let project = rig::project(u32::try_from(integer(example, "/project_id")).unwrap());
    let some = |text: &str| Some(text.to_owned());
    let asked = PaymentRequest {
        kind: OperationKind::Sale,
        card: None,
        reference: PaymentRef::new(text(example, "/payment/id")).unwrap(),
        method: walk.method,
        amount: amount(walk.sale_minor, currency),
        details: Details {
            customer: Customer {
                id: some("1"),
                ip_address: some("1.2.3.4"),
                phone: some(text(example, "/customer/phone")).filter(|phone| !phone.is_empty()),
                email: some("customer@example.com"),
                account_id: some(text(example, "/account/number"))
                    .filter(|login| !login.is_empty()),
                ..Customer::default()
            },
            ..Details::default()
        },
        request: RequestEcho::default(),
    };
    let created = at(example, "/operation/created_date");
    let ended = at(example, "/operation/date");
    let ids = (PaymentId::new(1), sale);
    let (mut record, _) = accept_payment(&project.project, ids, created, asked);
    for happening in [Happening::Send, walk.end] {
        apply(&mut record, sale, happening, ended).unwrap();
    }
    let mut told = sale;
    if let Some((end, sale_id)) = walk.refund {
        record.operations[0].provider.payment_id = some(sale_id);
        told = OperationId::new(integer(example, "/operation/id"));
        let asked = RefundRequest {
            amount: Some(amount(integer(example, "/operation/sum_initial/amount"), currency)),
            merchant_refund_id: None,
            callback: None,
            request: RequestEcho::default(),
        };
        (record, _) = accept_refund(record, told, created, asked);
        for happening in end.into_iter().flat_map(|end| [Happening::Send, end]) {
            apply(&mut record, told, happening, ended).unwrap();
        }
    }
    let account = ProviderAccount {
        name: "account".to_owned(),
        wire_id: integer(example, "/operation/provider/id"),
        endpoint_id: (walk.method == Method::AlfaClick).then(|| "alfabank".to_owned()),
        payment_system: 127,
    };
    sent(&project, &record, told, &account)
}

fn sent(
    project: &altyn_app::projects::ProjectEntry,
    record: &Record,
    told: OperationId,
    account: &ProviderAccount,
) -> Value {
    let bytes = dialect::callback(project, record, told, Some(account));
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    let key = SigningKey::new(project.secret.expose());
    assert!(verify(&body, text(&body, "/signature"), &key).is_ok(), "{body}");
    body
}

/// Every path with the type of what is there.
fn shape(value: &Value, at: &str, found: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    found.insert(format!("{at}: {kind}"));
    for (name, member) in value.as_object().into_iter().flatten() {
        shape(member, &format!("{at}/{name}"), found);
    }
    for item in value.as_array().into_iter().flatten() {
        shape(item, &format!("{at}[]"), found);
    }
}

fn shape_of(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    shape(value, "", &mut found);
    found
}

/// Ours has the example's keys and types, and its values but for what nobody can repeat: our
/// `request_id`, the secret behind the signature, and a payment's date a second after the
/// operation's.
#[track_caller]
fn compare(example: &Value, ours: &Value) {
    compare_but(example, ours, &[]);
}

#[track_caller]
fn compare_but(example: &Value, ours: &Value, but: &[&str]) {
    assert_eq!(shape_of(ours), shape_of(example));
    let [mut example, mut ours] = [example.clone(), ours.clone()];
    for body in [&mut example, &mut ours] {
        for path in ["/signature", "/operation/request_id", "/payment/date"].iter().chain(but) {
            *body.pointer_mut(path).unwrap() = Value::Null;
        }
    }
    assert_eq!(ours, example);
}

fn approve(example: &Value) -> Happening {
    Happening::Approve(facts(example))
}

fn sale(method: Method, example: &Value, end: Happening) {
    let sale_minor = integer(example, "/operation/sum_initial/amount");
    compare(example, &walked(example, Walk { method, sale_minor, end, refund: None }));
}

#[test]
fn seed_003_a_sale() {
    let example = seed!("003-sale-success");
    sale(Method::CardPartner, &example, approve(&example));
}

#[test]
fn seed_003_a_declined_sale() {
    let example = seed!("003-sale-decline");
    let end = Happening::Decline(Reason::GeneralDecline, facts(&example));
    sale(Method::CardPartner, &example, end);
}

#[test]
fn seed_003_a_refund() {
    let example = seed!("003-refund-success");
    let walk = Walk {
        method: Method::CardPartner,
        sale_minor: 1_000,
        end: Happening::Approve(ProviderFacts::default()),
        refund: Some((Some(approve(&example)), "1598454195644A")),
    };
    compare(&example, &walked(&example, walk));
}

#[test]
fn seed_003_a_declined_refund() {
    let example = seed!("003-refund-decline");
    let declined = Happening::Decline(Reason::GeneralDecline, facts(&example));
    let walk = Walk {
        method: Method::CardPartner,
        sale_minor: 61_900,
        end: Happening::Approve(ProviderFacts::default()),
        refund: Some((Some(declined), "1598516693232A")),
    };
    compare(&example, &walked(&example, walk));
}

#[test]
fn seed_004_a_sale() {
    let example = seed!("004-sale-success");
    sale(Method::AlfaClick, &example, approve(&example));
}

#[test]
fn seed_004_a_sale_without_the_money() {
    let example = seed!("004-sale-decline");
    let end = Happening::Decline(Reason::InsufficientFunds, facts(&example));
    sale(Method::AlfaClick, &example, end);
}

#[test]
fn seed_004_a_partial_refund() {
    let example = seed!("004-refund-success");
    let walk = Walk {
        method: Method::AlfaClick,
        sale_minor: 60_000,
        end: Happening::Approve(ProviderFacts::default()),
        refund: Some((Some(approve(&example)), "94b4a6a43480d57ee45ab107")),
    };
    compare(&example, &walked(&example, walk));
}

#[test]
fn seed_004_a_refund_of_too_much_is_refused_by_our_own_rules() {
    let example = seed!("004-refund-decline");
    let walk = Walk {
        method: Method::AlfaClick,
        sale_minor: 50_000,
        end: Happening::Approve(ProviderFacts::default()),
        refund: Some((None, "94b4a6a434857ee45ab107")),
    };
    // Our rules refuse at once; the example's operation took four seconds.
    let dates = ["/operation/date", "/operation/provider/date"];
    compare_but(&example, &walked(&example, walk), &dates);
}

/// A redirect as in the example's fragment, with everything around it as in the sale's callback.
#[track_caller]
fn redirected(method: Method, sale: &Value, fragment: &Value, how: RedirectMethod) {
    let fields = fragment["body"].as_object().unwrap();
    let pair =
        |(name, value): (&String, &Value)| (name.clone(), value.as_str().unwrap().to_owned());
    let redirect = Redirect {
        method: how,
        url: text(fragment, "/url").to_owned(),
        body: fields.iter().map(pair).collect(),
    };
    let end = Happening::Redirect(redirect, ProviderFacts::default());
    let sale_minor = integer(sale, "/operation/sum_initial/amount");
    let ours = walked(sale, Walk { method, sale_minor, end, refund: None });
    assert_eq!(&ours["redirect_data"], fragment);
    assert_eq!(ours["payment"]["status"], "awaiting redirect result");
    assert_eq!(ours["operation"]["status"], "awaiting redirect result");
    assert_eq!(ours["operation"]["code"], "9999");
    assert_eq!(ours["operation"]["message"], "Awaiting processing");
    let mut around = ours;
    around.as_object_mut().unwrap().remove("redirect_data");
    let mut expected = shape_of(sale);
    // Nothing happened at the provider yet.
    expected.remove("/operation/provider/date: string");
    assert_eq!(shape_of(&around), expected);
}

#[test]
fn seed_003_a_redirect() {
    let (sale, fragment) = (seed!("003-sale-success"), seed!("003-redirect"));
    redirected(Method::CardPartner, &sale, &fragment, RedirectMethod::Post);
}

#[test]
fn seed_004_a_redirect() {
    let (sale, fragment) = (seed!("004-sale-success"), seed!("004-redirect"));
    redirected(Method::AlfaClick, &sale, &fragment, RedirectMethod::Get);
}

#[test]
fn every_state_of_a_payment_has_its_word() {
    let words = [
        (PaymentState::Processing, "processing"),
        (PaymentState::AwaitingClarification, "awaiting clarification"),
        (PaymentState::AwaitingRedirect, "awaiting redirect result"),
        (PaymentState::AwaitingCustomer, "awaiting customer action"),
        (PaymentState::AwaitingAuthentication, "awaiting 3ds result"),
        (PaymentState::Authorized, "awaiting capture"),
        (PaymentState::Voided, "canceled"),
        (PaymentState::Paid, "success"),
        (PaymentState::PartiallyRefunded, "partially refunded"),
        (PaymentState::Refunded, "refunded"),
        (PaymentState::Declined, "decline"),
        (PaymentState::Rejected, "error"),
    ];
    let told: Vec<_> =
        PaymentState::ALL.iter().map(|state| (*state, payment_status(*state))).collect();
    assert_eq!(told, words);
}

#[test]
fn every_state_of_an_operation_has_its_word() {
    let words = [
        (OperationState::Accepted, "processing"),
        (OperationState::Clarifying, "awaiting clarification"),
        (OperationState::Sending, "processing"),
        (OperationState::Unknown, "processing"),
        (OperationState::Redirected, "awaiting redirect result"),
        (OperationState::Instructed, "awaiting customer action"),
        (OperationState::Authenticating, "awaiting 3ds result"),
        (OperationState::Pending, "processing"),
        (OperationState::Approved, "success"),
        (OperationState::Declined, "decline"),
        (OperationState::Rejected, "error"),
    ];
    let told: Vec<_> =
        OperationState::ALL.iter().map(|state| (*state, operation_status(*state))).collect();
    assert_eq!(told, words);
}

#[test]
fn every_kind_of_operation_has_its_word() {
    let told: Vec<_> = OperationKind::ALL.iter().map(|kind| operation_type(*kind)).collect();
    assert_eq!(told, ["sale", "auth", "capture", "cancel", "refund"]);
}

#[test]
fn every_reason_has_its_code_with_every_method() {
    let codes = [
        (Reason::GeneralDecline, "20000", "10000"),
        (Reason::InsufficientFunds, "20105", "10105"),
        (Reason::CancelledByPayer, "20301", "10301"),
        (Reason::PayerTimedOut, "20602", "10602"),
        (Reason::ClarificationTimedOut, "603", "603"),
        (Reason::LimitExceeded, "20101", "10101"),
        (Reason::AccountRestricted, "20201", "10206"),
        (Reason::SuspectedFraud, "20402", "10402"),
        (Reason::WrongAmountPaid, "20304", "10502"),
        (Reason::ProviderRefusedData, "20102", "10702"),
        (Reason::ProviderUnavailable, "314", "314"),
        (Reason::IssuerUnavailable, "10202", "10202"),
        (Reason::AuthenticationFailed, "10114", "10114"),
        (Reason::WrongCardData, "10102", "10102"),
        (Reason::CardExpired, "10106", "10106"),
        (Reason::CardBlocked, "10203", "10203"),
        (Reason::CardNotPermitted, "10204", "10204"),
        (Reason::Interrupted, "601", "601"),
        (Reason::CaptureExceedsHold, "2642", "2642"),
        (Reason::HoldReleased, "3060", "3060"),
        (Reason::PartialVoidUnsupported, "3609", "3609"),
        (Reason::TwoStageUnsupported, "310", "310"),
        (Reason::RefundExceedsBalance, "3283", "3283"),
        (Reason::RefundCurrencyMismatch, "3284", "3284"),
        (Reason::PartialRefundUnsupported, "3609", "3609"),
        (Reason::WrongState, "3060", "3060"),
        (Reason::AmountBelowLimit, "3358", "3358"),
        (Reason::AmountAboveLimit, "2642", "2642"),
        (Reason::CurrencyUnsupported, "3023", "3023"),
        (Reason::MethodDisabled, "310", "310"),
    ];
    let number = |method, reason| code_of(method, reason).number();
    let told: Vec<_> = Reason::ALL
        .iter()
        .map(|reason| {
            let other = number(Method::AlfaClick, *reason);
            assert_eq!(other, number(Method::CardPartner, *reason));
            (*reason, other, number(Method::Card, *reason))
        })
        .collect();
    assert_eq!(told, codes);
    let numbers: BTreeSet<&str> = Code::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(numbers.len(), Code::ALL.len());
}

#[test]
fn dates_have_one_form() {
    for (millis, written) in [
        (0, "1970-01-01T00:00:00+0000"),
        (1_598_454_200_999, "2020-08-26T15:03:20+0000"),
        (4_102_444_800_000, "2100-01-01T00:00:00+0000"),
    ] {
        assert_eq!(date(Timestamp::from_millis(millis)), written);
    }
}

fn plain(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::String(text) => !text.contains(';'),
        Value::Array(items) => items.len() <= 10 && items.iter().all(plain),
        Value::Object(members) => {
            members.iter().all(|(name, member)| !name.contains([';', ':']) && plain(member))
        }
    }
}

fn steps(state: usize) -> Vec<Happening> {
    let facts = || ProviderFacts {
        payment_id: Some("a;b".to_owned()),
        auth_code: Some("1;2".to_owned()),
        rrn: Some("3;4".to_owned()),
        eci: Some("0;5".to_owned()),
        at: None,
    };
    let redirect = Redirect {
        method: RedirectMethod::Get,
        url: "https://bank.example/;jsessionid=1?a=1;b=2".to_owned(),
        body: Vec::new(),
    };
    let ends = [
        vec![],
        vec![Happening::Redirect(redirect, facts())],
        vec![Happening::Instruct(facts())],
        vec![Happening::LoseTrack],
        vec![Happening::Pend(facts())],
        vec![Happening::Approve(facts())],
        vec![Happening::Decline(Reason::GeneralDecline, facts())],
    ];
    let end = ends.into_iter().nth(state).unwrap_or_default();
    std::iter::once(Happening::Send).chain(end).collect()
}

proptest! {
    /// Whatever a merchant wrote and wherever the payment stands: what we send verifies, is signed
    /// alike by every client, and says the description back but for the semicolons.
    #[test]
    fn any_callback_is_plain_and_verifies(
        description in "\\PC{0,60};?\\PC{0,20}",
        login in "\\PC{1,40}",
        phone in "[0-9]{4,24}",
        alfa: bool,
        state in 0_usize..7,
        minor in 1_i64..=10_000_000_000_000,
    ) {
        let (method, currency) = if alfa { (Method::AlfaClick, "RUB") } else { (Method::CardPartner, "KES") };
        let project = rig::project(42);
        let asked = PaymentRequest {
        kind: OperationKind::Sale,
        card: None,
            reference: PaymentRef::new("Заказ 🚀").unwrap(),
            method,
            amount: amount(minor, currency),
            details: Details {
                description: description.clone(),
                customer: Customer {
                    account_id: Some(login),
                    phone: Some(phone),
                    email: alfa.then(|| "a@b.example".to_owned()),
                    ..Customer::default()
                },
                ..Details::default()
            },
            request: RequestEcho::default(),
        };
        let id = OperationId::new((1 << 53) - 1);
        let now = moment(Timestamp::from_millis(1_800_000_000_000));
        let (mut record, _) = accept_payment(&project.project, (PaymentId::new(1), id), now, asked);
        for happening in steps(state) {
            // What was rejected, or waits for data, takes no step.
            let _ = apply(&mut record, id, happening, now);
        }
        let account = ProviderAccount {
        name: String::new(),
        wire_id: 1,
        endpoint_id: None,
        payment_system: 127,
    };
        let body = sent(&project, &record, id, &account);
        prop_assert!(plain(&body), "{}", body);
        prop_assert_eq!(text(&body, "/payment/description"), description.replace(';', ","));
    }
}
