//! What iPay tells: the parameters of `cbk` (providers.md §2.2), by the payer's browser or
//! silently, and the outcome of an asynchronous refund.

use super::order::{IpayOrder, IpayState};
use crate::faults::{Kind, Provider};
use crate::outbox::{Accepted, Notification};
use crate::runtime::Sandbox;
use crate::sign;
use crate::state::State;
use crate::web;

/// `cbk` with all parameters; `status` may differ from the order's own for a repeated form.
pub(crate) fn callback_address(order: &IpayOrder, status: &str) -> Option<String> {
    let paid = order.state == IpayState::Paid;
    let inv = if order.inv.is_empty() { &order.oid } else { &order.inv };
    let [qwh, afd, poi, uyt, ifd] = &order.tokens;
    let [p1, p2, p3, p4] = &order.extra;
    let list = [
        ("status", status),
        ("id", &order.oid),
        ("ivm", inv),
        ("qwh", qwh),
        ("afd", afd),
        ("poi", poi),
        ("uyt", uyt),
        ("ifd", ifd),
        ("agt", "emulator"),
        ("mc", if paid { &order.ttl } else { "0" }),
        ("p1", p1),
        ("p2", p2),
        ("p3", p3),
        ("p4", p4),
        ("txncd", &order.txncd),
        ("msisdn_id", "EMULATOR PAYER"),
        ("msisdn_idnum", &order.tel),
        ("msisdn_custnum", &order.tel),
        ("channel", "MPESA"),
    ];
    let params: Vec<(String, String)> =
        list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    web::with_query(&order.cbk, &params)
}

fn queue(sandbox: &Sandbox, state: &mut State, url: String, name: &str, now: i64) {
    state.dirty = true;
    if state.faults.take(Kind::NoNotification, Provider::Ipay, name).is_some() {
        return;
    }
    let notification = Notification { url, accepted: Accepted::AnySuccess, tries: 0 };
    if state.faults.take(Kind::DuplicateNotification, Provider::Ipay, name).is_some() {
        state.outbox.push(now, notification.clone());
    }
    if state.faults.take(Kind::LateNotification, Provider::Ipay, name).is_some() {
        state.outbox.hold(notification);
    } else {
        state.outbox.push(now, notification);
    }
    sandbox.wake();
}

/// The silent GET to `cbk`.
pub(crate) fn silent(sandbox: &Sandbox, state: &mut State, at: usize, now: i64) {
    let address = state.ipay.orders.get(at).and_then(|o| callback_address(o, o.status()));
    if let Some(url) = address {
        queue(sandbox, state, url, "cbk", now);
    }
}

/// The outcome of an asynchronous refund (**chosen**): `hash` is HMAC-SHA256 with the vendor's
/// key over `code=<code>&status=<status>&vid=<vid>`, lower-case hex; `amount` in major units.
pub(crate) fn refund_outcome(
    sandbox: &Sandbox,
    state: &mut State,
    at: usize,
    done: bool,
    now: i64,
) {
    state.dirty = true;
    let Some(order) = state.ipay.orders.get(at) else { return };
    let Some(vendor) = sandbox.vendors().iter().find(|v| v.vid == order.vid) else { return };
    let Some(address) = &vendor.refund_notify_url else { return };
    let status = if done { super::SUCCESS } else { super::FAILED };
    let text = format!("code={}&status={status}&vid={}", order.txncd, order.vid);
    let mut hash = sign::ipay_hash(&vendor.key, &text);
    if state.faults.take(Kind::WrongChecksum, Provider::Ipay, "refund").is_some() {
        hash = hash.chars().rev().collect();
    }
    let params = [
        ("code".to_owned(), order.txncd.clone()),
        ("vid".to_owned(), order.vid.clone()),
        ("status".to_owned(), status.to_owned()),
        ("amount".to_owned(), order.ttl.clone()),
        ("hash".to_owned(), hash),
    ];
    if let Some(url) = web::with_query(address, &params) {
        queue(sandbox, state, url, "refund", now);
    }
}
