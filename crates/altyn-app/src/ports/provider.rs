//! What a provider can be asked, and what may come of it.
//!
//! An outcome is evidence or the lack of it. [`ProviderOutcome::Approved`] and
//! [`ProviderOutcome::Declined`] are returned only when the provider said so explicitly;
//! [`ProviderOutcome::NotSent`] only when the request surely did not reach it (connection refused,
//! name not found, or the provider says it knows no such order); everything else, a time-out after
//! the request was written, a 500, an answer that cannot be read, is [`ProviderOutcome::Unknown`].

use altyn_domain::method::Method;
use altyn_domain::money::Amount;
use altyn_domain::payment::{Details, ProviderFacts, Redirect};
use altyn_domain::reason::Reason;
use altyn_domain::time::Timestamp;
use async_trait::async_trait;

/// Who a provider account is, on the merchants' side of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderAccount {
    /// Its name in the configuration and on operations.
    pub name: String,
    /// `operation.provider.id` in callbacks.
    pub wire_id: i64,
    /// `operation.provider.endpoint_id` in callbacks of sales, where the provider has one.
    pub endpoint_id: Option<String>,
}

/// What a provider account is able to do, so that what it cannot is never asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The method it carries.
    pub method: Method,
    /// It can return a part of a payment.
    pub partial_refunds: bool,
    /// It can be asked what became of a refund. Without it an unknown refund waits for the
    /// provider's notification or an operator.
    pub refund_query: bool,
}

/// Everything a connector may need to give one operation to its provider, or to ask about it.
#[derive(Clone, Debug)]
pub struct ProviderCall {
    /// The operation's number as the provider knows it: [`altyn_domain::id::order_number`].
    /// Unique for ever, so a repeat under it is harmless.
    pub order_number: String,
    /// How much: of the sale, or of the refund.
    pub amount: Amount,
    /// Payer, description, return addresses.
    pub details: Details,
    /// The payer acts by himself at the bank.
    pub instruction: bool,
    /// The payer was told where to go, or was billed: before that nobody can have paid.
    pub handed_over: bool,
    /// A test project's payment.
    pub test: bool,
    /// What the provider has told about this operation so far.
    pub facts: ProviderFacts,
    /// For a refund: the sale it belongs to.
    pub sale: Option<SaleAtProvider>,
    /// Notifications about this operation, oldest first, as they came.
    pub notifications: Vec<Notification>,
    /// The real time.
    pub now: Timestamp,
}

/// The sale that a refund returns, as the provider knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleAtProvider {
    /// The sale's order number.
    pub order_number: String,
    /// The provider's id of it.
    pub payment_id: Option<String>,
    /// What the provider should still hold of it before this refund, minor units: the guard that
    /// makes a repeated refund harmless.
    pub deposited_minor: i64,
}

/// A message from a provider about an operation, parameters as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// When it came, real time.
    pub received_at: Timestamp,
    /// Its parameters in order of arrival, at most a few kilobytes.
    pub parameters: Vec<(String, String)>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderOutcome {
    /// The payer must be sent there.
    Redirect(Redirect, ProviderFacts),
    /// The payer was billed and acts by himself.
    Instruct(ProviderFacts),
    /// The provider did it.
    Approved(ProviderFacts),
    /// The provider will not do it.
    Declined(Reason, ProviderFacts),
    /// The provider has it and has not decided.
    Pending(ProviderFacts),
    /// The provider surely does not have it.
    NotSent(String),
    /// Nobody knows; the text is for operators and carries no secret.
    Unknown(String),
}

impl ProviderOutcome {
    /// One word for attempts, logs and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Redirect(..) => "redirect",
            Self::Instruct(_) => "instruct",
            Self::Approved(_) => "approved",
            Self::Declined(..) => "declined",
            Self::Pending(_) => "pending",
            Self::NotSent(_) => "not_sent",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// Why a notification was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// The signature is missing or wrong.
    #[error("the notification's signature is not right")]
    NotAuthentic,
    /// A parameter is missing or unreadable.
    #[error("the notification's parameter {0} is missing or cannot be read")]
    BadParameter(&'static str),
}

/// What a notification is about, once it is known to be authentic (or to need asking).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationSubject {
    /// The order number it names; for a refund that the provider names by its transaction, see
    /// `transaction`.
    pub order_number: Option<String>,
    /// The provider's transaction that was refunded.
    pub refunded_transaction: Option<String>,
}

/// One account at one provider.
///
/// Guaranteed: no method retries by itself, each ends within its own time-outs (30 s in all), and
/// none logs a secret or a card number. A call that is made twice for the same order number does
/// the thing at most once at the provider.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Who it is.
    fn account(&self) -> &ProviderAccount;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Gives it a sale.
    async fn submit_sale(&self, call: &ProviderCall) -> ProviderOutcome;

    /// Asks what became of a sale. `Pending` means: still open there.
    async fn ask_sale(&self, call: &ProviderCall) -> ProviderOutcome;

    /// Gives it a refund.
    async fn submit_refund(&self, call: &ProviderCall) -> ProviderOutcome;

    /// Asks what became of a refund; `Unknown` when the provider cannot be asked and no
    /// notification tells.
    async fn ask_refund(&self, call: &ProviderCall) -> ProviderOutcome;

    /// Checks that a notification is authentic as far as the provider signs it, and says what it is
    /// about. It never decides an outcome: the provider is asked.
    fn read_notification(
        &self,
        parameters: &[(String, String)],
    ) -> Result<NotificationSubject, NotificationError>;
}
