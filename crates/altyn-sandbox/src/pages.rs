//! What the pages share: the language, the look, the page with one button and its result.
//!
//! No scripts but the one line that presses the button of a [`ReturnPage`]; it and the stylesheet
//! are served from here, so a strict policy holds.

use askama::Template;
use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use jiff::tz::Offset;

use crate::runtime::Sandbox;
use crate::web::{self, Params};

/// The two languages of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    /// Russian.
    Ru,
    /// English.
    En,
}

impl Lang {
    /// Reads `ru` or `en`, with or without a region.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let primary = text.split(['-', '_', ';']).next().unwrap_or_default().trim();
        if primary.eq_ignore_ascii_case("ru") {
            Some(Self::Ru)
        } else if primary.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// `?lang`, else the first known language of Accept-Language, else Russian.
    pub(crate) fn of(params: &Params, headers: &HeaderMap) -> Self {
        if let Some(lang) = params.get("lang").and_then(Self::parse) {
            return lang;
        }
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
        accepted.unwrap_or_default().split(',').find_map(Self::parse).unwrap_or(Self::Ru)
    }

    /// Two letters.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Ru => "ru",
            Self::En => "en",
        }
    }

    /// The text of this language.
    pub(crate) fn pick(&self, ru: &'static str, en: &'static str) -> &'static str {
        match self {
            Self::Ru => ru,
            Self::En => en,
        }
    }

    /// The other one, for the switch on the page.
    pub(crate) fn other(&self) -> Self {
        match self {
            Self::Ru => Self::En,
            Self::En => Self::Ru,
        }
    }

    /// Moscow time as people write it: `22.11.2026 14:05 МСК`, `22 Nov 2026 14:05 MSK`.
    pub(crate) fn moment(&self, ms: i64) -> String {
        let Ok(at) = Timestamp::from_millisecond(ms) else { return String::new() };
        let local = Offset::constant(3).to_datetime(at);
        match self {
            Self::Ru => format!("{} МСК", local.strftime("%d.%m.%Y %H:%M")),
            Self::En => format!("{} MSK", local.strftime("%-d %b %Y %H:%M")),
        }
    }
}

/// The meaning of a result, with a shape of its own for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Paid.
    Success,
    /// Waiting.
    Waiting,
    /// Declined or ended.
    Problem,
    /// Given back.
    Returned,
}

impl Tone {
    /// Class in the stylesheet.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Waiting => "waiting",
            Self::Problem => "problem",
            Self::Returned => "returned",
        }
    }

    /// Shape, so that colour is not alone.
    pub(crate) fn mark(&self) -> &'static str {
        match self {
            Self::Success => "✓",
            Self::Waiting => "…",
            Self::Problem => "✕",
            Self::Returned => "↩",
        }
    }
}

/// Who the page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Brand {
    /// The gateway's payment page.
    Gateway,
    /// The fictional bank.
    Bank,
    /// The card partner.
    Partner,
    /// The sandbox itself.
    Sandbox,
}

impl Brand {
    /// Its name on the page.
    pub(crate) fn title(&self, lang: Lang) -> &'static str {
        match self {
            Self::Gateway => lang.pick("Шлюз-эмулятор", "Gateway emulator"),
            Self::Bank => lang.pick("Банк-эмулятор", "Bank emulator"),
            Self::Partner => lang.pick("Партнёр-эмулятор", "Partner emulator"),
            Self::Sandbox => lang.pick("Песочница", "Sandbox"),
        }
    }

    /// Class of its sign in the stylesheet.
    pub(crate) fn class(&self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Bank => "bank",
            Self::Partner => "partner",
            Self::Sandbox => "sandbox",
        }
    }
}

/// The button that fits the amount.
pub(crate) struct Choice {
    /// Address the form is posted to.
    pub(crate) action: String,
    /// Success or Decline.
    pub(crate) pays: bool,
    /// Press before, as people write it.
    pub(crate) until: String,
}

/// What came of it.
pub(crate) struct Outcome {
    /// Its meaning.
    pub(crate) tone: Tone,
    /// In a few words.
    pub(crate) headline: String,
    /// What happened and what to do.
    pub(crate) text: String,
    /// To be quoted to support.
    pub(crate) code: String,
    /// Where the link leads, if anywhere.
    pub(crate) back: Option<String>,
}

