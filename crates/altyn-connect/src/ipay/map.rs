//! What iPay's answers mean for an operation.
//!
//! A callback comes through the payer's browser: every parameter of it may be forged, and a guess
//! of the tokens makes IPN say «failed». So: IPN decides whether a callback counts; search, asked
//! by our own order number, decides which transaction it was and how much came. Guaranteed: a
//! decline needs IPN's «failed» for a callback that carries our seal, and search finding nothing;
//! an approval needs IPN's success or a found transaction. Less than was asked stays pending for a
//! person. Source: providers.md §2.2 to §2.4; the split of roles is **chosen**.

use altyn_app::ports::provider::{Notification, ProviderCall, ProviderOutcome};
use altyn_domain::payment::ProviderFacts;
use altyn_domain::reason::Reason;
use subtle::ConstantTimeEq;

use super::wire::{Search, Status, minor_of};

/// Parameters of a callback that IPN wants back.
pub(super) const TOKENS: [&str; 5] = ["qwh", "afd", "poi", "uyt", "ifd"];
/// The longest token that is passed on.
const TOKEN_MAX_CHARS: usize = 200;
/// How many different callbacks of one sale are verified. Pushing the right one out with forged
/// ones gains nothing: search finds what was paid.
const VERIFIED_MAX: usize = 3;

/// A callback worth verifying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) tokens: [String; 5],
    /// The transaction, as the callback says.
    pub(super) transaction: Option<String>,
    /// What was paid, minor units, as the callback says.
    pub(super) paid: Option<i64>,
    /// It carries the seal of this order.
    pub(super) sealed: bool,
}

/// Callbacks with tokens, newest first, each set of tokens once.
pub(super) fn claims(call: &ProviderCall, seal: &str) -> Vec<Claim> {
    let mut claims: Vec<Claim> = Vec::new();
    for claim in call.notifications.iter().rev().filter_map(|note| claim_of(note, call, seal)) {
        if claims.len() == VERIFIED_MAX {
            break;
        }
        if claims.iter().all(|known| known.tokens != claim.tokens) {
            claims.push(claim);
        }
    }
    claims
}

fn claim_of(note: &Notification, call: &ProviderCall, seal: &str) -> Option<Claim> {
    let value = |name: &str| parameter(&note.parameters, name);
    if value("id") != Some(call.order_number.as_str()) {
        return None;
    }
    let mut tokens: [String; 5] = Default::default();
    for (slot, name) in tokens.iter_mut().zip(TOKENS) {
        *slot = value(name).filter(|token| token.chars().count() <= TOKEN_MAX_CHARS)?.to_owned();
    }
    Some(Claim {
        tokens,
        transaction: value("txncd").map(str::to_owned),
        paid: value("mc").and_then(|text| minor_of(text, call.amount.currency())),
        sealed: is_sealed(&note.parameters, seal),
    })
}

/// Whether a callback carries this seal.
pub(super) fn is_sealed(parameters: &[(String, String)], seal: &str) -> bool {
    let given = parameter(parameters, "seal").unwrap_or_default();
    given.as_bytes().ct_eq(seal.as_bytes()).into()
}

/// A parameter by name, if it is not empty.
pub(super) fn parameter<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters
        .iter()
        .find(|(field, value)| field == name && !value.is_empty())
        .map(|(_, value)| value.as_str())
}

/// What all verified callbacks together say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Money came, more than was asked included.
    Paid(Claim),
    /// Too little money came.
    Less(Claim),
    /// The partner says that it failed, to somebody who was given the form.
    Failed(ProviderFacts),
    /// IPN could not be asked about some callback.
    Trouble(String),
    /// Nothing that ends it.
    Open,
}

impl Verdict {
    /// Adds IPN's word on one more callback, newest first: money beats failure, whatever the order,
    /// because forged callbacks fail.
    pub(super) fn and(self, claim: Claim, word: Result<Status, String>) -> Self {
        match (self, word) {
            (decided @ (Self::Paid(_) | Self::Less(_)), _) => decided,
            (_, Ok(Status::Success | Status::More)) => Self::Paid(claim),
            (_, Ok(Status::Less)) => Self::Less(claim),
            (known @ Self::Trouble(_), _) => known,
            (_, Err(detail)) => Self::Trouble(detail),
            (known @ Self::Failed(_), _) => known,
            (Self::Open, Ok(Status::Failed)) if claim.sealed => {
                Self::Failed(facts(claim.transaction))
            }
            (Self::Open, Ok(Status::Failed | Status::Pending | Status::Used)) => Self::Open,
        }
    }

    /// More callbacks can change nothing.
    pub(super) fn is_decided(&self) -> bool {
        matches!(self, Self::Paid(_) | Self::Less(_))
    }
}

/// The answer to «what became of this sale».
pub(super) fn asked_sale(verdict: Verdict, search: Search, call: &ProviderCall) -> ProviderOutcome {
    let asked = call.amount.minor();
    match (search, verdict) {
        (Search::Found { code, paid: Some(paid) }, _) => by_amount(Some(code), paid, call),
        (Search::Found { code, paid: None }, Verdict::Paid(_)) => {
            ProviderOutcome::Approved(facts(Some(code)))
        }
        (Search::Found { code, paid: None }, Verdict::Less(_)) => by_amount(Some(code), 0, call),
        (Search::Found { paid: None, .. }, _) => {
            ProviderOutcome::Unknown("search found a transaction without an amount".to_owned())
        }
        (Search::NotFound | Search::Trouble(_), Verdict::Paid(claim)) => {
            by_amount(claim.transaction, claim.paid.unwrap_or(asked), call)
        }
        (Search::NotFound | Search::Trouble(_), Verdict::Less(claim)) => {
            by_amount(claim.transaction, 0, call)
        }
        (Search::NotFound, Verdict::Failed(facts)) => {
            ProviderOutcome::Declined(Reason::GeneralDecline, facts)
        }
        (Search::NotFound, Verdict::Open) => ProviderOutcome::Pending(call.facts.clone()),
        (Search::NotFound, Verdict::Trouble(detail)) => ProviderOutcome::Unknown(detail),
        (Search::Trouble(detail), Verdict::Failed(_) | Verdict::Open | Verdict::Trouble(_)) => {
            ProviderOutcome::Unknown(detail)
        }
    }
}

/// More than was asked is a success (§2.2, **chosen**); less waits for a person.
fn by_amount(transaction: Option<String>, paid: i64, call: &ProviderCall) -> ProviderOutcome {
    let asked = call.amount.minor();
    let facts = facts(transaction);
    if paid < asked {
        tracing::warn!(
            order = call.order_number,
            transaction = facts.payment_id,
            asked,
            "the payer paid less than was asked; a person must settle it"
        );
        return ProviderOutcome::Pending(facts);
    }
    if paid > asked {
        tracing::warn!(
            order = call.order_number,
            asked,
            paid,
            "the payer paid more than was asked"
        );
    }
    ProviderOutcome::Approved(facts)
}

fn facts(transaction: Option<String>) -> ProviderFacts {
    ProviderFacts { payment_id: transaction, ..Default::default() }
}

/// What a refund's notification says; its hash was checked before it was kept, and is again.
pub(super) fn refund_word(status: &str) -> Option<bool> {
    match Status::read(status) {
        Some(Status::Success) => Some(true),
        Some(Status::Failed) => Some(false),
        Some(Status::Pending | Status::Used | Status::Less | Status::More) => None,
        None => match status {
            "success" => Some(true),
            "failed" => Some(false),
            _ => None,
        },
    }
}
