//! Decisions: the walks of the seeds by hand, and every law over random histories.

use proptest::prelude::*;

use super::*;
use crate::callback::{CallbackDialect, RetryPlan};
use crate::card::{CardBrand, CardFacts, Expiry};
use crate::id::{PaymentId, ProjectId};
use crate::ledger::{Account, Direction};
use crate::method::{Method, MethodSetting, Scenario};
use crate::money::{Amount, BasisPoints, Currency};
use crate::payment::{
    AuthenticationStep, Details, PageWishes, PaymentRef, PaymentState, RedirectMethod, RequestEcho,
    ReturnUrls,
};
use crate::project::{CAPTURE_AFTER_MS, Project};

fn project() -> Project {
    let setting = |method, account: &str, scenario| MethodSetting {
        method,
        account: account.to_owned(),
        scenario,
        fee: BasisPoints::new(250).unwrap(),
    };
    Project {
        id: ProjectId::new(7).unwrap(),
        name: "Shop".to_owned(),
        test: false,
        callback_url: None,
        return_urls: ReturnUrls::default(),
        methods: vec![
            setting(Method::AlfaClick, "alfabank", Scenario::Redirect),
            setting(Method::CardPartner, "partner", Scenario::Redirect),
            setting(Method::Card, "alfabank", Scenario::Redirect),
        ],
        allowed_hosts: Vec::new(),
        support: None,
        two_stage: false,
        dialect: CallbackDialect::Ecommpay,
        notify_email: None,
        capture_after_ms: CAPTURE_AFTER_MS,
        retry_plan: RetryPlan::Documented,
        clock_offset_ms: 0,
    }
}

fn at(ms: i64) -> Moment {
    Moment { project: Timestamp::from_millis(ms), real: Timestamp::from_millis(ms) }
}

fn request(method: Method, minor: i64, currency: Currency) -> PaymentRequest {
    PaymentRequest {
        reference: PaymentRef::new("order 1").unwrap(),
        kind: OperationKind::Sale,
        method,
        amount: Amount::new(minor, currency).unwrap(),
        details: Details::default(),
        card: None,
        request: RequestEcho::default(),
    }
}

const SALE: OperationId = OperationId::new(100);

fn accepted(minor: i64) -> Record {
    let ids = (PaymentId::new(1), SALE);
    accept_payment(&project(), ids, at(0), request(Method::AlfaClick, minor, Currency::RUB)).0
}

fn paid(minor: i64) -> Record {
    let mut record = accepted(minor);
    for happening in [Happening::Send, Happening::Approve(facts("bank-1"))] {
        apply(&mut record, SALE, happening, at(1)).unwrap();
    }
    record
}

fn facts(payment_id: &str) -> ProviderFacts {
    ProviderFacts { payment_id: Some(payment_id.to_owned()), ..ProviderFacts::default() }
}

fn refund(amount: Option<i64>) -> RefundRequest {
    RefundRequest {
        amount: amount.map(|minor| Amount::new(minor, Currency::RUB).unwrap()),
        merchant_refund_id: None,
        callback: None,
        request: RequestEcho::default(),
    }
}

fn changed(applied: Result<Applied, ApplyError>) -> Change {
    match applied {
        Ok(Applied::Changed(change)) => change,
        other => unreachable!("{other:?}"),
    }
}

