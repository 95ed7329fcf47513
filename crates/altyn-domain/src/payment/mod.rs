//! A payment: the payer's obligation for one order, and the operations that make up its history.
//!
//! An operation's state moves only by [`table`]; a payment's state is computed from its operations
//! ([`Payment::state`] is that result, kept beside them). [`decide`] turns requests and outcomes
//! into changes. Deliveries to the merchant are kept apart: whether a callback got through never
//! changes a payment.

pub mod decide;
pub mod table;

use crate::id::{OperationId, PaymentId, ProjectId};
use crate::method::{CustomerField, Method};
use crate::money::{Amount, BasisPoints};
use crate::reason::Reason;
use crate::time::Timestamp;

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
    /// Paid in full, nothing returned.
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

/// What is known of the payer.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Customer {
    /// The merchant's id of the payer.
    pub id: Option<String>,
    /// The payer's address on the network.
    pub ip_address: Option<String>,
    /// The payer's login at the bank.
    pub account_id: Option<String>,
    /// Telephone number, digits.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Preferred language of pages, two letters.
    pub language: Option<String>,
}

impl Customer {
    /// One field by name.
    pub fn field(&self, field: CustomerField) -> Option<&str> {
        let value = match field {
            CustomerField::Id => &self.id,
            CustomerField::IpAddress => &self.ip_address,
            CustomerField::AccountId => &self.account_id,
            CustomerField::Phone => &self.phone,
            CustomerField::Email => &self.email,
        };
        value.as_deref().filter(|value| !value.is_empty())
    }

    /// Fills what is empty here with what `more` knows.
    pub fn complete_with(&mut self, more: Self) {
        let pairs = [
            (&mut self.id, more.id),
            (&mut self.ip_address, more.ip_address),
            (&mut self.account_id, more.account_id),
            (&mut self.phone, more.phone),
            (&mut self.email, more.email),
            (&mut self.country, more.country),
            (&mut self.first_name, more.first_name),
            (&mut self.last_name, more.last_name),
            (&mut self.language, more.language),
        ];
        for (own, new) in pairs {
            if own.as_deref().is_none_or(str::is_empty) && new.is_some() {
                *own = new;
            }
        }
    }
}

/// Where the payer goes back to.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ReturnUrls {
    /// After success.
    pub success: Option<String>,
    /// After a decline.
    pub decline: Option<String>,
    /// Before the end, or when neither of the others is given.
    pub back: Option<String>,
}

/// What the merchant asked about the callbacks of this payment (ecommpay.md §3.4).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CallbackWishes {
    /// For every callback.
    pub url: Option<String>,
    /// For a final success, before `url`.
    pub success_url: Option<String>,
    /// For a final decline, before `url`.
    pub decline_url: Option<String>,
    /// Put each first try off by so many milliseconds.
    pub delay_ms: i64,
    /// Send none at all.
    pub disabled: bool,
}

/// Facts of a payment that no rule about money depends on.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Details {
    /// The payer.
    pub customer: Customer,
    /// What is paid for.
    pub description: String,
    /// Where the payer goes back to.
    pub return_urls: ReturnUrls,
    /// What the merchant asked about callbacks.
    pub callback: CallbackWishes,
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

    /// What callbacks show as the payment's sum: what was asked, less what was returned.
    pub fn remaining(&self) -> Amount {
        self.amount.minus(self.refunded).unwrap_or(Amount::zero(self.amount.currency()))
    }
}

/// What an operation asks of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// Authorization and capture in one.
    Sale,
    /// Return of captured money.
    Refund,
}

impl OperationKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Sale, Self::Refund];

    /// The stable text form, which is also the word of the ECommPay face.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Refund => "refund",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// How the payer is handed to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// `GET` or `POST`.
    pub method: RedirectMethod,
    /// Where to.
    pub url: String,
    /// Fields of the form, or of the query, in order.
    pub body: Vec<(String, String)>,
}

/// How a browser is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectMethod {
    /// By an address.
    Get,
    /// By a form.
    Post,
}

impl RedirectMethod {
    /// `GET` or `POST`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What the provider told about an operation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ProviderFacts {
    /// The provider's id of the order or transaction.
    pub payment_id: Option<String>,
    /// Authorisation code, for cards.
    pub auth_code: Option<String>,
    /// When the provider did it.
    pub at: Option<Timestamp>,
}

