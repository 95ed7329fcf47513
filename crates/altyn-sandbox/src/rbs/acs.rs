//! The issuer's own pages (ACS): the look at the device, the question for a code by 3DS 2 and by
//! 3DS 1, and the way back to the shop.
//!
//! Guarantees: the first answer stands, a repeat shows it again; what the browser brings back is
//! only a reference, the result is written down here (RReq). The pages work without scripts: the
//! form that leads back has a button, and one line of script presses it. They may be framed by a
//! shop, as a challenge window is. **Chosen**: any code of four to six digits is right but 0000,
//! which fails, as does «Отмена»; a card that declines does so after a right code too.

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};

use super::card::{Check, TransStatus};
use super::order::{OrderState, RbsOrder};
use super::page::amount_of;
use super::three_ds::{self, ThreeDs};
use crate::pages::{self, Brand, Lang, MessagePage, ReturnPage};
use crate::runtime::Sandbox;
use crate::state::{Press, State as Memory};
use crate::web::{self, Params};

/// Where the pages are; `acsUrl` and `threeDSMethodURL` name them.
pub(super) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/acs/method", any(look_at_device))
        .route("/acs/server-method", any(look_at_device))
        .route("/acs/method-done", any(looked))
        .route("/acs/challenge", post(ask_v2))
        .route("/acs/challenge/answer", post(answer_v2))
        .route("/acs/3ds1", post(ask_v1))
        .route("/acs/3ds1/answer", post(answer_v1))
}

#[derive(Template)]
#[template(path = "acs.html")]
struct AskPage {
    lang: Lang,
    brand: Brand,
    /// Same page in the other language; a form, because the question came in one.
    other_url: String,
    action: String,
    fields: Vec<(&'static str, String)>,
    payee: String,
    order: String,
    amount: String,
    masked: String,
    /// A code the hint tells.
    hint: &'static str,
    /// The card declines whatever is entered.
    in_vain: bool,
    /// What was entered is no code.
    no_code: bool,
}

/// Which version's page, with what came in the form beside its message.
struct Visit {
    lang: Lang,
    params: Params,
    v2: bool,
}

impl Visit {
    fn new(uri: &Uri, headers: &HeaderMap, body: &Bytes, v2: bool) -> Self {
        let params = Params::read(&Method::POST, uri, body);
        Self { lang: Lang::of(&params, headers), params, v2 }
    }