#[test]
fn a_sale_goes_to_the_provider_and_the_payer_is_sent_on() {
    let (mut record, change) = accept_payment(
        &project(),
        (PaymentId::new(1), SALE),
        at(0),
        request(Method::AlfaClick, 10_000, Currency::RUB),
    );
    assert_eq!(change.callback, None, "nothing is told when a sale is merely accepted");
    assert_eq!(change.work, [Owed { work: Work::CallProvider, operation: SALE, after_ms: 0 }]);
    let send = changed(apply(&mut record, SALE, Happening::Send, at(1)));
    assert_eq!(send.work, [], "the job that sends is under way already");
    let redirect = Redirect {
        method: RedirectMethod::Get,
        url: "https://bank.example/?orderId=1".to_owned(),
        body: vec![],
    };
    let happening = Happening::Redirect(redirect, facts("bank-1"));
    let redirected = changed(apply(&mut record, SALE, happening, at(2)));
    assert_eq!(redirected.callback, Some(SALE));
    assert_eq!(record.payment.state, PaymentState::AwaitingRedirect);
    let approved = changed(apply(&mut record, SALE, Happening::Approve(facts("bank-1")), at(3)));
    assert_eq!(record.payment.state, PaymentState::Paid);
    assert_eq!(record.payment.captured.minor(), 10_000);
    let entries: Vec<_> = approved.postings[0]
        .entries()
        .iter()
        .map(|entry| (entry.account, entry.direction, entry.amount.minor()))
        .collect();
    assert_eq!(
        entries,
        [
            (Account::ProviderReceivable, Direction::Debit, 10_000),
            (Account::MerchantPayable, Direction::Credit, 9_750),
            (Account::FeeIncome, Direction::Credit, 250),
        ]
    );
    let numbers: Vec<i64> =
        [&change, &send, &redirected, &approved].map(|change| change.events[0].seq).to_vec();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(record.payment.version, 4);
}

#[test]
fn what_the_rules_refuse_is_rejected_and_may_be_sent_again() {
    let ids = (PaymentId::new(1), SALE);
    let (record, change) =
        accept_payment(&project(), ids, at(0), request(Method::AlfaClick, 99, Currency::RUB));
    assert_eq!(record.payment.state, PaymentState::Rejected);
    assert_eq!(record.opening().unwrap().reason, Some(Reason::AmountBelowLimit));
    assert_eq!((change.callback, change.work.len()), (Some(SALE), 0));
    let second = OperationId::new(101);
    let right = request(Method::AlfaClick, 100, Currency::RUB);
    let (record, change) =
        accept_payment_again(&project(), record, second, at(1), right.clone()).unwrap();
    assert_eq!(record.payment.generation, 2);
    assert_eq!(record.payment.state, PaymentState::Processing);
    assert_eq!(change.expected_version, Some(1));
    assert!(
        accept_payment_again(&project(), record, OperationId::new(102), at(2), right).is_none()
    );
}

#[test]
fn missing_data_is_asked_for_until_it_is_there() {
    let ids = (PaymentId::new(1), SALE);
    let (mut record, change) =
        accept_payment(&project(), ids, at(0), request(Method::CardPartner, 1_000, Currency::KES));
    assert_eq!(record.payment.state, PaymentState::AwaitingClarification);
    assert_eq!(change.callback, Some(SALE));
    assert_eq!(change.work[0].work, Work::ExpireClarification);
    let phone = Customer { phone: Some("254700".to_owned()), ..Customer::default() };
    let partial = changed(apply(&mut record, SALE, Happening::Clarification(phone), at(1)));
    assert_eq!(partial.callback, Some(SALE), "the rest is asked for again");
    assert_eq!(record.opening().unwrap().missing, [crate::method::CustomerField::Email]);
    let email = Customer { email: Some("a@b.co".to_owned()), ..Customer::default() };
    let complete = changed(apply(&mut record, SALE, Happening::Clarification(email), at(2)));
    assert_eq!(complete.callback, None);
    assert_eq!(complete.work[0].work, Work::CallProvider);
    assert!(matches!(
        apply(&mut record, SALE, Happening::ClarificationTimedOut, at(3)),
        Ok(Applied::Nothing)
    ));
}

