//! Cards: from hand to acquirer, 3-D Secure, holds, further tries, and a process that dies.

use std::sync::atomic::Ordering;

use altyn_app::inbound;
use altyn_app::jobs::LEASE_MS;
use altyn_app::payment::{
    Answer, AnswerError, HoldError, PaymentTarget, TryError, accept_capture, accept_payment,
    accept_try, accept_void, give_up, pay_by_card, take_answer,
};
use altyn_app::ports::ProviderOutcome;
use altyn_app::ports::provider::AuthenticationAnswer;
use altyn_domain::id::order_number;
use altyn_domain::method::Method;
use altyn_domain::money::{Amount, Currency};
use altyn_domain::payment::decide::{
    CARD_CALL_MS, CaptureRequest, TryRefusal, TryRequest, VoidRequest,
};
use altyn_domain::payment::{
    AuthenticationStep, Customer, OperationState, PageWishes, PaymentRef, PaymentState,
    ProviderFacts, RequestEcho,
};
use altyn_domain::project::CAPTURE_AFTER_MS;
use altyn_domain::reason::Reason;

use crate::world::{
    CARD_NUMBER, World, approved, authenticate, card_request, declined, facts, hold_request,
    not_sent, pending, unknown,
};

fn reference(text: &str) -> PaymentRef {
    PaymentRef::new(text).unwrap()
}

fn target(text: &str) -> PaymentTarget {
    PaymentTarget { reference: reference(text), method: None }
}

fn capture(minor: Option<i64>) -> CaptureRequest {
    let amount = minor.map(|minor| Amount::new(minor, Currency::RUB).unwrap());
    let lines = vec![("payment:amount".to_owned(), format!("{minor:?}"))];
    CaptureRequest { amount, request: RequestEcho::new(lines), ..CaptureRequest::default() }
}

fn answer(answer: AuthenticationAnswer, transaction: Option<&str>) -> Answer {
    Answer { answer, md: None, transaction: transaction.map(str::to_owned) }
}

async fn held(world: &World, text: &str) {
    world.bank.will([approved()]);
    world.pay(world.accept_card(hold_request(text)).await).await;
    assert_eq!(world.state(text).await, PaymentState::Authorized);
}

#[tokio::test]
async fn a_card_goes_from_hand_to_acquirer_once() {
    let world = World::new().await;
    world.bank.will([approved()]);
    world.pay(world.accept_card(card_request("order-1")).await).await;
    assert_eq!(world.state("order-1").await, PaymentState::Paid);
    assert_eq!(world.work().await, ["delivered"]);
    assert_eq!(world.shop.told(), ["sale approved  / paid"]);
    world.clock.advance(CARD_CALL_MS + 1);
    assert_eq!(world.work().await, ["done_before"], "the job that would have found it interrupted");
    let (accepted, card) = world.accept_card(card_request("order-1")).await;
    assert!(accepted.repeated);
    world.pay((accepted, card)).await;
    assert_eq!(world.bank.called(), ["submit_card"], "a repeat sends nothing");
    assert_eq!(*world.bank.cards.lock().unwrap(), [CARD_NUMBER]);
    world.check().await;
}

#[tokio::test]
async fn three_d_secure_goes_step_by_step_and_foreign_answers_change_nothing() {
    let world = World::new().await;
    world.bank.will([authenticate(AuthenticationStep::Fingerprint)]);
    world.pay(world.accept_card(card_request("order-1")).await).await;
    let (context, project) = (&world.context, &world.project);
    let take = |given| take_answer(context, project, reference_of(), given);
    fn reference_of() -> &'static PaymentRef {
        static REFERENCE: std::sync::OnceLock<PaymentRef> = std::sync::OnceLock::new();
        REFERENCE.get_or_init(|| reference("order-1"))
    }
    let early = take(answer(AuthenticationAnswer::Challenge, Some("transaction-1"))).await;
    assert!(matches!(early, Err(AnswerError::NotAwaited)), "the challenge comes later");
    let completed = AuthenticationAnswer::Fingerprint { completed: true };
    let begun = take(answer(completed.clone(), None)).await.unwrap();
    let twice = take(answer(completed, None)).await;
    assert!(matches!(twice, Err(AnswerError::NotAwaited)), "the first of two counts");
    world.bank.will([authenticate(AuthenticationStep::Challenge)]);
    begun.finish(context, project).await.unwrap();
    for foreign in [None, Some("transaction-2")] {
        let refused = take(answer(AuthenticationAnswer::Challenge, foreign)).await;
        assert!(matches!(refused, Err(AnswerError::Foreign)));
    }
    let md = Answer {
        md: Some("md-2".to_owned()),
        ..answer(AuthenticationAnswer::Challenge, Some("transaction-1"))
    };
    assert!(matches!(take(md).await, Err(AnswerError::Foreign)));
    assert_eq!(world.state("order-1").await, PaymentState::AwaitingAuthentication);
    let begun = take(answer(AuthenticationAnswer::Challenge, Some("transaction-1"))).await.unwrap();
    world.bank.will([approved()]);
    begun.finish(context, project).await.unwrap();
    assert_eq!(world.state("order-1").await, PaymentState::Paid);
    let replayed = take(answer(AuthenticationAnswer::Challenge, Some("transaction-1"))).await;
    assert!(matches!(replayed, Err(AnswerError::NotAwaited)));
    assert_eq!(world.bank.called(), ["submit_card", "authenticate", "authenticate"]);
    world.work().await;
    assert_eq!(
        world.shop.told(),
        [
            "sale authenticating  / awaiting_authentication",
            "sale authenticating  / awaiting_authentication",
            "sale approved  / paid",
        ]
    );
    world.check().await;
}

