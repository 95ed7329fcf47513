//! What the RBS gateway's answers mean for an operation.
//!
//! Guaranteed: [`Sale::Paid`] needs an order of our number, our amount and currency, in a paid
//! state, whose held and returned money make up that amount; [`Sale::Refused`] needs a closed
//! state without money. Whatever contradicts itself is [`Sale::Unclear`]. Source: providers.md
//! §1.5, §1.7 and §1.9; choices are marked.

use altyn_app::ports::provider::{ProviderCall, ProviderOutcome, SaleAtProvider};
use altyn_domain::money::Amount;
use altyn_domain::payment::ProviderFacts;
use altyn_domain::reason::Reason;
use altyn_domain::time::Timestamp;

use super::wire::{Code, OrderView, payment_id_of};

/// `errorCode` of an order that the gateway does not know.
pub(super) const NO_SUCH_ORDER: i64 = 6;
/// `errorCode` of an order number that was used before.
pub(super) const DUPLICATE: i64 = 1;

/// actionCodes with a reason of their own; all others are a general decline. 100 («the issuer
/// declines») is **chosen** as the payer's refusal: an Alfa-Click order has no card and no issuer,
/// whoever says no on the bank's page is the payer, and the emulator says the same.
pub(super) const ACTION_CODES: &[(i64, Reason)] = &[
    (100, Reason::CancelledByPayer),
    (101, Reason::AccountRestricted),
    (104, Reason::AccountRestricted),
    (116, Reason::InsufficientFunds),
    (121, Reason::LimitExceeded),
    (123, Reason::LimitExceeded),
    (200, Reason::SuspectedFraud),
    (208, Reason::AccountRestricted),
    (209, Reason::AccountRestricted),
    (903, Reason::LimitExceeded),
    (999, Reason::SuspectedFraud),
    (1001, Reason::PayerTimedOut),
    (2000, Reason::SuspectedFraud),
    (2001, Reason::SuspectedFraud),
    (2002, Reason::LimitExceeded),
    // Sources disagree on the sign of this one.
    (2007, Reason::PayerTimedOut),
    (-2007, Reason::PayerTimedOut),
    (-20010, Reason::LimitExceeded),
];

/// actionCodes of requests whose answer the gateway itself did not get: closed or not, the outcome
/// is open.
pub(super) const NO_WORD: &[i64] = &[1019, 151_019];

pub(super) fn reason_of(action: Option<i64>) -> Reason {
    ACTION_CODES
        .iter()
        .find(|(code, _)| Some(*code) == action)
        .map_or(Reason::GeneralDecline, |(_, reason)| *reason)
}

/// How far an order has come that is not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenAt {
    /// 0: registered.
    Registered,
    /// 7: with the bank.
    Bank,
    /// 5: the payer is being authenticated.
    Authentication,
    /// 1 or 8: a hold or a part of one, which we never ask for.
    Held,
}

/// What an order's status says about its sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sale {
    Paid(ProviderFacts),
    Refused(Reason, ProviderFacts),
    Open(OpenAt, ProviderFacts),
    /// The gateway knows no such order.
    Absent,
    Unclear(String),
}

/// Reads a status answer for a sale.
pub(super) fn sale_of(view: &OrderView, call: &ProviderCall) -> Sale {
    match view.code {
        Code::Number(NO_SUCH_ORDER) => return Sale::Absent,
        Code::Absent | Code::Number(0) => {}
        code @ (Code::Number(_) | Code::Unreadable) => {
            return Sale::Unclear(format!("the status answered {}", code.describe()));
        }
    }
    if let Some(difference) = stranger(view, call.amount, &call.order_number) {
        return Sale::Unclear(difference);
    }
    let facts = ProviderFacts {
        payment_id: view
            .md_order
            .as_deref()
            .map(payment_id_of)
            .or_else(|| call.facts.payment_id.clone()),
        auth_code: None,
        at: None,
    };
    match view.status {
        Some(0) => Sale::Open(OpenAt::Registered, facts),
        Some(7) => Sale::Open(OpenAt::Bank, facts),
        Some(5) => Sale::Open(OpenAt::Authentication, facts),
        Some(1 | 8) => Sale::Open(OpenAt::Held, facts),
        Some(2 | 4) => paid(view, call.amount, facts),
        Some(3 | 6) => refused(view, facts),
        Some(other) => Sale::Unclear(format!("unknown orderStatus {other}")),
        None => Sale::Unclear("no orderStatus".to_owned()),
    }
}

/// Says in what an order differs from the one we registered.
fn stranger(view: &OrderView, asked: Amount, order_number: &str) -> Option<String> {
    if view.number.as_deref() != Some(order_number) {
        return Some("the status is of another order number".to_owned());
    }
    if view.amount != Some(asked.minor()) {
        return Some(format!(
            "asked for {} minor units, registered {:?}",
            asked.minor(),
            view.amount
        ));
    }
    // 810 is the rouble before 1998; old installs still say so.
    let numeric = view.currency.map(|code| if code == 810 { 643 } else { code });
    if numeric.is_some_and(|code| code != i64::from(asked.currency().numeric())) {
        return Some(format!("asked for {}, registered currency {numeric:?}", asked.currency()));
    }
    None
}

