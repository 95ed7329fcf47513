//! The few pages a payer can meet here: the way back, the result, nothing found.

use altyn_domain::payment::{PaymentState, Record};
use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::lang::Lang;

/// No script, no request to anybody, no frame.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "message.html")]
struct Message<'a> {
    lang: Lang,
    tone: &'a str,
    title: &'a str,
    text: &'a str,
}

/// The payer came back and the shop gave no address of its own.
pub async fn returned(headers: HeaderMap) -> Response {
    result(&headers, None)
}

/// How the payment stands, for the payer.
pub fn result(headers: &HeaderMap, record: Option<&Record>) -> Response {
    let (tone, russian, english) = match record.map(|record| record.payment.state) {
        Some(
            PaymentState::Paid
            | PaymentState::Authorized
            | PaymentState::PartiallyRefunded
            | PaymentState::Refunded,
        ) => (
            "success",
            ("Оплачено", "Платёж прошёл. Можно закрыть страницу и вернуться в магазин."),
            ("Paid", "The payment went through. You may close this page and return to the shop."),
        ),
        Some(PaymentState::Declined | PaymentState::Rejected | PaymentState::Voided) => (
            "problem",
            ("Не оплачено", "Деньги не списаны. Вернитесь в магазин, чтобы попробовать ещё раз."),
            ("Not paid", "No money was taken. Return to the shop to try again."),
        ),
        Some(
            PaymentState::Processing
            | PaymentState::AwaitingClarification
            | PaymentState::AwaitingRedirect
            | PaymentState::AwaitingCustomer
            | PaymentState::AwaitingAuthentication,
        )
        | None => (
            "waiting",
            (
                "Платёж обрабатывается",
                "Магазин узнает результат сам. Страницу можно закрыть — это безопасно.",
            ),
            (
                "The payment is being processed",
                "The shop will be told the result. It is safe to close this page.",
            ),
        ),
    };
    let lang = Lang::of(headers, None);
    let (title, text) = lang.pick(russian, english);
    render(StatusCode::OK, &Message { lang, tone, title, text })
}

/// Nothing is here.
pub async fn not_found(headers: HeaderMap) -> Response {
    let lang = Lang::of(&headers, None);
    let (title, text) = lang.pick(
        ("Такой страницы нет", "Проверьте адрес или вернитесь в магазин."),
        ("There is no such page", "Check the address, or return to the shop."),
    );
    render(StatusCode::NOT_FOUND, &Message { lang, tone: "problem", title, text })
}

/// A page under the strict policy; a template that cannot be rendered is a failure of ours.
pub fn render(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (
            status,
            [
                (CONTENT_TYPE, "text/html; charset=utf-8"),
                (CONTENT_SECURITY_POLICY, POLICY),
                (CACHE_CONTROL, "no-store"),
                (REFERRER_POLICY, "no-referrer"),
                (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ],
            html,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
