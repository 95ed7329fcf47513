//! Pages for the payer: the gateway's payment page (`formUrl`) with its card form and the way to
//! Alfa-Click, and the bank's page the redirect scenario leads to.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};

use super::order::{OrderState, RbsOrder, Way};
use super::reply::Fail;
use super::{card, payment};
use crate::money;
use crate::pages::{self, Brand, Choice, Lang, MessagePage, Outcome, PayPage, ReturnPage};
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
    two_stage: bool,
    alfa_click: bool,
    wrong: Option<String>,
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

/// `?lang`, else the language in the page's name, else the browser's.
fn language(page: &str, params: &Params, headers: &HeaderMap) -> Lang {
    let named = page.strip_prefix("payment_").and_then(|p| p.strip_suffix(".html"));
    match params.get("lang").or(named).and_then(Lang::parse) {
        Some(lang) => lang,
        None => Lang::of(params, headers),
    }
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
    let lang = language(&page, &params, &headers);
    let id = params.text("mdOrder");
    let Some((_, order)) = open(&sandbox, id).filter(|(_, o)| o.merchant == merchant) else {
        return pages::no_order(lang, Brand::Gateway);
    };
    form(&order, lang, None)
}

/// The payment page of an order, without the host.
pub(crate) fn form_url(order: &RbsOrder, lang: Lang) -> String {
    let (merchant, id) = (web::path_segment(&order.merchant), &order.order_id);
    format!("/payment/merchants/{merchant}/payment_{}.html?mdOrder={id}", lang.code())
}

/// The form while the order can be paid by card, afterwards what came of it. Nothing that was
/// typed is shown again.
fn form(order: &RbsOrder, lang: Lang, wrong: Option<String>) -> Response {
    match order.state {
        OrderState::Created | OrderState::Authenticating => {}
        OrderState::Pending
        | OrderState::Approved
        | OrderState::PartlyTaken
        | OrderState::Deposited
        | OrderState::Reversed
        | OrderState::Refunded
        | OrderState::Declined => return show(order, Brand::Gateway, lang).respond(),
    }
    let status = if wrong.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = FormPage {
        lang,
        brand: Brand::Gateway,
        other_url: form_url(order, lang.other()),
        payee: order.merchant.clone(),
        order: order.order_number.clone(),
        description: order.description.clone(),
        amount: amount_of(order, lang),
        action: form_url(order, lang),
        two_stage: order.two_stage,
        alfa_click: order.state == OrderState::Created && !order.two_stage,
        wrong,
    };
    pages::page(status, &page)
}

/// A form of the payment page: the card form (it has `$PAN`), or the Alfa-Click button, which
/// hands the order over and goes to the bank.
pub(super) async fn pay(
    State(sandbox): State<Sandbox>,
    Path((merchant, page)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::read(&method, &uri, &body);
    let lang = language(&page, &params, &headers);
    let id = params.text("mdOrder");
    let Some((at, order)) = open(&sandbox, id).filter(|(_, o)| o.merchant == merchant) else {
        return pages::no_order(lang, Brand::Gateway);
    };
    if params.raw("$PAN").is_some() {
        return pay_by_card(&sandbox, at, &order, &params, lang);
    }
    if order.two_stage {
        return form(&order, lang, None);
    }
    sandbox.with_state(|state, now| {
        super::hand_over(&sandbox, state, at, Way::Redirect, now);
    });
    sandbox.press_soon(at);
    Redirect::to(&checkout_url(&order.order_id, lang)).into_response()
}

/// The gateway's page does not look at the device: it asks the issuer at once.
fn pay_by_card(
    sandbox: &Sandbox,
    at: usize,
    order: &RbsOrder,
    params: &Params,
    lang: Lang,
) -> Response {
    let done = sandbox.with_state(|state, now| {
        payment::take_card(sandbox, state, at, params, now)?;
        if state.rbs.three_ds_mut(at).is_some_and(|t| t.is_v2()) {
            payment::ask_issuer(sandbox, state, at, now)?;
        }
        state.rbs.orders.get(at).cloned().ok_or(Fail::Unknown)
    });
    let order = match done {
        Ok(order) => order,
        Err(Fail::State) => return form(order, lang, None),
        Err(fail) => return form(order, lang, Some(fail.text(lang == Lang::Ru))),
    };
    let three_ds = order.card.as_ref().and_then(|c| c.three_ds.as_ref());
    let base = sandbox.public_url();
    let (action, fields) = match three_ds {
        Some(three_ds) if order.state == OrderState::Authenticating && three_ds.is_v2() => {
            let fields =
                vec![("creq", three_ds.creq()), ("threeDSSessionData", order.order_id.clone())];
            (format!("{base}/acs/challenge?lang={}", lang.code()), fields)
        }
        Some(three_ds) if order.state == OrderState::Authenticating => {
            let back = format!("{base}/payment/rest/finish3ds.do?lang={}", lang.code());
            let fields = vec![
                ("PaReq", three_ds.pa_req()),
                ("MD", order.order_id.clone()),
                ("TermUrl", back),
            ];
            (format!("{base}/acs/3ds1?lang={}", lang.code()), fields)
        }
        Some(_) | None => return Redirect::to(&form_url(&order, lang)).into_response(),
    };
    ReturnPage { lang, brand: Brand::Gateway, action, fields }.respond()
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

fn outcome(order: &RbsOrder, lang: Lang) -> Outcome {
    let (tone, headline, text) = super::words(order, lang);
    let declined = order.state == OrderState::Declined && order.action_code != super::NO_FUNDS;
    let text = match card::reason(order.action_code, lang) {
        Some(reason) if declined => format!("{reason}. {text}"),
        Some(_) | None => text.to_owned(),
    };
    Outcome {
        tone,
        headline: headline.to_owned(),
        text,
        code: format!("orderStatus {} · actionCode {}", order.state.wire().0, order.action_code),
        back: (!order.is_open()).then(|| order.return_to()),
    }
}
