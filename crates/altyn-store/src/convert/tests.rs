//! Rows keep every field, and say where they cannot be read.

use altyn_app::access::audit::Action;
use altyn_app::access::user::Failures;
use altyn_app::export::{Export, ExportFormat, ExportState};
use altyn_app::listing::ListingFilter;
use altyn_app::secret::Secret;
use altyn_domain::callback::{CallbackDialect, RetryPlan};
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

use super::audit::{audit_row, seals, stored_audit};
use super::export::{export, export_row};
use super::payment::{operation, operation_row, payment, payment_row};
use super::project::{self as projects, advance_clock, project, project_row};
use super::session::failures;
use super::user::{self as users, user, user_rows};
use crate::rows::{AuditRow, ExportRow, FailureRow, OperationRow, PaymentRow};
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
        closed_by_hand: true,
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
        stored.project.two_stage = !stored.project.two_stage;
        stored.project.notify_email = Some("касса@пример.рф".to_owned());
        stored.project.dialect = match stored.project.dialect {
            CallbackDialect::Ecommpay => CallbackDialect::Paykeeper,
            CallbackDialect::Paykeeper => CallbackDialect::Ecommpay,
        };
        stored.previous = Some((Secret::new("прежняя"), START));
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
    let dialect = CallbackDialect::Ecommpay;
    assert_eq!((read.dialect, read.notify_email, read.two_stage), (dialect, None, false));
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

/// A spoilt copy of `row` is refused, and the error names the column.
fn check_spoilt<R: Clone, T: std::fmt::Debug>(
    row: &R,
    read: impl Fn(R) -> Result<T, altyn_app::ports::StoreError>,
    table: &str,
    cases: &[(&str, Spoil<R>)],
) {
    for (column, spoil) in cases {
        let mut spoilt = row.clone();
        spoil(&mut spoilt);
        let said = read(spoilt).unwrap_err().to_string();
        let expected = format!("inconsistent row in {table}, {column}, key ");
        assert!(said.starts_with(&expected), "{said} is not about {column}");
    }
}

fn register() -> Export {
    Export {
        id: 9,
        user: 7,
        filter: ListingFilter::default(),
        format: ExportFormat::Xls,
        language: "ru".into(),
        state: ExportState::Making,
        error: None,
        rows: 0,
        expected: None,
        bytes: 0,
        sums: Vec::new(),
        attempts: 0,
        created_at: START,
        ended_at: None,
        expires_at: START,
    }
}

#[test]
fn a_register_that_cannot_be_is_named() {
    let row = export_row(&register()).unwrap();
    assert_eq!((row.filter.as_str(), row.sums.as_str()), (r#"{"projects":[]}"#, "[]"));
    assert_eq!(export(row.clone()).unwrap(), register());
    let cases: [(&str, Spoil<ExportRow>); 15] = [
        ("filter", |row| row.filter = "{}".into()),
        ("filter", |row| row.filter = r#"{"projects":[0]}"#.into()),
        ("filter", |row| row.filter = r#"{"projects":[],"statuses":["paid"]}"#.into()),
        ("filter", |row| row.filter = r#"{"projects":[],"methods":["cash"]}"#.into()),
        ("filter", |row| row.filter = r#"{"projects":[],"currencies":["XXZ"]}"#.into()),
        ("filter", |row| row.filter = r#"{"projects":[],"search":" "}"#.into()),
        ("format", |row| row.format = "pdf".into()),
        ("state", |row| row.state.clear()),
        ("error", |row| row.error = Some("bad luck".into())),
        ("rows", |row| row.rows = -1),
        ("expected", |row| row.expected = Some(-1)),
        ("bytes", |row| row.bytes = -1),
        ("attempts", |row| row.attempts = -1),
        ("sums", |row| row.sums = "{}".into()),
        ("sums", |row| {
            row.sums = r#"[{"currency":"XXZ","count":1,"amount_minor":1,"captured_minor":1,
                "refunded_minor":1}]"#
                .into();
        }),
    ];
    check_spoilt(&row, export, "exports", &cases);
    assert!(export_row(&Export { bytes: u64::MAX, ..register() }).is_err());
}

#[test]
fn an_entry_that_cannot_be_is_named_and_never_sealed() {
    let entry = build::entry(Action::Refund).in_project(build::project_id(7));
    let row = AuditRow { id: 3, ..audit_row(entry.clone()) };
    assert_eq!(stored_audit(row.clone()).unwrap().entry, entry);
    let cases: [(&str, Spoil<AuditRow>); 4] = [
        ("project", |row| row.project = Some(0)),
        ("action", |row| row.action = "gift".into()),
        ("result", |row| row.result = "maybe".into()),
        ("hash", |row| row.position = Some(1)),
    ];
    check_spoilt(&row, stored_audit, "audit", &cases);
    let bad = AuditRow { action: "gift".into(), ..row.clone() };
    assert!(seals(None, vec![row, bad]).is_err());
}

#[test]
fn secrets_of_users_and_projects_are_sealed_anew() {
    let (first, second) = (KeyRing::generate_line(1).unwrap(), KeyRing::generate_line(2).unwrap());
    let old = KeyRing::parse(&first).unwrap();
    let both = KeyRing::parse(&format!("{}\n{}", *first, *second)).unwrap();
    let new = KeyRing::parse(&second).unwrap();

    let mut stored = build::project(7);
    stored.previous = Some((Secret::new("прежняя"), START));
    let mut row = project_row(&stored, &old).unwrap();
    let anew = projects::reseal(&both, &row).unwrap().unwrap();
    assert_eq!(anew.count, 2);
    (row.secret, row.previous_secret) = (anew.secret, anew.previous);
    assert_eq!(project(row.clone(), &new).unwrap(), stored);
    assert!(projects::reseal(&both, &row).unwrap().is_none());
    row.previous_until = None;
    let said = project(row, &new).unwrap_err().to_string();
    assert!(said.contains("previous_until"), "{said}");

    let person = build::user(7, "anna");
    let mut rows = user_rows(&person, &old).unwrap();
    let anew = users::reseal(&both, &rows.user).unwrap();
    assert!(anew.is_some());
    rows.user.second_factor = anew;
    assert_eq!(user(rows.clone(), &new).unwrap(), person);
    assert_eq!(users::reseal(&both, &rows.user).unwrap(), None);
    rows.user.second_factor = None;
    assert_eq!(users::reseal(&both, &rows.user).unwrap(), None);
}

#[test]
fn a_count_of_failures_stays_within_its_type() {
    let row = |count| FailureRow { subject: String::new(), count, last_at: 0 };
    assert_eq!(failures(&row(i64::MAX)).count, u32::MAX);
    assert_eq!(failures(&row(3)), Failures { count: 3, ..Failures::default() });
}
