//! Pages for the payer: the gateway's payment page (`formUrl`) and the bank's page the
//! redirect scenario leads to.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};

use super::order::{OrderState, RbsOrder, Way};
use crate::money;
use crate::pages::{self, Brand, Choice, Lang, MessagePage, Outcome, PayPage, Tone};
use crate::runtime::Sandbox;
use crate::state::Press;
use crate::web::{self, Params};

#[derive(Template)]
#[template(path = "form.html")]
struct FormPage {
    lang: Lang,
    brand: Brand,
    other_url: String,
    payee: String,
    order: String,
    description: String,
    amount: String,
    action: String,
}

/// The order as people see it.
pub(crate) fn amount_of(order: &RbsOrder, lang: Lang) -> String {
    order.currency().map_or_else(String::new, |c| money::human(order.amount, c, lang))
}

fn open(sandbox: &Sandbox, id: &str) -> Option<(usize, RbsOrder)> {
    sandbox.with_state(|state, now| {
        let at = state.rbs.find(id)?;
        super::expire_if_late(sandbox, state, at, now);
        state.rbs.orders.get(at).cloned().map(|order| (at, order))
    })
}

fn checkout_url(order_id: &str, lang: Lang) -> String {
    format!("/checkout/payments/?orderId={order_id}&lang={}", lang.code())
}

