//! What a request or an outcome changes: decisions as data.
//!
//! Each function takes a [`Record`] as it was read (or nothing), and gives the record as it becomes
//! together with a [`Change`] that says which rows that touches, what is posted, which callback is
//! owed and what work follows. Nothing is written here; the caller commits the change whole, and
//! decides again when the record had moved.

mod accept;

use super::table::{self, LedgerEffect, Rejection};
use super::{
    Authentication, Customer, Event, Operation, OperationEvent, OperationKind, OperationState,
    ProviderFacts, Record, Redirect,
};
use crate::id::OperationId;
use crate::ledger::{Posting, PostingAt};
use crate::money::MoneyError;
use crate::reason::Reason;
use crate::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

pub use accept::{
    CaptureRequest, PaymentRequest, RefundRequest, TRIES_MAX, TryRefusal, TryRequest, VoidRequest,
    accept_capture, accept_payment, accept_payment_again, accept_refund, accept_try, accept_void,
    may_try, opening_kind,
};

/// How long a merchant may take to send missing data (ecommpay.md §3.7).
pub const CLARIFICATION_LIFE_MS: i64 = 30 * MINUTE_MS;

/// How long the process that took a card may be at its call to the acquirer. It makes the call
/// itself (ruling 23); work that is due after this is for the case that it died.
pub const CARD_CALL_MS: i64 = MINUTE_MS;

/// Work that follows a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Work {
    /// Give the operation to its provider.
    CallProvider,
    /// Ask the provider what became of it.
    AskOutcome,
    /// Decline it if the missing data has not come.
    ExpireClarification,
    /// Capture what it holds, if nobody did.
    CaptureHold,
}

/// Work, for which operation, and how long from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owed {
    /// What to do.
    pub work: Work,
    /// For which operation.
    pub operation: OperationId,
    /// How long from now, milliseconds.
    pub after_ms: i64,
}

/// What a decision touches; the values are in the record that comes with it.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The version the payment was read at; `None` when it is new.
    pub expected_version: Option<i64>,
    /// Operations to add.
    pub new_operations: Vec<OperationId>,
    /// Operations to change.
    pub changed_operations: Vec<OperationId>,
    /// Changes of state, in order.
    pub events: Vec<Event>,
    /// What goes to the books.
    pub postings: Vec<Posting>,
    /// The operation about which the merchant is told.
    pub callback: Option<OperationId>,
    /// What must happen next.
    pub work: Vec<Owed>,
}

/// The moment of a decision on both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// On the project's clock: what payments show.
    pub project: Timestamp,
    /// On the real clock: what the books show.
    pub real: Timestamp,
}

/// What happened to an operation, with its facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The merchant sent data.
    Clarification(Customer),
    /// The merchant sent nothing in time.
    ClarificationTimedOut,
    /// An attempt begins.
    Send,
    /// The provider wants the payer.
    Redirect(Redirect, ProviderFacts),
    /// The provider wants the payer to pass (another step of) 3-D Secure.
    Authenticate(Authentication, ProviderFacts),
    /// The provider has billed the payer.
    Instruct(ProviderFacts),
    /// The provider will tell later.
    Pend(ProviderFacts),
    /// The provider surely never got it.
    NotSent,
    /// Nobody knows.
    LoseTrack,
    /// Done.
    Approve(ProviderFacts),
    /// Not done.
    Decline(Reason, ProviderFacts),
}

/// What a happening led to.
#[derive(Clone, Debug)]
pub enum Applied {
    /// The record changed.
    Changed(Change),
    /// It was known already, or says nothing new.
    Nothing,
    /// Money moved, or was held, for an operation that had ended without it: an alarm, and what
    /// moved is kept in suspense.
    LateMoney(Change),
}