/// The page of the bank or the partner: before the press, and after it.
#[derive(Template)]
#[template(path = "pay.html")]
pub(crate) struct PayPage {
    /// Language.
    pub(crate) lang: Lang,
    /// Whose page.
    pub(crate) brand: Brand,
    /// Same page in the other language.
    pub(crate) other_url: String,
    /// Who is paid.
    pub(crate) payee: String,
    /// Order number.
    pub(crate) order: String,
    /// What for; may be empty.
    pub(crate) description: String,
    /// How much, as people write it.
    pub(crate) amount: String,
    /// Before the press.
    pub(crate) choice: Option<Choice>,
    /// After the end.
    pub(crate) outcome: Option<Outcome>,
}

impl PayPage {
    /// The response; a finished page with a way back goes there by itself in five seconds.
    pub(crate) fn respond(self) -> Response {
        let back = self.outcome.as_ref().and_then(|o| o.back.clone());
        let mut response = page(StatusCode::OK, &self);
        if let Some(back) = back
            && let Ok(value) = HeaderValue::from_str(&format!("5; url={back}"))
        {
            response.headers_mut().insert(header::REFRESH, value);
        }
        response
    }
}

/// A page that only says something.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct MessagePage {
    /// Language.
    pub(crate) lang: Lang,
    /// Whose page.
    pub(crate) brand: Brand,
    /// In a few words.
    pub(crate) headline: &'static str,
    /// What happened and what to do.
    pub(crate) text: String,
    /// To be quoted to support.
    pub(crate) code: &'static str,
}

/// A page whose one form leads on, by itself where scripts run.
#[derive(Template)]
#[template(path = "return.html")]
pub(crate) struct ReturnPage {
    /// Language.
    pub(crate) lang: Lang,
    /// Whose page.
    pub(crate) brand: Brand,
    /// Where the form is posted to.
    pub(crate) action: String,
    /// What it carries.
    pub(crate) fields: Vec<(&'static str, String)>,
}

impl ReturnPage {
    /// The response.
    pub(crate) fn respond(self) -> Response {
        outward(StatusCode::OK, &self)
    }
}

/// Renders a page that a shop may frame and whose form may lead to a shop.
pub(crate) fn outward<T: Template>(status: StatusCode, template: &T) -> Response {
    let mut response = page(status, template);
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; \
             form-action http: https:; base-uri 'none'; frame-ancestors http: https:",
        ),
    );
    response
}

/// Renders a page with the headers all pages have.
pub(crate) fn page<T: Template>(status: StatusCode, template: &T) -> Response {
    let mut response = match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    };
    web::harden(response.headers_mut());
    response
}

/// A page that says no order was found by this address.
pub(crate) fn no_order(lang: Lang, brand: Brand) -> Response {
    let text = lang.pick(
        "Проверьте ссылку или вернитесь в магазин и начните оплату заново.",
        "Check the link, or go back to the shop and start the payment again.",
    );
    let message = MessagePage {
        lang,
        brand,
        headline: lang.pick("Заказ не найден", "No such order"),
        text: text.to_owned(),
        code: "order_not_found",
    };
    page(StatusCode::NOT_FOUND, &message)
}

/// The stylesheet and the script.
pub(crate) fn routes() -> Router<Sandbox> {
    Router::new()
        .route("/sandbox/static/sandbox.css", get(stylesheet))
        .route("/sandbox/static/submit.js", get(script))
}

async fn stylesheet() -> Response {
    fixed("text/css; charset=utf-8", include_str!("../static/sandbox.css"))
}

async fn script() -> Response {
    fixed("text/javascript; charset=utf-8", include_str!("../static/submit.js"))
}

fn fixed(label: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, label),
        (header::CACHE_CONTROL, "max-age=300"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    //! Choosing a language.

    use super::*;

    #[test]
    fn the_language_of_the_browser_is_read() {
        let mut headers = HeaderMap::new();
        let none = Params::default();
        assert_eq!(Lang::of(&none, &headers), Lang::Ru);
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("de, en-GB;q=0.8, ru"));
        assert_eq!(Lang::of(&none, &headers), Lang::En);
    }

    #[test]
    fn moments_are_moscow_time() {
        assert_eq!(Lang::Ru.moment(1_795_345_500_000), "22.11.2026 14:05 МСК");
        assert_eq!(Lang::En.moment(1_795_345_500_000), "22 Nov 2026 14:05 MSK");
    }
}
