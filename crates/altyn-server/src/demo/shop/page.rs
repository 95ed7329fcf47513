//! What the shop's pages share: the frame, the policy, escaped text, sums, the two files.

use altyn_domain::money::{Amount, Currency};
use altyn_web::lang::Lang;
use altyn_web::payment_page::words;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFRESH};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::{NAME, Shop};

const STYLE: &str = include_str!("shop.css");
const SCRIPT: &str = include_str!("shop.js");

/// A page before it has its frame.
pub struct Page {
    /// The language of its words.
    pub lang: Lang,
    /// What it is called.
    pub title: String,
    /// Where it is, for the link to the other language; without `lang`.
    pub here: String,
    /// A class of its body.
    pub class: &'static str,
    /// What is in it, escaped.
    pub main: String,
    /// Whether it looks again by itself.
    pub renews: bool,
    /// The status it is sent with.
    pub status: StatusCode,
}

impl Page {
    /// The page in its frame, under a policy that lets in the platform's library and frame and
    /// nothing else.
    pub fn send(self, shop: &Shop) -> Response {
        let platform = &shop.around().merchant.platform;
        // A form may lead to the bank: the library posts it in the page's name.
        let policy = format!(
            "default-src 'none'; base-uri 'none'; frame-ancestors 'self'; connect-src 'self'; \
             img-src data:; style-src 'self' {platform}; script-src 'self' {platform}; \
             frame-src 'self' {platform}; form-action 'self' {platform} {}",
            shop.around().sandbox_url,
        );
        let headers = [
            (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
            (CACHE_CONTROL, "no-store".to_owned()),
            (CONTENT_SECURITY_POLICY, policy),
        ];
        let mut response = (self.status, headers, self.html(platform)).into_response();
        if self.renews {
            response.headers_mut().insert(REFRESH, HeaderValue::from_static("2"));
        }
        response
    }

    fn html(&self, platform: &str) -> String {
        let Self { lang, title, here, class, main, .. } = self;
        let shop = name(*lang);
        let title = escaped(title);
        let other = lang.pick(Lang::English, Lang::Russian).code();
        let other_name = lang.pick("English", "Русский");
        let joint = if here.contains('?') { '&' } else { '?' };
        let switch = escaped(&format!("{here}{joint}lang={other}"));
        let platform = escaped(platform);
        format!(
            "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\">\
             <title>{title} — {shop}</title><link rel=\"icon\" href=\"data:,\">\
             <link rel=\"stylesheet\" href=\"/shop.css\">\
             <script src=\"{platform}/shared/merchant.js\" defer></script>\
             <script src=\"/shop.js\" defer></script></head>\n\
             <body class=\"{class}\"><header><a class=\"name\" href=\"/?lang={}\">{shop}</a>\
             <a href=\"{switch}\" lang=\"{other}\" hreflang=\"{other}\">{other_name}</a></header>\n\
             <main>\n{main}</main></body></html>\n",
            lang.code(),
            lang.code(),
        )
    }
}

/// What the shop is called.
pub fn name(lang: Lang) -> &'static str {
    lang.pick(NAME, "Tea shop")
}

/// The stylesheet.
pub async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, "no-cache")], STYLE)
}

/// The script.
pub async fn script() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache")], SCRIPT)
}

/// A text for between tags and in quoted attributes.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A sum as people read it; empty where there is none, as in a callback that was not understood.
pub fn money(minor: i64, currency: &str, lang: Lang) -> String {
    let amount =
        Currency::from_code(currency).and_then(|currency| Amount::new(minor, currency).ok());
    amount.map_or_else(String::new, |amount| words::money(amount, lang))
}
