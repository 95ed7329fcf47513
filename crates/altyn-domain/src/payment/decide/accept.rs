//! Accepting what is asked for: a payment, the same again after a rejection, a payer's next try,
//! and what follows on an order that stands: capture, void, refund.

use super::{CARD_CALL_MS, Change, Moment, Owed, Work, add_operation, ask_for, set_reason, step};
use crate::card::CardFacts;
use crate::id::{OperationId, PaymentId};
use crate::method::{Method, Scenario};
use crate::money::{Amount, BasisPoints};
use crate::payment::{
    CallbackWishes, Customer, Details, Operation, OperationEvent, OperationKind, OperationState,
    Payment, PaymentRef, PaymentState, ProviderFacts, Record, RequestEcho,
};
use crate::project::Project;
use crate::reason::Reason;
use crate::time::Timestamp;

/// How many times a payer may try to pay one payment: enough for a mistyped code or two and another
/// card, too few to try numbers out.
pub const TRIES_MAX: usize = 5;

/// A payment as a face has understood it.
#[derive(Clone, Debug)]
pub struct PaymentRequest {
    /// The merchant's id.
    pub reference: PaymentRef,
    /// In one stage ([`OperationKind::Sale`]) or two ([`OperationKind::Authorization`]).
    pub kind: OperationKind,
    /// How to pay.
    pub method: Method,
    /// How much.
    pub amount: Amount,
    /// The rest.
    pub details: Details,
    /// The card that the caller holds, as far as it may be kept.
    pub card: Option<CardFacts>,
    /// What was signed.
    pub request: RequestEcho,
}

/// Another try of the payer, by the same way or another.
#[derive(Clone, Debug)]
pub struct TryRequest {
    /// How to pay.
    pub method: Method,
    /// What the payer has entered.
    pub customer: Customer,
    /// The card that the caller holds, as far as it may be kept.
    pub card: Option<CardFacts>,
}

/// Why a payer may not try (again).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TryRefusal {
    /// A try is under way, or the payment has ended otherwise than by a decline.
    #[error("the payment is not one that can be tried again")]
    WrongState,
    /// The payment has had its tries.
    #[error("the payment was tried {TRIES_MAX} times")]
    TooMany,
    /// The time to pay is over.
    #[error("the time to pay is over")]
    Expired,
}

/// A capture as a face has understood it.
#[derive(Clone, Debug, Default)]
pub struct CaptureRequest {
    /// How much; all that is held when absent.
    pub amount: Option<Amount>,
    /// What it wants of its callbacks; `None` leaves them to the payment's wishes.
    pub callback: Option<CallbackWishes>,
    /// What was signed.
    pub request: RequestEcho,
}

/// A void as a face has understood it.
#[derive(Clone, Debug, Default)]
pub struct VoidRequest {
    /// How much, if it was said: a hold is released whole.
    pub amount: Option<Amount>,
    /// What it wants of its callbacks; `None` leaves them to the payment's wishes.
    pub callback: Option<CallbackWishes>,
    /// What was signed.
    pub request: RequestEcho,
}

/// A refund as a face has understood it.
#[derive(Clone, Debug)]
pub struct RefundRequest {
    /// How much; all that is left when absent.
    pub amount: Option<Amount>,
    /// The merchant's own id of it.
    pub merchant_refund_id: Option<String>,
    /// What it wants of its callbacks; `None` leaves them to the payment's wishes.
    pub callback: Option<CallbackWishes>,
    /// What was signed.
    pub request: RequestEcho,
}

/// Accepts a payment under new numbers.
pub fn accept_payment(
    project: &Project,
    ids: (PaymentId, OperationId),
    at: Moment,
    request: PaymentRequest,
) -> (Record, Change) {
    let zero = Amount::zero(request.amount.currency());
    let payment = Payment {
        project: project.id,
        id: ids.0,
        reference: request.reference.clone(),
        generation: 0,
        method: request.method,
        amount: request.amount,
        authorized: zero,
        captured: zero,
        refunded: zero,
        refund_reserved: zero,
        state: PaymentState::Processing,
        version: 0,
        event_seq: 0,
        created_at: at.project,
        updated_at: at.project,
        details: Details::default(),
    };
    let mut record = Record { payment, operations: Vec::with_capacity(1) };
    let mut change = Change::default();
    begin_payment(&mut record, &mut change, (project, ids.1, at), request);
    (record, change)
}

/// Accepts a payment under the id of a rejected one: the same payment, the next generation.
/// `None` when the payment was not rejected.
pub fn accept_payment_again(
    project: &Project,
    mut record: Record,
    operation: OperationId,
    at: Moment,
    request: PaymentRequest,
) -> Option<(Record, Change)> {
    if record.payment.state != PaymentState::Rejected {
        return None;
    }
    let mut change = changed(&record);
    let zero = Amount::zero(request.amount.currency());
    let payment = &mut record.payment;
    payment.authorized = zero;
    (payment.captured, payment.refunded, payment.refund_reserved) = (zero, zero, zero);
    begin_payment(&mut record, &mut change, (project, operation, at), request);
    Some((record, change))
}

