//! The RBS/BPC gateway (providers.md §1): orders, what may happen to them, and its addresses.
//!
//! Two ways to pay: `ALFA_ALFACLICK`, and a card in one stage or two with 3-D Secure. **Chosen**
//! here: an order handed to the bank is in state 7; a payer's cancel is state 6 with actionCode
//! 100; a merchant's `decline.do` is state 6 with actionCode -100; reversal of a payment is allowed
//! within 24 hours, a hold that nobody captures is released after seven days.
//!
//! Read next: `card.rs` for the test cards, `payment.rs` for an order's way to the issuer,
//! `finish.rs` and `acs.rs` for 3-D Secure, `hold.rs` for what is held and taken.

mod acs;
mod api;
pub(crate) mod card;
mod finish;
mod hold;
mod manage;
mod notice;
mod order;
pub(crate) mod page;
mod payment;
mod register;
mod reply;
mod three_ds;
mod words;

use axum::Router;
use axum::routing::{any, get};

use crate::bank;
use crate::money;
use crate::runtime::Sandbox;
use crate::state::{Press, State, Timer};
use notice::Operation;

#[cfg(test)]
pub(crate) use order::RefundState;
pub(crate) use order::{CardPayment, OrderState, RbsBook, RbsOrder, Refund, Way};
pub(crate) use words::words;

/// actionCode of an order nobody tried to pay.
pub(crate) const NOT_TRIED: i32 = -100;
/// actionCode of a payer without funds.
pub(crate) const NO_FUNDS: i32 = 116;
/// actionCode of a payer who pressed «Отмена» (**chosen**: general refusal of the issuer).
pub(crate) const CANCELLED: i32 = 100;
/// actionCode of an order whose time ran out.
pub(crate) const TIMED_OUT: i32 = -2007;

/// actionCode of a payer whom the issuer did not confirm, by 3DS 1 or without a question.
pub(crate) const NOT_CONFIRMED: i32 = -2006;
/// actionCode of a failed 3DS 2 challenge (RReq).
pub(crate) const CHALLENGE_FAILED: i32 = -2025;

/// How long the payer may look at the bank's page before the order is declined.
pub(crate) const PRESS_WITHIN_MS: i64 = 30 * 60 * 1_000;

/// Addresses of the gateway and of its payment page, and the bank's page it redirects to.
pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/payment/rest/{*method}", any(api::call))
        .route("/payment/merchants/{merchant}/{page}", get(page::choose).post(page::pay))
        .route("/checkout/payments/", get(page::checkout).post(page::checkout_press))
        .route("/checkout/payments", get(page::checkout).post(page::checkout_press))
        .merge(acs::routes())
}

/// Moves the moment an order ends by itself.
fn set_deadline(state: &mut State, at: usize, deadline_ms: i64) {
    let Some(order) = state.rbs.orders.get_mut(at) else { return };
    state.timers.remove(&(order.deadline_ms, Timer::Rbs(at)));
    order.deadline_ms = deadline_ms;
    state.timers.insert((deadline_ms, Timer::Rbs(at)));
}

/// Hands an order over to the bank. The first way stands: a repeat changes nothing.
pub(crate) fn hand_over(sandbox: &Sandbox, state: &mut State, at: usize, way: Way, now: i64) {
    let Some(order) = state.rbs.orders.get_mut(at) else { return };
    if order.state != OrderState::Created {
        return;
    }
    order.state = OrderState::Pending;
    order.handed_ms = Some(now);
    if way == Way::Redirect {
        let press_by = order.deadline_ms.min(now + PRESS_WITHIN_MS);
        set_deadline(state, at, press_by);
    }
    if let Way::Instruction(login) = &way {
        state.bank.issue(login, at, sandbox.ids().digits(5), now);
    }
    if let Some(order) = state.rbs.orders.get_mut(at) {
        order.way = Some(way);
    }
    state.dirty = true;
}

/// The payer's press; true when it changed something. At the issuer's page it is the right code,
/// or «Отмена». An order that is not with the bank, or has already ended, is left as it is.
pub(crate) fn press(
    sandbox: &Sandbox,
    state: &mut State,
    at: usize,
    press: Press,
    now: i64,
) -> bool {
    expire_if_late(sandbox, state, at, now);
    let Some(order) = state.rbs.orders.get_mut(at) else { return false };
    match order.state {
        OrderState::Authenticating => return acs::answer(sandbox, state, at, press),
        OrderState::Pending => {}
        OrderState::Created
        | OrderState::Approved
        | OrderState::PartlyTaken
        | OrderState::Deposited
        | OrderState::Reversed
        | OrderState::Refunded
        | OrderState::Declined => return false,
    }
    let pays = press == Press::Pay && !money::is_refused_amount(order.amount);
    if pays {
        order.approved = order.amount;
        order.take(order.amount, now);
    } else {
        order.state = OrderState::Declined;
        order.action_code = match press {
            Press::Pay => NO_FUNDS,
            Press::Cancel => CANCELLED,
        };
    }
    ended(sandbox, state, at, Operation::Deposited { paid: pays }, now);
    true
}

/// The merchant gives up an unpaid order (`decline.do`); false when it has already ended.
fn give_up(sandbox: &Sandbox, state: &mut State, at: usize, now: i64) -> bool {
    expire_if_late(sandbox, state, at, now);
    let Some(order) = state.rbs.orders.get_mut(at).filter(|o| o.is_open()) else { return false };
    order.state = OrderState::Declined;
    let refusal = Operation::refusal(order);
    ended(sandbox, state, at, refusal, now);
    true
}

/// Ends an order whose time has run out: declines it, or ends the hold.
pub(crate) fn expire(sandbox: &Sandbox, state: &mut State, at: usize, now: i64) {
    let Some(order) = state.rbs.orders.get_mut(at).filter(|o| o.has_deadline()) else { return };
    if order.is_hold() {
        return hold::run_out(sandbox, state, at, now);
    }
    order.state = OrderState::Declined;
    order.action_code = TIMED_OUT;
    ended(sandbox, state, at, Operation::DeclinedByTimeout, now);
}

/// An order read between two ticks must not look open, or held, after its time.
pub(crate) fn expire_if_late(sandbox: &Sandbox, state: &mut State, at: usize, now: i64) {
    if state.rbs.orders.get(at).is_some_and(|o| o.has_deadline() && o.deadline_ms <= now) {
        expire(sandbox, state, at, now);
    }
}

/// What follows every end: no more timer, the bank's word to the payer, the notification.
fn ended(sandbox: &Sandbox, state: &mut State, at: usize, operation: Operation, now: i64) {
    let Some(order) = state.rbs.orders.get(at) else { return };
    state.timers.remove(&(order.deadline_ms, Timer::Rbs(at)));
    if let Some(Way::Instruction(login)) = &order.way {
        let news = match (order.state, order.action_code) {
            (OrderState::Deposited, _) => bank::News::Paid,
            (_, NO_FUNDS) => bank::News::NoFunds,
            (_, TIMED_OUT) => bank::News::Expired,
            _ => bank::News::Refused,
        };
        state.bank.tell(login, at, news, now);
    }
    notice::queue(sandbox, state, at, operation, now);
}
