//! The nine words for every state of a payment, whatever the merchant knows, and while money goes
//! back.

use super::*;
use crate::callback::{CallbackDialect, RetryPlan};
use crate::id::{OperationId, PaymentId, ProjectId};
use crate::method::{Method, MethodSetting, Scenario};
use crate::money::{Amount, BasisPoints, Currency};
use crate::payment::decide::{
    Happening, Moment, PaymentRequest, RefundRequest, accept_payment, accept_refund, apply, close,
    leave_to_operator,
};
use crate::payment::{Details, PaymentRef, ProviderFacts, RequestEcho, ReturnUrls};
use crate::project::{CAPTURE_AFTER_MS, Project};
use crate::time::Timestamp;

const SALE: OperationId = OperationId::new(1);
const REFUND: OperationId = OperationId::new(2);

fn at(ms: i64) -> Moment {
    Moment { project: Timestamp::from_millis(ms), real: Timestamp::from_millis(ms) }
}

fn project() -> Project {
    Project {
        id: ProjectId::new(7).unwrap(),
        name: "Shop".to_owned(),
        test: false,
        callback_url: None,
        dialect: CallbackDialect::Paykeeper,
        notify_email: None,
        return_urls: ReturnUrls::default(),
        methods: vec![MethodSetting {
            method: Method::Card,
            account: "bank".to_owned(),
            scenario: Scenario::Redirect,
            fee: BasisPoints::default(),
        }],
        allowed_hosts: Vec::new(),
        support: None,
        two_stage: false,
        capture_after_ms: CAPTURE_AFTER_MS,
        retry_plan: RetryPlan::Documented,
        clock_offset_ms: 0,
    }
}

fn sale() -> Record {
    let request = PaymentRequest {
        reference: PaymentRef::new("order").unwrap(),
        kind: OperationKind::Sale,
        method: Method::Card,
        amount: Amount::new(1_000, Currency::RUB).unwrap(),
        details: Details::default(),
        card: None,
        request: RequestEcho::default(),
    };
    accept_payment(&project(), (PaymentId::new(1), SALE), at(0), request).0
}

fn happen(record: &mut Record, id: OperationId, happening: Happening, ms: i64) {
    apply(record, id, happening, at(ms)).unwrap();
}

fn paid() -> Record {
    let mut record = sale();
    happen(&mut record, SALE, Happening::Send, 1);
    happen(&mut record, SALE, Happening::Approve(ProviderFacts::default()), 2);
    record
}

fn refunding(id: OperationId, minor: i64, record: Record, ms: i64) -> Record {
    let request = RefundRequest {
        amount: Some(Amount::new(minor, Currency::RUB).unwrap()),
        merchant_refund_id: None,
        callback: None,
        request: RequestEcho::default(),
    };
    accept_refund(record, id, at(ms), request).0
}

#[test]
fn every_state_has_its_word_whatever_the_merchant_knows() {
    let same = |status: Status| [status; 4];
    // In the order of `Told::ALL`: nobody to tell, owed, delivered, given up.
    let by_word = [Status::Stuck, Status::Obtained, Status::Success, Status::Stuck];
    for (state, expected) in [
        (PaymentState::Processing, same(Status::Pending)),
        (PaymentState::AwaitingClarification, same(Status::Pending)),
        (PaymentState::AwaitingRedirect, same(Status::Pending)),
        (PaymentState::AwaitingCustomer, same(Status::Pending)),
        (PaymentState::AwaitingAuthentication, same(Status::Pending)),
        (PaymentState::Authorized, by_word),
        (PaymentState::Voided, same(Status::Canceled)),
        (PaymentState::Paid, by_word),
        (PaymentState::PartiallyRefunded, same(Status::PartiallyRefunded)),
        (PaymentState::Refunded, same(Status::Refunded)),
        (PaymentState::Declined, same(Status::Failed)),
        (PaymentState::Rejected, same(Status::Failed)),
    ] {
        let mut record = sale();
        record.payment.state = state;
        let found: Vec<Status> = Told::ALL.iter().map(|told| status_of(&record, *told)).collect();
        assert_eq!(found, expected, "{state:?}");
    }
    assert_eq!((PaymentState::ALL.len(), Told::ALL.len()), (12, 4), "the table above is whole");
}

