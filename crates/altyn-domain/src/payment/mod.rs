//! A payment: the payer's obligation for one order, and the operations that make up its history.
//!
//! An operation's state moves only by [`table`]; a payment's state is computed from its operations
//! ([`Payment::state`] is that result, kept beside them). [`decide`] turns requests and outcomes
//! into changes. Deliveries to the merchant are kept apart: whether a callback got through never
//! changes a payment.

pub mod decide;
mod details;
mod echo;
mod operation;
pub mod table;

use crate::id::{OperationId, PaymentId, ProjectId};
use crate::method::Method;
use crate::money::Amount;
use crate::reason::Reason;
use crate::time::Timestamp;

pub use details::{CallbackWishes, Customer, Details, PageWishes, ReturnUrls};
pub use echo::RequestEcho;
pub use operation::{
    Authentication, AuthenticationStep, Operation, OperationKind, ProviderFacts, Redirect,
    RedirectMethod,
};
pub use table::{OperationEvent, OperationState};

/// The merchant's own id of a payment, as sent; compared without regard to case (ruling 13).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PaymentRef {
    text: String,
}

/// The longest id a merchant may give, in characters (ecommpay.md §3.4).
pub const PAYMENT_REF_MAX_CHARS: usize = 255;

impl PaymentRef {
    /// Refuses the empty, the too long and what has control characters or `;` in it.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let length = text.chars().count();
        let clean = !text.chars().any(|character| character.is_control() || character == ';');
        ((1..=PAYMENT_REF_MAX_CHARS).contains(&length) && clean).then_some(Self { text })
    }

    /// As sent; what answers and callbacks echo.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The folded form that is unique within a project.
    pub fn key(&self) -> String {
        self.text.to_lowercase()
    }
}

/// What the payment as a whole has come to: a projection of its operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PaymentState {
    /// Being handled; also while an outcome is unknown.
    Processing,
    /// The merchant must send missing data.
    AwaitingClarification,
    /// The payer must be sent to the provider.
    AwaitingRedirect,
    /// The payer must act by himself at the bank.
    AwaitingCustomer,
    /// The payer must pass 3-D Secure.
    AwaitingAuthentication,
    /// The money is held; it is to be captured or released.
    Authorized,
    /// The hold was released.
    Voided,
    /// Taken, nothing returned.
    Paid,
    /// A part was returned.
    PartiallyRefunded,
    /// All was returned.
    Refunded,
    /// Not paid.
    Declined,
    /// Refused before anything was executed; the same id may be sent again.
    Rejected,
}

impl PaymentState {
    /// Every state.
    pub const ALL: &'static [Self] = &[
        Self::Processing,
        Self::AwaitingClarification,
        Self::AwaitingRedirect,
        Self::AwaitingCustomer,
        Self::AwaitingAuthentication,
        Self::Authorized,
        Self::Voided,
        Self::Paid,
        Self::PartiallyRefunded,
        Self::Refunded,
        Self::Declined,
        Self::Rejected,
    ];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::AwaitingClarification => "awaiting_clarification",
            Self::AwaitingRedirect => "awaiting_redirect",
            Self::AwaitingCustomer => "awaiting_customer",
            Self::AwaitingAuthentication => "awaiting_authentication",
            Self::Authorized => "authorized",
            Self::Voided => "voided",
            Self::Paid => "paid",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Declined => "declined",
            Self::Rejected => "rejected",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text)
    }
}

/// The payment itself, without its operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Whose.
    pub project: ProjectId,
    /// Our number.
    pub id: PaymentId,
    /// The merchant's id.
    pub reference: PaymentRef,
    /// How many times the id was used again after a rejection, from 1.
    pub generation: i64,
    /// How it is paid.
    pub method: Method,
    /// What was asked.
    pub amount: Amount,
    /// What was held, by a sale for the moment it took. Never less than was taken.
    pub authorized: Amount,
    /// What was taken.
    pub captured: Amount,
    /// What was returned.
    pub refunded: Amount,
    /// What refunds that have not ended yet have asked for.
    pub refund_reserved: Amount,
    /// The projection of the operations.
    pub state: PaymentState,
    /// Counts changes; a change is refused when it was read at another version.
    pub version: i64,
    /// The number of the last event.
    pub event_seq: i64,
    /// When it was accepted, on the project's clock.
    pub created_at: Timestamp,
    /// When it changed last, on the project's clock.
    pub updated_at: Timestamp,
    /// The rest.
    pub details: Details,
}

impl Payment {
    /// What could still be returned: captured less what was or is being returned.
    pub fn refundable(&self) -> Amount {
        self.captured
            .minus(self.refunded)
            .and_then(|left| left.minus(self.refund_reserved))
            .unwrap_or(Amount::zero(self.amount.currency()))
    }

    /// Whether the merchant is told of this change. What the payer of a Payment Page has to do next
    /// is for the page alone: his shop hears results (seeds 003 and 004, «Оплата через Payment
    /// Page»).
    pub fn is_told(&self, row: &table::Transition) -> bool {
        row.callback == table::CallbackEffect::Owed
            && (row.to.is_final() || self.details.page.is_none())
    }

