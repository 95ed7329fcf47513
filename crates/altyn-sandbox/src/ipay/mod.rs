//! iPay Africa (providers.md §2): orders, what may happen to them, and its addresses.
//!
//! **Chosen** here: an `oid` is final after its first end (paid, failed, cancelled, timed out); a
//! cancel is told silently (status failed) when `autopay=1`, a time-out always; search finds paid
//! transactions only.

mod api;
mod form;
mod notice;
mod order;

use axum::Router;
use axum::routing::{any, get};

use crate::money;
use crate::runtime::Sandbox;
use crate::state::{Press, State, Timer};

pub(crate) use form::words;
pub(crate) use order::{IpayBook, IpayOrder, IpayState, RefundState};

/// Status code: paid.
pub(crate) const SUCCESS: &str = "aei7p7yrx4ae34";
/// Status code: failed.
pub(crate) const FAILED: &str = "fe2707etr5s4wq";
/// Status code: pending.
pub(crate) const PENDING: &str = "bdi6p2yy76etrs";
/// Status code: this order was paid before.
pub(crate) const USED: &str = "cr5i3pgy9867e1";

/// How long the payer may look at the page before the order fails.
pub(crate) const PRESS_WITHIN_MS: i64 = 30 * 60 * 1_000;

/// Addresses of the form, the payer's page, IPN and the REST calls.
pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/v3/{country}", any(form::open))
        .route("/v3/checkout", get(form::show).post(form::pressed))
        .route("/ipn/", any(api::ipn))
        .route("/ipn", any(api::ipn))
        .route("/v3/{country}/ipn", any(api::ipn))
        .route("/payments/v2/transaction/search", any(api::search))
        .route("/payments/v2/transaction/refund", any(api::refund))
}

/// The payer's press; true when it changed something.
pub(crate) fn press(
    sandbox: &Sandbox,
    state: &mut State,
    at: usize,
    press: Press,
    now: i64,
) -> bool {
    expire_if_late(sandbox, state, at, now);
    let open = |o: &&mut IpayOrder| o.state == IpayState::Open;
    let Some(order) = state.ipay.orders.get_mut(at).filter(open) else { return false };
    let ends_as = match press {
        Press::Cancel => IpayState::Cancelled,
        Press::Pay if money::is_refused_amount(order.hundredths()) => IpayState::Failed,
        Press::Pay => IpayState::Paid,
    };
    let silently = order.autopay;
    finish(sandbox, state, at, ends_as, now);
    if silently {
        notice::silent(sandbox, state, at, now);
    }
    true
}

/// Fails an order whose time has run out, and says so silently.
pub(crate) fn expire(sandbox: &Sandbox, state: &mut State, at: usize, now: i64) {
    if state.ipay.orders.get(at).is_some_and(|o| o.state == IpayState::Open) {
        finish(sandbox, state, at, IpayState::TimedOut, now);
        notice::silent(sandbox, state, at, now);
    }
}

fn expire_if_late(sandbox: &Sandbox, state: &mut State, at: usize, now: i64) {
    if state.ipay.orders.get(at).is_some_and(|o| o.deadline_ms <= now) {
        expire(sandbox, state, at, now);
    }
}

/// Ends an order: transaction code, the five tokens, the charge if there is one.
fn finish(sandbox: &Sandbox, state: &mut State, at: usize, ends_as: IpayState, now: i64) {
    // Two payments within a millisecond would share a code: the later one moves on.
    let mut stamp = now;
    while state.ipay.find_code(&format!("{stamp:013}A")).is_some() {
        stamp += 1;
    }
    let code = format!("{stamp:013}A");
    let Some(order) = state.ipay.orders.get_mut(at) else { return };
    order.state = ends_as;
    order.ended_ms = Some(now);
    order.tokens = std::array::from_fn(|_| sandbox.ids().token(20));
    order.txncd = code.clone();
    if ends_as == IpayState::Paid {
        order.charges += 1;
    }
    let timer = (order.deadline_ms, Timer::Ipay(at));
    state.timers.remove(&timer);
    state.ipay.index_code(code, at);
    state.dirty = true;
}

/// Completes accepted refunds and tells their outcome; how many.
pub(crate) fn release_refunds(sandbox: &Sandbox, state: &mut State, now: i64) -> usize {
    let waits = |o: &IpayOrder| o.refunds.iter().any(|r| r.state == RefundState::Pending);
    let all = state.ipay.orders.iter().enumerate();
    let places: Vec<usize> = all.filter(|(_, o)| waits(o)).map(|(at, _)| at).collect();
    for at in &places {
        let mut told = None;
        if let Some(order) = state.ipay.orders.get_mut(*at) {
            let pending = |r: &&mut order::IpayRefund| r.state == RefundState::Pending;
            if let Some(refund) = order.refunds.iter_mut().find(pending) {
                refund.state =
                    if refund.will_fail { RefundState::Declined } else { RefundState::Done };
                told = Some(refund.state == RefundState::Done);
            }
        }
        if let Some(done) = told {
            notice::refund_outcome(sandbox, state, *at, done, now);
        }
    }
    places.len()
}