/// Applies what happened to one operation of the record.
///
/// A repeat of what is known, and a poll that brought nothing new, give [`Applied::Nothing`]; what
/// contradicts a final state is refused and left for a person to see.
pub fn apply(
    record: &mut Record,
    id: OperationId,
    happening: Happening,
    at: Moment,
) -> Result<Applied, ApplyError> {
    let operation = record.operation(id).ok_or(ApplyError::NoSuchOperation(id))?;
    let (kind, state) = (operation.kind, operation.state);
    let mut change = Change { expected_version: Some(record.payment.version), ..Change::default() };
    let event = event_of(record, &happening);
    match table::next(kind, state, event) {
        Ok(_) => {
            learn(record, id, happening);
            step(record, &mut change, id, event, at);
            settle(record, &mut change, id, at)?;
            follow(record, &mut change, id, event, at);
            Ok(Applied::Changed(change))
        }
        Err(_) if says_nothing_new(state, event) => Ok(Applied::Nothing),
        Err(rejection) if is_late_money(kind, state, event) => {
            late_money(record, id, at, change).ok_or(ApplyError::Refused(rejection))
        }
        Err(rejection) => Err(ApplyError::Refused(rejection)),
    }
}

/// Why something that happened could not be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The record has no such operation.
    #[error("the payment has no operation {0}")]
    NoSuchOperation(OperationId),
    /// The state does not allow it.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// The sums do not work out.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

fn event_of(record: &Record, happening: &Happening) -> OperationEvent {
    match happening {
        Happening::Clarification(more) => {
            let mut customer = record.payment.details.customer.clone();
            customer.complete_with(more.clone());
            if record.payment.method.rules().missing_clarified(&customer).is_empty() {
                OperationEvent::Clarified
            } else {
                OperationEvent::Clarify
            }
        }
        Happening::ClarificationTimedOut => OperationEvent::ClarificationTimedOut,
        Happening::Send => OperationEvent::Send,
        Happening::Redirect(..) => OperationEvent::Redirect,
        Happening::Authenticate(..) => OperationEvent::Authenticate,
        Happening::Instruct(_) => OperationEvent::Instruct,
        Happening::Pend(_) => OperationEvent::Pend,
        Happening::NotSent => OperationEvent::NotSent,
        Happening::LoseTrack => OperationEvent::LoseTrack,
        Happening::Approve(_) => OperationEvent::Approve,
        Happening::Decline(..) => OperationEvent::Decline,
    }
}

/// Writes the facts of a happening that the table allows into the record.
fn learn(record: &mut Record, id: OperationId, happening: Happening) {
    if let Happening::Clarification(more) = happening {
        let customer = &mut record.payment.details.customer;
        customer.complete_with(more);
        let missing = record.payment.method.rules().missing_clarified(customer);
        with(record, id, |operation| operation.missing = missing);
        return;
    }
    with(record, id, |operation| match happening {
        Happening::Redirect(redirect, facts) => {
            operation.redirect = Some(redirect);
            operation.provider.learn(facts);
        }
        Happening::Authenticate(authentication, facts) => {
            operation.authentication = Some(authentication);
            operation.provider.learn(facts);
        }
        Happening::Instruct(facts) | Happening::Pend(facts) | Happening::Approve(facts) => {
            operation.provider.learn(facts);
        }
        Happening::Decline(reason, facts) => {
            operation.reason = Some(reason);
            operation.provider.learn(facts);
        }
        Happening::ClarificationTimedOut => {
            operation.reason = Some(Reason::ClarificationTimedOut);
        }
        Happening::Send => operation.attempts += 1,
        Happening::NotSent | Happening::LoseTrack | Happening::Clarification(_) => {}
    });
}

/// Moves money in the counters and the books, when this state says that it moved or will not.
fn settle(
    record: &mut Record,
    change: &mut Change,
    id: OperationId,
    at: Moment,
) -> Result<(), MoneyError> {
    let Some(operation) = record.operation(id) else { return Ok(()) };
    let (kind, state, amount) = (operation.kind, operation.state, operation.amount);
    let about = PostingAt { project: operation.project, operation: id, at: at.real };
    let fee = operation.fee;
    let payment = &mut record.payment;
    match (kind, state) {
        (OperationKind::Sale, OperationState::Approved) => {
            payment.authorized = amount;
            payment.captured = payment.captured.plus(amount)?;
            change.postings.push(Posting::sale(about, amount, fee)?);
        }
        (OperationKind::Authorization, OperationState::Approved) => payment.authorized = amount,
        (OperationKind::Capture, OperationState::Approved) => {
            payment.captured = payment.captured.plus(amount)?;
            change.postings.push(Posting::capture(about, amount, fee)?);
        }
        (OperationKind::Refund, OperationState::Approved) => {
            payment.refund_reserved = payment.refund_reserved.minus(amount)?;
            payment.refunded = payment.refunded.plus(amount)?;
            change.postings.push(Posting::refund(about, amount));
        }
        (OperationKind::Refund, OperationState::Declined) => {
            payment.refund_reserved = payment.refund_reserved.minus(amount)?;
        }
        (
            OperationKind::Sale
            | OperationKind::Authorization
            | OperationKind::Capture
            | OperationKind::Void
            | OperationKind::Refund,
            _,
        ) => {}
    }
    record.payment.state = record.computed_state();
    Ok(())
}

