//! What tests and the demo may ask and change, as JSON under `/sandbox/`.
//!
//! Nothing here belongs to a provider's protocol. There is no access check: a sandbox stands on
//! a developer's machine.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::faults::{Fault, Provider};
use crate::ipay::{self, IpayOrder};
use crate::rbs::{self, RbsOrder, Way};
use crate::runtime::Sandbox;
use crate::state::Press;
use crate::web::{self, Params};

/// Addresses of the control interface.
pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/sandbox/rbs/orders", get(rbs_orders))
        .route("/sandbox/ipay/orders", get(ipay_orders))
        .route("/sandbox/totals", get(totals))
        .route("/sandbox/press", post(press))
        .route("/sandbox/clock", post(clock).get(clock_now))
        .route("/sandbox/faults", post(add_fault).get(faults).delete(clear_faults))
        .route("/sandbox/release", post(release))
        .route("/sandbox/requests", get(requests))
}

fn read<T: for<'a> Deserialize<'a>>(body: &Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|e| e.to_string())
}

fn refuse(status: StatusCode, text: &str) -> Response {
    web::json(status, &json!({ "error": text }))
}

fn ok(value: &Value) -> Response {
    web::json(StatusCode::OK, value)
}

/// A card, and what the payer's browser would bring back from the issuer's page.
fn card_entry(card: &rbs::CardPayment) -> Value {
    let three_ds = card.three_ds.as_ref().map(|t| {
        json!({
            "version": t.version(),
            "trans_id": t.trans_id,
            "finish_url": t.finish_url,
            "result": t.result,
            "cres": t.cres().filter(|_| t.is_v2()),
            "pa_res": t.pa_res,
        })
    });
    json!({
        "masked_pan": card.face.masked,
        "payment_system": card.face.scheme,
        "three_ds": three_ds,
    })
}

/// One order of the gateway in the register.
fn rbs_entry(order: &RbsOrder) -> Value {
    let (status, _) = order.state.wire();
    let (scenario, login) = match (&order.way, &order.card) {
        (None, None) => (None, None),
        (None, Some(_)) => (Some("card"), None),
        (Some(Way::Redirect), _) => (Some("redirect"), None),
        (Some(Way::Instruction(login)), _) => (Some("instruction"), Some(login)),
    };
    json!({
        "merchant": order.merchant,
        "order_number": order.order_number,
        "order_id": order.order_id,
        "amount_minor": order.amount,
        "currency": order.currency().map_or("", |c| c.alpha),
        "state": order.state,
        "order_status": status,
        "action_code": order.action_code,
        "scenario": scenario,
        "login": login,
        "created_ms": order.created_ms,
        "deadline_ms": order.deadline_ms,
        "two_stage": order.two_stage,
        "card": order.card.as_ref().map(card_entry),
        "approved_minor": order.approved,
        "held_minor": order.held(),
        "captured_minor": order.taken,
        "deposited_minor": order.deposited,
        "refunded_minor": order.refunded,
        "charges": order.charges,
        "refunds": order.refunds,
    })
}

/// One order of the partner in the register.
fn ipay_entry(order: &IpayOrder) -> Value {
    let (charged, refunded) = (order.charged(), order.refunded());
    json!({
        "vendor": order.vid,
        "order_number": order.oid,
        "order_id": order.txncd,
        "amount_minor": order.amount,
        "currency": order.curr,
        "state": order.state,
        "status": order.status(),
        "session": order.session,
        "created_ms": order.created_ms,
        "deadline_ms": order.deadline_ms,
        "deposited_minor": charged.saturating_sub(refunded),
        "refunded_minor": refunded,
        "charges": order.charges,
        "refunds": order.refunds,
    })
}

/// `?order=` narrows the list to one number.
async fn rbs_orders(State(sandbox): State<Sandbox>, uri: Uri) -> Response {
    let params = Params::read(&Method::GET, &uri, &Bytes::new());
    let only = params.get("order");
    let list: Vec<Value> = sandbox.with_state(|state, _| {
        let all = state.rbs.orders.iter();
        all.filter(|o| only.is_none_or(|n| n == o.order_number)).map(rbs_entry).collect()
    });
    ok(&Value::Array(list))
}

async fn ipay_orders(State(sandbox): State<Sandbox>, uri: Uri) -> Response {
    let params = Params::read(&Method::GET, &uri, &Bytes::new());
    let only = params.get("order");
    let list: Vec<Value> = sandbox.with_state(|state, _| {
        let all = state.ipay.orders.iter();
        all.filter(|o| only.is_none_or(|n| n == o.oid)).map(ipay_entry).collect()
    });
    ok(&Value::Array(list))
}

/// Sums of one provider in one currency, minor units.
#[derive(Default, Serialize)]
struct Sums {
    orders: u64,
    /// Orders that were paid.
    paid: u64,
    /// Times money was taken; equals `paid` unless holds were captured in parts, or something is
    /// wrong.
    charges: u64,
    /// What issuers agreed to, held or taken.
    approved_minor: u64,
    /// Held now.
    held_minor: u64,
    /// Taken: paid at once, or captured.
    charged_minor: u64,
    refunded_minor: u64,
    reversed_minor: u64,
    net_minor: u64,
}

