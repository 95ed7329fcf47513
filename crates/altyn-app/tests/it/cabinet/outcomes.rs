//! «Запросить банк ещё раз», «отметить выполненным», «отметить неудавшимся».

use altyn_app::access::audit::Action;
use altyn_app::access::user::Role;
use altyn_app::cabinet::{
    ActionError, REFUND_ALARM_MS, RefundForm, SettleForm, ask_again, refund, settle,
};
use altyn_app::jobs::SettledAs;
use altyn_app::ports::ProviderOutcome;
use altyn_domain::callback::CallbackDialect;
use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::payment::{OperationState, PaymentState, ProviderFacts};
use altyn_domain::project::Project;
use altyn_domain::reason::Reason;
use altyn_domain::status::{Status, Told, status_of};

use super::{DONE, Office, REFUSED, rub};
use crate::world::{World, approved, pending, unknown};

impl World {
    pub async fn store_record(
        &self,
        (project, payment): (ProjectId, PaymentId),
    ) -> altyn_domain::payment::Record {
        use altyn_app::ports::Store as _;
        self.store.payment(project, payment).await.unwrap().unwrap()
    }
}

type Place = (ProjectId, PaymentId);

/// Lets a refund be under way for longer than it may.
fn hangs(office: &Office) {
    office.world.clock.advance(REFUND_ALARM_MS + 1);
}

/// A refund of 400 roubles of which nobody knows the end.
async fn lost(office: &Office, reference: &str) -> (Place, OperationId) {
    let payment = office.sold(reference).await;
    let form = RefundForm {
        amount: rub(40_000),
        positions: Vec::new(),
        reason: String::new(),
        key: reference.to_owned(),
    };
    let id = refund(&office.cabinet, &office.operator(), payment, form).await.unwrap();
    office.world.bank.will([unknown()]);
    office.world.work().await;
    assert_eq!(office.world.operation(reference, id).await.state, OperationState::Unknown);
    (payment, id)
}

fn form(operation: OperationId, outcome: SettledAs, reason: &str) -> SettleForm {
    SettleForm { operation, outcome, reason: reason.to_owned() }
}

#[tokio::test]
async fn the_bank_is_asked_at_once_and_what_it_says_counts() {
    let office = Office::new().await;
    let (payment, id) = lost(&office, "order-1").await;
    let who = office.with_role(Role::Support);
    office.world.bank.will([unknown()]);
    ask_again(&office.cabinet, &who, payment, id).await.unwrap();
    assert_eq!(office.world.operation("order-1", id).await.state, OperationState::Unknown);
    office.world.bank.will([approved()]);
    ask_again(&office.cabinet, &who, payment, id).await.unwrap();
    assert_eq!(office.world.state("order-1").await, PaymentState::PartiallyRefunded);
    let late = ask_again(&office.cabinet, &who, payment, id).await;
    assert!(matches!(late, Err(ActionError::NotOffered)), "{late:?}");
    let tried = office.tried().await;
    let ask = Action::AskProvider;
    assert_eq!(tried, [(Action::Refund, DONE), (ask, DONE), (ask, DONE), (ask, REFUSED)]);
    assert_eq!(office.log().await[1].entry.operation, Some(id));
    office.world.work().await;
    office.world.check().await;
}

#[tokio::test]
async fn only_who_may_ask_does_and_only_about_this_payment() {
    let office = Office::new().await;
    let (payment, id) = lost(&office, "order-1").await;
    let finance = ask_again(&office.cabinet, &office.with_role(Role::Finance), payment, id).await;
    assert!(matches!(finance, Err(ActionError::Denied(_))), "{finance:?}");
    let stranger = ask_again(&office.cabinet, &office.stranger(), payment, id).await;
    assert!(matches!(stranger, Err(ActionError::NotFound)), "{stranger:?}");
    let other = office.sold("order-2").await;
    let foreign = ask_again(&office.cabinet, &office.operator(), other, id).await;
    assert!(matches!(foreign, Err(ActionError::NotFound)), "{foreign:?}");
    assert_eq!(office.tried().await[1..], [(Action::AskProvider, REFUSED); 3]);
}

#[tokio::test]
async fn a_person_says_that_it_was_done() {
    let office = Office::new().await;
    let (payment, id) = lost(&office, "order-1").await;
    hangs(&office);
    let who = office.administrator();
    let done = form(id, SettledAs::Approved, " Выписка от 5 мая ");
    settle(&office.cabinet, &who, payment, done.clone()).await.unwrap();
    assert_eq!(office.world.state("order-1").await, PaymentState::PartiallyRefunded);
    let entry = office.log().await.pop().unwrap().entry;
    assert_eq!((entry.action, entry.result), (Action::Settle, DONE));
    assert_eq!((entry.payment, entry.operation), (Some(payment.1), Some(id)));
    assert_eq!(entry.detail, "done; Выписка от 5 мая");
    let again = settle(&office.cabinet, &who, payment, done).await;
    assert!(matches!(again, Err(ActionError::NotOffered)), "{again:?}");
    office.world.clock.advance(600_000);
    office.world.work().await;
    assert_eq!(
        office.world.shop.told().last().map(String::as_str),
        Some("refund approved  / partially_refunded")
    );
    office.world.check().await;
}

