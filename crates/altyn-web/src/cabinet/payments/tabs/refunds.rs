//! «Возвраты»: number, amount, remainder, date, user, status, reason (paykeeper.md §11).

use altyn_app::access::audit::{Action, AuditResult};
use altyn_domain::id::OperationId;
use altyn_domain::payment::{Operation, OperationKind, OperationState};

use super::super::case::Case;
use super::super::view::Time;
use super::super::words;
use crate::cabinet::words as said;
use crate::format::money;
use crate::lang::Lang;

/// A refund.
pub struct Refund {
    /// 1, 2, 3… within the payment.
    pub number: usize,
    /// Our number.
    pub id: OperationId,
    /// The merchant's number of it, if he gave one.
    pub merchant_id: String,
    /// How much.
    pub amount: String,
    /// What was left of the payment after it; nothing while it is not done.
    pub left: Option<String>,
    /// When it was asked for.
    pub at: Time,
    /// Who asked: a person, or the merchant's own system.
    pub who: String,
    /// How it stands.
    pub status: &'static str,
    /// One of the four meanings of colour.
    pub tone: &'static str,
    /// The sign beside it.
    pub sign: &'static str,
    /// Why it was asked for, and why it was declined.
    pub reason: String,
}

/// The refunds of a payment, oldest first.
pub fn of(case: &Case, lang: Lang) -> Vec<Refund> {
    let payment = &case.record().payment;
    let mut left = payment.captured;
    let refunds = case.record().operations.iter().filter(|one| one.kind == OperationKind::Refund);
    refunds
        .enumerate()
        .map(|(turn, operation)| {
            let done = operation.state == OperationState::Approved;
            if done {
                left = left.minus(operation.amount).unwrap_or(left);
            }
            Refund {
                number: turn + 1,
                id: operation.id,
                merchant_id: operation.merchant_refund_id.clone().unwrap_or_default(),
                amount: money(operation.amount, lang),
                left: done.then(|| money(left, lang)),
                at: Time::exact(operation.created_at, lang),
                who: who(case, operation, lang),
                status: words::refund_state(operation.state, lang),
                tone: look(operation.state).0,
                sign: look(operation.state).1,
                reason: reason(operation, lang),
            }
        })
        .collect()
}

fn who(case: &Case, operation: &Operation, lang: Lang) -> String {
    let asked = case.people.iter().map(|stored| &stored.entry).find(|entry| {
        entry.operation == Some(operation.id)
            && entry.action == Action::Refund
            && entry.result == AuditResult::Done
    });
    let shop = lang.pick("магазин, по API", "the shop, by API");
    asked.map_or_else(|| shop.to_owned(), |entry| said::log::who(entry, lang).to_owned())
}

fn look(state: OperationState) -> (&'static str, &'static str) {
    match state {
        OperationState::Approved => ("returned", "returned"),
        OperationState::Declined | OperationState::Rejected => ("problem", "problem"),
        OperationState::Accepted
        | OperationState::Clarifying
        | OperationState::Sending
        | OperationState::Unknown
        | OperationState::Redirected
        | OperationState::Instructed
        | OperationState::Authenticating
        | OperationState::Pending => ("waiting", "refunding"),
    }
}

fn reason(operation: &Operation, lang: Lang) -> String {
    let asked = operation.request.value("payment:description");
    let asked = asked.filter(|reason| !reason.is_empty()).map(str::to_owned);
    let declined = operation.reason.map(|reason| words::refund_reason(reason, lang).to_owned());
    [asked, declined].into_iter().flatten().collect::<Vec<_>>().join(" — ")
}