impl ProviderFacts {
    /// Replaces what `news` knows better.
    pub fn learn(&mut self, news: Self) {
        if news.payment_id.is_some() {
            self.payment_id = news.payment_id;
        }
        if news.auth_code.is_some() {
            self.auth_code = news.auth_code;
        }
        if news.at.is_some() {
            self.at = news.at;
        }
    }
}

/// A request as it was signed, flattened to `path` and `value`, without secrets and with card
/// numbers masked: what a repeat is compared with.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RequestEcho(Vec<(String, String)>);

impl RequestEcho {
    /// Masks and keeps; order does not matter.
    pub fn new(lines: Vec<(String, String)>) -> Self {
        let mut kept: Vec<(String, String)> = lines
            .into_iter()
            .filter(|(path, _)| !crate::mask::is_secret_path(path))
            .map(|(path, value)| (path, crate::mask::mask_cards(&value)))
            .collect();
        kept.sort();
        Self(kept)
    }

    /// Takes lines that were masked before.
    pub fn from_stored(lines: Vec<(String, String)>) -> Self {
        Self(lines)
    }

    /// The lines, sorted by path.
    pub fn lines(&self) -> &[(String, String)] {
        &self.0
    }

    /// The first path whose value is not the same in both; `None` when they are equal.
    pub fn first_difference<'a>(&'a self, other: &'a Self) -> Option<&'a str> {
        let mut own = self.0.iter().peekable();
        let mut theirs = other.0.iter().peekable();
        loop {
            match (own.peek(), theirs.peek()) {
                (None, None) => return None,
                (Some((path, _)), None) | (None, Some((path, _))) => return Some(path),
                (Some(left), Some(right)) if left == right => {
                    own.next();
                    theirs.next();
                }
                (Some((left, _)), Some((right, _))) => return Some(left.min(right)),
            }
        }
    }
}

/// One thing asked of a provider for a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Whose.
    pub project: ProjectId,
    /// Of which payment.
    pub payment: PaymentId,
    /// Our number; `operation.id` on the wire.
    pub id: OperationId,
    /// Of which use of the payment's id.
    pub generation: i64,
    /// What is asked.
    pub kind: OperationKind,
    /// How much.
    pub amount: Amount,
    /// How far it has come.
    pub state: OperationState,
    /// Why it was declined or rejected.
    pub reason: Option<Reason>,
    /// Our fee, frozen when it was accepted.
    pub fee: BasisPoints,
    /// The provider account that carries it, by name.
    pub account: String,
    /// The payer acts by himself at the bank, instead of being redirected.
    pub instruction: bool,
    /// What the provider told.
    pub provider: ProviderFacts,
    /// Where the payer is sent.
    pub redirect: Option<Redirect>,
    /// What the merchant must still send.
    pub missing: Vec<CustomerField>,
    /// The merchant's own id of a refund, unique per project.
    pub merchant_refund_id: Option<String>,
    /// What its request wants of its callbacks; `None` leaves them to the payment's wishes.
    pub callback: Option<CallbackWishes>,
    /// Money that arrived although it was declined (ruling 18): kept in suspense.
    pub late_money: bool,
    /// How many times it was given to the provider.
    pub attempts: i64,
    /// When it was accepted, on the project's clock.
    pub created_at: Timestamp,
    /// When it changed last, on the project's clock.
    pub updated_at: Timestamp,
    /// The request that made it.
    pub request: RequestEcho,
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

    /// The sale of the current generation.
    pub fn sale(&self) -> Option<&Operation> {
        self.operations.iter().rev().find(|operation| {
            operation.kind == OperationKind::Sale && operation.generation == self.payment.generation
        })
    }

    /// What the payment has come to, from its operations alone.
    pub fn computed_state(&self) -> PaymentState {
        let Some(sale) = self.sale() else { return PaymentState::Processing };
        match sale.state {
            OperationState::Accepted
            | OperationState::Sending
            | OperationState::Unknown
            | OperationState::Pending => PaymentState::Processing,
            OperationState::Clarifying => PaymentState::AwaitingClarification,
            OperationState::Redirected => PaymentState::AwaitingRedirect,
            OperationState::Instructed => PaymentState::AwaitingCustomer,
            OperationState::Declined => PaymentState::Declined,
            OperationState::Rejected => PaymentState::Rejected,
            OperationState::Approved => self.paid_state(),
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
