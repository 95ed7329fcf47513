//! The fictional bank's own site: bills of a login, and the messages it sent by SMS.
//!
//! There are no passwords: whoever names a login sees its bills. A bill is an order of the
//! gateway in the instruction scenario; it is paid by its button or by answering the SMS with the
//! code written in it.

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};

use crate::money;
use crate::pages::{self, Brand, Lang};
use crate::rbs::page::amount_of;
use crate::rbs::{self, OrderState, RbsOrder, Way, words};
use crate::runtime::Sandbox;
use crate::state::{Press, State as Memory};
use crate::web::Params;

/// What an SMS says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum News {
    /// A bill came; the code pays it.
    Bill {
        /// Five digits.
        code: String,
    },
    /// It is paid.
    Paid,
    /// There was no money for it.
    NoFunds,
    /// The payer or the shop gave it up.
    Refused,
    /// Its time ran out.
    Expired,
    /// The answer did not hold the right code.
    WrongCode,
}

/// One message.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sms {
    login: String,
    order: usize,
    news: News,
    at_ms: i64,
}

/// Everything the bank sent, in order.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Bank {
    messages: Vec<Sms>,
}

impl Bank {
    /// Tells the login of a bill, with the code that pays it.
    pub(crate) fn issue(&mut self, login: &str, order: usize, code: String, now: i64) {
        self.tell(login, order, News::Bill { code }, now);
    }

    /// Sends a message about an order.
    pub(crate) fn tell(&mut self, login: &str, order: usize, news: News, now: i64) {
        self.messages.push(Sms { login: login.to_owned(), order, news, at_ms: now });
    }

    fn code_of(&self, order: usize) -> Option<&str> {
        self.messages.iter().find_map(|m| match &m.news {
            News::Bill { code } if m.order == order => Some(code.as_str()),
            News::Bill { .. }
            | News::Paid
            | News::NoFunds
            | News::Refused
            | News::Expired
            | News::WrongCode => None,
        })
    }
}

/// Addresses of the bank's site.
pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/bank", get(bills).post(press_bill))
        .route("/bank/", get(bills).post(press_bill))
        .route("/bank/sms", get(messages).post(answer))
}

/// A bill as the page shows it.
struct Bill {
    id: String,
    payee: String,
    order: String,
    description: String,
    amount: String,
    until: String,
    waits: bool,
    pays: bool,
    class: &'static str,
    mark: &'static str,
    state: &'static str,
    text: &'static str,
}

#[derive(Template)]
#[template(path = "bank.html")]
struct BankPage {
    lang: Lang,
    brand: Brand,
    other_url: String,
    login: String,
    sms_url: String,
    action: String,
    bills: Vec<Bill>,
}

/// A message as the page shows it.
struct Message {
    id: String,
    at: String,
    text: String,
    code: Option<String>,
}

#[derive(Template)]
#[template(path = "sms.html")]
struct SmsPage {
    lang: Lang,
    brand: Brand,
    other_url: String,
    login: String,
    bank_url: String,
    action: String,
    list: Vec<Message>,
}

fn link(path: &str, login: &str, lang: Lang) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("login", login).append_pair("lang", lang.code());
    format!("{path}?{}", query.finish())
}

fn is_bill_of(order: &RbsOrder, login: &str) -> bool {
    matches!(&order.way, Some(Way::Instruction(l)) if l == login)
}

/// Bills of a login, newest first, at most a hundred.
fn bills_of(state: &mut Memory, sandbox: &Sandbox, login: &str, now: i64) -> Vec<RbsOrder> {
    let mine = |o: &RbsOrder| is_bill_of(o, login);
    let all = state.rbs.orders.iter().enumerate().rev();
    let places: Vec<usize> = all.filter(|(_, o)| mine(o)).map(|(at, _)| at).take(100).collect();
    for at in &places {
        rbs::expire_if_late(sandbox, state, *at, now);
    }
    places.iter().filter_map(|at| state.rbs.orders.get(*at).cloned()).collect()
}

fn bill(order: &RbsOrder, lang: Lang) -> Bill {
    let (tone, state, text) = words(order, lang);
    Bill {
        id: order.order_id.clone(),
        payee: order.merchant.clone(),
        order: order.order_number.clone(),
        description: order.description.clone(),
        amount: amount_of(order, lang),
        until: lang.moment(order.deadline_ms),
        waits: order.state == OrderState::Pending,
        pays: !money::is_refused_amount(order.amount),
        class: tone.class(),
        mark: tone.mark(),
        state,
        text,
    }
}

fn bills_page(sandbox: &Sandbox, login: &str, lang: Lang) -> Response {
    let orders = sandbox.with_state(|state, now| bills_of(state, sandbox, login, now));
    let page = BankPage {
        lang,
        brand: Brand::Bank,
        other_url: link("/bank/", login, lang.other()),
        login: login.to_owned(),
        sms_url: link("/bank/sms", login, lang),
        action: link("/bank/", login, lang),
        bills: orders.iter().map(|o| bill(o, lang)).collect(),
    };
    pages::page(StatusCode::OK, &page)
}

