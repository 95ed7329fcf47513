//! `register.do` and `registerPreAuth.do` (providers.md §1.2): one stage, or a hold first.

use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde_json::{Value, json};

use super::api::{address, amount, merchant};
use super::order::{OrderState, RbsOrder};
use super::reply::Fail;
use crate::money;
use crate::pages::Lang;
use crate::runtime::Sandbox;
use crate::state::Timer;
use crate::web::{self, Params};

/// Life of an order that names none, seconds (§1.2).
const DEFAULT_LIFE_S: i64 = 1_200;

/// How the money is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stages {
    /// At once.
    One,
    /// Held, then captured by `deposit.do`.
    Two,
}

/// A date of the interface is Moscow time.
fn moment(params: &Params, name: &'static str) -> Result<Option<i64>, Fail> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let local: DateTime = text.parse().map_err(|_| Fail::Bad(name))?;
    let at = Offset::constant(3).to_timestamp(local).map_err(|_| Fail::Bad(name))?;
    Ok(Some(at.as_millisecond()))
}

/// `expirationDate` beats `sessionTimeoutSecs`.
fn deadline(params: &Params, now: i64) -> Result<i64, Fail> {
    if let Some(at) = moment(params, "expirationDate")? {
        return Ok(at);
    }
    let seconds = match params.get("sessionTimeoutSecs") {
        None => DEFAULT_LIFE_S,
        Some(text) => text
            .parse::<u32>()
            .ok()
            .filter(|s| *s > 0)
            .map(i64::from)
            .ok_or(Fail::Bad("sessionTimeoutSecs"))?,
    };
    Ok(now + seconds * 1_000)
}

/// Errors in the order of the code table: access, missing, value, currency, duplicate.
pub(super) fn register(sandbox: &Sandbox, params: &Params, stages: Stages) -> Result<Value, Fail> {
    let merchant = merchant(sandbox, params)?;
    let number = params.get("orderNumber").ok_or(Fail::Missing("orderNumber"))?;
    let sum = amount(params, Fail::Missing("amount"))?;
    let return_url = address(params, "returnUrl")?.ok_or(Fail::Missing("returnUrl"))?;
    let fail_url = address(params, "failUrl")?;
    let callback_url = address(params, "dynamicCallbackUrl")?;
    if number.chars().count() > 36 {
        return Err(Fail::Bad("orderNumber"));
    }
    if sum == 0 {
        return Err(Fail::Bad("amount"));
    }
    let currency = params.get("currency").unwrap_or("643");
    money::by_numeric(currency).ok_or(Fail::Currency)?;
    let language = params.get("language").filter(|l| Lang::parse(l).is_some()).unwrap_or("ru");
    let order_id = sandbox.ids().uuid();
    let form_url = format!(
        "{}/payment/merchants/{}/payment_{language}.html?mdOrder={order_id}",
        sandbox.public_url(),
        web::path_segment(&merchant.name),
    );
    let reply = json!({ "orderId": order_id, "formUrl": form_url });
    sandbox.with_state(|state, now| {
        if state.rbs.find_number(&merchant.name, number).is_some() {
            return Err(Fail::Duplicate);
        }
        let deadline_ms = deadline(params, now)?;
        let at = state.rbs.add(RbsOrder {
            order_id,
            merchant: merchant.name.clone(),
            order_number: number.to_owned(),
            amount: sum,
            currency: currency.to_owned(),
            return_url,
            fail_url,
            callback_url,
            description: params.text("description").chars().take(598).collect(),
            language: language.to_owned(),
            ip: params.text("ip").chars().take(39).collect(),
            created_ms: now,
            deadline_ms,
            two_stage: stages == Stages::Two,
            autocompletion_ms: moment(params, "autocompletionDate")?,
            auto_reverse_ms: moment(params, "autoReverseDate")?,
            state: OrderState::Created,
            action_code: super::NOT_TRIED,
            way: None,
            card: None,
            handed_ms: None,
            paid_ms: None,
            reversed_ms: None,
            reverse_tried: false,
            approved: 0,
            taken: 0,
            deposited: 0,
            refunded: 0,
            charges: 0,
            refunds: Vec::new(),
        });
        state.timers.insert((deadline_ms, Timer::Rbs(at)));
        state.dirty = true;
        Ok(reply)
    })
}
