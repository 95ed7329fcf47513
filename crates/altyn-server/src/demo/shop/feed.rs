//! The callbacks beside the shop, an order each: how it stands, what the shop can do with it, and
//! everything the platform told of it.

use std::time::Duration;

use altyn_web::lang::Lang;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use jiff::tz::Offset;

use super::manage::Action;
use super::page::{escaped, money};
use super::{Callback, Shop};
use crate::demo::show::pretty;

/// Orders that are shown.
const SHOWN_MAX: usize = 50;
/// How long a question for news is kept open.
const NEWS_WAIT: Duration = Duration::from_secs(20);
/// Moscow has had no other time since 2014, and no summer time.
const MOSCOW: Offset = Offset::constant(3);

/// What the script knows already.
#[derive(serde::Deserialize)]
pub struct Known {
    #[serde(default)]
    after: u64,
    lang: Option<String>,
}

/// `GET /feed?after=`: the feed once there is something new in it, or 204 after a while.
pub async fn news(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Query(known): Query<Known>,
) -> Response {
    let mut news = shop.0.news.subscribe();
    let mut stopped = shop.around().stopped.clone();
    tokio::select! {
        // A kept run begins with number 0 again, which is news too.
        _ = news.wait_for(|number| *number != known.after) => {}
        _ = stopped.wait_for(|stop| *stop) => {}
        () = tokio::time::sleep(NEWS_WAIT) => {}
    }
    let (came, number) = shop.remembered();
    if number == known.after {
        return StatusCode::NO_CONTENT.into_response();
    }
    let lang = Lang::of(&headers, known.lang.as_deref());
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    (headers, orders(&came, number, lang)).into_response()
}

/// The list of orders as it stands in the page, the last told first.
pub fn orders(came: &[Callback], number: u64, lang: Lang) -> String {
    let mut orders: Vec<Vec<&Callback>> = Vec::new();
    for callback in came.iter().rev() {
        let id = callback.text("/payment/id");
        let same = |order: &Vec<&Callback>| {
            order.first().is_some_and(|first| first.text("/payment/id") == id)
        };
        match orders.iter().position(same).and_then(|at| orders.get_mut(at)) {
            Some(order) => order.push(callback),
            None => orders.push(vec![callback]),
        }
    }
    orders.truncate(SHOWN_MAX);
    let empty = if orders.is_empty() {
        let text = lang.pick(
            "Здесь появится каждое оповещение, как только платформа его пришлёт. Купите что-нибудь.",
            "Every callback appears here as soon as the platform sends it. Buy something.",
        );
        format!("<p class=\"empty\">{text}</p>")
    } else {
        String::new()
    };
    let list: String = orders.iter().map(|order| article(order, lang)).collect();
    format!("<div id=\"orders\" data-after=\"{number}\">{empty}{list}</div>\n")
}

/// An order; what is not signed by the platform is shown in it, and does not count.
fn article(callbacks: &[&Callback], lang: Lang) -> String {
    let believed = callbacks.iter().find(|callback| callback.fits);
    let id = callbacks.first().map_or("", |first| first.text("/payment/id"));
    let version = callbacks.first().map_or(0, |first| first.number);
    let status = believed.map_or("", |last| last.text("/payment/status"));
    let (tone, word) = standing(status, lang);
    let sum = believed.map(|last| remaining(last, lang)).unwrap_or_default();
    let described = believed.map_or("", |last| last.text("/payment/description"));
    let title = if described.is_empty() { id } else { described };
    let acts = believed.map(|last| acts(last, lang)).unwrap_or_default();
    let rows: String = callbacks.iter().map(|callback| row(callback, lang)).collect();
    let id = escaped(id);
    format!(
        "<article class=\"order\" data-order=\"{id}\" data-version=\"{version}\" \
         data-status=\"{}\"><div class=\"head\"><h3>{}</h3>\
         <span class=\"chip {tone}\">{word}</span></div>\
         <p class=\"quiet\"><b class=\"whole\">{sum}</b> · <span class=\"id\">{id}</span></p>{acts}\
         <ol class=\"callbacks\">{rows}</ol></article>\n",
        escaped(status),
        escaped(title),
    )
}

fn remaining(last: &Callback, lang: Lang) -> String {
    money(last.number("/payment/sum/amount"), last.text("/payment/sum/currency"), lang)
}

/// A payment's status in a word of the shop.
fn standing(status: &str, lang: Lang) -> (&'static str, &'static str) {
    match status {
        "success" => ("success", lang.pick("Оплачен", "Paid")),
        "awaiting capture" => ("waiting", lang.pick("Ждёт списания", "Held")),
        "decline" => ("problem", lang.pick("Отклонён", "Declined")),
        "error" => ("problem", lang.pick("Не принят", "Not accepted")),
        "canceled" => ("returned", lang.pick("Резерв снят", "Released")),
        "refunded" => ("returned", lang.pick("Возвращён", "Refunded")),
        "partially refunded" => ("returned", lang.pick("Возвращён частично", "Partly refunded")),
        "" => ("problem", lang.pick("Чужая подпись", "Not signed")),
        _ => ("waiting", lang.pick("Ждём", "Waiting")),
    }
}

fn acts(last: &Callback, lang: Lang) -> String {
    let sum = remaining(last, lang);
    let buttons: String = Action::of(last.text("/payment/status"))
        .iter()
        .map(|action| {
            let label = match action {
                Action::Capture => format!("{} {sum}", lang.pick("Списать", "Capture")),
                Action::Cancel => lang.pick("Отменить резерв", "Release the hold").to_owned(),
                Action::Refund => format!("{} {sum}", lang.pick("Вернуть", "Refund")),
            };
            format!(
                "<form method=\"post\" action=\"/orders/{}\" data-act>\
                 <input type=\"hidden\" name=\"payment\" value=\"{}\">\
                 <input type=\"hidden\" name=\"lang\" value=\"{}\">\
                 <button class=\"second\" type=\"submit\">{label}</button></form>",
                action.code(),
                escaped(last.text("/payment/id")),
                lang.code(),
            )
        })
        .collect();
    if buttons.is_empty() { buttons } else { format!("<div class=\"acts\">{buttons}</div>") }
}

/// A callback in a line, its JSON below.
fn row(callback: &Callback, lang: Lang) -> String {
    let text = |pointer: &str| escaped(callback.text(pointer));
    let sum = money(
        callback.number("/operation/sum_initial/amount"),
        callback.text("/operation/sum_initial/currency"),
        lang,
    );
    let time = MOSCOW.to_datetime(callback.at).strftime("%H:%M:%S");
    let (tone, signature) = if callback.fits {
        ("success", lang.pick("подпись верна", "signature fits"))
    } else {
        ("problem", lang.pick("подпись неверна", "signature is wrong"))
    };
    format!(
        "<li><details data-key=\"{}\" data-payment-status=\"{}\" data-operation=\"{} {}\" \
         data-code=\"{}\"><summary><time datetime=\"{}\">{time}</time> <b>{}</b> \
         <span class=\"what\">{} {} <span class=\"whole\">{sum}</span>, {} {}</span> \
         <span class=\"sign {tone}\">{signature}</span></summary><pre tabindex=\"0\">{}</pre></details></li>",
        callback.number,
        text("/payment/status"),
        text("/operation/type"),
        text("/operation/status"),
        text("/operation/code"),
        callback.at,
        text("/payment/status"),
        text("/operation/type"),
        text("/operation/status"),
        text("/operation/code"),
        text("/operation/message"),
        escaped(&pretty(&callback.bytes)),
    )
}