#[tokio::test]
async fn a_person_says_that_it_failed_and_the_payment_is_as_before() {
    let office = Office::new().await;
    let payment = office.sold("order-1").await;
    let ask = RefundForm {
        amount: rub(40_000),
        positions: Vec::new(),
        reason: String::new(),
        key: "key".to_owned(),
    };
    let id = refund(&office.cabinet, &office.operator(), payment, ask).await.unwrap();
    office.world.bank.will([pending()]);
    office.world.work().await;
    hangs(&office);
    let failed = form(id, SettledAs::Declined, "Банк вернул отказ");
    settle(&office.cabinet, &office.administrator(), payment, failed).await.unwrap();
    let after = office.world.record("order-1").await.payment;
    assert_eq!((after.state, after.refund_reserved.minor()), (PaymentState::Paid, 0));
    office.world.work().await;
    office.world.check().await;
}

#[tokio::test]
async fn in_paykeepers_words_a_declined_refund_stays_until_it_is_closed() {
    let office = Office::new().await;
    let who = office.administrator();
    let paykeeper = |project: &mut Project| project.dialect = CallbackDialect::Paykeeper;
    office.save(&who, paykeeper).await.unwrap();
    let payment = office.sold("order-1").await;
    let ask = RefundForm {
        amount: rub(40_000),
        positions: Vec::new(),
        reason: String::new(),
        key: "key".to_owned(),
    };
    let id = refund(&office.cabinet, &office.operator(), payment, ask).await.unwrap();
    let no = ProviderOutcome::Declined(Reason::InsufficientFunds, ProviderFacts::default());
    office.world.bank.will([no]);
    office.world.work().await;
    let status = async || status_of(&office.world.record("order-1").await, Told::Delivered);
    assert_eq!(status().await, Status::Refunding);
    let close = form(id, SettledAs::Declined, "Поддержка подтвердила");
    let settled = settle(&office.cabinet, &office.operator(), payment, close.clone()).await;
    assert!(matches!(settled, Err(ActionError::Denied(_))), "{settled:?}");
    let done = form(id, SettledAs::Approved, "why");
    let settled = settle(&office.cabinet, &who, payment, done).await;
    assert!(matches!(settled, Err(ActionError::NotOffered)), "the bank said no: {settled:?}");
    settle(&office.cabinet, &who, payment, close.clone()).await.unwrap();
    assert_eq!(status().await, Status::Success);
    let refund = office.world.operation("order-1", id).await;
    let ended = (refund.state, refund.reason);
    assert_eq!(ended, (OperationState::Declined, Some(Reason::InsufficientFunds)));
    let entry = office.log().await.pop().unwrap().entry;
    let told = (entry.action, entry.result, entry.detail.as_str());
    assert_eq!(told, (Action::Settle, DONE, "failed; Поддержка подтвердила"));
    let again = settle(&office.cabinet, &who, payment, close).await;
    assert!(matches!(again, Err(ActionError::NotOffered)), "{again:?}");
    office.world.work().await;
    office.world.check().await;
}

#[tokio::test]
async fn nothing_is_settled_without_right_reason_or_need() {
    let office = Office::new().await;
    let (payment, id) = lost(&office, "order-1").await;
    let other = office.sold("order-2").await;
    hangs(&office);
    let before = office.log().await.len();
    let administrator = office.administrator();
    let sale = office.world.record("order-1").await.opening().unwrap().id;
    let done = |operation, reason| form(operation, SettledAs::Approved, reason);
    for (who, place, form, expected) in [
        (office.operator(), payment, done(id, "why"), "denied"),
        (office.with_role(Role::Support), payment, done(id, "why"), "denied"),
        (office.stranger(), payment, done(id, "why"), "not found"),
        (administrator.clone(), other, done(id, "why"), "not found"),
        (administrator.clone(), payment, done(id, " \t"), "no reason"),
        (administrator, payment, done(sale, "why"), "not offered"),
    ] {
        let found = match settle(&office.cabinet, &who, place, form).await {
            Err(ActionError::Denied(_)) => "denied",
            Err(ActionError::NotFound) => "not found",
            Err(ActionError::NoReason) => "no reason",
            Err(ActionError::NotOffered) => "not offered",
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected);
    }
    let tried = office.tried().await.split_off(before);
    assert_eq!(tried, [(Action::Settle, REFUSED); 6]);
    assert_eq!(office.world.operation("order-1", id).await.state, OperationState::Unknown);
}

#[tokio::test]
async fn two_who_settle_at_once_are_one() {
    let office = Office::new().await;
    let (payment, id) = lost(&office, "order-1").await;
    hangs(&office);
    let who = office.administrator();
    let (done, failed) = tokio::join!(
        settle(&office.cabinet, &who, payment, form(id, SettledAs::Approved, "one")),
        settle(&office.cabinet, &who, payment, form(id, SettledAs::Declined, "two")),
    );
    assert_ne!(done.is_ok(), failed.is_ok(), "{done:?} {failed:?}");
    let mut tried = office.tried().await.split_off(1);
    tried.sort_by_key(|(_, result)| result.as_str());
    assert_eq!(tried, [(Action::Settle, DONE), (Action::Settle, REFUSED)]);
    office.world.work().await;
    office.world.check().await;
}
