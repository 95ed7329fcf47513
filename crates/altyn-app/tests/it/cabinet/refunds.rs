//! «Полный или частичный возврат платежа».

use altyn_app::access::audit::Action;
use altyn_app::access::user::{Right, Role};
use altyn_app::access::{Actor, Denied};
use altyn_app::cabinet::{
    ActionError, Cart, CartPosition, RefundForm, RefundPosition, cart_left, cart_of, refund,
};
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::decide::PaymentRequest;
use altyn_domain::payment::{OperationKind, OperationState, PaymentState, RequestEcho};
use altyn_domain::reason::Reason;

use super::{DONE, Office, REFUSED, actor, rub};
use crate::world::{approved, declined, sale_request, unknown};

fn form(minor: i64, key: &str) -> RefundForm {
    RefundForm {
        amount: rub(minor),
        positions: Vec::new(),
        reason: "Товар возвращён".to_owned(),
        key: key.to_owned(),
    }
}

#[tokio::test]
async fn who_has_the_right_returns_money_and_nobody_else() {
    let office = Office::new().await;
    let payment = office.sold("order-1").await;
    let mut turn = 0;
    for (who, expected) in [
        (office.with_role(Role::Administrator), "done"),
        (office.with_role(Role::Operator), "done"),
        (office.with_role(Role::Finance), "denied"),
        (office.with_role(Role::Support), "denied"),
        (actor("platform", &[(None, Role::Operator)]), "done"),
        (actor("nobody", &[]), "not found"),
        (office.stranger(), "not found"),
    ] {
        turn += 1;
        let key = format!("dialog-{turn}");
        let found = match refund(&office.cabinet, &who, payment, form(100, &key)).await {
            Ok(_) => "done",
            Err(ActionError::Denied(Denied(Right::Refund))) => "denied",
            Err(ActionError::NotFound) => "not found",
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{}", who.user.login);
        let log = office.log().await;
        assert_eq!(log.len(), turn, "one entry for each try");
        let last = log.last().unwrap().entry.clone();
        let done = expected == "done";
        assert_eq!((last.action, last.result), (Action::Refund, if done { DONE } else { REFUSED }));
        assert_eq!((last.login, last.user), (who.user.login.clone(), Some(who.user.id)));
        assert_eq!(last.operation.is_some(), done);
        // Another merchant's log does not tell who tried.
        assert_eq!(last.payment.is_some(), expected != "not found");
        if done {
            office.world.bank.will([approved()]);
            office.world.work().await;
        }
    }
    assert_eq!(office.world.record("order-1").await.payment.refunded.minor(), 300);
    office.world.check().await;
}

#[tokio::test]
async fn another_projects_number_is_not_found_under_ones_own_project() {
    let office = Office::new().await;
    let (_, foreign) = office.sold("order-1").await;
    office.other_project().await;
    let stranger = office.stranger();
    let own = stranger.user.memberships[0].project.unwrap();
    let found = refund(&office.cabinet, &stranger, (own, foreign), form(100, "key")).await;
    assert!(matches!(found, Err(ActionError::NotFound)), "{found:?}");
    assert_eq!(office.of_kind("order-1", OperationKind::Refund).await, []);
}

#[tokio::test]
async fn a_refund_names_its_reason_in_the_log_and_in_its_request() {
    let office = Office::new().await;
    let payment = office.sold("order-1").await;
    let long = "я".repeat(700);
    let asked = RefundForm { reason: format!(" Сломан\r\n{long}"), ..form(100, "key") };
    let id = refund(&office.cabinet, &office.operator(), payment, asked).await.unwrap();
    let entry = office.log().await.remove(0).entry;
    assert_eq!((entry.project, entry.payment), (Some(payment.0), Some(payment.1)));
    assert_eq!(entry.operation, Some(id));
    assert_eq!(entry.at, office.now());
    assert!(entry.detail.starts_with("1.00 RUB; Сломан  яяя"), "{}", entry.detail);
    let operation = office.world.operation("order-1", id).await;
    assert_eq!(operation.request.value("payment:amount"), Some("100"));
    let description = operation.request.value("payment:description").unwrap();
    assert_eq!(description.chars().count(), 500);
    assert_eq!(operation.merchant_refund_id, None);
}

#[tokio::test]
async fn sums_that_cannot_be_returned_are_refused_with_what_can() {
    let office = Office::new().await;
    let payment = office.sold("order-1").await;
    let usd = Amount::new(100, Currency::USD).unwrap();
    for amount in [rub(0), rub(100_001), rub(10_000_000_000_000), usd] {
        let asked = RefundForm { amount, ..form(0, "key") };
        match refund(&office.cabinet, &office.operator(), payment, asked).await {
            Err(ActionError::Amount { most }) => assert_eq!(most, rub(100_000), "{amount}"),
            other => panic!("{amount}: {other:?}"),
        }
    }
    assert_eq!(office.tried().await, [(Action::Refund, REFUSED); 4]);
    assert_eq!(office.of_kind("order-1", OperationKind::Refund).await, []);
    office.world.check().await;
}

#[tokio::test]
async fn a_part_then_the_rest_and_nothing_more() {
    let office = Office::new().await;
    let (payment, who) = (office.sold("order-1").await, office.operator());
    let ask =
        async |minor, key: &str| refund(&office.cabinet, &who, payment, form(minor, key)).await;
    ask(40_000, "first").await.unwrap();
    // While it is under way there is no other (paykeeper.md §4).
    assert!(matches!(ask(100, "second").await, Err(ActionError::NotOffered)));
    office.world.bank.will([approved()]);
    office.world.work().await;
    let more = ask(60_001, "third").await;
    assert!(matches!(more, Err(ActionError::Amount { most }) if most == rub(60_000)), "{more:?}");
    ask(60_000, "fourth").await.unwrap();
    office.world.bank.will([approved()]);
    office.world.work().await;
    assert_eq!(office.world.state("order-1").await, PaymentState::Refunded);
    assert!(matches!(ask(1, "fifth").await, Err(ActionError::NotOffered)));
    let tried: Vec<_> = office.tried().await.into_iter().map(|(_, result)| result).collect();
    assert_eq!(tried, [DONE, REFUSED, REFUSED, DONE, REFUSED]);
    office.world.check().await;
}

#[tokio::test]
async fn a_dialog_sent_twice_is_one_refund() {
    let office = Office::new().await;
    let (payment, who) = (office.sold("order-1").await, office.operator());
    let ask = |minor| refund(&office.cabinet, &who, payment, form(minor, "dialog"));
    let (first, second, third) = tokio::join!(ask(500), ask(500), ask(500));
    let first = first.unwrap();
    assert_eq!((second.unwrap(), third.unwrap()), (first, first));
    office.world.bank.will([approved()]);
    office.world.work().await;
    // Also when it has long ended; but another sum under it is another refund.
    assert_eq!(ask(500).await.unwrap(), first);
    assert!(matches!(ask(501).await, Err(ActionError::NotOffered)));
    assert_eq!(office.of_kind("order-1", OperationKind::Refund).await, [first]);
    assert_eq!(office.tried().await, [(Action::Refund, DONE), (Action::Refund, REFUSED)]);
    assert_eq!(office.world.record("order-1").await.payment.refunded.minor(), 500);
    office.world.check().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_operators_at_once_one_returns_and_the_other_is_told() {
    let office = Office::new().await;
    let payment = office.sold("order-1").await;
    let ask = |who: Actor, key| {
        let cabinet = office.cabinet.clone();
        tokio::spawn(async move { refund(&cabinet, &who, payment, form(100_000, key)).await })
    };
    let (one, two) = (ask(office.operator(), "one"), ask(office.administrator(), "two"));
    let (left, right) = (one.await.unwrap(), two.await.unwrap());
    let refused = match (left, right) {
        (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
        other => panic!("{other:?}"),
    };
    assert!(matches!(refused, ActionError::NotOffered), "{refused:?}");
    assert_eq!(office.of_kind("order-1", OperationKind::Refund).await.len(), 1);
    let mut results: Vec<_> = office.tried().await;
    results.sort_by_key(|(_, result)| result.as_str());
    assert_eq!(results, [(Action::Refund, DONE), (Action::Refund, REFUSED)]);
    office.world.bank.will([approved()]);
    office.world.work().await;
    assert_eq!(office.world.state("order-1").await, PaymentState::Refunded);
    office.world.check().await;
}

#[tokio::test]
async fn what_was_not_paid_is_not_returned() {
    let office = Office::new().await;
    let who = office.operator();
    office.world.accept(sale_request("waits")).await;
    office.world.bank.will([declined(Reason::InsufficientFunds)]);
    office.world.accept(sale_request("declined")).await;
    office.world.bank.will([unknown()]);
    office.world.work().await;
    for reference in ["waits", "declined"] {
        let payment = office.id(reference).await;
        let found = refund(&office.cabinet, &who, payment, form(100, reference)).await;
        assert!(matches!(found, Err(ActionError::NotOffered)), "{reference}: {found:?}");
        assert_eq!(office.of_kind(reference, OperationKind::Refund).await, []);
    }
}

#[tokio::test]
async fn a_method_that_returns_whole_payments_is_offered_no_part() {
    let office = Office::new().await;
    let kes = |minor| Amount::new(minor, Currency::KES).unwrap();
    let request = PaymentRequest {
        method: Method::CardPartner,
        amount: kes(5_000),
        ..sale_request("order-1")
    };
    let payment = office.paid(request).await;
    let ask = |minor, key: &str| {
        let asked = RefundForm { amount: kes(minor), ..form(0, key) };
        let (cabinet, who) = (office.cabinet.clone(), office.operator());
        async move { refund(&cabinet, &who, payment, asked).await }
    };
    assert!(matches!(ask(4_999, "part").await, Err(ActionError::WholeOnly)));
    ask(5_000, "whole").await.unwrap();
    office.world.bank.will([approved()]);
    office.world.work().await;
    assert_eq!(office.world.state("order-1").await, PaymentState::Refunded);
}

#[tokio::test]
async fn a_refund_that_the_bank_declined_may_be_asked_for_anew() {
    let office = Office::new().await;
    let (payment, who) = (office.sold("order-1").await, office.operator());
    let first = refund(&office.cabinet, &who, payment, form(500, "one")).await.unwrap();
    office.world.bank.will([declined(Reason::GeneralDecline)]);
    office.world.work().await;
    let state = office.world.operation("order-1", first).await.state;
    assert_eq!(state, OperationState::Declined);
    let second = refund(&office.cabinet, &who, payment, form(500, "two")).await.unwrap();
    assert_ne!(first, second);
}

fn cart_request(reference: &str) -> PaymentRequest {
    let line =
        |path: &str, value: &str| (format!("receipt_data:positions:{path}"), value.to_owned());
    let mut lines = vec![
        line("0:description", "Чай"),
        line("0:quantity", "3"),
        line("0:amount", "30000"),
        line("1:description", "Сахар, кг"),
        line("1:quantity", "1.5"),
        line("1:amount", "not a number"),
        line("2:description", "Подарок"),
        line("2:quantity", "some"),
    ];
    // Sorted as texts these come before position 2.
    lines.extend((3..12).map(|index| line(&format!("{index}:quantity"), "1")));
    let request = RequestEcho::new(lines);
    PaymentRequest { amount: rub(100_000), request, ..sale_request(reference) }
}

#[tokio::test]
async fn a_cart_is_read_from_the_request_that_brought_it() {
    let office = Office::new().await;
    office.paid(cart_request("order-1")).await;
    let record = office.world.record("order-1").await;
    let cart = cart_of(record.opening().unwrap()).unwrap();
    assert_eq!(cart.positions.len(), 12);
    let position = |description: &str, quantity: &str, amount_minor| CartPosition {
        description: description.to_owned(),
        quantity: quantity.to_owned(),
        amount_minor,
    };
    let expected = [
        position("Чай", "3", Some(30_000)),
        position("Сахар, кг", "1.5", None),
        position("Подарок", "some", None),
    ];
    assert_eq!(cart.positions[..3], expected);
    office.sold("order-2").await;
    assert_eq!(cart_of(office.world.record("order-2").await.opening().unwrap()), None);
}

#[tokio::test]
async fn positions_of_the_cart_are_returned_once() {
    let office = Office::new().await;
    let (payment, who) = (office.paid(cart_request("order-1")).await, office.operator());
    let ask = async |key: &str, positions: &[(usize, &str)]| {
        let positions = positions.iter().map(|(index, quantity)| RefundPosition {
            index: *index,
            quantity: (*quantity).to_owned(),
        });
        let asked = RefundForm { positions: positions.collect(), ..form(100, key) };
        refund(&office.cabinet, &who, payment, asked).await
    };
    for wrong in [
        [(0, "4")],
        [(0, "0")],
        [(0, "-1")],
        [(0, "")],
        [(1, "1.6")],
        [(1, "1,5")],
        [(2, "all")],
        [(12, "1")],
        [(usize::MAX, "1")],
    ] {
        let found = ask("wrong", &wrong).await;
        let Err(ActionError::Position(index)) = found else { panic!("{wrong:?}: {found:?}") };
        assert_eq!(index, wrong[0].0);
    }
    assert!(matches!(ask("twice", &[(0, "2"), (0, "1")]).await, Err(ActionError::Position(0))));
    ask("first", &[(0, "2"), (1, "0.25"), (2, "5")]).await.unwrap();
    office.world.bank.will([approved()]);
    office.world.work().await;
    assert!(matches!(ask("second", &[(0, "2")]).await, Err(ActionError::Position(0))));
    ask("third", &[(0, "1")]).await.unwrap();
    office.world.bank.will([declined(Reason::GeneralDecline)]);
    office.world.work().await;
    // What the bank declined was not returned.
    let record = office.world.record("order-1").await;
    let cart: Cart = cart_of(record.opening().unwrap()).unwrap();
    let left = cart_left(&record, &cart);
    let left: Vec<Option<&str>> = left.iter().take(3).map(Option::as_deref).collect();
    assert_eq!(left, [Some("1"), Some("1.25"), None]);
    let detail = office.log().await.into_iter().find(|one| one.entry.result == DONE).unwrap();
    assert!(detail.entry.detail.contains("position 1 × 0.25"), "{}", detail.entry.detail);
}