#[test]
fn refunds_keep_to_what_is_left() {
    let mut record = paid(60_000);
    let first = OperationId::new(200);
    (record, _) = accept_refund(record, first, at(2), refund(Some(10_000)));
    assert_eq!(record.payment.refundable().minor(), 50_000);
    assert_eq!(record.payment.state, PaymentState::Paid, "kept until the refund is done");
    let over = OperationId::new(201);
    let change;
    (record, change) = accept_refund(record, over, at(3), refund(Some(50_001)));
    let refused = record.operation(over).unwrap();
    assert_eq!(refused.state, OperationState::Declined);
    assert_eq!(refused.reason, Some(Reason::RefundExceedsBalance));
    assert_eq!(refused.provider.payment_id.as_deref(), Some("bank-1"), "the sale's (ruling 22)");
    assert_eq!((change.callback, change.work.len()), (Some(over), 0));
    for happening in [Happening::Send, Happening::Approve(facts("bank-2"))] {
        apply(&mut record, first, happening, at(4)).unwrap();
    }
    assert_eq!(record.payment.state, PaymentState::PartiallyRefunded);
    assert_eq!(record.payment.remaining().minor(), 50_000);
    let rest = OperationId::new(202);
    (record, _) = accept_refund(record, rest, at(5), refund(None));
    for happening in [Happening::Send, Happening::Approve(facts("bank-3"))] {
        apply(&mut record, rest, happening, at(6)).unwrap();
    }
    assert_eq!(record.payment.state, PaymentState::Refunded);
    assert_eq!(record.payment.remaining().minor(), 0);
    let late = OperationId::new(203);
    (record, _) = accept_refund(record, late, at(7), refund(None));
    let refused = record.operation(late).unwrap();
    assert_eq!(refused.reason, Some(Reason::RefundExceedsBalance));
    assert_eq!(refused.amount.minor(), 60_000);
}

#[test]
fn refunds_are_refused_for_named_reasons() {
    let id = OperationId::new(200);
    let reason = |record: Record, request| {
        let (record, _) = accept_refund(record, id, at(2), request);
        record.operation(id).unwrap().reason
    };
    assert_eq!(reason(accepted(10_000), refund(None)), Some(Reason::WrongState));
    let dollars =
        RefundRequest { amount: Some(Amount::new(1, Currency::USD).unwrap()), ..refund(None) };
    assert_eq!(reason(paid(10_000), dollars), Some(Reason::RefundCurrencyMismatch));
    let mut whole_only = paid(10_000);
    whole_only.payment.method = Method::CardPartner;
    assert_eq!(
        reason(whole_only.clone(), refund(Some(9_999))),
        Some(Reason::PartialRefundUnsupported)
    );
    assert_eq!(reason(whole_only, refund(Some(10_000))), None);
}

#[test]
fn a_declined_refund_gives_its_money_back_to_the_balance() {
    let id = OperationId::new(200);
    let (mut record, _) = accept_refund(paid(10_000), id, at(2), refund(Some(4_000)));
    let declined = Happening::Decline(Reason::GeneralDecline, facts("bank-2"));
    for happening in [Happening::Send, declined] {
        apply(&mut record, id, happening, at(3)).unwrap();
    }
    assert_eq!(record.payment.refundable().minor(), 10_000);
    assert_eq!(record.payment.state, PaymentState::Paid);
}

#[test]
fn money_after_a_decline_goes_to_suspense_once() {
    let mut record = accepted(10_000);
    let declined = Happening::Decline(Reason::PayerTimedOut, ProviderFacts::default());
    for happening in [Happening::Send, declined] {
        apply(&mut record, SALE, happening, at(1)).unwrap();
    }
    let Ok(Applied::LateMoney(change)) =
        apply(&mut record, SALE, Happening::Approve(facts("bank-1")), at(2))
    else {
        unreachable!("late money is seen")
    };
    assert_eq!(change.postings.len(), 1);
    assert_eq!(change.callback, None);
    assert_eq!(record.opening().unwrap().state, OperationState::Declined, "never rewritten");
    assert_eq!(record.payment.captured.minor(), 0);
    assert!(matches!(
        apply(&mut record, SALE, Happening::Approve(facts("bank-1")), at(3)),
        Ok(Applied::Nothing)
    ));
}

#[test]
fn a_contradiction_is_refused_and_changes_nothing() {
    let mut record = paid(10_000);
    let before = record.clone();
    let declined = Happening::Decline(Reason::GeneralDecline, ProviderFacts::default());
    assert!(matches!(
        apply(&mut record, SALE, declined, at(9)),
        Err(ApplyError::Refused(Rejection { .. }))
    ));
    assert_eq!(record, before);
}

