//! The methods of the gateway: `/payment/rest/<method>.do`, GET or form POST.
//!
//! Credentials are required except where the payer's browser itself calls (`paymentotherway.do`,
//! `processform.do`, `getSessionStatus.do`, `finish3ds.do`, `finish3dsVer2.do`: an id nobody can
//! guess is the secret); if sent there, they must be right (**chosen**).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::order::{RbsOrder, Way};
use super::register::{Stages, register};
use super::reply::{self, Fail};
use super::{finish, manage, payment};
use crate::config::RbsMerchant;
use crate::faults::Provider;
use crate::pages::Lang;
use crate::runtime::Sandbox;
use crate::sign;
use crate::state::State as Memory;
use crate::web::{self, Call, Params};

/// Methods that make an order, or may move money or an order's state.
const MOVING: [&str; 11] = [
    "register.do",
    "registerPreAuth.do",
    "paymentorder.do",
    "3ds/continue.do",
    "finish3dsPayment.do",
    "finish3dsVer2Payment.do",
    "finish3ds.do",
    "finish3dsVer2.do",
    "deposit.do",
    "reverse.do",
    "refund.do",
];

/// One entry for all methods, so that faults and the register see each of them.
pub(super) async fn call(
    State(sandbox): State<Sandbox>,
    Path(path): Path<String>,
    http_method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if http_method != Method::GET && http_method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let params = Params::read(&http_method, &uri, &body);
    let moves = MOVING.contains(&path.as_str());
    let method = path.rsplit('/').next().unwrap_or_default().to_owned();
    let call = Call { provider: Provider::Rbs, method, moves, params };
    call.note(&sandbox, &http_method, uri.path());
    let lang = Lang::of(&call.params, &headers);
    web::gate(&sandbox, call, |call, plan| match path.as_str() {
        "finish3ds.do" => finish::by_browser_v1(&sandbox, &call.params, lang),
        "finish3dsVer2.do" => finish::by_browser_v2(&sandbox, &call.params, lang),
        method => match dispatch(&sandbox, method, &call.params) {
            Some(body) => reply::send(body, plan),
            None => (StatusCode::NOT_FOUND, "no such method\n").into_response(),
        },
    })
    .await
}

fn dispatch(sandbox: &Sandbox, method: &str, params: &Params) -> Option<Value> {
    let russian = params.get("language") == Some("ru");
    let plain = |result: Result<Value, Fail>| result.unwrap_or_else(|f| reply::failure(f, russian));
    let paying =
        |result: Result<Value, Fail>| result.unwrap_or_else(|f| reply::page_failure(f, russian));
    let done = |result: Result<(), Fail>| plain(result.map(|()| done(russian)));
    Some(match method {
        "register.do" => plain(register(sandbox, params, Stages::One)),
        "registerPreAuth.do" => plain(register(sandbox, params, Stages::Two)),
        "getOrderStatusExtended.do" => {
            plain(read_order(sandbox, params, |o| reply::extended(o, russian)))
        }
        "getOrderStatus.do" => read_order(sandbox, params, |o| reply::old_status(o, russian))
            .unwrap_or_else(|f| reply::old_failure(f, russian)),
        "deposit.do" => done(manage::deposit(sandbox, params)),
        "refund.do" => done(manage::refund(sandbox, params)),
        "reverse.do" => done(manage::reverse(sandbox, params)),
        "decline.do" => done(manage::decline(sandbox, params)),
        "paymentorder.do" => paying(payment::by_merchant(sandbox, params, russian)),
        "processform.do" if params.get("paymentWay").is_none() => {
            paying(payment::by_page(sandbox, params, russian))
        }
        "paymentotherway.do" | "processform.do" => paying(other_way(sandbox, params)),
        "3ds/continue.do" => paying(payment::go_on(sandbox, params, russian)),
        "verifyEnrollment.do" => paying(payment::enrollment(sandbox, params)),
        "finish3dsPayment.do" => paying(finish::by_merchant_v1(sandbox, params)),
        "finish3dsVer2Payment.do" => paying(finish::by_merchant_v2(sandbox, params)),
        "getSessionStatus.do" => paying(session(sandbox, params)),
        _ => return None,
    })
}

fn done(russian: bool) -> Value {
    json!({ "errorCode": 0, "errorMessage": reply::success(russian) })
}

pub(super) fn merchant<'a>(sandbox: &'a Sandbox, params: &Params) -> Result<&'a RbsMerchant, Fail> {
    let token = params.text("token");
    let (user, password) = (params.text("userName"), params.text("password"));
    let fits = |m: &&RbsMerchant| {
        let by_token = m.token.as_ref().is_some_and(|t| sign::same_secret(t, token));
        by_token || (m.user_name == user && sign::same_secret(&m.password, password))
    };
    sandbox.merchants().iter().find(fits).ok_or(Fail::Denied)
}

pub(super) fn amount(params: &Params, missing: Fail) -> Result<u64, Fail> {
    let text = params.get("amount").ok_or(missing)?;
    if text.len() > 12 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fail::Bad("amount"));
    }
    text.parse().map_err(|_| Fail::Bad("amount"))
}

