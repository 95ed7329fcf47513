//! Rows keep every field, and say where they cannot be read.

use altyn_domain::callback::RetryPlan;
use altyn_domain::card::{CardBrand, CardFacts};
use altyn_domain::id::OperationId;
use altyn_domain::method::CustomerField;
use altyn_domain::payment::{
    AuthenticationStep, Details, Operation, OperationKind, OperationState, PageWishes, Payment,
    PaymentState, Redirect, RedirectMethod,
};
use altyn_domain::project::CAPTURE_AFTER_MS;
use altyn_domain::reason::Reason;
use altyn_testkit::build;
use altyn_testkit::clock::START;

use super::payment::{operation, operation_row, payment, payment_row};
use super::project::{advance_clock, project, project_row};
use crate::rows::{OperationRow, PaymentRow};
use crate::seal::KeyRing;

fn sale() -> (Payment, Operation) {
    let (record, _) = build::payment_of(&build::project(7).project, build::sale_request("Заказ-Ё"));
    (record.payment.clone(), record.operations.into_iter().next().unwrap())
}

fn full_operation() -> Operation {
    Operation {
        state: OperationState::Declined,
        reason: Some(Reason::LimitExceeded),
        instruction: true,
        provider: build::facts(),
        redirect: Some(Redirect {
            method: RedirectMethod::Post,
            url: "https://bank.example/?a=\"\\".into(),
            body: vec![("b".into(), "в\u{0}\n".into()), ("a".into(), String::new())],
        }),
        card: Some(build::card()),
        authentication: Some(build::authentication(AuthenticationStep::Challenge)),
        capture_at: Some(START),
        missing: vec![CustomerField::Email, CustomerField::Phone],
        merchant_refund_id: Some("r".into()),
        late_money: true,
        attempts: 3,
        ..sale().1
    }
}

#[test]
fn every_field_survives() {
    let with = |details| Payment { details, ..sale().0 };
    let bare_page = Details { page: Some(PageWishes::default()), ..Details::default() };
    let held = Payment { authorized: build::rub(9), captured: build::rub(7), ..sale().0 };
    for value in [with(build::details()), with(Details::default()), with(bare_page), held] {
        assert_eq!(payment(payment_row(&value).unwrap()).unwrap(), value);
    }
    for value in [full_operation(), sale().1] {
        assert_eq!(operation(operation_row(&value).unwrap()).unwrap(), value);
    }
    let keys = KeyRing::parse(&KeyRing::generate_line(1).unwrap()).unwrap();
    let mut stored = build::project(4_294_967_295);
    for plan in [RetryPlan::Documented, RetryPlan::Pauses(vec![]), RetryPlan::Pauses(vec![1, 2])] {
        stored.project.retry_plan = plan;
        stored.project.test = !stored.project.test;
        stored.project.clock_offset_ms += 5;
        stored.project.capture_after_ms += 7;
        stored.project.support = Some("поддержка@пример.рф \"\\".to_owned());
        stored.project.allowed_hosts.push("магазин.рф".to_owned());
        assert_eq!(project(project_row(&stored, &keys).unwrap(), &keys).unwrap(), stored);
    }
}

#[test]
fn every_word_of_a_closed_list_survives() {
    for state in PaymentState::ALL {
        let value = Payment { state: *state, ..sale().0 };
        assert_eq!(payment(payment_row(&value).unwrap()).unwrap().state, *state);
    }
    for kind in OperationKind::ALL {
        let value = Operation { kind: *kind, ..sale().1 };
        assert_eq!(operation(operation_row(&value).unwrap()).unwrap().kind, *kind);
    }
    for step in AuthenticationStep::ALL {
        let authentication = Some(build::authentication(*step));
        let value = Operation { authentication, ..sale().1 };
        assert_eq!(operation(operation_row(&value).unwrap()).unwrap(), value);
    }
    for brand in CardBrand::ALL.iter().copied().map(Some).chain([None]) {
        let card = Some(CardFacts { brand, holder: None, ..build::card() });
        let value = Operation { card, ..sale().1 };
        assert_eq!(operation(operation_row(&value).unwrap()).unwrap(), value);
    }
    for state in OperationState::ALL {
        let value = Operation { state: *state, ..sale().1 };
        assert_eq!(operation(operation_row(&value).unwrap()).unwrap().state, *state);
    }
    for reason in Reason::ALL {
        let value = Operation { reason: Some(*reason), ..sale().1 };
        assert_eq!(operation(operation_row(&value).unwrap()).unwrap().reason, Some(*reason));
    }
}

