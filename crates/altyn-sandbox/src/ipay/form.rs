//! The C2B form (providers.md §2.1) and the payer's page it opens.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::notice;
use super::order::{IpayOrder, IpayState, RefundState};
use crate::faults::Provider;
use crate::money;
use crate::pages::{self, Brand, Choice, Lang, MessagePage, Outcome, PayPage, Tone};
use crate::runtime::Sandbox;
use crate::sign;
use crate::state::{Press, Timer};
use crate::web::{self, Call, Params};

/// The signed fields in their order; `hsh` is over their texts without separators.
const SIGNED: [&str; 15] = [
    "live", "oid", "inv", "ttl", "tel", "eml", "vid", "curr", "p1", "p2", "p3", "p4", "cbk", "cst",
    "crl",
];

/// Why a form is refused; shown to the payer with HTTP 200 (§2.7).
#[derive(Clone, Copy, Debug)]
enum Refusal {
    Vendor,
    Hash,
    Field(&'static str),
    Currency,
    OtherAmount,
}

fn currencies(country: &str) -> &'static [&'static str] {
    match country {
        "ke" => &["KES", "USD"],
        "tz" => &["TZS"],
        "ug" => &["UGX"],
        _ => &[],
    }
}

/// `/v3/{ke,tz,ug}`: checks the form and shows the page. The same form again shows the same
/// order; after it was paid, that it was paid.
pub(super) async fn open(
    State(sandbox): State<Sandbox>,
    Path(country): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::read(&method, &uri, &body);
    let lang = Lang::of(&params, &headers);
    let known = !currencies(&country).is_empty();
    if !known || !matches!(method, Method::GET | Method::POST) {
        return pages::no_order(lang, Brand::Partner);
    }
    let call = Call { provider: Provider::Ipay, method: country, moves: false, params };
    call.note(&sandbox, &method, uri.path());
    web::gate(&sandbox, call, |call, _| match accept(&sandbox, &call.method, &call.params) {
        Ok((order, repeated)) => view(&order, repeated, lang).respond(),
        Err(refusal) => refuse(refusal, lang),
    })
    .await
}

/// The order of a form and whether the form came after its payment.
fn accept(sandbox: &Sandbox, country: &str, params: &Params) -> Result<(IpayOrder, bool), Refusal> {
    let vid = params.text("vid");
    let vendor = sandbox.vendors().iter().find(|v| v.vid == vid).ok_or(Refusal::Vendor)?;
    let text: String = SIGNED.iter().map(|name| params.text(name)).collect();
    if !sign::same_hex(&sign::ipay_hsh(&vendor.key, &text), params.text("hsh")) {
        return Err(Refusal::Hash);
    }
    let order = read(sandbox, country, params)?;
    sandbox.with_state(|state, now| {
        if let Some(at) = state.ipay.find(vid, &order.oid) {
            super::expire_if_late(sandbox, state, at, now);
            let there = state.ipay.orders.get(at).cloned().ok_or(Refusal::Field("oid"))?;
            if there.amount != order.amount || there.curr != order.curr {
                return Err(Refusal::OtherAmount);
            }
            let repeated = there.state == IpayState::Paid;
            return Ok((there, repeated));
        }
        let mut order = order;
        order.created_ms = now;
        order.deadline_ms = now + super::PRESS_WITHIN_MS;
        let deadline = order.deadline_ms;
        let at = state.ipay.add(order.clone());
        state.timers.insert((deadline, Timer::Ipay(at)));
        state.dirty = true;
        Ok((order, false))
    })
}

fn read(sandbox: &Sandbox, country: &str, params: &Params) -> Result<IpayOrder, Refusal> {
    let need = |name: &'static str| params.get(name).ok_or(Refusal::Field(name));
    let oid = need("oid")?;
    if oid.len() > 34 {
        return Err(Refusal::Field("oid"));
    }
    let ttl = need("ttl")?;
    let curr = need("curr")?;
    if !currencies(country).contains(&curr) {
        return Err(Refusal::Currency);
    }
    let exponent = money::by_alpha(curr).ok_or(Refusal::Currency)?.exponent;
    let hundredths = money::parse_hundredths(ttl).filter(|h| *h > 0);
    let hundredths = hundredths.ok_or(Refusal::Field("ttl"))?;
    let step = 10_u64.pow(2_u32.saturating_sub(exponent));
    if hundredths % step != 0 {
        return Err(Refusal::Field("ttl"));
    }
    let cbk = need("cbk")?;
    if !web::is_web_address(cbk) {
        return Err(Refusal::Field("cbk"));
    }
    let lbk = params.get("lbk").filter(|l| web::is_web_address(l)).map(str::to_owned);
    let own = |name: &str| params.text(name).to_owned();
    Ok(IpayOrder {
        vid: own("vid"),
        oid: oid.to_owned(),
        inv: own("inv"),
        ttl: ttl.to_owned(),
        amount: hundredths / step,
        curr: curr.to_owned(),
        tel: own("tel"),
        eml: own("eml"),
        extra: [own("p1"), own("p2"), own("p3"), own("p4")],
        cbk: cbk.to_owned(),
        lbk,
        autopay: params.text("autopay") == "1",
        session: sandbox.ids().token(40),
        created_ms: 0,
        deadline_ms: 0,
        ended_ms: None,
        state: IpayState::Open,
        txncd: String::new(),
        tokens: Default::default(),
        charges: 0,
        refunds: Vec::new(),
    })
}