#[test]
fn what_the_payer_gave_up_is_canceled_and_what_failed_is_not() {
    for (reason, expected) in [
        (Reason::CancelledByPayer, Status::Canceled),
        (Reason::PayerTimedOut, Status::Failed),
        (Reason::InsufficientFunds, Status::Failed),
    ] {
        let mut record = sale();
        happen(&mut record, SALE, Happening::Send, 1);
        happen(&mut record, SALE, Happening::Decline(reason, ProviderFacts::default()), 2);
        assert_eq!(status_of(&record, Told::Delivered), expected, "{reason:?}");
    }
}

#[test]
fn a_refund_under_way_is_the_word_until_it_has_ended() {
    let facts = ProviderFacts::default;
    let underway = [
        Vec::new(),
        vec![Happening::Send],
        vec![Happening::Send, Happening::LoseTrack],
        vec![Happening::Send, Happening::Pend(facts())],
        vec![Happening::Send, Happening::NotSent],
    ];
    for happenings in underway {
        let mut record = refunding(REFUND, 1_000, paid(), 5);
        for happening in happenings {
            happen(&mut record, REFUND, happening, 6);
        }
        assert_eq!(refunding_since(&record), Some(Timestamp::from_millis(5)));
        for told in Told::ALL {
            assert_eq!(status_of(&record, *told), Status::Refunding, "{told:?}");
        }
    }
    for (minor, end, expected) in [
        (1_000, Happening::Approve(facts()), Status::Refunded),
        (400, Happening::Approve(facts()), Status::PartiallyRefunded),
        (400, Happening::Decline(Reason::GeneralDecline, facts()), Status::Success),
    ] {
        let mut record = refunding(REFUND, minor, paid(), 5);
        happen(&mut record, REFUND, Happening::Send, 6);
        happen(&mut record, REFUND, end, 7);
        assert_eq!(refunding_since(&record), None);
        assert_eq!(status_of(&record, Told::Delivered), expected);
    }
}

#[test]
fn a_declined_refund_that_is_left_to_an_operator_stays_until_he_closes_it() {
    let declined = || {
        let mut record = refunding(REFUND, 400, paid(), 5);
        leave_to_operator(&mut record, REFUND);
        assert!(close(&mut record, REFUND, at(6)).is_none(), "it has not ended");
        happen(&mut record, REFUND, Happening::Send, 6);
        let no = Happening::Decline(Reason::InsufficientFunds, ProviderFacts::default());
        happen(&mut record, REFUND, no, 7);
        record
    };
    let mut record = declined();
    assert_eq!(status_of(&record, Told::Delivered), Status::Refunding);
    assert_eq!(refunding_since(&record), None, "another may be asked for");
    let version = record.payment.version;
    let change = close(&mut record, REFUND, at(8)).unwrap();
    assert_eq!((change.expected_version, record.payment.version), (Some(version), version + 1));
    assert_eq!((change.changed_operations, change.callback), (vec![REFUND], None));
    assert_eq!(status_of(&record, Told::Delivered), Status::Success);
    let refund = record.operation(REFUND).unwrap();
    let ended = (refund.state, refund.reason);
    assert_eq!(ended, (OperationState::Declined, Some(Reason::InsufficientFunds)));
    assert!(close(&mut record, REFUND, at(9)).is_none(), "once");

    let again = OperationId::new(9);
    let mut record = refunding(again, 400, declined(), 8);
    happen(&mut record, again, Happening::Send, 9);
    happen(&mut record, again, Happening::Approve(ProviderFacts::default()), 10);
    assert_eq!(status_of(&record, Told::Delivered), Status::PartiallyRefunded);
}

#[test]
fn a_refund_that_our_rules_refused_is_not_under_way() {
    let record = refunding(REFUND, 1_001, paid(), 5);
    assert_eq!(status_of(&record, Told::Delivered), Status::Success);
}

#[test]
fn the_oldest_refund_under_way_counts() {
    let mut record = refunding(REFUND, 400, paid(), 5);
    happen(&mut record, REFUND, Happening::Send, 6);
    happen(&mut record, REFUND, Happening::Approve(ProviderFacts::default()), 7);
    let second = refunding(OperationId::new(3), 100, record, 8);
    let third = refunding(OperationId::new(4), 100, second, 9);
    assert_eq!(refunding_since(&third), Some(Timestamp::from_millis(8)));
    assert_eq!(status_of(&third, Told::Delivered), Status::Refunding);
}

#[test]
fn words_read_back() {
    for status in Status::ALL {
        assert_eq!(Status::parse(status.as_str()), Some(*status));
    }
    assert_eq!(Status::parse("authorized"), None, "paykeeper.md §4 has no such word");
    assert_eq!(Status::ALL.len(), 9);
}
