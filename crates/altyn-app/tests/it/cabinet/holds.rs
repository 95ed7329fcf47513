//! «Списать средства», and letting a hold go.

use altyn_app::access::audit::Action;
use altyn_app::access::user::Role;
use altyn_app::cabinet::{ActionError, CaptureForm, capture, void};
use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::payment::decide::PaymentRequest;
use altyn_domain::payment::{OperationKind, OperationState, PaymentState};
use altyn_domain::reason::Reason;

use super::{DONE, Office, REFUSED, rub};
use crate::world::{approved, declined, hold_request};

/// 1,000 roubles that are held.
async fn held(office: &Office, reference: &str) -> (ProjectId, PaymentId) {
    let request = PaymentRequest { amount: rub(100_000), ..hold_request(reference) };
    office.world.bank.will([approved()]);
    let accepted = office.world.accept_card(request).await;
    office.world.pay(accepted).await;
    office.world.work().await;
    assert_eq!(office.world.state(reference).await, PaymentState::Authorized);
    office.id(reference).await
}

fn form(minor: i64, key: &str) -> CaptureForm {
    CaptureForm { amount: rub(minor), key: key.to_owned() }
}

#[tokio::test]
async fn a_part_of_a_hold_is_taken_once() {
    let office = Office::new().await;
    let (payment, who) = (held(&office, "order-1").await, office.operator());
    for minor in [0, 100_001] {
        let found = capture(&office.cabinet, &who, payment, form(minor, "wrong")).await;
        assert!(matches!(found, Err(ActionError::Amount { most }) if most == rub(100_000)));
    }
    let ask = || capture(&office.cabinet, &who, payment, form(70_000, "dialog"));
    let (first, again) = tokio::join!(ask(), ask());
    assert_eq!(first.unwrap(), again.unwrap());
    let other = capture(&office.cabinet, &who, payment, form(100, "other")).await;
    assert!(matches!(other, Err(ActionError::NotOffered)), "{other:?}");
    assert!(matches!(
        void(&office.cabinet, &who, payment, "void").await,
        Err(ActionError::NotOffered)
    ));
    office.world.bank.will([approved()]);
    office.world.work().await;
    let taken = office.world.record("order-1").await.payment;
    assert_eq!((taken.state, taken.captured.minor()), (PaymentState::Paid, 70_000));
    let tried = office.tried().await;
    let expected = [
        (Action::Capture, REFUSED),
        (Action::Capture, REFUSED),
        (Action::Capture, DONE),
        (Action::Capture, REFUSED),
        (Action::Void, REFUSED),
    ];
    assert_eq!(tried, expected);
    office.world.check().await;
}

#[tokio::test]
async fn a_hold_is_released_and_then_nothing_is_left_to_take() {
    let office = Office::new().await;
    let (payment, who) = (held(&office, "order-1").await, office.operator());
    let id = void(&office.cabinet, &who, payment, "dialog").await.unwrap();
    assert_eq!(void(&office.cabinet, &who, payment, "dialog").await.unwrap(), id);
    office.world.bank.will([approved()]);
    office.world.work().await;
    assert_eq!(office.world.state("order-1").await, PaymentState::Voided);
    let found = capture(&office.cabinet, &who, payment, form(100, "late")).await;
    assert!(matches!(found, Err(ActionError::NotOffered)));
    assert_eq!(office.log().await[0].entry.operation, Some(id));
    office.world.check().await;
}

#[tokio::test]
async fn capture_and_release_at_once_are_one_of_them() {
    let office = Office::new().await;
    let (payment, who) = (held(&office, "order-1").await, office.operator());
    let (taken, released) = tokio::join!(
        capture(&office.cabinet, &who, payment, form(100_000, "one")),
        void(&office.cabinet, &who, payment, "two"),
    );
    assert_ne!(taken.is_ok(), released.is_ok(), "{taken:?} {released:?}");
    let record = office.world.record("order-1").await;
    let following = record.operations.iter().filter(|one| !one.kind.is_opening());
    assert_eq!(following.map(|one| one.state).collect::<Vec<_>>(), [OperationState::Accepted]);
}

#[tokio::test]
async fn a_declined_capture_may_be_asked_for_in_a_new_dialog() {
    let office = Office::new().await;
    let (payment, who) = (held(&office, "order-1").await, office.operator());
    let first = capture(&office.cabinet, &who, payment, form(100_000, "one")).await.unwrap();
    office.world.bank.will([declined(Reason::GeneralDecline)]);
    office.world.work().await;
    let again = capture(&office.cabinet, &who, payment, form(100_000, "one")).await.unwrap();
    assert_eq!(again, first, "the same dialog is the same operation, whatever came of it");
    let second = capture(&office.cabinet, &who, payment, form(100_000, "two")).await.unwrap();
    assert_eq!(office.of_kind("order-1", OperationKind::Capture).await, [first, second]);
}

#[tokio::test]
async fn only_who_may_capture_does() {
    let office = Office::new().await;
    let payment = held(&office, "order-1").await;
    for role in [Role::Finance, Role::Support] {
        let who = office.with_role(role);
        let taken = capture(&office.cabinet, &who, payment, form(100, "one")).await;
        assert!(matches!(taken, Err(ActionError::Denied(_))), "{role:?}: {taken:?}");
        let released = void(&office.cabinet, &who, payment, "two").await;
        assert!(matches!(released, Err(ActionError::Denied(_))), "{role:?}: {released:?}");
    }
    let stranger = office.stranger();
    let taken = capture(&office.cabinet, &stranger, payment, form(100, "one")).await;
    assert!(matches!(taken, Err(ActionError::NotFound)));
    let released = void(&office.cabinet, &stranger, payment, "two").await;
    assert!(matches!(released, Err(ActionError::NotFound)));
    assert!(office.tried().await.iter().all(|(_, result)| *result == REFUSED));
    assert_eq!(office.tried().await.len(), 6);
}
