//! iPay from server to server: IPN (providers.md §2.3), search and refund (§2.4, §2.5).

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::order::{IpayOrder, IpayRefund, IpayState, RefundState};
use crate::config::IpayVendor;
use crate::faults::{Kind, Provider};
use crate::runtime::Sandbox;
use crate::sign;
use crate::state::State as Memory;
use crate::web::{self, Call, Params};

fn call(sandbox: &Sandbox, method: &Method, uri: &Uri, body: &Bytes, name: &str) -> Call {
    let call = Call {
        provider: Provider::Ipay,
        method: name.to_owned(),
        moves: name == "refund",
        params: Params::read(method, uri, body),
    };
    call.note(sandbox, method, uri.path());
    call
}

/// `/ipn/`: one status code as plain text. Anything that does not match answers failed.
pub(super) async fn ipn(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    let call = call(&sandbox, &method, &uri, &body, "ipn");
    web::gate(&sandbox, call, |call, _| {
        let params = &call.params;
        let status = sandbox.with_state(|state, now| {
            let at = state.ipay.find(params.text("vendor"), params.text("id"))?;
            super::expire_if_late(&sandbox, state, at, now);
            state.ipay.orders.get(at).filter(|o| matches(o, params)).map(IpayOrder::status)
        });
        let label = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        (label, status.unwrap_or(super::FAILED)).into_response()
    })
    .await
}

fn matches(order: &IpayOrder, params: &Params) -> bool {
    let inv = if order.inv.is_empty() { &order.oid } else { &order.inv };
    let names = ["qwh", "afd", "poi", "uyt", "ifd"];
    let tokens = names.iter().zip(&order.tokens);
    params.text("ivm") == inv
        && tokens
            .fold(true, |same, (name, token)| same & sign::same_secret(token, params.text(name)))
}

fn vendor<'a>(sandbox: &'a Sandbox, params: &Params, text: &str) -> Option<&'a IpayVendor> {
    let vendor = sandbox.vendors().iter().find(|v| v.vid == params.text("vid"))?;
    let right = sign::same_hex(&sign::ipay_hash(&vendor.key, text), params.text("hash"));
    right.then_some(vendor)
}

/// `search`: `hash` over `oid` + `vid`. Only what was paid is found.
pub(super) async fn search(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    let call = call(&sandbox, &method, &uri, &body, "search");
    web::gate(&sandbox, call, |call, _| {
        let params = &call.params;
        let refuse = |status: StatusCode, text: &str| {
            let body = json!({ "header_status": status.as_u16(), "status": 0, "text": text });
            web::json(status, &body)
        };
        let text = format!("{}{}", params.text("oid"), params.text("vid"));
        let Some(vendor) = vendor(&sandbox, params, &text) else {
            return refuse(StatusCode::UNAUTHORIZED, "Invalid hash");
        };
        let order = sandbox.with_state(|state, _| {
            let at = state.ipay.find(&vendor.vid, params.text("oid"))?;
            state.ipay.orders.get(at).filter(|o| o.state == IpayState::Paid).cloned()
        });
        match order {
            Some(order) => web::json(StatusCode::OK, &found(&order)),
            None => refuse(StatusCode::NOT_FOUND, "Transaction not found"),
        }
    })
    .await
}

fn found(order: &IpayOrder) -> Value {
    json!({
        "header_status": 200,
        "status": 1,
        "text": "Transaction found",
        "data": {
            "vid": order.vid,
            "oid": order.oid,
            "transaction_code": order.txncd,
            "transaction_amount": order.ttl,
            "currency": order.curr,
            "telephone": order.tel,
            "email": order.eml,
            "payment_mode": "MPESA",
            "paid_at": order.ended_ms,
        },
    })
}

/// `refund`: `hash` over `code=<txncd>&vid=<vid>`; the whole amount, once. HTTP 200 always, the
/// outcome is `status`: 200 done, 202 accepted, 400 amount, 401 hash, 402 no balance, 404 unknown,
/// 409 refunded already or in progress (**chosen** beyond 200).
pub(super) async fn refund(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    let call = call(&sandbox, &method, &uri, &body, "refund");
    web::gate(&sandbox, call, |call, _| {
        let params = &call.params;
        let text = format!("code={}&vid={}", params.text("code"), params.text("vid"));
        let Some(vendor) = vendor(&sandbox, params, &text) else {
            return web::json(StatusCode::OK, &refusal(401, "Invalid hash"));
        };
        let body = sandbox
            .with_state(|state, now| give_back(state, vendor, params, now))
            .unwrap_or_else(|(status, text)| refusal(status, text));
        web::json(StatusCode::OK, &body)
    })
    .await
}

fn refusal(status: u16, text: &str) -> Value {
    json!({ "status": status, "text": text })
}

fn give_back(
    state: &mut Memory,
    vendor: &IpayVendor,
    params: &Params,
    now: i64,
) -> Result<Value, (u16, &'static str)> {
    const UNKNOWN: (u16, &str) = (404, "Transaction not found");
    let at = state.ipay.find_code(params.text("code")).ok_or(UNKNOWN)?;
    let own = |o: &&mut IpayOrder| o.vid == vendor.vid && o.state == IpayState::Paid;
    let order = state.ipay.orders.get_mut(at).filter(own).ok_or(UNKNOWN)?;
    if let Some(sum) = params.get("amount")
        && crate::money::parse_hundredths(sum) != Some(order.hundredths())
    {
        return Err((400, "Only the full amount can be refunded"));
    }
    for refund in &order.refunds {
        match refund.state {
            RefundState::Done => return Err((409, "Transaction already refunded")),
            RefundState::Pending => return Err((409, "Refund is in progress")),
            RefundState::Declined => {}
        }
    }
    let later = state.faults.take(Kind::IpayRefundAsync, Provider::Ipay, "refund").is_some();
    let fails = state.faults.take(Kind::IpayRefundDecline, Provider::Ipay, "refund").is_some();
    let outcome = match (later, fails) {
        (true, _) => RefundState::Pending,
        (false, true) => RefundState::Declined,
        (false, false) => RefundState::Done,
    };
    let refund_code = format!("{now:013}RF");
    order.refunds.push(IpayRefund {
        id: refund_code.clone(),
        amount_minor: order.amount,
        at_ms: now,
        state: outcome,
        will_fail: fails,
    });
    state.dirty = true;
    match outcome {
        RefundState::Pending => Ok(json!({ "status": 202, "text": "Refund accepted" })),
        RefundState::Declined => Err((402, "Insufficient funds in the C2B and B2C accounts")),
        RefundState::Done => Ok(json!({
            "status": 200,
            "c2bfunds": 1_000_000,
            "b2cfunds": 1_000_000,
            "amount": serde_json::from_str::<Value>(&order.ttl).unwrap_or(Value::Null),
            "code": order.txncd,
            "refund_code": refund_code,
            "text": "Refund done",
            "email_response": "sent",
        })),
    }
}
