//! What a provider can be asked, and what may come of it.
//!
//! An outcome is evidence or the lack of it. [`ProviderOutcome::Approved`] and
//! [`ProviderOutcome::Declined`] are returned only when the provider said so explicitly;
//! [`ProviderOutcome::NotSent`] only when the request surely did not reach it (connection refused,
//! name not found, or the provider says it knows no such order); everything else, a time-out after
//! the request was written, a 500, an answer that cannot be read, is [`ProviderOutcome::Unknown`].

use altyn_domain::method::Method;
use altyn_domain::money::Amount;
use altyn_domain::payment::{Authentication, Details, OperationKind, ProviderFacts, Redirect};
use altyn_domain::reason::Reason;
use altyn_domain::time::Timestamp;
use async_trait::async_trait;

use crate::card::CardData;

/// Who a provider account is, on the merchants' side of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderAccount {
    /// Its name in the configuration and on operations.
    pub name: String,
    /// `operation.provider.id` in callbacks.
    pub wire_id: i64,
    /// `operation.provider.endpoint_id` in callbacks of sales, where the provider has one.
    pub endpoint_id: Option<String>,
    /// The number by which people know the payment system behind it: `ps_id` (seed 000).
    pub payment_system: i64,
}

/// What a provider account is able to do, so that what it cannot is never asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The methods it carries.
    pub methods: &'static [Method],
    /// It can return a part of a payment.
    pub partial_refunds: bool,
    /// It can be told to close an order that is not paid.
    pub closes_orders: bool,
    /// It can be asked what became of a refund. Without it an unknown refund waits for the
    /// provider's notification or an operator.
    pub refund_query: bool,
}

/// Everything a connector may need to give one operation to its provider, or to ask about it.
#[derive(Clone, Debug)]
pub struct ProviderCall {
    /// What is asked.
    pub kind: OperationKind,
    /// How it is paid.
    pub method: Method,
    /// The operation's number as the provider knows it: [`altyn_domain::id::order_number`].
    /// Unique for ever, so a repeat under it is harmless.
    pub order_number: String,
    /// How much: to take, to hold, to capture, to release or to return.
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
    /// For a capture, a void or a refund: the order it acts on.
    pub order: Option<OrderAtProvider>,
    /// The step of 3-D Secure that is waited for, or was last.
    pub authentication: Option<Authentication>,
    /// Notifications about this operation, oldest first, as they came.
    pub notifications: Vec<Notification>,
    /// The real time.
    pub now: Timestamp,
}

/// The order that a capture, a void or a refund acts on, as the provider knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderAtProvider {
    /// The order's number: that of the sale or authorization.
    pub order_number: String,
    /// The provider's id of it.
    pub payment_id: Option<String>,
    /// What the provider should hold of it, not captured, minor units.
    pub held_minor: i64,
    /// What the provider should have captured and not returned before this operation, minor units:
    /// the guard that makes a repeated refund harmless.
    pub deposited_minor: i64,
}

/// A card, and the browser it was entered in.
pub struct CardPayment {
    /// The card.
    pub card: CardData,
    /// Where the issuer sends the browser after 3-D Secure.
    pub authentication_return: Option<String>,
    /// The browser as 3-D Secure wants it described.
    pub browser: Browser,
}

/// What is known of the payer's browser (EMV 3-D Secure, browser fields).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Browser {
    /// `Accept`.
    pub accept: Option<String>,
    /// `User-Agent`.
    pub user_agent: Option<String>,
    /// `ru`, `en-US`.
    pub language: Option<String>,
    /// Width and height of the screen, pixels.
    pub screen: Option<(u32, u32)>,
    /// Bits per pixel.
    pub color_depth: Option<u32>,
    /// Minutes between UTC and the browser's time.
    pub timezone_offset_min: Option<i32>,
    /// Whether it runs scripts.
    pub scripts: bool,
}

/// The payer's answer to a step of 3-D Secure, which the provider is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthenticationAnswer {
    /// The hidden frame has come back, or has not within its time.
    Fingerprint {
        /// It has come back.
        completed: bool,
    },
    /// The issuer has heard the payer; what it decided the provider knows.
    Challenge,
    /// The issuer's answer in the first version of the protocol.
    Legacy {
        /// `PaRes`.
        pa_res: String,
    },
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
    /// The payer must pass (another step of) 3-D Secure.
    Authenticate(Authentication, ProviderFacts),
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
    /// Another outcome in place of [`ProviderOutcome::NotSent`].
    pub fn or_when_not_sent(self, other: impl FnOnce(String) -> Self) -> Self {
        if let Self::NotSent(detail) = self { other(detail) } else { self }
    }

    /// One word for attempts, logs and metrics.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Redirect(..) => "redirect",
            Self::Authenticate(..) => "authenticate",
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
    /// It proves by itself that its sender was given this order.
    pub authentic: bool,
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

    /// Gives it an operation. A sale or authorization by card goes by [`Provider::submit_card`].
    async fn submit(&self, call: &ProviderCall) -> ProviderOutcome;

    /// Asks what became of an operation. `Pending` means: still open there; `Unknown`: it cannot
    /// be asked, and no notification tells.
    async fn ask(&self, call: &ProviderCall) -> ProviderOutcome;

    /// Gives it a sale or authorization by card. Whoever takes no cards declines.
    async fn submit_card(&self, call: &ProviderCall, payment: &CardPayment) -> ProviderOutcome {
        let _ = payment;
        ProviderOutcome::Declined(Reason::MethodDisabled, call.facts.clone())
    }

    /// Takes the payer's answer to the step of 3-D Secure in [`ProviderCall::authentication`].
    async fn authenticate(
        &self,
        call: &ProviderCall,
        answer: &AuthenticationAnswer,
    ) -> ProviderOutcome {
        let _ = answer;
        ProviderOutcome::Declined(Reason::AuthenticationFailed, call.facts.clone())
    }

    /// Gives up an order that is not paid, so that it cannot be paid any more: `Declined` for
    /// [`Reason::Interrupted`] when this closed it or it never existed, the outcome when it had
    /// one before, else `Unknown`.
    async fn close(&self, call: &ProviderCall) -> ProviderOutcome {
        self.ask(call).await
    }

    /// Checks that a notification is authentic as far as the provider signs it, and says what it is
    /// about. It never decides an outcome: the provider is asked.
    fn read_notification(
        &self,
        parameters: &[(String, String)],
    ) -> Result<NotificationSubject, NotificationError>;
}