type Spoil<R> = fn(&mut R);

#[test]
fn what_cannot_be_is_named_by_table_column_and_key() {
    let payment_cases: [(&str, Spoil<PaymentRow>); 9] = [
        ("project", |row| row.project = 0),
        ("reference", |row| row.reference.clear()),
        ("method", |row| row.method = "cash".into()),
        ("currency", |row| row.currency = "XXZ".into()),
        ("authorized_minor", |row| row.authorized_minor = -1),
        ("captured_minor", |row| row.captured_minor = -1),
        ("state", |row| row.state = "Paid".into()),
        ("details", |row| row.details = "[]".into()),
        ("details", |row| {
            row.details = r#"{"customer":{},"page":{"hidden":["cash"]}}"#.into();
        }),
    ];
    for (column, spoil) in payment_cases {
        let mut row = payment_row(&sale().0).unwrap();
        spoil(&mut row);
        let expected =
            format!("inconsistent row in payments, {column}, key {}/{}", row.project, row.id);
        assert_eq!(payment(row).unwrap_err().to_string(), expected);
    }
    let operation_cases: [(&str, Spoil<OperationRow>); 12] = [
        ("kind", |row| row.kind = "gift".into()),
        ("amount_minor", |row| row.amount_minor = i64::MAX),
        ("state", |row| row.state.clear()),
        ("reason", |row| row.reason = Some(String::new())),
        ("fee_bps", |row| row.fee_bps = 10_001),
        ("instruction", |row| row.instruction = 2),
        ("redirect", |row| row.redirect = Some("null".into())),
        ("card", |row| row.card = Some(r#"{"mask":"1","expiry":"2030-13"}"#.into())),
        ("card", |row| {
            row.card = Some(r#"{"mask":"1","brand":"own","expiry":"2030-12"}"#.into());
        }),
        ("authentication", |row| {
            row.authentication = Some(r#"{"step":"guess","url":"","fields":[]}"#.into());
        }),
        ("missing", |row| row.missing = Some("[\"shoe_size\"]".into())),
        ("request", |row| row.request = "{}".into()),
    ];
    for (column, spoil) in operation_cases {
        let value = Operation { id: OperationId::new(9), ..full_operation() };
        let mut row = operation_row(&value).unwrap();
        spoil(&mut row);
        let expected = format!("inconsistent row in operations, {column}, key 7/9");
        assert_eq!(operation(row).unwrap_err().to_string(), expected);
    }
}

/// What the first schema's programs wrote, word for word.
#[test]
fn what_was_written_before_is_read_with_its_defaults() {
    let old = r#"{"customer":{},"description":"","return_urls":{},"callback":{"delay_ms":0}}"#;
    let row = payment_row(&Payment { details: build::details(), ..sale().0 }).unwrap();
    let read = payment(PaymentRow { details: old.into(), ..row }).unwrap();
    assert_eq!(read.details, Details::default());

    let keys = KeyRing::parse(&KeyRing::generate_line(1).unwrap()).unwrap();
    let mut stored = build::project(7);
    stored.project.capture_after_ms = 1;
    let mut row = project_row(&stored, &keys).unwrap();
    row.settings = r#"{"test":false,"methods":[]}"#.into();
    let read = project(row, &keys).unwrap().project;
    assert_eq!(read.capture_after_ms, CAPTURE_AFTER_MS);
    assert_eq!((read.allowed_hosts, read.support, read.clock_offset_ms), (vec![], None, 0));
}

#[test]
fn a_moved_clock_changes_nothing_else_in_the_settings() {
    let keys = KeyRing::parse(&KeyRing::generate_line(1).unwrap()).unwrap();
    let mut stored = build::project(7);
    stored.project.support = Some("☎".to_owned());
    stored.project.retry_plan = RetryPlan::Pauses(vec![1]);
    stored.project.clock_offset_ms = 30;
    let mut row = project_row(&stored, &keys).unwrap();
    let advanced = advance_clock(7, &row.settings, 12).unwrap();
    assert_eq!(advanced.ahead_ms, 42);
    row.settings = advanced.settings;
    stored.project.clock_offset_ms = 42;
    assert_eq!(project(row.clone(), &keys).unwrap(), stored);
    assert!(advance_clock(7, &row.settings, i64::MAX).is_err(), "it would be past every number");
    assert!(advance_clock(7, "[]", 1).is_err());
}