/// The sums, by provider and currency letters.
pub(crate) fn sums(sandbox: &Sandbox) -> Value {
    let (rbs, ipay) = sandbox.with_state(|state, _| {
        let mut rbs: BTreeMap<&'static str, Sums> = BTreeMap::new();
        for order in &state.rbs.orders {
            let sums = rbs.entry(order.currency().map_or("", |c| c.alpha)).or_default();
            let charged = order.taken;
            sums.orders += 1;
            sums.paid += u64::from(order.was_paid());
            sums.charges += u64::from(order.charges);
            sums.approved_minor += order.approved;
            sums.held_minor += order.held();
            sums.charged_minor += charged;
            sums.refunded_minor += order.refunded;
            sums.net_minor += order.deposited;
            sums.reversed_minor += charged.saturating_sub(order.refunded + order.deposited);
        }
        let mut ipay: BTreeMap<String, Sums> = BTreeMap::new();
        for order in &state.ipay.orders {
            let sums = ipay.entry(order.curr.clone()).or_default();
            sums.orders += 1;
            sums.paid += u64::from(order.charges > 0);
            sums.charges += u64::from(order.charges);
            sums.approved_minor += order.charged();
            sums.charged_minor += order.charged();
            sums.refunded_minor += order.refunded();
            sums.net_minor += order.charged().saturating_sub(order.refunded());
        }
        (rbs, ipay)
    });
    json!({ "rbs": rbs, "ipay": ipay })
}

async fn totals(State(sandbox): State<Sandbox>) -> Response {
    ok(&sums(&sandbox))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PressBody {
    provider: Provider,
    order: String,
    action: Press,
}

/// The payer's press from outside: at the bank, or at the issuer's page of a card, where `pay` is
/// the right code. The way back from there stays the browser's; the order's entry tells what it
/// carries. 404 without such an order, 409 while the gateway's order is neither with the bank nor
/// has a card; `changed` is false when the order had ended before.
async fn press(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let body: PressBody = match read(&body) {
        Ok(body) => body,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error),
    };
    let result = sandbox.with_state(|state, now| match body.provider {
        Provider::Rbs => {
            let mut names = sandbox.merchants().iter().map(|m| &m.name);
            let at = names.find_map(|n| state.rbs.find_number(n, &body.order))?;
            let handed =
                state.rbs.orders.get(at).is_some_and(|o| o.way.is_some() || o.card.is_some());
            let changed = rbs::press(&sandbox, state, at, body.action, now);
            state.rbs.orders.get(at).map(|o| (handed, changed, rbs_entry(o)))
        }
        Provider::Ipay => {
            let mut vids = sandbox.vendors().iter().map(|v| &v.vid);
            let at = vids.find_map(|v| state.ipay.find(v, &body.order))?;
            let changed = ipay::press(&sandbox, state, at, body.action, now);
            state.ipay.orders.get(at).map(|o| (true, changed, ipay_entry(o)))
        }
    });
    match result {
        None => refuse(StatusCode::NOT_FOUND, "no such order"),
        Some((false, ..)) => refuse(StatusCode::CONFLICT, "the order is not with the bank yet"),
        Some((true, changed, order)) => ok(&json!({ "changed": changed, "order": order })),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockBody {
    advance_ms: u32,
}

/// Moves the clock forward, then ticks: what became due is ended and told before the answer.
async fn clock(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let body: ClockBody = match read(&body) {
        Ok(body) => body,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error),
    };
    sandbox.with_state(|state, _| {
        state.offset_ms += i64::from(body.advance_ms);
        state.dirty = true;
    });
    sandbox.tick().await;
    clock_now(State(sandbox)).await
}

async fn clock_now(State(sandbox): State<Sandbox>) -> Response {
    let body =
        sandbox.with_state(|state, now| json!({ "now_ms": now, "offset_ms": state.offset_ms }));
    ok(&body)
}

async fn add_fault(State(sandbox): State<Sandbox>, body: Bytes) -> Response {
    let fault: Fault = match read(&body) {
        Ok(fault) => fault,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, &error),
    };
    sandbox.with_state(|state, _| state.faults.add(fault));
    faults(State(sandbox)).await
}

async fn faults(State(sandbox): State<Sandbox>) -> Response {
    let body = sandbox.with_state(|state, _| json!({ "faults": state.faults.list() }));
    ok(&body)
}

async fn clear_faults(State(sandbox): State<Sandbox>) -> Response {
    let removed = sandbox.with_state(|state, _| state.faults.clear());
    ok(&json!({ "removed": removed }))
}

/// Lets held notifications go and completes asynchronous refunds, then ticks.
async fn release(State(sandbox): State<Sandbox>) -> Response {
    let (notifications, refunds) = sandbox.with_state(|state, now| {
        state.dirty = true;
        // The held ones first: the outcome of a refund may itself be held, and then stays held.
        let notifications = state.outbox.release(now);
        (notifications, ipay::release_refunds(&sandbox, state, now))
    });
    sandbox.tick().await;
    ok(&json!({ "notifications": notifications, "refunds": refunds }))
}

/// `?limit=`, 50 unless told, at most 500; newest first.
async fn requests(State(sandbox): State<Sandbox>, uri: Uri) -> Response {
    let params = Params::read(&Method::GET, &uri, &Bytes::new());
    let limit = params.get("limit").and_then(|t| t.parse().ok()).unwrap_or(50);
    web::json(StatusCode::OK, &sandbox.last_requests(limit))
}

#[cfg(test)]
mod tests {
    //! Names on the wire of the control interface.

    use super::*;
    use crate::rbs::RefundState;

    #[test]
    fn refund_states_have_one_spelling() {
        let rbs = serde_json::to_value([RefundState::Done, RefundState::Declined]);
        let ipay = serde_json::to_value([ipay::RefundState::Done, ipay::RefundState::Declined]);
        assert_eq!(rbs.ok(), ipay.ok());
    }
}