#[tokio::test]
async fn an_acquirer_that_cannot_be_reached_charges_nothing() {
    let world = World::new().await;
    world.bank.will([not_sent()]);
    world.pay(world.accept_card(card_request("order-1")).await).await;
    let record = world.record("order-1").await;
    assert_eq!(record.payment.state, PaymentState::Declined);
    assert_eq!(record.opening().unwrap().reason, Some(Reason::ProviderUnavailable));
    world.check().await;
}

#[tokio::test]
async fn a_process_that_died_before_the_call_leaves_nothing_to_charge() {
    let world = World::new().await;
    let (_, card) = world.accept_card(card_request("order-1")).await;
    drop(card);
    assert_eq!(world.work().await, Vec::<&str>::new(), "its own process is given the time");
    world.check().await;
    world.bank.will([declined(Reason::Interrupted)]);
    world.clock.advance(CARD_CALL_MS + 1);
    assert_eq!(world.work().await, ["declined", "delivered"]);
    assert_eq!(world.shop.told(), ["sale declined interrupted / declined"]);
    assert_eq!(world.bank.called(), ["close"], "it may be late only, or a copy of before it");
    world.check().await;
}

#[tokio::test]
async fn a_process_that_died_in_the_call_is_followed_by_one_that_closes_the_order() {
    for (answer, state, told) in [
        (
            declined(Reason::Interrupted),
            PaymentState::Declined,
            "sale declined interrupted / declined",
        ),
        (approved(), PaymentState::Paid, "sale approved  / paid"),
    ] {
        let world = World::new().await;
        let (accepted, card) = world.accept_card(card_request("order-1")).await;
        world.bank.hangs.store(true, Ordering::SeqCst);
        let about = (accepted.payment, accepted.operation);
        let call = pay_by_card(&world.context, &world.project, about, card);
        let hangs = async {
            while world.bank.called().is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            ended = call => panic!("the call hangs, and ended with {ended:?}"),
            () = hangs => {}
        }
        assert_eq!(
            world.operation("order-1", accepted.operation).await.state,
            OperationState::Sending
        );
        world.check().await;
        world.clock.advance(LEASE_MS.max(CARD_CALL_MS) + 1);
        world.bank.will([answer]);
        world.work().await;
        assert_eq!(world.state("order-1").await, state);
        assert_eq!(world.shop.told(), [told]);
        assert_eq!(world.bank.called(), ["submit_card", "close"], "no card is sent twice");
        world.check().await;
    }
}

#[tokio::test]
async fn an_order_that_cannot_be_closed_yet_is_asked_about() {
    let world = World::new().await;
    let (accepted, card) = world.accept_card(card_request("order-1")).await;
    world.bank.will([unknown()]);
    world.pay((accepted, card)).await;
    assert_eq!(world.state("order-1").await, PaymentState::Processing);
    world.clock.advance(2_000);
    world.bank.will([pending()]);
    world.work().await;
    world.clock.advance(600_000);
    world.bank.will([approved()]);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::Paid);
    world.check().await;
}

