//! What the RBS gateway's answers mean for an operation.
//!
//! This file reads the order of a sale or an authorization; `following` the operations on it;
//! `reason` has the actionCodes. Guaranteed: [`Order::Paid`] and [`Order::Held`] need an order of
//! our number, our amount and currency, in such a state, whose sums make up that amount;
//! [`Order::Refused`] needs a closed state without money. Whatever contradicts itself is
//! [`Order::Unclear`]. Source: providers.md §1.5, §1.7 to §1.9; choices are marked.

pub(super) mod following;
pub(super) mod reason;

use altyn_app::ports::provider::{ProviderCall, ProviderOutcome};
use altyn_domain::method::Method;
use altyn_domain::money::Currency;
use altyn_domain::payment::{OperationKind, ProviderFacts};
use altyn_domain::reason::Reason;
use altyn_domain::time::Timestamp;

use super::wire::{Code, OrderView, payment_id_of};

/// `errorCode` of an order that the gateway does not know.
pub(super) const NO_SUCH_ORDER: i64 = 6;
/// `errorCode` of an order number that was used before.
pub(super) const DUPLICATE: i64 = 1;

/// How far an order has come on which nothing was paid or held yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OpenAt {
    /// 0: registered.
    Registered,
    /// 7: with the bank.
    Bank,
    /// 5: the payer is being authenticated.
    Authentication,
}

/// What an order's status says about the operation that opened it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// 2 or 4: taken. For an authorization: held, and taken since.
    Paid(ProviderFacts),
    /// 1: held.
    Held(ProviderFacts),
    /// 8: a part of a hold was taken and more may follow, which we never ask for.
    PartlyTaken(ProviderFacts),
    /// 3 or 6: closed without money.
    Refused(Reason, ProviderFacts),
    Open(OpenAt, ProviderFacts),
    /// The gateway knows no such order.
    Absent,
    Unclear(String),
}

/// Reads a status answer for a sale or an authorization.
pub(super) fn order_of(view: &OrderView, call: &ProviderCall) -> Order {
    match view.code {
        Code::Number(NO_SUCH_ORDER) => return Order::Absent,
        Code::Absent | Code::Number(0) => {}
        code @ (Code::Number(_) | Code::Unreadable) => {
            return Order::Unclear(format!("the status answered {}", code.describe()));
        }
    }
    if let Some(difference) = stranger(view, call) {
        return Order::Unclear(difference);
    }
    let facts = facts_of(view, call);
    match view.status {
        Some(0) => Order::Open(OpenAt::Registered, facts),
        Some(7) => Order::Open(OpenAt::Bank, facts),
        Some(5) => Order::Open(OpenAt::Authentication, facts),
        Some(1) => held(view, call, facts),
        Some(8) => Order::PartlyTaken(facts),
        Some(2 | 4) => paid(view, call, facts),
        Some(3 | 6) => refused(view, call, facts),
        Some(other) => Order::Unclear(format!("unknown orderStatus {other}")),
        None => Order::Unclear("no orderStatus".to_owned()),
    }
}

/// Says in what an order differs from the one we registered.
fn stranger(view: &OrderView, call: &ProviderCall) -> Option<String> {
    let asked = call.amount;
    if view.number.as_deref() != Some(call.order_number.as_str()) {
        return Some("the status is of another order number".to_owned());
    }
    if view.amount != Some(asked.minor()) {
        return Some(format!(
            "asked for {} minor units, registered {:?}",
            asked.minor(),
            view.amount
        ));
    }
    numeric_differs(view, asked.currency())
        .then(|| format!("asked for {}, registered currency {:?}", asked.currency(), view.currency))
}

/// 810 is the rouble before 1998; old installs still say so.
fn numeric_differs(view: &OrderView, asked: Currency) -> bool {
    let numeric = view.currency.map(|code| if code == 810 { 643 } else { code });
    numeric.is_some_and(|code| code != i64::from(asked.numeric()))
}

/// What Alfa-Click tells of a card would not be one (seed 004 shows none).
fn facts_of(view: &OrderView, call: &ProviderCall) -> ProviderFacts {
    let own = view.md_order.as_deref().map(payment_id_of);
    let payment_id = own.or_else(|| call.facts.payment_id.clone());
    let card = view.card.clone().filter(|_| call.method == Method::Card).unwrap_or_default();
    let rrn = view.rrn.clone().filter(|_| call.method == Method::Card);
    ProviderFacts { payment_id, auth_code: card.approval_code, rrn, eci: card.eci, at: None }
}

/// Installs below version 3 do not tell sums; the state alone counts there.
fn paid(view: &OrderView, call: &ProviderCall, mut facts: ProviderFacts) -> Order {
    let asked = call.amount.minor();
    let told = match (call.kind, view.deposited, view.refunded) {
        // Of a hold any part may have been taken since.
        (OperationKind::Authorization, _, _) => view.approved.unwrap_or(asked),
        (_, None, None) => asked,
        (_, deposited, refunded) => deposited.unwrap_or(0).saturating_add(refunded.unwrap_or(0)),
    };
    if told != asked {
        let sums = (view.approved, view.deposited, view.refunded);
        return Order::Unclear(format!(
            "asked for {asked} minor units, approved, deposited and refunded are {sums:?}"
        ));
    }
    facts.at = moment(view.at_ms);
    Order::Paid(facts)
}

