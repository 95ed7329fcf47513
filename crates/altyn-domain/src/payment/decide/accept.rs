//! Accepting what a merchant asks for: a sale, a sale again after a rejection, a refund.

use super::{Change, Moment, Owed, Work, add_operation, ask_for, set_reason, step};
use crate::id::{OperationId, PaymentId};
use crate::method::{Method, Scenario};
use crate::money::{Amount, BasisPoints};
use crate::payment::{
    CallbackWishes, Details, Operation, OperationEvent, OperationKind, OperationState, Payment,
    PaymentRef, PaymentState, ProviderFacts, Record, RequestEcho,
};
use crate::project::Project;
use crate::reason::Reason;

/// A sale as a face has understood it.
#[derive(Clone, Debug)]
pub struct SaleRequest {
    /// The merchant's id.
    pub reference: PaymentRef,
    /// How to pay.
    pub method: Method,
    /// How much.
    pub amount: Amount,
    /// The rest.
    pub details: Details,
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

/// Accepts a sale under new numbers.
pub fn accept_sale(
    project: &Project,
    ids: (PaymentId, OperationId),
    at: Moment,
    request: SaleRequest,
) -> (Record, Change) {
    let zero = Amount::zero(request.amount.currency());
    let payment = Payment {
        project: project.id,
        id: ids.0,
        reference: request.reference.clone(),
        generation: 0,
        method: request.method,
        amount: request.amount,
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
    begin_sale(&mut record, &mut change, (project, ids.1, at), request);
    (record, change)
}

/// Accepts a sale under the id of a rejected one: the same payment, the next generation.
/// `None` when the payment was not rejected.
pub fn accept_sale_again(
    project: &Project,
    mut record: Record,
    operation: OperationId,
    at: Moment,
    request: SaleRequest,
) -> Option<(Record, Change)> {
    if record.payment.state != PaymentState::Rejected {
        return None;
    }
    let mut change = Change { expected_version: Some(record.payment.version), ..Change::default() };
    let zero = Amount::zero(request.amount.currency());
    let payment = &mut record.payment;
    (payment.captured, payment.refunded, payment.refund_reserved) = (zero, zero, zero);
    begin_sale(&mut record, &mut change, (project, operation, at), request);
    Some((record, change))
}

fn begin_sale(
    record: &mut Record,
    change: &mut Change,
    (project, id, at): (&Project, OperationId, Moment),
    request: SaleRequest,
) {
    let setting = project.method(request.method);
    let rules = request.method.rules();
    let payment = &mut record.payment;
    payment.generation += 1;
    payment.method = request.method;
    payment.amount = request.amount;
    payment.details = request.details;
    payment.reference = request.reference;
    let missing = rules.missing_clarified(&payment.details.customer);
    let operation = Operation {
        project: project.id,
        payment: payment.id,
        id,
        generation: payment.generation,
        kind: OperationKind::Sale,
        amount: request.amount,
        state: OperationState::Accepted,
        reason: None,
        fee: setting.map_or(BasisPoints::default(), |setting| setting.fee),
        account: setting.map_or_else(String::new, |setting| setting.account.clone()),
        instruction: setting.is_some_and(|setting| setting.scenario == Scenario::Instruction),
        provider: ProviderFacts::default(),
        redirect: None,
        missing: Vec::new(),
        merchant_refund_id: None,
        callback: None,
        late_money: false,
        attempts: 0,
        created_at: at.project,
        updated_at: at.project,
        request: request.request,
    };
    let refusal = match setting {
        None => Some(Reason::MethodDisabled),
        Some(_) => rules.check_amount(request.amount, project.test).err(),
    };
    add_operation(record, change, operation, at);
    if let Some(reason) = refusal {
        step(record, change, id, OperationEvent::Reject, at);
        set_reason(record, id, reason);
    } else if missing.is_empty() {
        change.work.push(Owed { work: Work::CallProvider, operation: id, after_ms: 0 });
    } else {
        ask_for(record, change, id, missing, at);
    }
}

/// Accepts a refund, or keeps it as a declined operation when our rules refuse it (ruling 22).
pub fn accept_refund(
    mut record: Record,
    id: OperationId,
    at: Moment,
    request: RefundRequest,
) -> (Record, Change) {
    let mut change = Change { expected_version: Some(record.payment.version), ..Change::default() };
    let payment = &record.payment;
    let amount = request.amount.unwrap_or_else(|| whole_refund(payment));
    let refusal = refuse_refund(payment, amount);
    let sale = record.sale();
    let mut operation = Operation {
        project: payment.project,
        payment: payment.id,
        id,
        generation: payment.generation,
        kind: OperationKind::Refund,
        amount,
        state: OperationState::Accepted,
        reason: None,
        fee: BasisPoints::default(),
        account: sale.map_or_else(String::new, |sale| sale.account.clone()),
        instruction: false,
        provider: ProviderFacts::default(),
        redirect: None,
        missing: Vec::new(),
        merchant_refund_id: request.merchant_refund_id,
        callback: request.callback,
        late_money: false,
        attempts: 0,
        created_at: at.project,
        updated_at: at.project,
        request: request.request,
    };
    // Until the provider gives the refund a number of its own, it goes by the sale's.
    operation.provider.payment_id = sale.and_then(|sale| sale.provider.payment_id.clone());
    if refusal.is_some() {
        operation.provider.at = Some(at.project);
    }
    add_operation(&mut record, &mut change, operation, at);
    if let Some(reason) = refusal {
        step(&mut record, &mut change, id, OperationEvent::Decline, at);
        set_reason(&mut record, id, reason);
    } else {
        let payment = &mut record.payment;
        payment.refund_reserved =
            payment.refund_reserved.plus(amount).unwrap_or(payment.refund_reserved);
        change.work.push(Owed { work: Work::CallProvider, operation: id, after_ms: 0 });
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