#[tokio::test]
async fn an_order_that_never_was_is_given_up() {
    let world = World::new().await;
    world.bank.will([unknown()]);
    world.pay(world.accept_card(card_request("order-1")).await).await;
    // Just after that it may be on its way; a minute later the provider is believed, and asked to
    // see to it that there is no order.
    world.bank.will([not_sent()]);
    world.clock.advance(2_000);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::Processing);
    world.bank.will([not_sent(), declined(Reason::Interrupted)]);
    world.clock.advance(CARD_CALL_MS);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::Declined);
    assert_eq!(world.bank.called(), ["submit_card", "ask", "ask", "close"]);
    world.check().await;
}

/// Whoever closed it heard no answer, and the order stands open at the provider.
#[tokio::test]
async fn an_order_that_nobody_can_pay_is_closed_however_often_that_fails() {
    let world = World::new().await;
    let (_, card) = world.accept_card(card_request("order-1")).await;
    drop(card);
    world.clock.advance(CARD_CALL_MS + 1);
    world.bank.will([unknown()]);
    world.work().await;
    world.clock.advance(2_000);
    world.bank.will([pending()]);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::Processing);
    world.bank.will([pending(), unknown(), pending(), declined(Reason::Interrupted)]);
    for _ in 0..2 {
        world.clock.advance(10 * CARD_CALL_MS);
        world.work().await;
    }
    assert_eq!(world.state("order-1").await, PaymentState::Declined);
    assert_eq!(world.shop.told(), ["sale declined interrupted / declined"]);
    assert_eq!(world.bank.called(), ["close", "ask", "ask", "close", "ask", "close"]);
    world.check().await;
}

#[tokio::test]
async fn a_hold_is_captured_by_one_of_many() {
    let world = World::new().await;
    held(&world, "order-1").await;
    let capture =
        |minor| accept_capture(&world.context, &world.project, target_of(), capture(Some(minor)));
    fn target_of() -> &'static PaymentTarget {
        static TARGET: std::sync::OnceLock<PaymentTarget> = std::sync::OnceLock::new();
        TARGET.get_or_init(|| target("order-1"))
    }
    let (one, two, three) = tokio::join!(capture(100), capture(200), capture(300));
    let ids = [one.unwrap(), two.unwrap(), three.unwrap()];
    world.bank.will([ProviderOutcome::Approved(facts("order-1"))]);
    world.work().await;
    let record = world.record("order-1").await;
    let states = ids.map(|id| record.operation(id).unwrap().state);
    let done = states.iter().filter(|state| **state == OperationState::Approved).count();
    let refused = states.iter().filter(|state| **state == OperationState::Declined).count();
    assert_eq!((done, refused), (1, 2), "{states:?}");
    assert_eq!(world.bank.called(), ["submit_card", "submit"]);
    assert_eq!(record.payment.state, PaymentState::Paid);
    let again = capture(record.payment.captured.minor()).await.unwrap();
    assert_eq!(record.operation(again).unwrap().state, OperationState::Approved, "a repeat");
    world.clock.advance(CAPTURE_AFTER_MS + 1);
    assert_eq!(world.work().await, ["done_before", "ended_before"], "nothing is left to capture");
    world.check().await;
}

#[tokio::test]
async fn a_hold_that_nobody_captures_is_captured_on_the_projects_date() {
    let world = World::new().await;
    held(&world, "order-1").await;
    world.check().await;
    world.clock.advance(CAPTURE_AFTER_MS - 1_000);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::Authorized);
    world.clock.advance(1_000);
    world.bank.will([ProviderOutcome::Approved(facts("order-1"))]);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::Paid);
    assert!(world.shop.told().contains(&"capture approved  / paid".to_owned()));
    world.check().await;
}

#[tokio::test]
async fn a_hold_is_released_and_captured_never_both() {
    let world = World::new().await;
    held(&world, "order-1").await;
    let (context, project) = (&world.context, &world.project);
    accept_void(context, project, &target("order-1"), VoidRequest::default()).await.unwrap();
    let late = accept_capture(context, project, &target("order-1"), capture(None)).await.unwrap();
    assert_eq!(world.operation("order-1", late).await.reason, Some(Reason::WrongState));
    world.bank.will([unknown()]);
    world.work().await;
    world.clock.advance(2_000);
    world.bank.will([ProviderOutcome::Approved(ProviderFacts::default())]);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::Voided);
    let missing = accept_void(context, project, &target("other"), VoidRequest::default()).await;
    assert!(matches!(missing, Err(HoldError::NotFound)));
    world.check().await;
}