fn card() -> CardFacts {
    CardFacts {
        mask: "431422******0056".to_owned(),
        brand: Some(CardBrand::Visa),
        expiry: Expiry::new(12, 2030).unwrap(),
        holder: None,
    }
}

fn by_card(kind: OperationKind, minor: i64) -> PaymentRequest {
    PaymentRequest { kind, card: Some(card()), ..request(Method::Card, minor, Currency::RUB) }
}

fn happen(record: &mut Record, id: OperationId, happenings: Vec<Happening>) -> Change {
    happenings
        .into_iter()
        .map(|happening| changed(apply(record, id, happening, at(1))))
        .last()
        .unwrap()
}

fn held(minor: i64) -> Record {
    let ids = (PaymentId::new(1), SALE);
    let asked = by_card(OperationKind::Authorization, minor);
    let (mut record, _) = accept_payment(&project(), ids, at(0), asked);
    let change =
        happen(&mut record, SALE, vec![Happening::Send, Happening::Approve(facts("bank-1"))]);
    assert_eq!(change.postings, [], "a hold moves no money");
    let after_ms = CAPTURE_AFTER_MS - 1;
    assert_eq!(change.work, [Owed { work: Work::CaptureHold, operation: SALE, after_ms }]);
    assert_eq!(record.payment.state, PaymentState::Authorized);
    record
}

fn capture(amount: Option<i64>) -> CaptureRequest {
    let amount = amount.map(|minor| Amount::new(minor, Currency::RUB).unwrap());
    CaptureRequest { amount, ..CaptureRequest::default() }
}

#[test]
fn a_hold_is_captured_once_and_the_rest_is_let_go() {
    let (first, second) = (OperationId::new(200), OperationId::new(201));
    let (record, _) = accept_capture(held(10_000), first, at(2), capture(Some(7_000)));
    let (mut record, change) = accept_capture(record, second, at(2), capture(Some(1)));
    assert_eq!(record.operation(second).unwrap().reason, Some(Reason::WrongState));
    assert_eq!((change.callback, change.work.len()), (Some(second), 0));
    let done = vec![Happening::Send, Happening::Approve(ProviderFacts::default())];
    let change = happen(&mut record, first, done);
    let fee: Vec<i64> =
        change.postings[0].entries().iter().map(|entry| entry.amount.minor()).collect();
    assert_eq!(fee, [7_000, 6_825, 175]);
    assert_eq!(record.payment.state, PaymentState::Paid);
    assert_eq!(record.payment.remaining().minor(), 7_000, "what was captured, not what was held");
    let (record, _) = accept_void(record, OperationId::new(202), at(3), VoidRequest::default());
    assert_eq!(record.operations[3].reason, Some(Reason::WrongState));
    let (record, _) = accept_refund(record, OperationId::new(203), at(3), refund(Some(7_001)));
    assert_eq!(record.operations[4].reason, Some(Reason::RefundExceedsBalance));
}

#[test]
fn what_a_hold_does_not_allow_is_refused_for_named_reasons() {
    let id = OperationId::new(200);
    let dollars = CaptureRequest {
        amount: Some(Amount::new(1, Currency::USD).unwrap()),
        ..CaptureRequest::default()
    };
    for (record, asked, expected) in [
        (held(10_000), capture(Some(10_001)), Some(Reason::CaptureExceedsHold)),
        (held(10_000), capture(None), None),
        (held(10_000), dollars, Some(Reason::CurrencyUnsupported)),
        (paid(10_000), capture(None), Some(Reason::WrongState)),
        (accepted(10_000), capture(None), Some(Reason::WrongState)),
    ] {
        let (record, _) = accept_capture(record, id, at(2), asked);
        assert_eq!(record.operation(id).unwrap().reason, expected);
    }
    let part = Amount::new(1, Currency::RUB).unwrap();
    let (record, _) = accept_void(
        held(10_000),
        id,
        at(2),
        VoidRequest { amount: Some(part), ..VoidRequest::default() },
    );
    assert_eq!(record.operation(id).unwrap().reason, Some(Reason::PartialVoidUnsupported));
    let (mut record, _) = accept_void(held(10_000), id, at(2), VoidRequest::default());
    happen(&mut record, id, vec![Happening::Send, Happening::Approve(ProviderFacts::default())]);
    assert_eq!(record.payment.state, PaymentState::Voided);
    assert_eq!(record.payment.captured.minor(), 0);
    let (record, _) = accept_capture(record, OperationId::new(201), at(3), capture(None));
    assert_eq!(record.operations[2].reason, Some(Reason::WrongState));
}

