//! The methods of the gateway: `/payment/rest/<method>.do`, GET or form POST.
//!
//! Credentials are required except where the payment page itself calls (`paymentotherway.do`,
//! `processform.do`, `getSessionStatus.do`: the order id is the secret); if sent there, they must
//! be right (**chosen**).

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::{Value, json};

use super::notice::{self, Operation};
use super::order::{OrderState, RbsOrder, Refund, RefundState, Way};
use super::reply::{self, Fail};
use crate::config::RbsMerchant;
use crate::faults::{Kind, Provider};
use crate::money;
use crate::pages::Lang;
use crate::runtime::Sandbox;
use crate::sign;
use crate::state::{State as Memory, Timer};
use crate::web::{self, Call, Params};

/// Life of an order that names none, seconds (§1.2).
const DEFAULT_LIFE_S: i64 = 1_200;
/// A payment may be reversed this long (**chosen** for "the same day").
const REVERSE_WITHIN_MS: i64 = 24 * 60 * 60 * 1_000;

/// One entry for all methods, so that faults and the register see each of them.
pub(super) async fn call(
    State(sandbox): State<Sandbox>,
    Path(method): Path<String>,
    http_method: Method,
    uri: Uri,
    body: Bytes,
) -> Response {
    if http_method != Method::GET && http_method != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let params = Params::read(&http_method, &uri, &body);
    let moves = matches!(method.as_str(), "register.do" | "refund.do" | "reverse.do");
    let call = Call { provider: Provider::Rbs, method, moves, params };
    call.note(&sandbox, &http_method, uri.path());
    web::gate(&sandbox, call, |call, plan| match dispatch(&sandbox, call) {
        Some(body) => reply::send(body, plan),
        None => (StatusCode::NOT_FOUND, "no such method\n").into_response(),
    })
    .await
}

fn dispatch(sandbox: &Sandbox, call: &Call) -> Option<Value> {
    let params = &call.params;
    let russian = params.get("language") == Some("ru");
    let plain = |result: Result<Value, Fail>| result.unwrap_or_else(|f| reply::failure(f, russian));
    Some(match call.method.as_str() {
        "register.do" => plain(register(sandbox, params)),
        "getOrderStatusExtended.do" => {
            plain(read_order(sandbox, params, |o| reply::extended(o, russian)))
        }
        "getOrderStatus.do" => read_order(sandbox, params, |o| reply::old_status(o, russian))
            .unwrap_or_else(|f| reply::old_failure(f, russian)),
        "refund.do" => plain(refund(sandbox, params).map(|()| done(russian))),
        "reverse.do" => plain(reverse(sandbox, params).map(|()| done(russian))),
        "decline.do" => plain(decline(sandbox, params).map(|()| done(russian))),
        "paymentotherway.do" | "processform.do" => {
            other_way(sandbox, params).unwrap_or_else(|f| reply::page_failure(f, russian))
        }
        "getSessionStatus.do" => {
            session(sandbox, params).unwrap_or_else(|f| reply::page_failure(f, russian))
        }
        _ => return None,
    })
}

fn done(russian: bool) -> Value {
    json!({ "errorCode": 0, "errorMessage": reply::success(russian) })
}

fn merchant<'a>(sandbox: &'a Sandbox, params: &Params) -> Result<&'a RbsMerchant, Fail> {
    let token = params.text("token");
    let (user, password) = (params.text("userName"), params.text("password"));
    let fits = |m: &&RbsMerchant| {
        let by_token = m.token.as_ref().is_some_and(|t| sign::same_secret(t, token));
        by_token || (m.user_name == user && sign::same_secret(&m.password, password))
    };
    sandbox.merchants().iter().find(fits).ok_or(Fail::Denied)
}

fn amount(params: &Params, missing: Fail) -> Result<u64, Fail> {
    let text = params.get("amount").ok_or(missing)?;
    if text.len() > 12 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fail::Bad("amount"));
    }
    text.parse().map_err(|_| Fail::Bad("amount"))
}

fn address(params: &Params, name: &'static str) -> Result<Option<String>, Fail> {
    match params.get(name) {
        None => Ok(None),
        Some(text) if text.len() <= 512 && web::is_web_address(text) => Ok(Some(text.to_owned())),
        Some(_) => Err(Fail::Bad(name)),
    }
}

/// Finds the merchant's order by `orderId`, else by `orderNumber`, and ends it if it is late.
fn own_order(
    sandbox: &Sandbox,
    merchant: &RbsMerchant,
    params: &Params,
    state: &mut Memory,
    now: i64,
) -> Result<usize, Fail> {
    let by_id = params.get("orderId").or(params.get("mdOrder"));
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

/// `paymentotherway.do` and `processform.do`: hands the order to the bank. With `login` a bill
/// is issued to it, without one the payer is sent to the bank's page.
fn other_way(sandbox: &Sandbox, params: &Params) -> Result<Value, Fail> {
    if params.get("userName").is_some() || params.get("token").is_some() {
        merchant(sandbox, params)?;
    }
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
        "paymentWays": ["ALFA_ALFACLICK"],
        "bindingEnabled": false,
        "bindingItems": [],
        "cvcNotRequired": false,
        "sslOnly": false,
        "feeEnabled": false,
        "sessionParams": [],
        "merchantOptions": [],
        "customerDetails": {},
    }))
}