/// `GET /bank/?login=`: the form for a login, or its bills.
async fn bills(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let params = Params::read(&method, &uri, &Bytes::new());
    bills_page(&sandbox, params.text("login").trim(), Lang::of(&params, &headers))
}

/// `POST /bank/?login=` with `order` (the order's id) and `action` (`pay`, `cancel`).
async fn press_bill(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::read(&method, &uri, &body);
    let login = params.text("login").trim();
    let press = match params.text("action") {
        "pay" => Press::Pay,
        "cancel" => Press::Cancel,
        _ => return StatusCode::BAD_REQUEST.into_response(),
    };
    sandbox.with_state(|state, now| {
        let at = state.rbs.find(params.text("order"));
        let own = at.filter(|at| state.rbs.orders.get(*at).is_some_and(|o| is_bill_of(o, login)));
        if let Some(at) = own {
            rbs::press(&sandbox, state, at, press, now);
        }
    });
    bills_page(&sandbox, login, Lang::of(&params, &headers))
}

fn message(sms: &Sms, order: &RbsOrder, lang: Lang) -> Message {
    let (amount, number) = (amount_of(order, lang), &order.order_number);
    let shop = &order.merchant;
    let mut answer = None;
    let text = match (&sms.news, lang) {
        (News::Bill { code }, Lang::Ru) => {
            answer = Some(code.clone());
            let until = lang.moment(order.deadline_ms);
            format!(
                "{shop}: счёт {amount}, заказ {number}, до {until}. Чтобы оплатить, ответьте {code}"
            )
        }
        (News::Bill { code }, Lang::En) => {
            answer = Some(code.clone());
            let until = lang.moment(order.deadline_ms);
            format!("{shop}: bill {amount}, order {number}, until {until}. To pay, answer {code}")
        }
        (News::Paid, Lang::Ru) => format!("Оплачено {amount}, {shop}, заказ {number}"),
        (News::Paid, Lang::En) => format!("Paid {amount}, {shop}, order {number}"),
        (News::NoFunds, Lang::Ru) => {
            format!("Отклонено: недостаточно средств. {amount}, заказ {number}")
        }
        (News::NoFunds, Lang::En) => format!("Declined: no funds. {amount}, order {number}"),
        (News::Refused, Lang::Ru) => format!("Счёт отменён. {amount}, заказ {number}"),
        (News::Refused, Lang::En) => format!("Bill cancelled. {amount}, order {number}"),
        (News::Expired, Lang::Ru) => format!("Срок счёта истёк. {amount}, заказ {number}"),
        (News::Expired, Lang::En) => format!("Bill expired. {amount}, order {number}"),
        (News::WrongCode, Lang::Ru) => format!("Код не подошёл. Заказ {number} не оплачен"),
        (News::WrongCode, Lang::En) => format!("Wrong code. Order {number} is not paid"),
    };
    let open = order.state == OrderState::Pending;
    let at = lang.moment(sms.at_ms);
    Message { id: order.order_id.clone(), at, text, code: answer.filter(|_| open) }
}

fn sms_page(sandbox: &Sandbox, login: &str, lang: Lang) -> Response {
    let list = sandbox.with_state(|state, now| {
        bills_of(state, sandbox, login, now);
        let mine = state.bank.messages.iter().rev().filter(|m| m.login == login).take(100);
        mine.filter_map(|m| state.rbs.orders.get(m.order).map(|o| message(m, o, lang)))
            .collect::<Vec<_>>()
    });
    let page = SmsPage {
        lang,
        brand: Brand::Bank,
        other_url: link("/bank/sms", login, lang.other()),
        login: login.to_owned(),
        bank_url: link("/bank/", login, lang),
        action: link("/bank/sms", login, lang),
        list,
    };
    pages::page(StatusCode::OK, &page)
}

/// `GET /bank/sms?login=`.
async fn messages(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let params = Params::read(&method, &uri, &Bytes::new());
    sms_page(&sandbox, params.text("login").trim(), Lang::of(&params, &headers))
}

/// `POST /bank/sms?login=` with `order` and `code`: the right code pays, another does not.
async fn answer(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::read(&method, &uri, &body);
    let login = params.text("login").trim();
    sandbox.with_state(|state, now| {
        let Some(at) = state.rbs.find(params.text("order")) else { return };
        let waits = |o: &RbsOrder| is_bill_of(o, login) && o.state == OrderState::Pending;
        if !state.rbs.orders.get(at).is_some_and(waits) {
            return;
        }
        if state.bank.code_of(at) == Some(params.text("code").trim()) {
            rbs::press(&sandbox, state, at, Press::Pay, now);
        } else {
            state.bank.tell(login, at, News::WrongCode, now);
            state.dirty = true;
        }
    });
    sms_page(&sandbox, login, Lang::of(&params, &headers))
}