#[test]
fn a_declined_capture_leaves_the_hold_as_it_was_and_its_date() {
    let (first, second) = (OperationId::new(200), OperationId::new(201));
    let (mut record, _) = accept_capture(held(10_000), first, at(2), capture(None));
    let declined = Happening::Decline(Reason::GeneralDecline, ProviderFacts::default());
    let change = happen(&mut record, first, vec![Happening::Send, declined.clone()]);
    let owed = |after_ms| [Owed { work: Work::CaptureHold, operation: SALE, after_ms }];
    assert_eq!(change.work, owed(CAPTURE_AFTER_MS - 1));
    // The same on the date itself: tried again, ever more slowly.
    let late = |ms| Moment { project: Timestamp::from_millis(CAPTURE_AFTER_MS + ms), ..at(1) };
    let third = OperationId::new(202);
    let (mut again, _) = accept_capture(record.clone(), third, late(0), capture(None));
    for (happening, work) in [(Happening::Send, None), (declined, Some(2 * HOUR_MS))] {
        let change = changed(apply(&mut again, third, happening, late(1)));
        assert_eq!(change.work.first().map(|owed| owed.after_ms), work);
    }
    assert_eq!(record.payment.state, PaymentState::Authorized);
    let (record, change) = accept_capture(record, second, at(3), capture(None));
    assert_eq!(change.work[0].work, Work::CallProvider);
    assert_eq!(record.operation(second).unwrap().reason, None);
}

#[test]
fn a_hold_that_the_bank_let_go_is_over() {
    let (first, second) = (OperationId::new(200), OperationId::new(201));
    let (mut record, _) = accept_capture(held(10_000), first, at(2), capture(None));
    let gone = Happening::Decline(Reason::HoldReleased, ProviderFacts::default());
    let change = happen(&mut record, first, vec![Happening::Send, gone]);
    assert_eq!((change.work.len(), record.payment.state), (0, PaymentState::Voided));
    let (record, _) = accept_capture(record, second, at(3), capture(None));
    assert_eq!(record.operation(second).unwrap().reason, Some(Reason::WrongState));
}

#[test]
fn a_late_hold_is_an_alarm_and_no_money() {
    let ids = (PaymentId::new(1), SALE);
    let asked = by_card(OperationKind::Authorization, 10_000);
    let (mut record, _) = accept_payment(&project(), ids, at(0), asked);
    let declined = Happening::Decline(Reason::Interrupted, ProviderFacts::default());
    happen(&mut record, SALE, vec![Happening::Send, declined]);
    let late = apply(&mut record, SALE, Happening::Approve(facts("bank-1")), at(2));
    let Ok(Applied::LateMoney(change)) = late else { unreachable!("{late:?}") };
    assert_eq!(change.postings, []);
    assert_eq!(record.payment.authorized.minor(), 0);
}

