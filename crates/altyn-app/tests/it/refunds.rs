//! Refunds: balance, turns, unknown outcomes.

use altyn_app::jobs::{SettleError, SettledAs, settle};
use altyn_app::payment::{PaymentTarget, RefundError, accept_refund};
use altyn_app::ports::ProviderOutcome;
use altyn_domain::id::OperationId;
use altyn_domain::payment::decide::RefundRequest;
use altyn_domain::payment::{OperationState, PaymentRef, PaymentState, RequestEcho};
use altyn_domain::reason::Reason;
use altyn_testkit::build;

use crate::world::{World, approved, facts, not_sent, sale_request, unknown};

async fn paid(reference: &str) -> World {
    let world = World::new().await;
    world.accept(sale_request(reference)).await;
    world.bank.will([approved()]);
    world.work().await;
    assert_eq!(world.state(reference).await, PaymentState::Paid);
    world
}

fn target(reference: &str) -> PaymentTarget {
    PaymentTarget { reference: PaymentRef::new(reference).unwrap(), method: None }
}

async fn refund(world: &World, reference: &str, request: RefundRequest) -> OperationId {
    accept_refund(&world.context, &world.project, &target(reference), request).await.unwrap()
}

fn part(minor: i64) -> RefundRequest {
    RefundRequest { callback: None, ..build::refund_request(minor, None) }
}

fn all() -> RefundRequest {
    RefundRequest {
        amount: None,
        merchant_refund_id: None,
        callback: None,
        request: RequestEcho::default(),
    }
}

#[tokio::test]
async fn a_part_then_the_rest() {
    let world = paid("order-1").await;
    let whole = world.record("order-1").await.payment.captured.minor();
    refund(&world, "order-1", part(100)).await;
    world.bank.will([ProviderOutcome::Approved(facts("refund-1"))]);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::PartiallyRefunded);
    refund(&world, "order-1", all()).await;
    world.bank.will([ProviderOutcome::Approved(facts("refund-2"))]);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::Refunded);
    let held = world.bank.each(|call| call.order.as_ref().map(|order| order.deposited_minor));
    let expected = [None, Some(whole), Some(whole - 100)];
    assert_eq!(held, expected, "what the provider should still hold");
    world.check().await;
}

#[tokio::test]
async fn refunds_of_one_payment_wait_for_each_other() {
    let world = paid("order-2").await;
    refund(&world, "order-2", part(100)).await;
    world.bank.will([unknown()]);
    world.work().await;
    let second = refund(&world, "order-2", part(200)).await;
    assert_eq!(world.work().await, ["waits_its_turn"]);
    assert_eq!(world.operation("order-2", second).await.state, OperationState::Accepted);
    world.bank.will([ProviderOutcome::Approved(facts("refund-1"))]);
    world.clock.advance(2_000);
    // Whoever comes first: the question about the first ends it, then the second has its turn.
    world.work().await;
    world.bank.will([ProviderOutcome::Approved(facts("refund-2"))]);
    world.clock.advance(2_000);
    world.work().await;
    assert_eq!(world.record("order-2").await.payment.refunded.minor(), 300);
    world.check().await;
}

#[tokio::test]
async fn a_refund_that_was_surely_not_done_is_done_again() {
    let world = paid("order-3").await;
    let id = refund(&world, "order-3", part(100)).await;
    world.bank.will([unknown(), not_sent()]);
    world.work().await;
    world.clock.advance(2_000);
    world.work().await;
    assert_eq!(world.operation("order-3", id).await.state, OperationState::Accepted);
    world.bank.will([ProviderOutcome::Approved(facts("refund-1"))]);
    world.clock.advance(10_000);
    world.work().await;
    assert_eq!(world.operation("order-3", id).await.state, OperationState::Approved);
    assert_eq!(world.bank.called(), ["submit", "submit", "ask", "submit"]);
    world.check().await;
}

#[tokio::test]
async fn what_our_rules_refuse_is_told_and_never_sent() {
    let world = paid("order-4").await;
    let id = refund(&world, "order-4", part(1_000_000_000)).await;
    assert_eq!(world.work().await, ["delivered"]);
    let refused = world.operation("order-4", id).await;
    assert_eq!(refused.reason, Some(Reason::RefundExceedsBalance));
    assert_eq!(world.state("order-4").await, PaymentState::Paid);
    assert_eq!(world.bank.called(), ["submit"]);
    world.check().await;
}

#[tokio::test]
async fn a_declined_refund_leaves_the_payment_as_it_was() {
    let world = paid("order-5").await;
    refund(&world, "order-5", part(100)).await;
    world.bank.will([ProviderOutcome::Declined(Reason::GeneralDecline, facts("refund-1"))]);
    world.work().await;
    let payment = world.record("order-5").await.payment;
    assert_eq!((payment.state, payment.refund_reserved.minor()), (PaymentState::Paid, 0));
    assert_eq!(
        world.shop.told().last().map(String::as_str),
        Some("refund declined general_decline / paid")
    );
    world.check().await;
}

#[tokio::test]
async fn the_merchants_refund_id_makes_a_repeat_harmless() {
    let world = paid("order-6").await;
    let request = build::refund_request(100, Some("r-1"));
    let first = refund(&world, "order-6", request.clone()).await;
    assert_eq!(refund(&world, "order-6", request.clone()).await, first);
    let lines = vec![("payment:amount".to_owned(), "7".to_owned())];
    let other = RefundRequest { request: RequestEcho::new(lines), ..request };
    let refused = accept_refund(&world.context, &world.project, &target("order-6"), other).await;
    assert!(matches!(refused, Err(RefundError::RefundIdExists { .. })), "{refused:?}");
    world.check().await;
}

#[tokio::test]
async fn an_unknown_payment_has_no_refund() {
    let world = World::new().await;
    let refused = accept_refund(&world.context, &world.project, &target("nothing"), all()).await;
    assert!(matches!(refused, Err(RefundError::NotFound)));
}

#[tokio::test]
async fn a_person_settles_what_no_provider_will_tell() {
    let world = paid("order-7").await;
    let id = refund(&world, "order-7", part(100)).await;
    assert!(matches!(
        settle(&world.context, id, SettledAs::Approved).await,
        Err(SettleError::NotOpen(OperationState::Accepted))
    ));
    world.bank.will([unknown()]);
    world.work().await;
    settle(&world.context, id, SettledAs::Approved).await.unwrap();
    assert_eq!(world.state("order-7").await, PaymentState::PartiallyRefunded);
    assert!(settle(&world.context, id, SettledAs::Declined).await.is_err());
    world.clock.advance(600_000);
    world.work().await;
    let told = world.shop.told();
    assert_eq!(told.last().map(String::as_str), Some("refund approved  / partially_refunded"));
    world.check().await;
}
