//! What an order's status says of a capture, a void or a refund of it.
//!
//! Such an operation has no number of its own at the gateway: whether it went through is told by
//! the order's state and balance, compared with those that we expect before and after it.
//! Guaranteed: [`Followed::Done`] and [`Followed::Impossible`] need a status of our order whose
//! state and sums say so; whatever does not fit is [`Followed::Unclear`]. Source: providers.md §1.5
//! and §1.7.

use altyn_app::ports::provider::{OrderAtProvider, ProviderCall};
use altyn_domain::money::Amount;
use altyn_domain::payment::{OperationKind, ProviderFacts};
use altyn_domain::reason::Reason;

use super::{NO_SUCH_ORDER, moment, numeric_differs};
use crate::rbs::wire::{Code, OrderView};

/// Whether the operation went through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rbs) enum Followed {
    Done(ProviderFacts),
    /// The order stands as it did before; `available` minor units could be taken or returned.
    NotDone {
        available: i64,
    },
    /// The order is where this operation cannot be done any more.
    Impossible,
    /// The gateway knows no such order.
    Absent,
    Unclear(String),
}

/// Reads a status for an operation on `order`.
pub(in crate::rbs) fn followed(
    view: &OrderView,
    order: &OrderAtProvider,
    call: &ProviderCall,
) -> Followed {
    match view.code {
        Code::Number(NO_SUCH_ORDER) => return Followed::Absent,
        Code::Absent | Code::Number(0) => {}
        code @ (Code::Number(_) | Code::Unreadable) => {
            return Followed::Unclear(format!("the status answered {}", code.describe()));
        }
    }
    if view.number.as_deref() != Some(order.order_number.as_str()) {
        return Followed::Unclear("the status is of another order number".to_owned());
    }
    if numeric_differs(view, call.amount.currency()) {
        return Followed::Unclear(format!("the order's currency is {:?}", view.currency));
    }
    match call.kind {
        OperationKind::Capture => captured(view, order, call),
        OperationKind::Void => released(view, order, call),
        OperationKind::Refund => returned(view, order, call.amount),
        OperationKind::Sale | OperationKind::Authorization => {
            Followed::Unclear("a sale or an authorization follows no order".to_owned())
        }
    }
}

/// What was returned of a captured sum counts as captured.
fn captured(view: &OrderView, order: &OrderAtProvider, call: &ProviderCall) -> Followed {
    let asked = call.amount.minor();
    let taken = match (view.deposited, view.refunded) {
        (None, _) => None,
        (Some(deposited), refunded) => deposited.checked_add(refunded.unwrap_or(0)),
    };
    match view.status {
        Some(1) => Followed::NotDone { available: view.approved.unwrap_or(order.held_minor) },
        Some(2 | 4) if taken == Some(asked) => Followed::Done(facts_after(view, order, call)),
        Some(2 | 4) => Followed::Unclear(format!(
            "{asked} minor units were to be captured, the gateway tells {taken:?}"
        )),
        // The hold is gone: released, by whomever, or declined.
        Some(3 | 6) => Followed::Impossible,
        other => unexpected(other),
    }
}

fn released(view: &OrderView, order: &OrderAtProvider, call: &ProviderCall) -> Followed {
    match view.status {
        Some(1) => Followed::NotDone { available: order.held_minor },
        Some(2 | 4) => Followed::Impossible,
        // A hold that the bank let go by itself is released as well.
        Some(3) => Followed::Done(facts_after(view, order, call)),
        other => unexpected(other),
    }
}

/// Compares what the gateway has with what it should have before and after the refund.
fn returned(view: &OrderView, order: &OrderAtProvider, amount: Amount) -> Followed {
    match view.deposited {
        None => Followed::Unclear("the status does not tell what is deposited".to_owned()),
        Some(held) if held == order.deposited_minor => Followed::NotDone { available: held },
        Some(held) if Some(held) == order.deposited_minor.checked_sub(amount.minor()) => {
            Followed::Done(refund_facts(view, order, amount))
        }
        Some(held) => Followed::Unclear(format!(
            "{held} minor units are deposited where {} were expected",
            order.deposited_minor
        )),
    }
}

fn unexpected(status: Option<i64>) -> Followed {
    Followed::Unclear(format!("an order that was held has orderStatus {status:?}"))
}

/// What is known of an operation that the gateway has said it did.
pub(in crate::rbs) fn facts_after(
    view: &OrderView,
    order: &OrderAtProvider,
    call: &ProviderCall,
) -> ProviderFacts {
    let at_ms = match call.kind {
        OperationKind::Refund => return refund_facts(view, order, call.amount),
        OperationKind::Void => view.reversed_ms,
        OperationKind::Sale | OperationKind::Authorization | OperationKind::Capture => {
            view.deposited_ms
        }
    };
    let payment_id = order.payment_id.clone();
    ProviderFacts { payment_id, at: moment(at_ms), ..Default::default() }
}

/// The latest entry of that amount that went through, else the order's own id.
fn refund_facts(view: &OrderView, order: &OrderAtProvider, amount: Amount) -> ProviderFacts {
    let line =
        view.refunds.iter().flatten().rev().find(|line| {
            line.amount == Some(amount.minor()) && matches!(line.action, None | Some(0))
        });
    let at_ms = line.and_then(|line| line.at_ms).or(view.refunded_ms);
    ProviderFacts {
        payment_id: line.and_then(|line| line.id.clone()).or_else(|| order.payment_id.clone()),
        at: moment(at_ms),
        ..Default::default()
    }
}

/// Why an operation was refused, once it is sure that nothing moved. Which of 5 and 7 stands for a
/// wrong sum and a wrong state differs per install; 5 and 7 are §1.1's choice.
pub(in crate::rbs) fn refusal_reason(code: i64, available: i64, call: &ProviderCall) -> Reason {
    let too_much = code == 5 && call.amount.minor() > available;
    match (call.kind, code) {
        (OperationKind::Refund, 5) if too_much => Reason::RefundExceedsBalance,
        (OperationKind::Capture, 5) if too_much => Reason::CaptureExceedsHold,
        (OperationKind::Capture | OperationKind::Void, 7) => Reason::WrongState,
        (_, 1 | 3 | 4 | 5) => Reason::ProviderRefusedData,
        (_, _) => Reason::GeneralDecline,
    }
}