#[test]
fn authentication_goes_step_by_step_and_each_is_told() {
    let ids = (PaymentId::new(1), SALE);
    let (mut record, change) =
        accept_payment(&project(), ids, at(0), by_card(OperationKind::Sale, 10_000));
    let owed = Owed { work: Work::CallProvider, operation: SALE, after_ms: CARD_CALL_MS };
    assert_eq!(change.work, [owed], "whoever took the card calls; this is for when he died");
    let step = |step| {
        let authentication = Authentication {
            step,
            url: "https://acs.example/".to_owned(),
            fields: vec![],
            transaction: None,
        };
        Happening::Authenticate(authentication, facts("bank-1"))
    };
    let fingerprint = step(AuthenticationStep::Fingerprint);
    let change = happen(&mut record, SALE, vec![Happening::Send, fingerprint]);
    assert_eq!(change.callback, Some(SALE));
    assert_eq!(record.payment.state, PaymentState::AwaitingAuthentication);
    let again = vec![Happening::Send, step(AuthenticationStep::Challenge)];
    let change = happen(&mut record, SALE, again);
    assert_eq!(change.callback, Some(SALE));
    let change = changed(apply(&mut record, SALE, Happening::Send, at(2)));
    assert_eq!(change.work, [owed]);
    let change = happen(&mut record, SALE, vec![Happening::Approve(facts("bank-1"))]);
    assert_eq!((change.callback, record.payment.state), (Some(SALE), PaymentState::Paid));
    assert_eq!(record.opening().unwrap().attempts, 3);
}

#[test]
fn what_the_payer_of_a_page_must_do_is_not_told_to_his_shop() {
    let ids = (PaymentId::new(1), SALE);
    let mut request = by_card(OperationKind::Sale, 10_000);
    request.details.page = Some(PageWishes::default());
    let (mut record, _) = accept_payment(&project(), ids, at(0), request);
    let authentication = Authentication {
        step: AuthenticationStep::Challenge,
        url: "https://acs.example/".to_owned(),
        fields: vec![],
        transaction: None,
    };
    let challenge = Happening::Authenticate(authentication, facts("bank-1"));
    let change = happen(&mut record, SALE, vec![Happening::Send, challenge]);
    assert_eq!((change.callback, change.work.len()), (None, 1));
    let change = happen(&mut record, SALE, vec![Happening::Approve(facts("bank-1"))]);
    assert_eq!(change.callback, Some(SALE));
}

#[test]
fn a_payer_tries_again_on_the_page_and_nowhere_else_and_not_for_ever() {
    let declined = || Happening::Decline(Reason::InsufficientFunds, ProviderFacts::default());
    let asked =
        || TryRequest { method: Method::Card, customer: Customer::default(), card: Some(card()) };
    let page =
        PageWishes { expires_at: Some(Timestamp::from_millis(100)), ..PageWishes::default() };
    let ids = (PaymentId::new(1), SALE);
    let mut request = by_card(OperationKind::Sale, 10_000);
    request.details.page = Some(page);
    let (mut record, _) = accept_payment(&project(), ids, at(0), request);
    assert_eq!(may_try(&record, Timestamp::default()), Err(TryRefusal::WrongState), "one is open");
    for number in 1..TRIES_MAX {
        let id = record.opening().unwrap().id;
        happen(&mut record, id, vec![Happening::Send, declined()]);
        assert_eq!(may_try(&record, Timestamp::from_millis(100)), Err(TryRefusal::Expired));
        let next = OperationId::new(300 + number as i64);
        let at = Moment { project: Timestamp::from_millis(99), real: Timestamp::from_millis(99) };
        (record, _) = accept_try(&project(), record, next, at, asked()).unwrap();
        assert_eq!((record.tries(), record.payment.generation), (number + 1, 1));
        assert_eq!(record.payment.state, PaymentState::Processing);
    }
    let id = record.opening().unwrap().id;
    happen(&mut record, id, vec![Happening::Send, declined()]);
    assert_eq!(may_try(&record, Timestamp::default()), Err(TryRefusal::TooMany));
    // Money that came late for an earlier try: nobody is asked to pay once more.
    record.operations.truncate(2);
    assert_eq!(may_try(&record, Timestamp::default()), Ok(()));
    let late = apply(&mut record, SALE, Happening::Approve(facts("bank-1")), at(2));
    assert!(matches!(late, Ok(Applied::LateMoney(_))));
    assert_eq!(may_try(&record, Timestamp::default()), Err(TryRefusal::WrongState));
    let mut by_gate = accepted(10_000);
    happen(&mut by_gate, SALE, vec![Happening::Send, declined()]);
    assert_eq!(may_try(&by_gate, Timestamp::default()), Err(TryRefusal::WrongState));
}