    /// What callbacks show as the payment's sum: what was taken, or asked while nothing was, less
    /// what was returned.
    pub fn remaining(&self) -> Amount {
        let whole = if self.captured.is_zero() { self.amount } else { self.captured };
        whole.minus(self.refunded).unwrap_or(Amount::zero(self.amount.currency()))
    }
}

/// One numbered change of state; there is exactly one for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Whose.
    pub project: ProjectId,
    /// Of which payment.
    pub payment: PaymentId,
    /// 1, 2, 3… within the payment.
    pub seq: i64,
    /// Of which operation.
    pub operation: OperationId,
    /// What happened; `None` for the beginning of the operation.
    pub event: Option<OperationEvent>,
    /// The operation's state after it.
    pub state: OperationState,
    /// When, on the project's clock.
    pub at: Timestamp,
}

/// A payment with all operations of all its generations, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The payment.
    pub payment: Payment,
    /// Its operations, by id.
    pub operations: Vec<Operation>,
}

impl Record {
    /// The operation of this number.
    pub fn operation(&self, id: OperationId) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// What is wanted of the callbacks about an operation.
    pub fn wishes<'a>(&'a self, operation: &'a Operation) -> &'a CallbackWishes {
        operation.callback.as_ref().unwrap_or(&self.payment.details.callback)
    }

    /// The operation that opened the order at the provider: the last sale or authorization of the
    /// current generation. A payer who tries again on the Payment Page opens another.
    pub fn opening(&self) -> Option<&Operation> {
        self.operations.iter().rev().find(|operation| {
            operation.kind.is_opening() && operation.generation == self.payment.generation
        })
    }

    /// How many times the payer has tried in the current generation.
    pub fn tries(&self) -> usize {
        let tried = |operation: &&Operation| {
            operation.kind.is_opening() && operation.generation == self.payment.generation
        };
        self.operations.iter().filter(tried).count()
    }

    /// What a hold still has to give: nothing once it was captured or released, or while either is
    /// under way.
    pub fn free_hold(&self) -> Amount {
        let zero = Amount::zero(self.payment.amount.currency());
        let Some(opening) = self.opening() else { return zero };
        let used = self.on_hold().any(|operation| {
            operation.state != OperationState::Declined
                || operation.reason == Some(Reason::HoldReleased)
        });
        let held = opening.kind == OperationKind::Authorization
            && opening.state == OperationState::Approved;
        if held && !used { self.payment.authorized } else { zero }
    }

    /// Captures and voids of the current generation.
    fn on_hold(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().filter(|operation| {
            matches!(operation.kind, OperationKind::Capture | OperationKind::Void)
                && operation.generation == self.payment.generation
        })
    }

    /// Whether the merchant has asked the provider to release the hold, whatever came of it: nobody
    /// but the merchant may capture it then.
    pub fn is_release_asked(&self) -> bool {
        self.on_hold()
            .any(|operation| operation.kind == OperationKind::Void && operation.attempts > 0)
    }

    /// How many captures of the hold were declined.
    pub fn captures_declined(&self) -> usize {
        let declined = |operation: &&Operation| {
            operation.kind == OperationKind::Capture && operation.state == OperationState::Declined
        };
        self.on_hold().filter(declined).count()
    }

    /// What the payment has come to, from its operations alone.
    pub fn computed_state(&self) -> PaymentState {
        let Some(opening) = self.opening() else { return PaymentState::Processing };
        match opening.state {
            OperationState::Accepted
            | OperationState::Sending
            | OperationState::Unknown
            | OperationState::Pending => PaymentState::Processing,
            OperationState::Clarifying => PaymentState::AwaitingClarification,
            OperationState::Redirected => PaymentState::AwaitingRedirect,
            OperationState::Instructed => PaymentState::AwaitingCustomer,
            OperationState::Authenticating => PaymentState::AwaitingAuthentication,
            OperationState::Declined => PaymentState::Declined,
            OperationState::Rejected => PaymentState::Rejected,
            OperationState::Approved if opening.kind == OperationKind::Authorization => {
                self.held_state()
            }
            OperationState::Approved => self.paid_state(),
        }
    }

    /// What became of a hold.
    fn held_state(&self) -> PaymentState {
        let done = |kind| {
            self.on_hold().any(|operation| {
                operation.kind == kind && operation.state == OperationState::Approved
            })
        };
        let gone = self.on_hold().any(|operation| operation.reason == Some(Reason::HoldReleased));
        if done(OperationKind::Capture) {
            self.paid_state()
        } else if done(OperationKind::Void) || gone {
            PaymentState::Voided
        } else {
            PaymentState::Authorized
        }
    }

    fn paid_state(&self) -> PaymentState {
        let returned: i64 = self
            .operations
            .iter()
            .filter(|operation| {
                operation.kind == OperationKind::Refund
                    && operation.generation == self.payment.generation
                    && operation.state == OperationState::Approved
            })
            .map(|operation| operation.amount.minor())
            .sum();
        if returned == 0 {
            PaymentState::Paid
        } else if returned < self.payment.captured.minor() {
            PaymentState::PartiallyRefunded
        } else {
            PaymentState::Refunded
        }
    }
}