/// `GET /payment/merchants/<merchant>/payment_<lang>.html?mdOrder=`.
pub(super) async fn choose(
    State(sandbox): State<Sandbox>,
    Path((merchant, page)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let params = Params::read(&method, &uri, &Bytes::new());
    let named = page.strip_prefix("payment_").and_then(|p| p.strip_suffix(".html"));
    let lang = match params.get("lang").and_then(Lang::parse).or(named.and_then(Lang::parse)) {
        Some(lang) => lang,
        None => Lang::of(&params, &headers),
    };
    let id = params.text("mdOrder");
    let Some((_, order)) = open(&sandbox, id).filter(|(_, o)| o.merchant == merchant) else {
        return pages::no_order(lang, Brand::Gateway);
    };
    if order.state != OrderState::Created {
        return show(&order, Brand::Gateway, lang).respond();
    }
    let base = format!("/payment/merchants/{}", web::path_segment(&merchant));
    let at = |l: Lang| format!("{base}/payment_{}.html?mdOrder={id}", l.code());
    let page = FormPage {
        lang,
        brand: Brand::Gateway,
        other_url: at(lang.other()),
        payee: order.merchant.clone(),
        order: order.order_number.clone(),
        description: order.description.clone(),
        amount: amount_of(&order, lang),
        action: at(lang),
    };
    pages::page(StatusCode::OK, &page)
}

/// The Alfa-Click button of the payment page: hands the order over and goes to the bank.
pub(super) async fn hand_over(
    State(sandbox): State<Sandbox>,
    Path((merchant, _)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::read(&method, &uri, &body);
    let lang = Lang::of(&params, &headers);
    let id = params.text("mdOrder");
    let Some((at, order)) = open(&sandbox, id).filter(|(_, o)| o.merchant == merchant) else {
        return pages::no_order(lang, Brand::Gateway);
    };
    sandbox.with_state(|state, now| {
        super::hand_over(&sandbox, state, at, Way::Redirect, now);
    });
    sandbox.press_soon(at);
    Redirect::to(&checkout_url(&order.order_id, lang)).into_response()
}

/// `GET /checkout/payments/?orderId=`: the bank's page.
pub(super) async fn checkout(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let params = Params::read(&method, &uri, &Bytes::new());
    let lang = Lang::of(&params, &headers);
    match open(&sandbox, params.text("orderId")) {
        Some((_, order)) => bank_page(&order, lang),
        None => pages::no_order(lang, Brand::Bank),
    }
}

/// The press on the bank's page: `action` is `pay` or `cancel`. After the end it only shows the
/// result.
pub(super) async fn checkout_press(
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
    let id = params.text("orderId");
    let Some((at, order)) = open(&sandbox, id) else { return pages::no_order(lang, Brand::Bank) };
    // A bill is paid under its own login, not by whoever knows the order's id.
    if order.way == Some(Way::Redirect) {
        sandbox.with_state(|state, now| super::press(&sandbox, state, at, press, now));
    }
    match open(&sandbox, id) {
        Some((_, order)) => bank_page(&order, lang),
        None => pages::no_order(lang, Brand::Bank),
    }
}

fn bank_page(order: &RbsOrder, lang: Lang) -> Response {
    if order.state == OrderState::Created {
        let text = lang.pick(
            "Магазин ещё не передал этот заказ в банк. Вернитесь в магазин и выберите Альфа-Клик.",
            "The shop has not handed this order to the bank yet. Go back and choose Alfa-Click.",
        );
        let message = MessagePage {
            lang,
            brand: Brand::Bank,
            headline: lang.pick("Заказ ещё не в банке", "The order is not at the bank yet"),
            text: text.to_owned(),
            code: "order_not_handed_over",
        };
        return pages::page(StatusCode::OK, &message);
    }
    show(order, Brand::Bank, lang).respond()
}

fn show(order: &RbsOrder, brand: Brand, lang: Lang) -> PayPage {
    let waits = order.state == OrderState::Pending && order.way == Some(Way::Redirect);
    let choice = waits.then(|| Choice {
        action: checkout_url(&order.order_id, lang),
        pays: !money::is_refused_amount(order.amount),
        until: lang.moment(order.deadline_ms),
    });
    PayPage {
        lang,
        brand,
        other_url: checkout_url(&order.order_id, lang.other()),
        payee: order.merchant.clone(),
        order: order.order_number.clone(),
        description: order.description.clone(),
        amount: amount_of(order, lang),
        outcome: if waits { None } else { Some(outcome(order, lang)) },
        choice,
    }
}

/// The state in the payer's words; shared with the lists of the bank and the index.
pub(crate) fn words(order: &RbsOrder, lang: Lang) -> (Tone, &'static str, &'static str) {
    match (order.state, order.action_code) {
        (OrderState::Created, _) => (
            Tone::Waiting,
            lang.pick("Создан", "Created"),
            lang.pick("Ещё не в банке.", "Not at the bank yet."),
        ),
        (OrderState::Pending, _) => (
            Tone::Waiting,
            lang.pick("Ждёт оплаты", "Waiting for payment"),
            lang.pick(
                "Счёт выставлен в банке: войдите под своим логином и оплатите его.",
                "The bill is at the bank: log in there and pay it.",
            ),
        ),
        (OrderState::Deposited, _) => (
            Tone::Success,
            lang.pick("Оплачено", "Paid"),
            lang.pick("Платёж проведён.", "The payment went through."),
        ),
        (OrderState::Reversed, _) => (
            Tone::Returned,
            lang.pick("Оплата отменена", "Payment reversed"),
            lang.pick(
                "Магазин отменил оплату, деньги вернулись.",
                "The shop cancelled the payment.",
            ),
        ),
        (OrderState::Refunded, _) => (
            Tone::Returned,
            lang.pick("Возвращено", "Refunded"),
            lang.pick(
                "Магазин вернул деньги целиком или частью.",
                "The shop gave back all or a part.",
            ),
        ),
        (OrderState::Declined, super::NO_FUNDS) => (
            Tone::Problem,
            lang.pick("Отклонено", "Declined"),
            lang.pick(
                "Недостаточно средств на счёте. Деньги не списаны.",
                "Not enough money on the account. Nothing was taken.",
            ),
        ),
        (OrderState::Declined, super::TIMED_OUT) => (
            Tone::Problem,
            lang.pick("Время вышло", "Time is up"),
            lang.pick(
                "Оплату не подтвердили вовремя. Деньги не списаны, заказ можно оформить снова.",
                "The payment was not confirmed in time. Nothing was taken; you may order again.",
            ),
        ),
        (OrderState::Declined, _) => (
            Tone::Problem,
            lang.pick("Отменено", "Cancelled"),
            lang.pick("Оплата отменена. Деньги не списаны.", "Cancelled. Nothing was taken."),
        ),
    }
}

fn outcome(order: &RbsOrder, lang: Lang) -> Outcome {
    let (tone, headline, text) = words(order, lang);
    Outcome {
        tone,
        headline: headline.to_owned(),
        text: text.to_owned(),
        code: format!("orderStatus {} · actionCode {}", order.state.wire().0, order.action_code),
        back: (!order.is_open()).then(|| order.return_to()),
    }
}
