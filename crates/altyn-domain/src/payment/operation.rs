//! An operation: one thing asked of a provider for a payment, and the facts about it.

use super::{CallbackWishes, OperationState, RequestEcho};
use crate::card::CardFacts;
use crate::id::{OperationId, PaymentId, ProjectId};
use crate::method::{CustomerField, Method};
use crate::money::{Amount, BasisPoints};
use crate::reason::Reason;
use crate::time::Timestamp;

/// What an operation asks of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperationKind {
    /// Authorization and capture in one.
    Sale,
    /// A hold, to be captured or released.
    Authorization,
    /// Takes held money, all or a part; what is left of the hold is released.
    Capture,
    /// Releases a hold.
    Void,
    /// Return of captured money.
    Refund,
}

impl OperationKind {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Sale, Self::Authorization, Self::Capture, Self::Void, Self::Refund];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sale => "sale",
            Self::Authorization => "authorization",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Refund => "refund",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }

    /// Whether it opens an order at the provider; the others act on that order.
    pub const fn is_opening(self) -> bool {
        matches!(self, Self::Sale | Self::Authorization)
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

/// The step of 3-D Secure that the payer's browser must take now: a form to be sent
/// (ecommpay.md §3.8, providers.md §4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Which step.
    pub step: AuthenticationStep,
    /// Where the form goes.
    pub url: String,
    /// Its fields, in order, under the names of the protocol.
    pub fields: Vec<(String, String)>,
    /// The provider's number of the authentication; an answer that names another is refused.
    pub transaction: Option<String>,
}

/// A step of 3-D Secure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthenticationStep {
    /// The issuer looks at the browser in a hidden frame (`threeDSMethodData`).
    Fingerprint,
    /// The payer answers the issuer (`creq`).
    Challenge,
    /// The payer answers the issuer by the first version of the protocol (`PaReq`, `MD`).
    Legacy,
}

impl AuthenticationStep {
    /// Every step.
    pub const ALL: &'static [Self] = &[Self::Fingerprint, Self::Challenge, Self::Legacy];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fingerprint => "fingerprint",
            Self::Challenge => "challenge",
            Self::Legacy => "legacy",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|step| step.as_str() == text)
    }
}

impl Authentication {
    /// A field of the form by name.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// What the provider told about an operation.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ProviderFacts {
    /// The provider's id of the order or transaction.
    pub payment_id: Option<String>,
    /// Authorisation code, for cards.
    pub auth_code: Option<String>,
    /// Retrieval reference number, for cards: a text.
    pub rrn: Option<String>,
    /// How the payer was authenticated, for cards: the e-commerce indicator.
    pub eci: Option<String>,
    /// When the provider did it.
    pub at: Option<Timestamp>,
}

impl ProviderFacts {
    /// Replaces what `news` knows better.
    pub fn learn(&mut self, news: Self) {
        let pairs = [
            (&mut self.payment_id, news.payment_id),
            (&mut self.auth_code, news.auth_code),
            (&mut self.rrn, news.rrn),
            (&mut self.eci, news.eci),
        ];
        for (own, new) in pairs {
            if new.is_some() {
                *own = new;
            }
        }
        if news.at.is_some() {
            self.at = news.at;
        }
    }
}

impl Operation {
    /// Whether a payer's card is to be charged or held by it: its number is in one process's memory,
    /// so nobody else can send it.
    pub fn is_card_opening(&self) -> bool {
        self.kind.is_opening() && self.card.is_some()
    }

    /// Whether the bank declined it, and an operator has yet to close it.
    pub fn awaits_closing(&self) -> bool {
        self.closed_by_hand && self.state == OperationState::Declined
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
    /// How it is paid. A payer's next try may be by another method than the payment's last.
    pub method: Method,
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
    /// The card it is paid with, as far as that may be kept.
    pub card: Option<CardFacts>,
    /// The step of 3-D Secure that is waited for, or was last.
    pub authentication: Option<Authentication>,
    /// For a hold: when it is captured if nobody did before, on the project's clock.
    pub capture_at: Option<Timestamp>,
    /// What the merchant must still send.
    pub missing: Vec<CustomerField>,
    /// The merchant's own id of a refund, unique per project.
    pub merchant_refund_id: Option<String>,
    /// What its request wants of its callbacks; `None` leaves them to the payment's wishes.
    pub callback: Option<CallbackWishes>,
    /// Money that arrived although it was declined (ruling 18): kept in suspense.
    pub late_money: bool,
    /// For a refund: when the bank declines it, it is not over until an operator closes it
    /// (ruling 29a, PayKeeper's words).
    pub closed_by_hand: bool,
    /// How many times it was given to the provider.
    pub attempts: i64,
    /// When it was accepted, on the project's clock.
    pub created_at: Timestamp,
    /// When it changed last, on the project's clock.
    pub updated_at: Timestamp,
    /// The request that made it.
    pub request: RequestEcho,
}
