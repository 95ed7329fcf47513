//! Where payers come back to: what the platform has told of their order, not what the address says.

use altyn_web::lang::Lang;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::page::{Page, escaped, money};
use super::{Callback, Shop};

/// What the address of a returning payer says.
#[derive(serde::Deserialize)]
pub struct Back {
    #[serde(default)]
    payment: String,
    lang: Option<String>,
}

/// `GET /thanks`, `GET /sorry`.
pub async fn show(
    State(shop): State<Shop>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Response {
    let lang = Lang::of(&headers, back.lang.as_deref());
    let last = shop.last(&back.payment);
    let status = last.as_ref().map_or("", |callback| callback.text("/payment/status"));
    let Words { title, text, mark, tone } = words(status, lang);
    let facts = last.as_ref().map(|last| facts(last, lang)).unwrap_or_default();
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("payment", &back.payment)
        .finish();
    let home = lang.pick("Вернуться в магазин", "Back to the shop");
    let main = format!(
        "<section class=\"receipt {tone}\" data-status=\"{}\">\
         <h1><span class=\"mark\" aria-hidden=\"true\">{mark}</span> {title}</h1>\n\
         <p>{text}</p>\n{facts}<p><a class=\"main\" href=\"/?lang={}#feed\">{home}</a></p></section>\n",
        escaped(status),
        lang.code(),
    );
    Page {
        lang,
        title: title.to_owned(),
        here: format!("/thanks?{query}"),
        class: "narrow",
        main,
        renews: tone == "waiting",
        status: StatusCode::OK,
    }
    .send(&shop)
}

/// What a payer reads.
struct Words {
    title: &'static str,
    text: &'static str,
    mark: &'static str,
    tone: &'static str,
}

fn words(status: &str, lang: Lang) -> Words {
    let (title, text, mark, tone) = match status {
        "success" => (
            lang.pick("Спасибо, заказ оплачен", "Thank you, the order is paid"),
            lang.pick("Платформа подтвердила оплату.", "The platform has confirmed the payment."),
            "✓",
            "success",
        ),
        "awaiting capture" => (
            lang.pick("Спасибо, заказ принят", "Thank you, the order is taken"),
            lang.pick(
                "Деньги зарезервированы на карте. Магазин спишет их, когда отправит заказ.",
                "The money is held on the card. The shop takes it when it sends the order.",
            ),
            "✓",
            "success",
        ),
        "decline" | "error" => (
            lang.pick("Оплата не прошла", "The payment did not go through"),
            lang.pick(
                "Деньги не списаны. Попробуйте ещё раз или другим способом.",
                "No money was taken. Try again, or pay another way.",
            ),
            "✕",
            "problem",
        ),
        "canceled" => (
            lang.pick("Резерв снят", "The hold is released"),
            lang.pick("Магазин отменил заказ, деньги не списаны.", "The shop canceled the order; no money was taken."),
            "↩",
            "returned",
        ),
        "partially refunded" | "refunded" => (
            lang.pick("Деньги возвращены", "The money was returned"),
            lang.pick("Магазин вернул деньги целиком или частью.", "The shop gave back all or a part."),
            "↩",
            "returned",
        ),
        _ => (
            lang.pick("Ждём подтверждения оплаты", "Waiting for the confirmation"),
            lang.pick(
                "Магазин верит оповещению платформы, а не возвращению плательщика. Страница обновится сама.",
                "The shop believes the platform’s callback, not a returning payer. This page renews itself.",
            ),
            "…",
            "waiting",
        ),
    };
    Words { title, text, mark, tone }
}

/// The order as the platform told of it.
pub(super) fn facts(last: &Callback, lang: Lang) -> String {
    let code = format!("{} {}", last.text("/operation/code"), last.text("/operation/message"));
    let minor = last.number("/operation/sum_initial/amount");
    let sum = money(minor, last.text("/operation/sum_initial/currency"), lang);
    let rows: String = [
        (lang.pick("Заказ", "Order"), last.text("/payment/id").to_owned()),
        (lang.pick("Сумма", "Amount"), sum),
        (lang.pick("Результат", "Result"), code),
    ]
    .iter()
    .map(|(name, value)| format!("<div><dt>{name}</dt><dd>{}</dd></div>", escaped(value)))
    .collect();
    format!("<dl class=\"facts\">{rows}</dl>\n")
}
