//! A card's way to the issuer: `paymentorder.do`, `processform.do`, `3ds/continue.do` and
//! `verifyEnrollment.do` (providers.md §1.4).
//!
//! Guarantees: a reply says where the order stands, so that a repeat of the second step gives the
//! first answer again; an order that was held, paid or declined takes no other card. **Chosen**: a
//! new card for an order that waits for the issuer begins anew and makes the earlier attempt's
//! messages worthless.

use serde_json::{Value, json};

use super::api::{address, check_access_if_given, merchant, own_order};
use super::card::{Check, Entered, Pan, Plan};
use super::hold;
use super::order::{CardPayment, OrderState, RbsOrder};
use super::reply::Fail;
use super::three_ds::{self, ThreeDs};
use crate::pages::Lang;
use crate::runtime::Sandbox;
use crate::state::State;
use crate::web::Params;

/// `paymentorder.do`.
pub(super) fn by_merchant(
    sandbox: &Sandbox,
    params: &Params,
    russian: bool,
) -> Result<Value, Fail> {
    let merchant = merchant(sandbox, params)?;
    let number = params.get("MDORDER").or(params.get("mdOrder"));
    let id = number.ok_or(Fail::Bad("MDORDER"))?;
    let order = sandbox.with_state(|state, now| {
        let own = |at: &usize| {
            state.rbs.orders.get(*at).is_some_and(|order| order.merchant == merchant.name)
        };
        let at = state.rbs.find(id).filter(own).ok_or(Fail::Unknown)?;
        take_card(sandbox, state, at, params, now)
    })?;
    Ok(reply(sandbox, &order, russian))
}

/// `processform.do` without `paymentWay`: the card typed on the gateway's page.
pub(super) fn by_page(sandbox: &Sandbox, params: &Params, russian: bool) -> Result<Value, Fail> {
    check_access_if_given(sandbox, params)?;
    let id = params.get("MDORDER").or(params.get("mdOrder")).ok_or(Fail::Bad("MDORDER"))?;
    let order = sandbox.with_state(|state, now| {
        let at = state.rbs.find(id).ok_or(Fail::Unknown)?;
        take_card(sandbox, state, at, params, now)
    })?;
    Ok(reply(sandbox, &order, russian))
}

/// Takes an entered card; the order as it stands then.
pub(super) fn take_card(
    sandbox: &Sandbox,
    state: &mut State,
    at: usize,
    params: &Params,
    now: i64,
) -> Result<RbsOrder, Fail> {
    let entered = Entered::read(params)?;
    let finish_url = address(params, "threeDSVer2FinishUrl")?;
    super::expire_if_late(sandbox, state, at, now);
    if let Some(trans_id) = params.get("threeDSServerTransID") {
        second_step(sandbox, state, at, (trans_id, &entered, finish_url), now)?;
    } else {
        first_step(sandbox, state, at, (entered, finish_url), now)?;
    }
    state.rbs.orders.get(at).cloned().ok_or(Fail::Unknown)
}

fn first_step(
    sandbox: &Sandbox,
    state: &mut State,
    at: usize,
    (entered, finish_url): (Entered, Option<String>),
    now: i64,
) -> Result<(), Fail> {
    let order = state.rbs.orders.get_mut(at).ok_or(Fail::Unknown)?;
    match order.state {
        OrderState::Created | OrderState::Authenticating => {}
        OrderState::Pending
        | OrderState::Approved
        | OrderState::PartlyTaken
        | OrderState::Deposited
        | OrderState::Reversed
        | OrderState::Refunded
        | OrderState::Declined => return Err(Fail::State),
    }
    let plan = entered.plan(order.amount, now);
    let (verdict, check) = match plan {
        Plan::Decline(code) | Plan::Authorize(code) => (code, None),
        Plan::Authenticate(check, verdict) => (verdict, Some(check)),
    };
    if check.is_some() {
        order.state = OrderState::Authenticating;
    }
    let three_ds = check.map(|c| ThreeDs::begin(sandbox, c, finish_url));
    let card = CardPayment { face: entered.face, verdict, three_ds, authorization: None };
    state.rbs.set_card(at, card);
    state.dirty = true;
    match plan {
        Plan::Decline(code) => hold::decline(sandbox, state, at, code, now),
        Plan::Authorize(_) => hold::authorize(sandbox, state, at, now),
        Plan::Authenticate(..) => {}
    }
    Ok(())
}

/// The same call again with `threeDSServerTransID`, after the device was looked at. It must be
/// this order's transaction, and the card it was begun with.
fn second_step(
    sandbox: &Sandbox,
    state: &mut State,
    at: usize,
    (trans_id, entered, finish_url): (&str, &Entered, Option<String>),
    now: i64,
) -> Result<(), Fail> {
    let card = state.rbs.orders.get(at).and_then(|o| o.card.as_ref());
    let same_card = card.is_some_and(|c| c.face == entered.face);
    let three_ds = state.rbs.three_ds_mut(at);
    let ours = three_ds.filter(|t| same_card && t.is_v2() && t.trans_id == trans_id);
    let three_ds = ours.ok_or(Fail::Bad("threeDSServerTransID"))?;
    if finish_url.is_some() && !three_ds.asked {
        three_ds.finish_url = finish_url;
    }
    ask_issuer(sandbox, state, at, now)
}

/// `3ds/continue.do`: the second step by the order alone.
pub(super) fn go_on(sandbox: &Sandbox, params: &Params, russian: bool) -> Result<Value, Fail> {
    let merchant = merchant(sandbox, params)?;
    params.get("mdOrder").or(params.get("MDORDER")).ok_or(Fail::Bad("mdOrder"))?;
    let order = sandbox.with_state(|state, now| {
        let at = own_order(sandbox, merchant, params, state, now)?;
        ask_issuer(sandbox, state, at, now)?;
        state.rbs.orders.get(at).cloned().ok_or(Fail::Unknown)
    })?;
    Ok(reply(sandbox, &order, russian))
}