fn held(view: &OrderView, call: &ProviderCall, mut facts: ProviderFacts) -> Order {
    let asked = call.amount.minor();
    if view.approved.is_some_and(|approved| approved != asked) {
        let approved = view.approved;
        return Order::Unclear(format!("asked for {asked} minor units, held are {approved:?}"));
    }
    facts.at = moment(view.at_ms);
    Order::Held(facts)
}

fn refused(view: &OrderView, call: &ProviderCall, facts: ProviderFacts) -> Order {
    if view.deposited.is_some_and(|deposited| deposited != 0) {
        return Order::Unclear(format!("a closed order has {:?} minor units", view.deposited));
    }
    if view.action.is_some_and(reason::has_no_word) {
        return Order::Unclear(format!("the gateway got no answer, actionCode {:?}", view.action));
    }
    Order::Refused(reason::of_closed(call.method, view.action), facts)
}

fn moment(millis: Option<i64>) -> Option<Timestamp> {
    millis.filter(|millis| *millis > 0).map(Timestamp::from_millis)
}

/// The answer to «what became of it» when nobody is at the call any more: of a card whose order the
/// gateway neither knows nor ever told us of, that it was not sent.
pub(super) fn asked_later(order: Order, call: &ProviderCall) -> ProviderOutcome {
    match order {
        Order::Absent if call.facts.payment_id.is_none() => not_known(),
        order @ (Order::Absent
        | Order::Open(..)
        | Order::Paid(_)
        | Order::Held(_)
        | Order::PartlyTaken(_)
        | Order::Refused(..)
        | Order::Unclear(_)) => asked(order, call),
    }
}

/// The answer to «what became of it».
pub(super) fn asked(order: Order, call: &ProviderCall) -> ProviderOutcome {
    match call.method {
        Method::Card => asked_card(order, call),
        Method::AlfaClick | Method::CardPartner => asked_alfa_click(order, call),
    }
}

/// An order that nobody was sent to is as good as not sent: a repeat finds it by its number and
/// hands the payer over. In the instruction scenario an order with the bank has been billed and
/// may be paid, so it is open whether or not we saw the answer.
fn asked_alfa_click(order: Order, call: &ProviderCall) -> ProviderOutcome {
    let unseen = call.facts.payment_id.is_none();
    match order {
        Order::Paid(facts) => ProviderOutcome::Approved(facts),
        Order::Refused(reason, facts) => ProviderOutcome::Declined(reason, facts),
        Order::Open(OpenAt::Registered, _) if unseen => not_handed_over(),
        Order::Open(OpenAt::Bank, _) if unseen && !call.instruction => not_handed_over(),
        Order::Held(facts) | Order::PartlyTaken(facts) => {
            tracing::warn!(order = call.order_number, "a one-stage order is held at the gateway");
            ProviderOutcome::Pending(facts)
        }
        Order::Open(OpenAt::Registered | OpenAt::Bank | OpenAt::Authentication, facts) => {
            ProviderOutcome::Pending(facts)
        }
        Order::Absent if unseen => not_known(),
        Order::Absent => lost(),
        Order::Unclear(detail) => ProviderOutcome::Unknown(detail),
    }
}

fn not_known() -> ProviderOutcome {
    ProviderOutcome::NotSent("the gateway knows no such order".to_owned())
}

fn not_handed_over() -> ProviderOutcome {
    ProviderOutcome::NotSent("registered, but the payer was never handed over".to_owned())
}

/// The gateway does not know an order that it told us of, or was asked to open: that proves
/// nothing about the money.
pub(super) fn lost() -> ProviderOutcome {
    ProviderOutcome::Unknown("the gateway does not know the order".to_owned())
}

/// An order that is only registered is open: whether the card reached the gateway, nobody but the
/// gateway can tell, and it may be on its way. Nothing is «not sent» here: nobody has the card any
/// more to send it again.
fn asked_card(order: Order, call: &ProviderCall) -> ProviderOutcome {
    match order {
        Order::Paid(facts) => ProviderOutcome::Approved(facts),
        Order::Held(facts) if call.kind == OperationKind::Authorization => {
            ProviderOutcome::Approved(facts)
        }
        Order::Held(_) => {
            ProviderOutcome::Unknown("a one-stage order is held at the gateway".to_owned())
        }
        Order::PartlyTaken(_) => {
            ProviderOutcome::Unknown("a part of the order was taken, not by us".to_owned())
        }
        Order::Refused(reason, facts) => ProviderOutcome::Declined(reason, facts),
        Order::Open(OpenAt::Registered | OpenAt::Bank | OpenAt::Authentication, facts) => {
            ProviderOutcome::Pending(facts)
        }
        Order::Absent => lost(),
        Order::Unclear(detail) => ProviderOutcome::Unknown(detail),
    }
}
