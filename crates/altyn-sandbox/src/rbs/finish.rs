//! The way back from the issuer's page: `finish3ds.do` and `finish3dsVer2.do` by the browser,
//! `finish3dsPayment.do` and `finish3dsVer2Payment.do` by the merchant (providers.md §1.4).
//!
//! Guarantees: only the result the issuer's page wrote down pays; before there is one, and for a
//! message of another order or an earlier attempt, the answer is an error and nothing moves; a
//! repeat gets the first answer.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use super::api::{merchant, own_order};
use super::order::{OrderState, RbsOrder};
use super::payment::settle;
use super::reply::Fail;
use super::three_ds;
use crate::pages::{self, Brand, Lang, MessagePage};
use crate::runtime::Sandbox;
use crate::sign;
use crate::state::State;
use crate::web::Params;

/// `finish3dsPayment.do`: mdOrder, paRes.
pub(super) fn by_merchant_v1(sandbox: &Sandbox, params: &Params) -> Result<Value, Fail> {
    let merchant = merchant(sandbox, params)?;
    params.get("mdOrder").or(params.get("MDORDER")).ok_or(Fail::Bad("mdOrder"))?;
    let pa_res = params.get("paRes").or(params.get("PaRes")).ok_or(Fail::Bad("paRes"))?;
    let order = sandbox.with_state(|state, now| {
        let at = own_order(sandbox, merchant, params, state, now)?;
        with_pa_res(sandbox, state, at, pa_res, now)
    })?;
    Ok(json!({ "redirect": order.return_to(), "errorCode": 0 }))
}

/// `finish3dsVer2Payment.do`: threeDSServerTransId.
pub(super) fn by_merchant_v2(sandbox: &Sandbox, params: &Params) -> Result<Value, Fail> {
    let merchant = merchant(sandbox, params)?;
    let named = params.get("threeDSServerTransId").or(params.get("threeDSServerTransID"));
    let trans_id = named.ok_or(Fail::Bad("threeDSServerTransId"))?;
    let order = sandbox.with_state(|state, now| {
        let own = |at: &usize| {
            state.rbs.orders.get(*at).is_some_and(|order| order.merchant == merchant.name)
        };
        let at = state.rbs.find_transaction(trans_id).filter(own).ok_or(Fail::Unknown)?;
        if state.rbs.three_ds_mut(at).is_none_or(|t| !t.is_v2()) {
            return Err(Fail::Unknown);
        }
        finish(sandbox, state, at, now)
    })?;
    Ok(json!({ "redirect": order.return_to(), "errorCode": 0, "is3DSVer2": true }))
}

/// `finish3ds.do`: PaRes, and MD which holds the order's id.
pub(super) fn by_browser_v1(sandbox: &Sandbox, params: &Params, lang: Lang) -> Response {
    let done = sandbox.with_state(|state, now| {
        let at = state.rbs.find(params.text("MD")).ok_or(Fail::Unknown)?;
        with_pa_res(sandbox, state, at, params.text("PaRes"), now)
    });
    back_to_shop(done, lang)
}

/// `finish3dsVer2.do`: the gateway's own address for `cres`, of which only the two ids are read.
pub(super) fn by_browser_v2(sandbox: &Sandbox, params: &Params, lang: Lang) -> Response {
    let done = sandbox.with_state(|state, now| {
        let cres = params.text("cres");
        let (trans_id, acs_id) = three_ds::read_message(cres, "CRes").ok_or(Fail::Bad("cres"))?;
        let at = state.rbs.find_transaction(&trans_id).ok_or(Fail::Unknown)?;
        if state.rbs.three_ds_mut(at).is_none_or(|t| t.acs_id != acs_id) {
            return Err(Fail::Unknown);
        }
        finish(sandbox, state, at, now)
    });
    back_to_shop(done, lang)
}

fn with_pa_res(
    sandbox: &Sandbox,
    state: &mut State,
    at: usize,
    pa_res: &str,
    now: i64,
) -> Result<RbsOrder, Fail> {
    // A plus sign that a form did not escape arrives as a space.
    let given = pa_res.trim().replace(' ', "+");
    let issued = state.rbs.three_ds_mut(at).and_then(|t| t.pa_res.clone());
    if !issued.is_some_and(|issued| sign::same_secret(&issued, &given)) {
        return Err(Fail::Bad("paRes"));
    }
    finish(sandbox, state, at, now)
}

/// Lets the result take effect once. An order that ended meanwhile without it stays as it is.
fn finish(sandbox: &Sandbox, state: &mut State, at: usize, now: i64) -> Result<RbsOrder, Fail> {
    super::expire_if_late(sandbox, state, at, now);
    state.rbs.three_ds_mut(at).and_then(|t| t.result).ok_or(Fail::State)?;
    if state.rbs.orders.get(at).is_some_and(|o| o.state == OrderState::Authenticating) {
        settle(sandbox, state, at, now);
    }
    state.rbs.orders.get(at).cloned().ok_or(Fail::Unknown)
}

fn back_to_shop(done: Result<RbsOrder, Fail>, lang: Lang) -> Response {
    match done {
        Ok(order) => Redirect::to(&order.return_to()).into_response(),
        Err(_) => {
            let text = lang.pick(
                "Вернитесь в магазин: он узнает, прошла ли оплата, и предложит начать её заново.",
                "Go back to the shop: it learns whether the payment went through.",
            );
            let message = MessagePage {
                lang,
                brand: Brand::Gateway,
                headline: lang.pick("Ответ банка не принят", "The bank's answer is not accepted"),
                text: text.to_owned(),
                code: "three_ds_answer_unknown",
            };
            pages::page(StatusCode::BAD_REQUEST, &message)
        }
    }
}