/// Asks the issuer who pays (AReq). Without a question its answer decides at once; asked a second
/// time it changes nothing.
pub(super) fn ask_issuer(
    sandbox: &Sandbox,
    state: &mut State,
    at: usize,
    now: i64,
) -> Result<(), Fail> {
    let open = state.rbs.orders.get(at).is_some_and(RbsOrder::is_open);
    let three_ds = state.rbs.three_ds_mut(at).filter(|t| t.is_v2()).ok_or(Fail::State)?;
    if three_ds.asked || !open {
        return Ok(());
    }
    three_ds.asked = true;
    state.dirty = true;
    if let Check::Frictionless(status) = three_ds.check {
        three_ds.result = Some(status);
        settle(sandbox, state, at, now);
    }
    Ok(())
}

/// The authentication is over: the issuer is asked for the money, or the order ends.
pub(super) fn settle(sandbox: &Sandbox, state: &mut State, at: usize, now: i64) {
    let Some(three_ds) = state.rbs.three_ds_mut(at) else { return };
    let Some(result) = three_ds.result else { return };
    if result.lets_pay() {
        return hold::authorize(sandbox, state, at, now);
    }
    let code = match three_ds.check {
        Check::Challenge(_) => super::CHALLENGE_FAILED,
        Check::Frictionless(_) | Check::Fallback(_) => super::NOT_CONFIRMED,
    };
    hold::decline(sandbox, state, at, code, now);
}

/// Which family of replies an order with a card is at.
fn reply(sandbox: &Sandbox, order: &RbsOrder, russian: bool) -> Value {
    let three_ds = order.card.as_ref().and_then(|c| c.three_ds.as_ref());
    match (order.state, three_ds) {
        (OrderState::Authenticating, Some(three_ds)) => {
            to_issuer(sandbox, three_ds, &order.language)
        }
        (
            OrderState::Created
            | OrderState::Authenticating
            | OrderState::Pending
            | OrderState::Approved
            | OrderState::PartlyTaken
            | OrderState::Deposited
            | OrderState::Reversed
            | OrderState::Refunded
            | OrderState::Declined,
            _,
        ) => over(order, russian),
    }
}

fn to_issuer(sandbox: &Sandbox, three_ds: &ThreeDs, lang: &str) -> Value {
    let base = sandbox.public_url();
    let info = "Your order is proceeded, redirecting to ACS...";
    if !three_ds.is_v2() {
        return json!({
            "info": info,
            "errorCode": 0,
            "acsUrl": format!("{base}/acs/3ds1?lang={lang}"),
            "paReq": three_ds.pa_req(),
            "termUrl": format!("{base}/payment/rest/finish3ds.do?lang={lang}"),
        });
    }
    if three_ds.asked {
        return json!({
            "info": info,
            "errorCode": 0,
            "acsUrl": format!("{base}/acs/challenge?lang={lang}"),
            "is3DSVer2": true,
            "packedCReq": three_ds.creq(),
        });
    }
    let notify = format!("{base}/acs/method-done");
    json!({
        "errorCode": 0,
        "is3DSVer2": true,
        "threeDSServerTransId": three_ds.trans_id,
        "threeDSMethodURL": format!("{base}/acs/method"),
        "threeDSMethodURLServer": format!("{base}/acs/server-method"),
        "threeDSMethodDataPacked": three_ds::method_data(&three_ds.trans_id, notify),
    })
}

/// The end of it, good or bad: both with errorCode 0.
fn over(order: &RbsOrder, russian: bool) -> Value {
    let three_ds = order.card.as_ref().and_then(|c| c.three_ds.as_ref());
    let mut body = if order.was_accepted() {
        json!({
            "redirect": order.return_to(),
            "info": "Your order is proceeded, redirecting...",
            "errorCode": 0,
        })
    } else {
        let lang = if russian { Lang::Ru } else { Lang::En };
        let text = lang.pick(
            "Операция отклонена. Проверьте введённые данные и достаточность средств на карте.",
            "Operation declined. Please check the data and available balance of the account.",
        );
        let (kind, origin) = if order.action_code == super::NOT_CONFIRMED {
            ("TDS_UNKNOWN_ARES_STATUS", "MANDATORY_3DSECURE")
        } else {
            ("DATA_INPUT_ERROR", "CLIENT_ERROR")
        };
        json!({
            "redirect": order.return_to(),
            "error": text,
            "errorCode": 0,
            "errorTypeName": kind,
            "processingErrorType": origin,
            "errorMessage": text,
        })
    };
    if three_ds.is_some_and(ThreeDs::is_v2)
        && let Some(map) = body.as_object_mut()
    {
        map.insert("is3DSVer2".to_owned(), true.into());
    }
    body
}

/// `verifyEnrollment.do`: whether the card is checked, and by which version.
pub(super) fn enrollment(sandbox: &Sandbox, params: &Params) -> Result<Value, Fail> {
    merchant(sandbox, params)?;
    let pan = params.get("pan").and_then(Pan::parse).ok_or(Fail::Bad("pan"))?;
    let (enrolled, second) = match pan.check() {
        None => ("N", false),
        Some(Check::Fallback(_)) => ("Y", false),
        Some(Check::Frictionless(_) | Check::Challenge(_)) => ("Y", true),
    };
    Ok(json!({
        "enrolled": enrolled,
        "emitterName": "EMULATOR BANK",
        "emitterCountryCode": "RU",
        "is3DSVer2": second,
        "errorCode": 0,
    }))
}