/// Whether the payer may try once more. Two tabs, a double press or the way back cannot make two
/// charges of one payment: while a try is open there is no other.
pub fn may_try(record: &Record, now: Timestamp) -> Result<(), TryRefusal> {
    let Some(page) = &record.payment.details.page else { return Err(TryRefusal::WrongState) };
    let paid_late = record.operations.iter().any(|operation| operation.late_money);
    if record.payment.state != PaymentState::Declined || paid_late {
        return Err(TryRefusal::WrongState);
    }
    if record.tries() >= TRIES_MAX {
        return Err(TryRefusal::TooMany);
    }
    if page.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(TryRefusal::Expired);
    }
    Ok(())
}

/// Accepts another try of the payer on the Payment Page.
pub fn accept_try(
    project: &Project,
    mut record: Record,
    operation: OperationId,
    at: Moment,
    request: TryRequest,
) -> Result<(Record, Change), TryRefusal> {
    may_try(&record, at.project)?;
    let mut change = changed(&record);
    let two_stage = record.payment.details.page.as_ref().is_some_and(|page| page.two_stage);
    let kind = opening_kind(request.method, two_stage);
    let payment = &mut record.payment;
    payment.method = request.method;
    // What the payer enters now counts more than what was entered before.
    let mut customer = request.customer;
    customer.complete_with(payment.details.customer.clone());
    payment.details.customer = customer;
    let echo = record.opening().map(|opening| opening.request.clone()).unwrap_or_default();
    open(&mut record, &mut change, (project, operation, at), (kind, request.card, echo));
    Ok((record, change))
}

/// One stage or two: what was asked, where the method can.
pub fn opening_kind(method: Method, two_stage: bool) -> OperationKind {
    if two_stage && method.rules().two_stage {
        OperationKind::Authorization
    } else {
        OperationKind::Sale
    }
}

fn changed(record: &Record) -> Change {
    Change { expected_version: Some(record.payment.version), ..Change::default() }
}

fn begin_payment(
    record: &mut Record,
    change: &mut Change,
    about: (&Project, OperationId, Moment),
    request: PaymentRequest,
) {
    let payment = &mut record.payment;
    payment.generation += 1;
    payment.method = request.method;
    payment.amount = request.amount;
    payment.details = request.details;
    payment.reference = request.reference;
    open(record, change, about, (request.kind, request.card, request.request));
}

/// Adds the operation that opens an order, and says what follows: a refusal, a question, or the call.
fn open(
    record: &mut Record,
    change: &mut Change,
    (project, id, at): (&Project, OperationId, Moment),
    (kind, card, request): (OperationKind, Option<CardFacts>, RequestEcho),
) {
    let payment = &record.payment;
    let setting = project.method(payment.method);
    let rules = payment.method.rules();
    let missing = rules.missing_clarified(&payment.details.customer);
    let held = kind == OperationKind::Authorization;
    let by_card = card.is_some();
    let operation = Operation {
        fee: setting.map_or(BasisPoints::default(), |setting| setting.fee),
        account: setting.map_or_else(String::new, |setting| setting.account.clone()),
        instruction: setting.is_some_and(|setting| setting.scenario == Scenario::Instruction),
        capture_at: held.then(|| at.project.plus_millis(project.capture_after_ms)),
        card,
        request,
        ..bare(payment, id, (kind, payment.amount), at)
    };
    let refusal = match setting {
        None => Some(Reason::MethodDisabled),
        Some(_) if held && !rules.two_stage => Some(Reason::TwoStageUnsupported),
        Some(_) => rules.check_amount(payment.amount, project.test).err(),
    };
    add_operation(record, change, operation, at);
    if let Some(reason) = refusal {
        step(record, change, id, OperationEvent::Reject, at);
        set_reason(record, id, reason);
    } else if missing.is_empty() {
        let after_ms = if by_card { CARD_CALL_MS } else { 0 };
        change.work.push(Owed { work: Work::CallProvider, operation: id, after_ms });
    } else {
        ask_for(record, change, id, missing, at);
    }
}

/// An operation of this payment of which nothing is known yet.
fn bare(
    payment: &Payment,
    id: OperationId,
    (kind, amount): (OperationKind, Amount),
    at: Moment,
) -> Operation {
    Operation {
        project: payment.project,
        payment: payment.id,
        id,
        generation: payment.generation,
        kind,
        method: payment.method,
        amount,
        state: OperationState::Accepted,
        reason: None,
        fee: BasisPoints::default(),
        account: String::new(),
        instruction: false,
        provider: ProviderFacts::default(),
        redirect: None,
        card: None,
        authentication: None,
        capture_at: None,
        missing: Vec::new(),
        merchant_refund_id: None,
        callback: None,
        late_money: false,
        closed_by_hand: false,
        attempts: 0,
        created_at: at.project,
        updated_at: at.project,
        request: RequestEcho::default(),
    }
}