pub(super) fn address(params: &Params, name: &'static str) -> Result<Option<String>, Fail> {
    match params.get(name) {
        None => Ok(None),
        Some(text) if text.len() <= 512 && web::is_web_address(text) => Ok(Some(text.to_owned())),
        Some(_) => Err(Fail::Bad(name)),
    }
}

/// Finds the merchant's order by `orderId`, else by `orderNumber`, and ends it if it is late.
pub(super) fn own_order(
    sandbox: &Sandbox,
    merchant: &RbsMerchant,
    params: &Params,
    state: &mut Memory,
    now: i64,
) -> Result<usize, Fail> {
    let by_id = params.get("orderId").or(params.get("mdOrder")).or(params.get("MDORDER"));
    let found = match (by_id, params.get("orderNumber")) {
        (Some(id), _) => state.rbs.find(id),
        (None, Some(number)) => state.rbs.find_number(&merchant.name, number),
        (None, None) => return Err(Fail::NoOrderNamed),
    };
    let own = |at: &usize| state.rbs.orders.get(*at).is_some_and(|o| o.merchant == merchant.name);
    let at = found.filter(own).ok_or(Fail::Unknown)?;
    super::expire_if_late(sandbox, state, at, now);
    Ok(at)
}

fn read_order(
    sandbox: &Sandbox,
    params: &Params,
    show: impl FnOnce(&RbsOrder) -> Value,
) -> Result<Value, Fail> {
    let merchant = merchant(sandbox, params)?;
    let order = sandbox.with_state(|state, now| {
        let at = own_order(sandbox, merchant, params, state, now)?;
        state.rbs.orders.get(at).cloned().ok_or(Fail::Unknown)
    })?;
    Ok(show(&order))
}

/// Credentials are right, if there are any.
pub(super) fn check_access_if_given(sandbox: &Sandbox, params: &Params) -> Result<(), Fail> {
    if params.get("userName").is_some() || params.get("token").is_some() {
        merchant(sandbox, params)?;
    }
    Ok(())
}

/// `paymentotherway.do`, and `processform.do` with `paymentWay`: hands the order to the bank. With `login` a bill
/// is issued to it, without one the payer is sent to the bank's page.
fn other_way(sandbox: &Sandbox, params: &Params) -> Result<Value, Fail> {
    check_access_if_given(sandbox, params)?;
    let id = params.get("MDORDER").or(params.get("mdOrder")).ok_or(Fail::Missing("MDORDER"))?;
    if params.get("paymentWay") != Some("ALFA_ALFACLICK") {
        return Err(Fail::Bad("paymentWay"));
    }
    let login = params.text("login").trim();
    if login.chars().count() > 64 {
        return Err(Fail::Bad("login"));
    }
    let way = match login {
        "" => Way::Redirect,
        login => Way::Instruction(login.to_owned()),
    };
    let (at, way) = sandbox.with_state(|state, now| {
        let at = state.rbs.find(id).ok_or(Fail::Unknown)?;
        super::expire_if_late(sandbox, state, at, now);
        // The bank takes a bill as a whole and at once: it knows no holds.
        if state.rbs.orders.get(at).is_some_and(|o| o.two_stage) {
            return Err(Fail::Bad("paymentWay"));
        }
        super::hand_over(sandbox, state, at, way, now);
        let order = state.rbs.orders.get(at).filter(|o| o.is_open()).ok_or(Fail::State)?;
        Ok((at, order.way.clone().ok_or(Fail::State)?))
    })?;
    sandbox.press_soon(at);
    Ok(match way {
        Way::Redirect => json!({
            "errorCode": 0,
            "redirect": format!("{}/checkout/payments/?orderId={id}", sandbox.public_url()),
            "info": "Your order is proceeded, redirecting...",
        }),
        Way::Instruction(_) => json!({
            "errorCode": 0,
            "info": "The bill is issued, waiting for the payer...",
        }),
    })
}

/// `getSessionStatus.do` (§1.4): what the payment page asks for.
fn session(sandbox: &Sandbox, params: &Params) -> Result<Value, Fail> {
    let id = params.get("MDORDER").ok_or(Fail::Missing("MDORDER"))?;
    let (order, now) = sandbox.with_state(|state, now| {
        let at = state.rbs.find(id).ok_or(Fail::Unknown)?;
        super::expire_if_late(sandbox, state, at, now);
        state.rbs.orders.get(at).cloned().map(|o| (o, now)).ok_or(Fail::Unknown)
    })?;
    if !order.is_open() {
        return Ok(json!({ "redirect": order.return_to() }));
    }
    let alpha = order.currency().map_or("", |c| c.alpha);
    Ok(json!({
        "amount": format!("{}.{:02} {alpha}", order.amount / 100, order.amount % 100),
        "remainingSecs": (order.deadline_ms - now) / 1_000,
        "orderNumber": order.order_number,
        "description": order.description,
        "otherWayEnabled": true,
        "paymentWays": ["CARD", "ALFA_ALFACLICK"],
        "bindingEnabled": false,
        "bindingItems": [],
        "cvcNotRequired": false,
        "sslOnly": false,
        "feeEnabled": false,
        "sessionParams": [],
        "merchantOptions": [
            "VISA", "MASTERCARD", "MIR", "SSL", "VISA_TDS", "MASTERCARD_TDS", "MIR_TDS",
        ],
        "customerDetails": {},
    }))
}
