//! What a merchant does with an order afterwards (providers.md §1.5): `deposit.do`, `reverse.do`,
//! `refund.do`, `decline.do`.

use super::api::{amount, merchant, own_order};
use super::notice::{self, Operation};
use super::order::{OrderState, Refund, RefundState};
use super::reply::Fail;
use super::{give_up, hold};
use crate::faults::{Kind, Provider};
use crate::runtime::Sandbox;
use crate::web::Params;

/// A payment may be reversed this long (**chosen** for "the same day").
const REVERSE_WITHIN_MS: i64 = 24 * 60 * 60 * 1_000;

/// From a hold only; `amount` 0 is all that is held. After `depositType` 2 the rest is released,
/// otherwise it stays held (absent is intermediate: **chosen**).
pub(super) fn deposit(sandbox: &Sandbox, params: &Params) -> Result<(), Fail> {
    let merchant = merchant(sandbox, params)?;
    params.get("orderId").ok_or(Fail::Bad("orderId"))?;
    let asked = amount(params, Fail::Bad("amount"))?;
    let rest = match params.get("depositType") {
        None | Some("0" | "1") => hold::Rest::StaysHeld,
        Some("2") => hold::Rest::Released,
        Some(_) => return Err(Fail::Bad("depositType")),
    };
    sandbox.with_state(|state, now| {
        let at = own_order(sandbox, merchant, params, state, now)?;
        hold::capture(sandbox, state, at, (asked, rest), now)
    })
}

/// §1.5: `amount` 0 is all that is left; `expectedDepositedAmount` must equal what is deposited
/// now, else 7, so that a repeat after a lost reply is never taken for a wrong amount (**chosen**).
pub(super) fn refund(sandbox: &Sandbox, params: &Params) -> Result<(), Fail> {
    let merchant = merchant(sandbox, params)?;
    params.get("orderId").ok_or(Fail::Bad("orderId"))?;
    let asked = amount(params, Fail::Bad("amount"))?;
    let expected = match params.get("expectedDepositedAmount") {
        None => None,
        Some(t) => Some(t.parse::<u64>().map_err(|_| Fail::Bad("expectedDepositedAmount"))?),
    };
    sandbox.with_state(|state, now| {
        let at = own_order(sandbox, merchant, params, state, now)?;
        let order = state.rbs.orders.get_mut(at).ok_or(Fail::Unknown)?;
        match order.state {
            OrderState::Deposited | OrderState::Refunded => {}
            OrderState::Created
            | OrderState::Authenticating
            | OrderState::Pending
            | OrderState::Approved
            | OrderState::PartlyTaken
            | OrderState::Reversed
            | OrderState::Declined => return Err(Fail::State),
        }
        if expected.is_some_and(|e| e != order.deposited) {
            return Err(Fail::State);
        }
        if asked > order.deposited {
            return Err(Fail::Amount);
        }
        let sum = if asked == 0 { order.deposited } else { asked };
        if sum == 0 {
            return Err(Fail::State);
        }
        let refused = state.faults.take(Kind::RbsRefundDecline, Provider::Rbs, "refund.do");
        let outcome = if refused.is_some() { RefundState::Declined } else { RefundState::Done };
        if outcome == RefundState::Done {
            order.deposited -= sum;
            order.refunded += sum;
            order.state = OrderState::Refunded;
        }
        let id = sandbox.ids().token(22);
        order.refunds.push(Refund { id, amount_minor: sum, at_ms: now, state: outcome });
        let done = outcome == RefundState::Done;
        notice::queue(sandbox, state, at, Operation::Refunded { amount: sum, done }, now);
        if done { Ok(()) } else { Err(Fail::RefundRefused) }
    })
}

/// §1.5: the whole payment or the whole hold, once. The attempt is used up even when it fails.
pub(super) fn reverse(sandbox: &Sandbox, params: &Params) -> Result<(), Fail> {
    let merchant = merchant(sandbox, params)?;
    sandbox.with_state(|state, now| {
        let at = own_order(sandbox, merchant, params, state, now)?;
        let order = state.rbs.orders.get_mut(at).ok_or(Fail::Unknown)?;
        let tried = std::mem::replace(&mut order.reverse_tried, true);
        state.dirty = true;
        let may = match order.state {
            OrderState::Approved | OrderState::PartlyTaken => true,
            OrderState::Deposited => {
                order.paid_ms.is_some_and(|paid| now - paid <= REVERSE_WITHIN_MS)
            }
            OrderState::Created
            | OrderState::Authenticating
            | OrderState::Pending
            | OrderState::Reversed
            | OrderState::Refunded
            | OrderState::Declined => false,
        };
        if tried || !may {
            return Err(Fail::State);
        }
        if params.get("amount").is_some() {
            let whole = if order.is_hold() { order.approved } else { order.deposited };
            if amount(params, Fail::Bad("amount"))? != whole {
                return Err(Fail::Amount);
            }
        }
        hold::release(sandbox, state, at, now);
        Ok(())
    })
}

/// An order that is neither paid nor held is given up.
pub(super) fn decline(sandbox: &Sandbox, params: &Params) -> Result<(), Fail> {
    let merchant = merchant(sandbox, params)?;
    sandbox.with_state(|state, now| {
        let at = own_order(sandbox, merchant, params, state, now)?;
        if give_up(sandbox, state, at, now) { Ok(()) } else { Err(Fail::State) }
    })
}