/// Says what work follows the state that was reached.
fn follow(
    record: &Record,
    change: &mut Change,
    id: OperationId,
    event: OperationEvent,
    at: Moment,
) {
    let Some(operation) = record.operation(id) else { return };
    let owed = |work, after_ms| Owed { work, operation: id, after_ms };
    match operation.state {
        OperationState::Accepted if event == OperationEvent::Clarified => {
            change.work.push(owed(Work::CallProvider, 0));
        }
        OperationState::Accepted => {
            change.work.push(owed(Work::CallProvider, resend_pause_ms(operation.attempts)));
        }
        OperationState::Clarifying => {
            change.work.push(owed(Work::ExpireClarification, CLARIFICATION_LIFE_MS));
        }
        OperationState::Unknown
        | OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Authenticating
        | OperationState::Pending => {
            change.work.push(owed(Work::AskOutcome, ask_pause_ms(operation.state, 0)));
        }
        OperationState::Sending if operation.is_card_opening() => {
            change.work.push(owed(Work::CallProvider, CARD_CALL_MS));
        }
        OperationState::Approved if let Some(capture_at) = operation.capture_at => {
            let left = capture_at.as_millis() - at.project.as_millis();
            change.work.push(owed(Work::CaptureHold, left.max(0)));
        }
        OperationState::Declined if !record.free_hold().is_zero() => {
            hold_again(record, change, at);
        }
        OperationState::Sending
        | OperationState::Approved
        | OperationState::Declined
        | OperationState::Rejected => {}
    }
}

/// A hold whose capture or void was declined stands: it is captured on its date after all, or, when
/// that date was the one that failed, tried again, ever more slowly.
fn hold_again(record: &Record, change: &mut Change, at: Moment) {
    let Some(opening) = record.opening() else { return };
    let Some(capture_at) = opening.capture_at else { return };
    let left = capture_at.as_millis() - at.project.as_millis();
    let doublings = u32::try_from(record.captures_declined().min(5)).unwrap_or(5);
    let pause_ms = ((HOUR_MS / 2) << doublings).min(DAY_MS);
    let after_ms = if left > 0 { left } else { pause_ms };
    change.work.push(Owed { work: Work::CaptureHold, operation: opening.id, after_ms });
}

/// How long to wait before an operation that surely was not sent is sent again.
pub fn resend_pause_ms(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 8) - 1).unwrap_or(0);
    ((2 * SECOND_MS) << doublings).min(5 * MINUTE_MS)
}

/// How long to wait before the provider is asked for the `asked + 1`st time.
pub fn ask_pause_ms(state: OperationState, asked: i64) -> i64 {
    let first = if state == OperationState::Unknown { 2 * SECOND_MS } else { 5 * SECOND_MS };
    let doublings = u32::try_from(asked.clamp(0, 16)).unwrap_or(16);
    (first << doublings).min(10 * MINUTE_MS)
}

fn says_nothing_new(state: OperationState, event: OperationEvent) -> bool {
    let poll = matches!(
        event,
        OperationEvent::Pend
            | OperationEvent::LoseTrack
            | OperationEvent::Redirect
            | OperationEvent::Authenticate
            | OperationEvent::Instruct
            | OperationEvent::NotSent
    );
    match state {
        OperationState::Approved => poll || event == OperationEvent::Approve,
        OperationState::Declined => {
            poll || matches!(event, OperationEvent::Decline | OperationEvent::ClarificationTimedOut)
        }
        OperationState::Unknown
        | OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Authenticating
        | OperationState::Pending => poll,
        OperationState::Accepted
        | OperationState::Clarifying
        | OperationState::Sending
        | OperationState::Rejected => event == OperationEvent::ClarificationTimedOut,
    }
}