#[test]
fn two_stages_are_for_methods_that_have_them() {
    let ids = (PaymentId::new(1), SALE);
    let mut asked = request(Method::AlfaClick, 10_000, Currency::RUB);
    asked.kind = OperationKind::Authorization;
    let (record, _) = accept_payment(&project(), ids, at(0), asked);
    assert_eq!(record.opening().unwrap().reason, Some(Reason::TwoStageUnsupported));
    assert_eq!(opening_kind(Method::AlfaClick, true), OperationKind::Sale);
    assert_eq!(opening_kind(Method::Card, true), OperationKind::Authorization);
}

fn any_happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        Just(Happening::Send),
        Just(Happening::NotSent),
        Just(Happening::LoseTrack),
        Just(Happening::ClarificationTimedOut),
        Just(Happening::Pend(ProviderFacts::default())),
        Just(Happening::Instruct(ProviderFacts::default())),
        Just(Happening::Approve(ProviderFacts::default())),
        Just(Happening::Decline(Reason::GeneralDecline, ProviderFacts::default())),
    ]
}

proptest! {
    /// I2, I5, I6, I7 over random histories: whatever happens, in whatever order.
    #[test]
    fn no_history_breaks_the_books(
        amount in 100..1_000_000_i64,
        two_stage in any::<bool>(),
        steps in prop::collection::vec((0..8_usize, any_happening(), 1..1_000_000_i64), 1..60),
    ) {
        let mut record = if two_stage {
            let asked = by_card(OperationKind::Authorization, amount);
            accept_payment(&project(), (PaymentId::new(1), SALE), at(0), asked).0
        } else {
            accepted(amount)
        };
        let mut seq = 1;
        let (mut taken, mut returned) = (0, 0);
        for (turn, (which, happening, minor)) in steps.into_iter().enumerate() {
            let now = at(turn as i64);
            let before = record.clone();
            let change = if which >= 5 {
                let id = OperationId::new(200 + turn as i64);
                let (next, change) = match which {
                    5 => accept_refund(record.clone(), id, now, refund(Some(minor))),
                    6 => accept_capture(record.clone(), id, now, capture(Some(minor))),
                    _ => accept_void(record.clone(), id, now, VoidRequest::default()),
                };
                record = next;
                Some(change)
            } else {
                let id = record.operations[which % record.operations.len()].id;
                match apply(&mut record, id, happening, now) {
                    Ok(Applied::Changed(change) | Applied::LateMoney(change)) => Some(change),
                    Ok(Applied::Nothing) | Err(_) => {
                        prop_assert_eq!(&record, &before);
                        None
                    }
                }
            };
            let Some(change) = change else { continue };
            prop_assert_eq!(change.expected_version, Some(before.payment.version));
            prop_assert_eq!(record.payment.version, before.payment.version + 1);
            for event in &change.events {
                seq += 1;
                prop_assert_eq!(event.seq, seq);
            }
            for old in before.operations.iter().filter(|old| old.state.is_final()) {
                prop_assert_eq!(record.operation(old.id).unwrap().state, old.state);
            }
            for entry in change.postings.iter().flat_map(Posting::entries) {
                match (entry.account, entry.direction) {
                    (Account::ProviderReceivable, Direction::Debit) => taken += entry.amount.minor(),
                    (Account::ProviderReceivable, Direction::Credit) => {
                        returned += entry.amount.minor();
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(record.payment.state, record.computed_state());
            let payment = &record.payment;
            let (captured, refunded) = (payment.captured.minor(), payment.refunded.minor());
            prop_assert!(refunded + payment.refund_reserved.minor() <= captured);
            prop_assert!(captured <= payment.authorized.minor());
            prop_assert!(returned <= taken);
            prop_assert_eq!(returned, refunded);
        }
    }
}