#[tokio::test]
async fn a_payer_tries_again_and_two_tabs_make_one_try() {
    let world = World::new().await;
    let (context, project) = (&world.context, &world.project);
    let mut asked = card_request("order-1");
    asked.details.page = Some(PageWishes::default());
    world.bank.will([declined(Reason::InsufficientFunds)]);
    world.pay(world.accept_card(asked).await).await;
    let payment = world.record("order-1").await.payment.id;
    let request = || TryRequest {
        method: Method::AlfaClick,
        customer: Customer { account_id: Some("ivan".to_owned()), ..Customer::default() },
        card: None,
    };
    let (one, two) = tokio::join!(
        accept_try(context, project, payment, request()),
        accept_try(context, project, payment, request()),
    );
    let refused = [&one, &two]
        .into_iter()
        .filter(|tried| matches!(tried, Err(TryError::Refused(TryRefusal::WrongState))));
    assert_eq!(refused.count(), 1, "{one:?} {two:?}");
    world.bank.will([crate::world::redirect()]);
    world.work().await;
    let back = world.bank.each(|call| call.details.return_urls.success.clone());
    let page = format!("https://pay.example/payment/7-{}", payment.get());
    assert_eq!(back.last().unwrap().as_deref(), Some(page.as_str()), "back to the page");
    assert_eq!(world.state("order-1").await, PaymentState::AwaitingRedirect);
    world.bank.will([unknown()]);
    give_up(context, project, payment).await.unwrap();
    assert_eq!(
        world.state("order-1").await,
        PaymentState::AwaitingRedirect,
        "not closed, not ended"
    );
    world.bank.will([declined(Reason::Interrupted)]);
    give_up(context, project, payment).await.unwrap();
    let last = world.record("order-1").await.opening().unwrap().reason;
    assert_eq!(last, Some(Reason::CancelledByPayer));
    give_up(context, project, payment).await.unwrap();
    assert_eq!(world.bank.called(), ["submit_card", "submit", "close", "close"], "closed once");
    let record = world.record("order-1").await;
    assert_eq!((record.tries(), record.payment.method), (2, Method::AlfaClick));
    world.check().await;
}

#[tokio::test]
async fn money_that_comes_late_for_an_earlier_try_is_seen() {
    let world = World::new().await;
    let (context, project) = (&world.context, &world.project);
    let mut asked = crate::world::sale_request("order-1");
    asked.details.page = Some(PageWishes::default());
    let first = world.accept(asked).await;
    world.bank.will([declined(Reason::CancelledByPayer)]);
    world.work().await;
    let payment = world.record("order-1").await.payment.id;
    let card = world.card();
    let request = TryRequest {
        method: Method::Card,
        customer: Customer::default(),
        card: Some(card.card.facts()),
    };
    let second = accept_try(context, project, payment, request).await.unwrap();
    world.bank.will([approved()]);
    pay_by_card(context, project, (payment, second), card).await.unwrap();
    assert_eq!(world.state("order-1").await, PaymentState::Paid);
    let parameters = vec![("order".to_owned(), order_number(first))];
    inbound::receive(context, "bank", parameters).await.unwrap();
    world.bank.will([approved()]);
    assert!(world.work().await.contains(&"late_money"));
    let methods = world.bank.each(|call| call.method);
    assert_eq!(methods, [Method::AlfaClick, Method::Card, Method::AlfaClick]);
    assert!(world.operation("order-1", first).await.late_money);
    world.check().await;
}

#[tokio::test]
async fn a_hold_that_was_to_be_released_is_not_captured_by_itself() {
    let world = World::new().await;
    held(&world, "order-1").await;
    let (context, project) = (&world.context, &world.project);
    accept_void(context, project, &target("order-1"), VoidRequest::default()).await.unwrap();
    world.bank.will([declined(Reason::WrongState)]);
    world.work().await;
    assert_eq!(world.state("order-1").await, PaymentState::Authorized);
    world.clock.advance(CAPTURE_AFTER_MS + 1);
    assert!(world.work().await.contains(&"release_asked"));
    assert_eq!(world.state("order-1").await, PaymentState::Authorized);
    world.check().await;
}

#[tokio::test]
async fn another_card_under_the_same_id_is_another_request() {
    let world = World::new().await;
    let asked = |mask: &str| {
        let mut request = card_request("order-1");
        request.request = request.request.with("card", mask);
        request
    };
    let first = accept_payment(&world.context, &world.project, asked("1")).await.unwrap();
    let again = accept_payment(&world.context, &world.project, asked("1")).await.unwrap();
    assert_eq!((again.operation, again.repeated), (first.operation, true));
    let other = accept_payment(&world.context, &world.project, asked("2")).await;
    assert!(other.unwrap_err().to_string().contains("card"));
}