fn refuse(refusal: Refusal, lang: Lang) -> Response {
    let (code, ru, en) = match refusal {
        Refusal::Vendor => ("vid", "Продавец не известен.", "The vendor is not known."),
        Refusal::Hash => (
            "hsh",
            "Подпись формы не сходится. Вернитесь в магазин и сообщите ему.",
            "The form's signature is wrong. Go back to the shop and tell them.",
        ),
        Refusal::Field(name) => {
            (name, "Поле формы не заполнено или неверно.", "A field of the form is wrong.")
        }
        Refusal::Currency => (
            "curr",
            "Эта валюта в этой стране не принимается.",
            "This currency is not accepted in this country.",
        ),
        Refusal::OtherAmount => (
            "oid",
            "Заказ с этим номером уже открыт на другую сумму.",
            "An order with this number is open for another amount.",
        ),
    };
    let message = MessagePage {
        lang,
        brand: Brand::Partner,
        headline: lang.pick("Оплату начать нельзя", "The payment cannot start"),
        text: lang.pick(ru, en).to_owned(),
        code,
    };
    pages::page(StatusCode::OK, &message)
}

fn own_url(order: &IpayOrder, lang: Lang) -> String {
    format!("/v3/checkout?id={}&lang={}", order.session, lang.code())
}

/// `GET /v3/checkout?id=`: the same page again, in either language.
pub(super) async fn show(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let params = Params::read(&method, &uri, &Bytes::new());
    let lang = Lang::of(&params, &headers);
    match by_session(&sandbox, params.text("id"), None) {
        Some(order) => view(&order, false, lang).respond(),
        None => pages::no_order(lang, Brand::Partner),
    }
}

/// The press: `action` is `pay` or `cancel`. After the end it only shows the result.
pub(super) async fn pressed(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::read(&method, &uri, &body);
    let lang = Lang::of(&params, &headers);
    let press = match params.text("action") {
        "pay" => Press::Pay,
        "cancel" => Press::Cancel,
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    match by_session(&sandbox, params.text("id"), Some(press)) {
        Some(order) => view(&order, false, lang).respond(),
        None => pages::no_order(lang, Brand::Partner),
    }
}

fn by_session(sandbox: &Sandbox, session: &str, press: Option<Press>) -> Option<IpayOrder> {
    sandbox.with_state(|state, now| {
        let at = state.ipay.find_session(session)?;
        super::expire_if_late(sandbox, state, at, now);
        if let Some(press) = press {
            super::press(sandbox, state, at, press, now);
        }
        state.ipay.orders.get(at).cloned()
    })
}

fn view(order: &IpayOrder, repeated: bool, lang: Lang) -> PayPage {
    let open = order.state == IpayState::Open;
    let choice = open.then(|| Choice {
        action: own_url(order, lang),
        pays: !money::is_refused_amount(order.hundredths()),
        until: lang.moment(order.deadline_ms),
    });
    let amount = order.currency().map(|c| money::human(order.amount, c, lang));
    PayPage {
        lang,
        brand: Brand::Partner,
        other_url: own_url(order, lang.other()),
        payee: order.vid.clone(),
        order: order.oid.clone(),
        description: String::new(),
        amount: amount.unwrap_or_default(),
        choice,
        outcome: (!open).then(|| outcome(order, repeated, lang)),
    }
}

fn outcome(order: &IpayOrder, repeated: bool, lang: Lang) -> Outcome {
    let (tone, headline, text) = if repeated {
        (
            Tone::Waiting,
            lang.pick("Этот заказ уже оплачен", "This order is paid already"),
            lang.pick("Второй раз деньги не списаны.", "Nothing was taken a second time."),
        )
    } else {
        words(order, lang)
    };
    let status = if repeated { super::USED } else { order.status() };
    let back = match (&order.lbk, order.state) {
        (Some(lbk), IpayState::Cancelled) => Some(lbk.clone()),
        _ => notice::callback_address(order, status),
    };
    Outcome {
        tone,
        headline: headline.to_owned(),
        text: text.to_owned(),
        code: format!("{status} · {}", order.txncd),
        back,
    }
}

/// The state in the payer's words; shared with the index.
pub(crate) fn words(order: &IpayOrder, lang: Lang) -> (Tone, &'static str, &'static str) {
    let returned = order.refunds.iter().any(|r| r.state == RefundState::Done);
    match order.state {
        IpayState::Open => (Tone::Waiting, lang.pick("Ждёт оплаты", "Waiting for payment"), ""),
        IpayState::Paid if returned => (
            Tone::Returned,
            lang.pick("Возвращено", "Refunded"),
            lang.pick("Магазин вернул деньги.", "The shop gave the money back."),
        ),
        IpayState::Paid => (
            Tone::Success,
            lang.pick("Оплачено", "Paid"),
            lang.pick("Платёж проведён.", "The payment went through."),
        ),
        IpayState::Failed => (
            Tone::Problem,
            lang.pick("Отклонено", "Declined"),
            lang.pick(
                "Недостаточно средств. Деньги не списаны.",
                "Not enough money. Nothing was taken.",
            ),
        ),
        IpayState::Cancelled => (
            Tone::Problem,
            lang.pick("Отменено", "Cancelled"),
            lang.pick("Оплата отменена. Деньги не списаны.", "Cancelled. Nothing was taken."),
        ),
        IpayState::TimedOut => (
            Tone::Problem,
            lang.pick("Время вышло", "Time is up"),
            lang.pick(
                "Оплату не подтвердили за 30 минут. Деньги не списаны.",
                "The payment was not confirmed within 30 minutes. Nothing was taken.",
            ),
        ),
    }
}
