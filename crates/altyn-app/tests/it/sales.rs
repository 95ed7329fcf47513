//! Sales: the main walk, repeats, unknown outcomes, and a process that dies between any two steps.

use std::sync::atomic::Ordering;

use altyn_app::inbound;
use altyn_app::jobs::{JobKind, LEASE_MS, run_job};
use altyn_app::payment::{AcceptError, accept_payment};
use altyn_app::ports::ProviderOutcome;
use altyn_domain::id::order_number;
use altyn_domain::payment::{OperationState, PaymentState, ProviderFacts};
use altyn_domain::reason::Reason;
use altyn_testkit::build;

use crate::world::{World, approved, facts, not_sent, pending, redirect, sale_request, unknown};

#[tokio::test]
async fn a_sale_from_request_to_final_callback() {
    let world = World::new().await;
    let sale = world.accept(sale_request("order-1")).await;
    assert_eq!(world.shop.told(), Vec::<String>::new());
    world.bank.will([redirect()]);
    assert_eq!(world.work().await, ["redirect", "delivered"]);
    assert_eq!(world.state("order-1").await, PaymentState::AwaitingRedirect);
    world.bank.will([pending(), approved()]);
    world.clock.advance(15_000);
    assert_eq!(world.work().await, ["still_open"]);
    let parameters = vec![("order".to_owned(), order_number(sale))];
    inbound::receive(&world.context, "bank", parameters).await.unwrap();
    assert_eq!(world.work().await, ["approved", "delivered"]);
    assert_eq!(
        world.shop.told(),
        ["sale redirected  / awaiting_redirect", "sale approved  / paid"]
    );
    assert_eq!(world.bank.called(), ["submit", "ask", "ask"]);
    world.check().await;
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_another_body_the_first_difference() {
    let world = World::new().await;
    let request = sale_request("Order-2");
    let first = world.accept(request.clone()).await;
    assert_eq!(world.accept(request.clone()).await, first);
    let mut other = request;
    other.request = other.request.with("payment:note", "1");
    match accept_payment(&world.context, &world.project, other).await {
        Err(AcceptError::Exists { field }) => assert_eq!(field, "payment.note"),
        outcome => panic!("{outcome:?}"),
    }
    world.check().await;
}

#[tokio::test]
async fn what_was_surely_not_sent_is_sent_again_under_the_same_number() {
    let world = World::new().await;
    world.accept(sale_request("order-3")).await;
    world.bank.will([not_sent(), not_sent(), redirect()]);
    assert_eq!(world.work().await, ["not_sent"]);
    assert_eq!(world.work().await, Vec::<&str>::new(), "after a pause, not at once");
    world.clock.advance(2_000);
    world.work().await;
    world.clock.advance(4_000);
    assert_eq!(world.work().await, ["redirect", "delivered"]);
    let numbers = world.bank.each(|call| call.order_number.clone());
    assert!(numbers.windows(2).all(|pair| pair[0] == pair[1]), "{numbers:?}");
    assert_eq!(world.record("order-3").await.opening().unwrap().attempts, 3);
    world.check().await;
}

#[tokio::test]
async fn an_unknown_outcome_is_asked_for_and_never_guessed() {
    let world = World::new().await;
    world.accept(sale_request("order-4")).await;
    world.bank.will([unknown()]);
    assert_eq!(world.work().await, ["unknown"]);
    assert_eq!(world.state("order-4").await, PaymentState::Processing);
    for _ in 0..20 {
        world.bank.will([unknown()]);
        world.clock.advance(600_000);
        assert_eq!(world.work().await, ["still_open"]);
    }
    let sale = world.record("order-4").await.opening().unwrap().clone();
    assert_eq!(sale.state, OperationState::Unknown, "hours prove nothing");
    world.bank.will([approved()]);
    world.clock.advance(600_000);
    assert_eq!(world.work().await, ["approved", "delivered"]);
    world.check().await;
}

#[tokio::test]
async fn a_worker_that_died_in_the_call_is_followed_by_one_that_asks() {
    for (answer, state) in [
        (approved(), PaymentState::Paid),
        (pending(), PaymentState::Processing),
        (unknown(), PaymentState::Processing),
        (not_sent(), PaymentState::Processing),
        (redirect(), PaymentState::AwaitingRedirect),
        (
            ProviderOutcome::Declined(Reason::GeneralDecline, ProviderFacts::default()),
            PaymentState::Declined,
        ),
    ] {
        let world = World::new().await;
        let sale = world.accept(sale_request("order-5")).await;
        let job = world.claim(JobKind::CallProvider).await.remove(0);
        // The worker commits the attempt and dies before the provider answers.
        world.bank.hangs.store(true, Ordering::SeqCst);
        tokio::select! {
            report = run_job(&world.context, job) => panic!("{report:?} out of a hanging call"),
            () = called(&world) => {}
        }
        assert_eq!(world.operation("order-5", sale).await.state, OperationState::Sending);
        world.die_and_come_back();
        world.bank.will([answer.clone()]);
        world.work().await;
        assert_eq!(world.state("order-5").await, state, "{answer:?}");
        assert_eq!(world.bank.called(), ["submit", "ask"]);
        world.check().await;
    }
}

/// Resolves when the provider has been called.
async fn called(world: &World) {
    while world.bank.called().is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_lost_lease_does_not_lose_the_evidence() {
    let world = World::new().await;
    world.accept(sale_request("order-6")).await;
    world.bank.will([redirect()]);
    world.work().await;
    world.clock.advance(15_000);
    let slow = world.claim(JobKind::AskOutcome).await.remove(0);
    world.clock.advance(LEASE_MS + 1);
    world.bank.will([pending(), approved()]);
    assert_eq!(world.work().await, ["still_open"], "another worker took the job over");
    assert_eq!(run_job(&world.context, slow).await.outcome, "approved");
    assert_eq!(world.state("order-6").await, PaymentState::Paid);
    world.clock.advance(600_000);
    assert_eq!(world.work().await, ["ended_before", "delivered"]);
    world.check().await;
}

#[tokio::test]
async fn notifications_may_come_twice_early_and_late() {
    let world = World::new().await;
    let sale = world.accept(sale_request("order-7")).await;
    let parameters = || vec![("order".to_owned(), order_number(sale))];
    // Early: before anything was sent.
    inbound::receive(&world.context, "bank", parameters()).await.unwrap();
    world.bank.will([redirect(), approved()]);
    let outcomes = world.work().await;
    assert!(outcomes.contains(&"redirect"), "{outcomes:?}");
    // Twice.
    for _ in 0..2 {
        inbound::receive(&world.context, "bank", parameters()).await.unwrap();
    }
    world.work().await;
    assert_eq!(world.state("order-7").await, PaymentState::Paid);
    // Late: nothing is asked any more.
    inbound::receive(&world.context, "bank", parameters()).await.unwrap();
    assert_eq!(world.work().await, ["ended_before"]);
    assert_eq!(world.shop.told().len(), 2);
    world.check().await;
}

#[tokio::test]
async fn money_after_a_decline_is_kept_in_suspense() {
    let world = World::new().await;
    let sale = world.accept(sale_request("order-8")).await;
    let declined = ProviderOutcome::Declined(Reason::PayerTimedOut, facts("order-1"));
    world.bank.will([redirect(), declined.clone()]);
    world.work().await;
    world.clock.advance(15_000);
    world.work().await;
    assert_eq!(world.state("order-8").await, PaymentState::Declined);
    for answer in [declined, approved(), approved()] {
        let parameters = vec![("order".to_owned(), order_number(sale))];
        inbound::receive(&world.context, "bank", parameters).await.unwrap();
        world.bank.will([answer]);
        world.work().await;
    }
    assert!(world.operation("order-8", sale).await.late_money);
    assert_eq!(world.state("order-8").await, PaymentState::Declined, "never rewritten");
    assert_eq!(world.shop.told().len(), 2);
    world.check().await;
}

#[tokio::test]
async fn a_rejected_sale_may_be_sent_again_under_its_id() {
    let world = World::new().await;
    let mut low = sale_request("order-9");
    low.amount = build::rub(1);
    let first = world.accept(low.clone()).await;
    assert_eq!(world.state("order-9").await, PaymentState::Rejected);
    let second = world.accept(sale_request("order-9")).await;
    assert_ne!(first, second);
    assert_eq!(world.state("order-9").await, PaymentState::Processing);
    world.bank.will([approved()]);
    world.work().await;
    assert_eq!(world.state("order-9").await, PaymentState::Paid);
    assert!(world.shop.told().contains(&"sale rejected amount_below_limit / rejected".into()));
    world.check().await;
}
