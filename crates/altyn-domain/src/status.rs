//! The nine words by which people know a payment: a projection of its operations and of how far the
//! word about it got to the merchant.
//!
//! Source: seed 000 and paykeeper.md §4; platform.md §3.4 says which of our states is which.

use crate::payment::{OperationKind, OperationState, PaymentState, Record};
use crate::reason::Reason;

/// A payment's status in the cabinet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Status {
    /// «Ожидает оплаты»: also while an outcome is unknown.
    Pending,
    /// «Получен»: paid or held, and the merchant has not taken the word of it yet.
    Obtained,
    /// «Отменен»: by the payer, or the hold was released.
    Canceled,
    /// «Совершён»: paid or held, and the merchant knows.
    Success,
    /// «Не состоялся»: declined or refused.
    Failed,
    /// «Совершён без оповещения»: paid or held, and the merchant could not be told.
    Stuck,
    /// «Возвращён клиенту»: all of it.
    Refunded,
    /// «Инициирован возврат»: a refund is under way, or the bank declined it and an operator has yet to
    /// close it.
    Refunding,
    /// «Частично возвращён клиенту».
    PartiallyRefunded,
}

impl Status {
    /// Every status, in the order of paykeeper.md §4.
    pub const ALL: &'static [Self] = &[
        Self::Pending,
        Self::Obtained,
        Self::Canceled,
        Self::Success,
        Self::Failed,
        Self::Stuck,
        Self::Refunded,
        Self::Refunding,
        Self::PartiallyRefunded,
    ];

    /// The stable text form: the code of the seed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Obtained => "obtained",
            Self::Canceled => "canceled",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Stuck => "stuck",
            Self::Refunded => "refunded",
            Self::Refunding => "refunding",
            Self::PartiallyRefunded => "partially_refunded",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|status| status.as_str() == text)
    }
}

/// How far the word that a payment was paid, or held, got to the merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// There is nobody to tell: no address, or the merchant wants no word.
    Nobody,
    /// On its way.
    Owed,
    /// Taken.
    Delivered,
    /// Every try was in vain.
    GivenUp,
}

impl Told {
    /// Every case.
    pub const ALL: &'static [Self] = &[Self::Nobody, Self::Owed, Self::Delivered, Self::GivenUp];
}

/// The status of a payment as it stands.
pub fn status_of(record: &Record, told: Told) -> Status {
    let payment = &record.payment;
    match payment.state {
        PaymentState::Processing
        | PaymentState::AwaitingClarification
        | PaymentState::AwaitingRedirect
        | PaymentState::AwaitingCustomer
        | PaymentState::AwaitingAuthentication => Status::Pending,
        _ if refunding_since(record).is_some() || is_left_open(record) => Status::Refunding,
        PaymentState::Authorized | PaymentState::Paid => match told {
            Told::Owed => Status::Obtained,
            Told::Delivered => Status::Success,
            Told::Nobody | Told::GivenUp => Status::Stuck,
        },
        PaymentState::Voided => Status::Canceled,
        PaymentState::PartiallyRefunded => Status::PartiallyRefunded,
        PaymentState::Refunded => Status::Refunded,
        PaymentState::Declined => {
            let reason = record.opening().and_then(|opening| opening.reason);
            if reason == Some(Reason::CancelledByPayer) { Status::Canceled } else { Status::Failed }
        }
        PaymentState::Rejected => Status::Failed,
    }
}

/// Whether the last refund was declined and waits for an operator's word.
fn is_left_open(record: &Record) -> bool {
    let last = record.operations.iter().rfind(|one| one.kind == OperationKind::Refund);
    last.is_some_and(crate::payment::Operation::awaits_closing)
}

/// Since when the oldest refund that has not ended is under way, on the project's clock.
pub fn refunding_since(record: &Record) -> Option<crate::time::Timestamp> {
    let under_way = |operation: &&crate::payment::Operation| {
        operation.kind == OperationKind::Refund
            && !matches!(
                operation.state,
                OperationState::Approved | OperationState::Declined | OperationState::Rejected
            )
    };
    record.operations.iter().find(under_way).map(|refund| refund.created_at)
}

#[cfg(test)]
mod tests;
