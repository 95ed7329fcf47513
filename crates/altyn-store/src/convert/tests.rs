//! Rows keep every field, and say where they cannot be read.

use altyn_domain::callback::RetryPlan;
use altyn_domain::id::OperationId;
use altyn_domain::method::CustomerField;
use altyn_domain::payment::{
    Details, Operation, OperationState, Payment, PaymentState, Redirect, RedirectMethod,
};
use altyn_domain::reason::Reason;
use altyn_testkit::build;

use super::payment::{operation, operation_row, payment, payment_row};
use super::project::{project, project_row};
use crate::rows::{OperationRow, PaymentRow};
use crate::seal::KeyRing;

fn sale() -> (Payment, Operation) {
    let (record, _) = build::sale_of(&build::project(7).project, build::sale_request("Заказ-Ё"));
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
        missing: vec![CustomerField::Email, CustomerField::Phone],
        merchant_refund_id: Some("r".into()),
        late_money: true,
        attempts: 3,
        ..sale().1
    }
}

#[test]
fn every_field_survives() {
    let (full, bare) = (sale().0, Payment { details: Details::default(), ..sale().0 });
    for value in [full, bare] {
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
        assert_eq!(project(project_row(&stored, &keys).unwrap(), &keys).unwrap(), stored);
    }
}

#[test]
fn every_word_of_a_closed_list_survives() {
    for state in PaymentState::ALL {
        let value = Payment { state: *state, ..sale().0 };
        assert_eq!(payment(payment_row(&value).unwrap()).unwrap().state, *state);
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
    let payment_cases: [(&str, Spoil<PaymentRow>); 7] = [
        ("project", |row| row.project = 0),
        ("reference", |row| row.reference.clear()),
        ("method", |row| row.method = "cash".into()),
        ("currency", |row| row.currency = "XXZ".into()),
        ("captured_minor", |row| row.captured_minor = -1),
        ("state", |row| row.state = "Paid".into()),
        ("details", |row| row.details = "[]".into()),
    ];
    for (column, spoil) in payment_cases {
        let mut row = payment_row(&sale().0).unwrap();
        spoil(&mut row);
        let expected =
            format!("inconsistent row in payments, {column}, key {}/{}", row.project, row.id);
        assert_eq!(payment(row).unwrap_err().to_string(), expected);
    }
    let operation_cases: [(&str, Spoil<OperationRow>); 9] = [
        ("kind", |row| row.kind = "void".into()),
        ("amount_minor", |row| row.amount_minor = i64::MAX),
        ("state", |row| row.state.clear()),
        ("reason", |row| row.reason = Some(String::new())),
        ("fee_bps", |row| row.fee_bps = 10_001),
        ("instruction", |row| row.instruction = 2),
        ("redirect", |row| row.redirect = Some("null".into())),
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
