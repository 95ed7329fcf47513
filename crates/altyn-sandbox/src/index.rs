//! The front page of the sandbox: where the pages are, what was ordered, what was taken,
//! and the test cards.

use askama::Template;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use axum::routing::get;

use crate::pages::{self, Brand, Lang};
use crate::rbs::page::amount_of;
use crate::rbs::{RbsOrder, Way, card};
use crate::runtime::Sandbox;
use crate::web::Params;
use crate::{ipay, money, rbs};

/// Address of the front page.
pub(crate) fn routes() -> Router<Sandbox> {
    Router::new().route("/", get(front))
}

struct Row {
    order: String,
    payee: String,
    amount: String,
    class: &'static str,
    mark: &'static str,
    state: &'static str,
    href: String,
}

#[derive(Template)]
#[template(path = "index.html")]
struct IndexPage {
    lang: Lang,
    brand: Brand,
    other_url: String,
    rbs: Vec<Row>,
    rbs_count: usize,
    ipay: Vec<Row>,
    ipay_count: usize,
    waiting: usize,
    held: usize,
    cards: Vec<CardRow>,
    rules: Vec<CardRow>,
}

/// A test card and what it does.
struct CardRow {
    pan: String,
    does: String,
    code: &'static str,
}

/// Digits in fours, as on a card.
fn spaced(pan: &str) -> String {
    let mut out = String::new();
    for (i, digit) in pan.chars().enumerate() {
        if i > 0 && i % 4 == 0 {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

fn card_rows(lang: Lang) -> Vec<CardRow> {
    let row = |c: &card::TestCard| CardRow {
        pan: spaced(c.pan),
        does: c.behavior(lang).to_owned(),
        code: if c.needs_123() { "123" } else { lang.pick("любой", "any") },
    };
    card::TABLE.iter().map(row).collect()
}

fn rule_rows(lang: Lang) -> Vec<CardRow> {
    let row = |(last, code, pan): &(&str, i32, &str)| CardRow {
        pan: spaced(pan),
        does: format!(
            "…{last}: {} (actionCode {code})",
            card::reason(*code, lang).unwrap_or_default()
        ),
        code: lang.pick("любой", "any"),
    };
    card::OWN_RULES.iter().map(row).collect()
}

fn rbs_row(order: &RbsOrder, lang: Lang) -> Row {
    let (tone, state, _) = rbs::words(order, lang);
    let id = &order.order_id;
    let href = match &order.way {
        Some(Way::Instruction(login)) => {
            let login: String = url::form_urlencoded::byte_serialize(login.as_bytes()).collect();
            format!("/bank/?login={login}")
        }
        None => rbs::page::form_url(order, lang),
        Some(Way::Redirect) => format!("/checkout/payments/?orderId={id}"),
    };
    Row {
        order: order.order_number.clone(),
        payee: order.merchant.clone(),
        amount: amount_of(order, lang),
        class: tone.class(),
        mark: tone.mark(),
        state,
        href,
    }
}

fn ipay_row(order: &ipay::IpayOrder, lang: Lang) -> Row {
    let (tone, state, _) = ipay::words(order, lang);
    Row {
        order: order.oid.clone(),
        payee: order.vid.clone(),
        amount: order.currency().map_or_else(String::new, |c| money::human(order.amount, c, lang)),
        class: tone.class(),
        mark: tone.mark(),
        state,
        href: format!("/v3/checkout?id={}", order.session),
    }
}

async fn front(
    State(sandbox): State<Sandbox>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let params = Params::read(&method, &uri, &Bytes::new());
    let lang = Lang::of(&params, &headers);
    let page = sandbox.with_state(|state, _| {
        let (waiting, held, flying) = state.outbox.counts();
        IndexPage {
            lang,
            brand: Brand::Sandbox,
            other_url: format!("/?lang={}", lang.other().code()),
            rbs: state.rbs.orders.iter().rev().take(50).map(|o| rbs_row(o, lang)).collect(),
            rbs_count: state.rbs.orders.len(),
            ipay: state.ipay.orders.iter().rev().take(50).map(|o| ipay_row(o, lang)).collect(),
            ipay_count: state.ipay.orders.len(),
            waiting: waiting + flying,
            held,
            cards: card_rows(lang),
            rules: rule_rows(lang),
        }
    });
    pages::page(StatusCode::OK, &page)
}