    /// The order this message is about: its present attempt, put to the issuer.
    fn find(&self, sandbox: &Sandbox) -> Option<(usize, RbsOrder)> {
        let (trans_id, acs_id) = if self.v2 {
            let (trans_id, acs_id) = three_ds::read_message(self.params.get("creq")?, "CReq")?;
            (trans_id, Some(acs_id))
        } else {
            (three_ds::read_pa_req(self.params.get("PaReq")?)?, None)
        };
        sandbox.with_state(|state, now| {
            let at = state.rbs.find_transaction(&trans_id)?;
            super::expire_if_late(sandbox, state, at, now);
            let order = state.rbs.orders.get(at)?;
            let three_ds = order.card.as_ref()?.three_ds.as_ref()?;
            let same = match &acs_id {
                Some(id) => three_ds.is_v2() && three_ds.asked && *id == three_ds.acs_id,
                None => !three_ds.is_v2(),
            };
            same.then(|| (at, order.clone()))
        })
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let names: &[&'static str] =
            if self.v2 { &["creq", "threeDSSessionData"] } else { &["PaReq", "MD", "TermUrl"] };
        names.iter().map(|n| (*n, self.params.text(n).to_owned())).collect()
    }

    fn address(&self, lang: Lang, part: &str) -> String {
        let page = if self.v2 { "challenge" } else { "3ds1" };
        format!("/acs/{page}{part}?lang={}", lang.code())
    }

    fn page(&self, order: &RbsOrder, no_code: bool) -> Response {
        let Some(card) = &order.card else { return closed(self.lang) };
        let check = card.three_ds.as_ref().map(|t| t.check);
        let page = AskPage {
            lang: self.lang,
            brand: Brand::Bank,
            other_url: self.address(self.lang.other(), ""),
            action: self.address(self.lang, "/answer"),
            fields: self.fields(),
            payee: order.merchant.clone(),
            order: order.order_number.clone(),
            amount: amount_of(order, self.lang),
            masked: card.face.masked.replace("**", " ** "),
            hint: "12345",
            in_vain: matches!(
                check,
                Some(Check::Challenge(TransStatus::N) | Check::Fallback(TransStatus::N))
            ),
            no_code,
        };
        let status = if no_code { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        pages::outward(status, &page)
    }

    /// The form that carries the result back.
    fn back(&self, sandbox: &Sandbox, three_ds: &ThreeDs) -> Response {
        let text = |name: &str| self.params.text(name).to_owned();
        let (action, fields) = if self.v2 {
            let gateway = || format!("{}/payment/rest/finish3dsVer2.do", sandbox.public_url());
            let fields = vec![
                ("cres", three_ds.cres().unwrap_or_default()),
                ("threeDSSessionData", text("threeDSSessionData")),
            ];
            (three_ds.finish_url.clone().unwrap_or_else(gateway), fields)
        } else {
            let pa_res = three_ds.pa_res.clone().unwrap_or_default();
            (text("TermUrl"), vec![("PaRes", pa_res), ("MD", text("MD"))])
        };
        ReturnPage { lang: self.lang, brand: Brand::Bank, action, fields }.respond()
    }
}

fn closed(lang: Lang) -> Response {
    let text = lang.pick(
        "Время вышло, оплата начата заново или уже закончена. Вернитесь в магазин.",
        "The time is up, or the payment was begun anew or is over. Go back to the shop.",
    );
    let message = MessagePage {
        lang,
        brand: Brand::Bank,
        headline: lang.pick("Подтверждать нечего", "There is nothing to confirm"),
        text: text.to_owned(),
        code: "acs_nothing_to_confirm",
    };
    pages::outward(StatusCode::NOT_FOUND, &message)
}

/// Writes the payer's answer down; true when it is the first one.
pub(super) fn answer(sandbox: &Sandbox, state: &mut Memory, at: usize, press: Press) -> bool {
    let seal = sandbox.ids().token(32);
    let asked = state.rbs.three_ds_mut(at).filter(|t| t.asked || !t.is_v2());
    let first = asked.is_some_and(|t| t.answer(press == Press::Pay, seal));
    state.dirty |= first;
    first
}

fn ask(sandbox: &Sandbox, visit: &Visit) -> Response {
    let Some((_, order)) = visit.find(sandbox) else { return closed(visit.lang) };
    let three_ds = order.card.as_ref().and_then(|c| c.three_ds.as_ref());
    if !visit.v2 && !web::is_web_address(visit.params.text("TermUrl")) {
        return closed(visit.lang);
    }
    match three_ds {
        Some(three_ds) if three_ds.result.is_some() => visit.back(sandbox, three_ds),
        Some(_) if order.state == OrderState::Authenticating => visit.page(&order, false),
        Some(_) | None => closed(visit.lang),
    }
}

/// The press on «Подтвердить» (`action=confirm`) or «Отмена» (`action=cancel`).
fn take_answer(sandbox: &Sandbox, visit: &Visit) -> Response {
    let code = visit.params.text("code").trim();
    let is_code = (4..=6).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
    let press = match (visit.params.text("action"), is_code) {
        ("confirm", true) if code == "0000" => Press::Cancel,
        ("confirm", true) => Press::Pay,
        ("cancel", _) => Press::Cancel,
        ("confirm", false) => {
            return match visit.find(sandbox) {
                Some((_, order)) if order.state == OrderState::Authenticating => {
                    visit.page(&order, true)
                }
                Some(_) | None => closed(visit.lang),
            };
        }
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    if let Some((at, order)) = visit.find(sandbox)
        && order.state == OrderState::Authenticating
    {
        sandbox.with_state(|state, _| answer(sandbox, state, at, press));
    }
    ask(sandbox, visit)
}

async fn ask_v2(
    State(sandbox): State<Sandbox>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    ask(&sandbox, &Visit::new(&uri, &headers, &body, true))
}

async fn answer_v2(
    State(sandbox): State<Sandbox>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    take_answer(&sandbox, &Visit::new(&uri, &headers, &body, true))
}

async fn ask_v1(
    State(sandbox): State<Sandbox>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    ask(&sandbox, &Visit::new(&uri, &headers, &body, false))
}

async fn answer_v1(
    State(sandbox): State<Sandbox>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    take_answer(&sandbox, &Visit::new(&uri, &headers, &body, false))
}

/// The hidden frame: `threeDSMethodData` in, the same transaction out to the address in it.
async fn look_at_device(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let params = Params::read(&method, &uri, &body);
    let lang = Lang::of(&params, &headers);
    let data = three_ds::method_answer(params.text("threeDSMethodData"));
    let Some((action, answer)) = data.filter(|(address, _)| web::is_web_address(address)) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let fields = vec![("threeDSMethodData", answer)];
    ReturnPage { lang, brand: Brand::Bank, action, fields }.respond()
}

/// The gateway's own end of the frame.
async fn looked(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let params = Params::read(&method, &uri, &body);
    let lang = Lang::of(&params, &headers);
    let message = MessagePage {
        lang,
        brand: Brand::Gateway,
        headline: lang.pick("Устройство проверено", "The device was looked at"),
        text: String::new(),
        code: "three_ds_method_done",
    };
    pages::outward(StatusCode::OK, &message)
}