/// Accepts a capture, or keeps it as a declined operation when our rules refuse it (ruling 22).
/// A hold is captured once; what is left of it is released.
pub fn accept_capture(
    record: Record,
    id: OperationId,
    at: Moment,
    request: CaptureRequest,
) -> (Record, Change) {
    let amount = request.amount.unwrap_or(record.payment.authorized);
    let amount = if amount.is_zero() { record.payment.amount } else { amount };
    let refusal = refuse_capture(&record, amount);
    let fee = record.opening().map_or(BasisPoints::default(), |opening| opening.fee);
    let operation = Operation {
        callback: request.callback,
        request: request.request,
        fee,
        ..bare(&record.payment, id, (OperationKind::Capture, amount), at)
    };
    accept_following(record, operation, at, refusal)
}

/// Accepts the release of a hold, or keeps it as a declined operation when our rules refuse it.
pub fn accept_void(
    record: Record,
    id: OperationId,
    at: Moment,
    request: VoidRequest,
) -> (Record, Change) {
    let held = record.payment.authorized;
    let amount = request.amount.unwrap_or(held);
    let amount = if amount.is_zero() { record.payment.amount } else { amount };
    let refusal = if record.free_hold().is_zero() {
        Some(Reason::WrongState)
    } else if amount != held {
        Some(Reason::PartialVoidUnsupported)
    } else {
        None
    };
    let operation = Operation {
        callback: request.callback,
        request: request.request,
        ..bare(&record.payment, id, (OperationKind::Void, amount), at)
    };
    accept_following(record, operation, at, refusal)
}

fn refuse_capture(record: &Record, amount: Amount) -> Option<Reason> {
    let held = record.free_hold();
    if held.is_zero() {
        Some(Reason::WrongState)
    } else if amount.currency() != held.currency() {
        Some(Reason::CurrencyUnsupported)
    } else if amount.minor() > held.minor() {
        Some(Reason::CaptureExceedsHold)
    } else {
        None
    }
}

/// Adds an operation on an order that stands, and says what follows: the refusal, or the call.
fn accept_following(
    mut record: Record,
    mut operation: Operation,
    at: Moment,
    refusal: Option<Reason>,
) -> (Record, Change) {
    let mut change = changed(&record);
    let id = operation.id;
    if let Some(opening) = record.opening() {
        operation.account = opening.account.clone();
        operation.card = opening.card.clone();
        // Until the provider gives it a number of its own, it goes by the order's.
        operation.provider.payment_id = opening.provider.payment_id.clone();
    }
    if refusal.is_some() {
        operation.provider.at = Some(at.project);
    }
    add_operation(&mut record, &mut change, operation, at);
    if let Some(reason) = refusal {
        step(&mut record, &mut change, id, OperationEvent::Decline, at);
        set_reason(&mut record, id, reason);
    } else {
        change.work.push(Owed { work: Work::CallProvider, operation: id, after_ms: 0 });
    }
    (record, change)
}

/// Accepts a refund, or keeps it as a declined operation when our rules refuse it (ruling 22).
pub fn accept_refund(
    record: Record,
    id: OperationId,
    at: Moment,
    request: RefundRequest,
) -> (Record, Change) {
    let payment = &record.payment;
    let amount = request.amount.unwrap_or_else(|| whole_refund(payment));
    let refusal = refuse_refund(payment, amount);
    let operation = Operation {
        merchant_refund_id: request.merchant_refund_id,
        callback: request.callback,
        request: request.request,
        ..bare(payment, id, (OperationKind::Refund, amount), at)
    };
    let (mut record, change) = accept_following(record, operation, at, refusal);
    if refusal.is_none() {
        let payment = &mut record.payment;
        payment.refund_reserved =
            payment.refund_reserved.plus(amount).unwrap_or(payment.refund_reserved);
    }
    (record, change)
}

/// All that is left; or, when nothing is left, what was taken or asked, so that the refused
/// operation shows a sum.
fn whole_refund(payment: &Payment) -> Amount {
    [payment.refundable(), payment.captured]
        .into_iter()
        .find(|amount| !amount.is_zero())
        .unwrap_or(payment.amount)
}

fn refuse_refund(payment: &Payment, amount: Amount) -> Option<Reason> {
    let paid = matches!(
        payment.state,
        PaymentState::Paid | PaymentState::PartiallyRefunded | PaymentState::Refunded
    );
    if !paid {
        Some(Reason::WrongState)
    } else if amount.currency() != payment.amount.currency() {
        Some(Reason::RefundCurrencyMismatch)
    } else if amount.minor() > payment.refundable().minor() {
        Some(Reason::RefundExceedsBalance)
    } else if !payment.method.rules().partial_refunds && amount != payment.captured {
        Some(Reason::PartialRefundUnsupported)
    } else {
        None
    }
}
