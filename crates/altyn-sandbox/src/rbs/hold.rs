//! What the issuer's word does to an order: it is held, paid or declined, and a hold ends by
//! capture, by reversal or by itself.
//!
//! Guarantees: money is taken at most once per order, and never more than was authorized; a hold
//! that nobody captures is released after seven days of the sandbox clock, or at
//! `autoReverseDate`; `autocompletionDate` captures the whole of it.

use super::notice::{self, Operation};
use super::order::{Authorization, OrderState, RbsOrder};
use super::reply::Fail;
use crate::runtime::Sandbox;
use crate::state::{State, Timer};

/// Life of a hold.
const HOLD_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// Asks the issuer for the money of an order's card: held in two stages, taken in one.
pub(super) fn authorize(sandbox: &Sandbox, state: &mut State, at: usize, now: i64) {
    let Some(order) = state.rbs.orders.get_mut(at).filter(|o| o.is_open()) else { return };
    let Some(card) = order.card.as_mut() else { return };
    if card.verdict != 0 {
        let code = card.verdict;
        return decline(sandbox, state, at, code, now);
    }
    card.authorization = Some(Authorization {
        at_ms: now,
        approval_code: sandbox.ids().digits(6),
        reference: sandbox.ids().digits(12),
    });
    order.approved = order.amount;
    order.action_code = 0;
    if !order.two_stage {
        order.take(order.amount, now);
        return super::ended(sandbox, state, at, Operation::Deposited { paid: true }, now);
    }
    order.state = OrderState::Approved;
    let own_end = [order.auto_reverse_ms, order.autocompletion_ms].into_iter().flatten();
    let ends = own_end.fold(now + HOLD_MS, i64::min);
    super::set_deadline(state, at, ends);
    notice::queue(sandbox, state, at, Operation::Approved { held: true }, now);
}

/// Ends an open order without money.
pub(super) fn decline(sandbox: &Sandbox, state: &mut State, at: usize, code: i32, now: i64) {
    let Some(order) = state.rbs.orders.get_mut(at).filter(|o| o.is_open()) else { return };
    order.state = OrderState::Declined;
    order.action_code = code;
    let refusal = Operation::refusal(order);
    super::ended(sandbox, state, at, refusal, now);
}

/// What becomes of the part of a hold that is not captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It can be captured later.
    StaysHeld,
    /// It is the payer's again.
    Released,
}

/// Captures a hold: 0 is all that is held.
pub(super) fn capture(
    sandbox: &Sandbox,
    state: &mut State,
    at: usize,
    (asked, rest): (u64, Rest),
    now: i64,
) -> Result<(), Fail> {
    let order = state.rbs.orders.get_mut(at).ok_or(Fail::Unknown)?;
    if !order.is_hold() {
        return Err(Fail::State);
    }
    let held = order.held();
    if asked > held {
        return Err(Fail::Amount);
    }
    let sum = if asked == 0 { held } else { asked };
    order.take(sum, now);
    let told = Operation::Deposited { paid: true };
    if rest == Rest::StaysHeld && sum < held {
        order.state = OrderState::PartlyTaken;
        notice::queue(sandbox, state, at, told, now);
    } else {
        super::ended(sandbox, state, at, told, now);
    }
    Ok(())
}

/// Cancels a hold or a payment as a whole.
pub(super) fn release(sandbox: &Sandbox, state: &mut State, at: usize, now: i64) {
    let Some(order) = state.rbs.orders.get_mut(at) else { return };
    order.state = OrderState::Reversed;
    order.deposited = 0;
    order.reversed_ms = Some(now);
    super::ended(sandbox, state, at, Operation::Reversed, now);
}

/// The time of a hold has come: it is captured if that was asked for, else released. Of a hold
/// that was captured in part only the rest is let go, and nothing is told of that (**chosen**).
pub(super) fn run_out(sandbox: &Sandbox, state: &mut State, at: usize, now: i64) {
    let Some(order) = state.rbs.orders.get(at) else { return };
    let captures = order.autocompletion_ms.is_some_and(|date| date <= order.deadline_ms);
    if captures && capture(sandbox, state, at, (0, Rest::Released), now).is_ok() {
        return;
    }
    let partly = |order: &&mut RbsOrder| order.state == OrderState::PartlyTaken;
    let Some(order) = state.rbs.orders.get_mut(at).filter(partly) else {
        return release(sandbox, state, at, now);
    };
    order.state = OrderState::Deposited;
    state.timers.remove(&(order.deadline_ms, Timer::Rbs(at)));
    state.dirty = true;
}