fn is_late_money(kind: OperationKind, state: OperationState, event: OperationEvent) -> bool {
    kind.is_opening()
        && matches!(state, OperationState::Declined | OperationState::Rejected)
        && event == OperationEvent::Approve
}

/// Notes money that came after the end, once, and keeps what moved in suspense (ruling 18).
fn late_money(
    record: &mut Record,
    id: OperationId,
    at: Moment,
    mut change: Change,
) -> Option<Applied> {
    let operation = record.operation(id)?;
    if operation.late_money {
        return Some(Applied::Nothing);
    }
    let about = PostingAt { project: operation.project, operation: id, at: at.real };
    // A late hold is an alarm too, but no money has moved.
    if operation.kind == OperationKind::Sale {
        change.postings.push(Posting::late_money(about, operation.amount));
    }
    change.changed_operations.push(id);
    with(record, id, |operation| operation.late_money = true);
    record.payment.version += 1;
    Some(Applied::LateMoney(change))
}

/// Leaves the end of a refund that the bank declines to an operator.
pub fn leave_to_operator(record: &mut Record, id: OperationId) {
    with(record, id, |operation| {
        operation.closed_by_hand = operation.kind == OperationKind::Refund;
    });
}

/// Closes a refund that the bank declined; its state and its reason stay. Nothing when it does not
/// wait for that.
pub fn close(record: &mut Record, id: OperationId, at: Moment) -> Option<Change> {
    record.operation(id).filter(|operation| operation.awaits_closing())?;
    let expected_version = Some(record.payment.version);
    with(record, id, |operation| {
        operation.closed_by_hand = false;
        operation.updated_at = at.project;
    });
    record.payment.version += 1;
    record.payment.updated_at = at.project;
    Some(Change { expected_version, changed_operations: vec![id], ..Change::default() })
}

fn add_operation(record: &mut Record, change: &mut Change, operation: Operation, at: Moment) {
    let (id, state) = (operation.id, operation.state);
    change.new_operations.push(id);
    record.operations.push(operation);
    note_event(record, change, (id, None, state), at);
    record.payment.state = record.computed_state();
}

/// Takes one step of the table; the caller has checked that the table allows it.
fn step(
    record: &mut Record,
    change: &mut Change,
    id: OperationId,
    event: OperationEvent,
    at: Moment,
) {
    let found = record.operations.iter_mut().find(|operation| operation.id == id);
    let Some(operation) = found else { return };
    let Ok(row) = table::next(operation.kind, operation.state, event) else { return };
    operation.state = row.to;
    operation.updated_at = at.project;
    if row.ledger == LedgerEffect::Settle && operation.provider.at.is_none() {
        operation.provider.at = Some(at.project);
    }
    if !change.new_operations.contains(&id) && !change.changed_operations.contains(&id) {
        change.changed_operations.push(id);
    }
    if record.payment.is_told(row) {
        change.callback = Some(id);
    }
    note_event(record, change, (id, Some(event), row.to), at);
    record.payment.state = record.computed_state();
}

/// Numbers the change of state; the payment's version moves once per decision.
fn note_event(
    record: &mut Record,
    change: &mut Change,
    (operation, event, state): (OperationId, Option<OperationEvent>, OperationState),
    at: Moment,
) {
    let payment = &mut record.payment;
    if change.events.is_empty() {
        payment.version += 1;
    }
    payment.event_seq += 1;
    payment.updated_at = at.project;
    change.events.push(Event {
        project: payment.project,
        payment: payment.id,
        seq: payment.event_seq,
        operation,
        event,
        state,
        at: at.project,
    });
}

fn ask_for(
    record: &mut Record,
    change: &mut Change,
    id: OperationId,
    missing: Vec<crate::method::CustomerField>,
    at: Moment,
) {
    with(record, id, |operation| operation.missing = missing);
    step(record, change, id, OperationEvent::Clarify, at);
    follow(record, change, id, OperationEvent::Clarify, at);
}

fn set_reason(record: &mut Record, id: OperationId, reason: Reason) {
    with(record, id, |operation| operation.reason = Some(reason));
}

fn with(record: &mut Record, id: OperationId, change: impl FnOnce(&mut Operation)) {
    if let Some(operation) = record.operations.iter_mut().find(|operation| operation.id == id) {
        change(operation);
    }
}

#[cfg(test)]
mod tests;