/// Installs below version 3 do not tell what they hold; the state alone counts there.
fn paid(view: &OrderView, asked: Amount, mut facts: ProviderFacts) -> Sale {
    let captured = match (view.deposited, view.refunded) {
        (None, None) => Some(asked.minor()),
        (deposited, refunded) => deposited.unwrap_or(0).checked_add(refunded.unwrap_or(0)),
    };
    if captured != Some(asked.minor()) {
        let held = (view.deposited, view.refunded);
        return Sale::Unclear(format!(
            "asked for {} minor units, deposited and refunded are {held:?}",
            asked.minor()
        ));
    }
    facts.at = moment(view.at_ms);
    Sale::Paid(facts)
}

fn refused(view: &OrderView, facts: ProviderFacts) -> Sale {
    if view.deposited.is_some_and(|held| held != 0) {
        return Sale::Unclear(format!("a closed order holds {:?} minor units", view.deposited));
    }
    if view.action.is_some_and(|action| NO_WORD.contains(&action)) {
        return Sale::Unclear(format!("the gateway got no answer, actionCode {:?}", view.action));
    }
    Sale::Refused(reason_of(view.action), facts)
}

fn moment(millis: Option<i64>) -> Option<Timestamp> {
    millis.filter(|millis| *millis > 0).map(Timestamp::from_millis)
}

/// The answer to «what became of this sale».
///
/// An order that nobody was sent to is as good as not sent: a repeat finds it by its number and
/// hands the payer over. In the instruction scenario an order with the bank has been billed and
/// may be paid, so it is open whether or not we saw the answer.
pub(super) fn asked_sale(sale: Sale, call: &ProviderCall) -> ProviderOutcome {
    let unseen = call.facts.payment_id.is_none();
    match sale {
        Sale::Paid(facts) => ProviderOutcome::Approved(facts),
        Sale::Refused(reason, facts) => ProviderOutcome::Declined(reason, facts),
        Sale::Open(OpenAt::Registered, _) if unseen => not_handed_over(),
        Sale::Open(OpenAt::Bank, _) if unseen && !call.instruction => not_handed_over(),
        Sale::Open(OpenAt::Held, facts) => {
            tracing::warn!(order = call.order_number, "a one-stage order is held at the gateway");
            ProviderOutcome::Pending(facts)
        }
        Sale::Open(OpenAt::Registered | OpenAt::Bank | OpenAt::Authentication, facts) => {
            ProviderOutcome::Pending(facts)
        }
        Sale::Absent => ProviderOutcome::NotSent("the gateway knows no such order".to_owned()),
        Sale::Unclear(detail) => ProviderOutcome::Unknown(detail),
    }
}

fn not_handed_over() -> ProviderOutcome {
    ProviderOutcome::NotSent("registered, but the payer was never handed over".to_owned())
}

/// What the gateway's balance of a sale says about one refund of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Returned {
    Done(ProviderFacts),
    NotDone { deposited: i64 },
    Absent,
    Unclear(String),
}

/// Compares what the gateway holds with what it should hold before and after the refund.
pub(super) fn refund_of(view: &OrderView, sale: &SaleAtProvider, amount: Amount) -> Returned {
    match view.code {
        Code::Number(NO_SUCH_ORDER) => return Returned::Absent,
        Code::Absent | Code::Number(0) => {}
        code @ (Code::Number(_) | Code::Unreadable) => {
            return Returned::Unclear(format!("the status answered {}", code.describe()));
        }
    }
    if view.number.as_deref() != Some(sale.order_number.as_str()) {
        return Returned::Unclear("the status is of another order number".to_owned());
    }
    match view.deposited {
        None => Returned::Unclear("the status does not tell what is deposited".to_owned()),
        Some(held) if held == sale.deposited_minor => Returned::NotDone { deposited: held },
        Some(held) if Some(held) == sale.deposited_minor.checked_sub(amount.minor()) => {
            Returned::Done(refund_facts(view, sale, amount))
        }
        Some(held) => Returned::Unclear(format!(
            "{held} minor units are deposited where {} were expected",
            sale.deposited_minor
        )),
    }
}

/// The latest entry of that amount that went through, else the order's own id.
pub(super) fn refund_facts(
    view: &OrderView,
    sale: &SaleAtProvider,
    amount: Amount,
) -> ProviderFacts {
    let line =
        view.refunds.iter().flatten().rev().find(|line| {
            line.amount == Some(amount.minor()) && matches!(line.action, None | Some(0))
        });
    let at_ms = line.and_then(|line| line.at_ms).or(view.refunded_ms);
    ProviderFacts {
        payment_id: line.and_then(|line| line.id.clone()).or_else(|| sale.payment_id.clone()),
        auth_code: None,
        at: moment(at_ms),
    }
}

/// Why a refund was refused, once it is sure that nothing moved.
pub(super) fn refund_reason(code: i64, deposited: i64, amount: Amount) -> Reason {
    match code {
        5 if amount.minor() > deposited => Reason::RefundExceedsBalance,
        1 | 3 | 4 | 5 => Reason::ProviderRefusedData,
        _ => Reason::GeneralDecline,
    }
}
