//! What every screen is sent with: the strictest policy it can live under, the language, the shop.

use altyn_app::projects::ProjectEntry;
use altyn_domain::payment::{Payment, Record};
use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use url::Url;

use super::link::frame_ancestors;
use super::view::{Bill, Frame, Href, Shop};
use crate::lang::Lang;

/// Where the stylesheet of these pages is.
pub const STYLE_PATH: &str = concat!("/static/pay.css?v=", env!("CARGO_PKG_VERSION"));
/// Where their script is.
pub const SCRIPT_PATH: &str = concat!("/static/pay.js?v=", env!("CARGO_PKG_VERSION"));

/// What browsers say a page is opened as.
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Who may show the page, and where its forms and frames may lead beside our own origin.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    ancestors: Option<String>,
    forms_to: Option<String>,
    frames_to: Option<String>,
}

impl Policy {
    /// A page of this project, whose forms lead to ourselves.
    pub fn of(project: &ProjectEntry) -> Self {
        Self { ancestors: Some(frame_ancestors(&project.project)), ..Self::default() }
    }

    /// Its forms lead to this address, and on to wherever a bank sends the browser from there.
    pub fn forms_to(mut self, address: &str) -> Self {
        self.forms_to = origin(address);
        self
    }

    /// It has a frame that this address is opened in.
    pub fn frames_to(mut self, address: &str) -> Self {
        self.frames_to = origin(address);
        self
    }

    fn text(&self) -> String {
        let mut text = "default-src 'none'; script-src 'self'; style-src 'self'; \
                        img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                        form-action 'self'"
            .to_owned();
        if let Some(origin) = &self.forms_to {
            text.push_str(&format!(" https: {origin}"));
        }
        if let Some(origin) = &self.frames_to {
            // A bank's check goes on to other hosts of the bank.
            text.push_str(&format!("; frame-src 'self' https: {origin}"));
        }
        text.push_str("; ");
        text.push_str(self.ancestors.as_deref().unwrap_or("frame-ancestors 'self' https: http:"));
        text
    }
}

fn origin(address: &str) -> Option<String> {
    Url::parse(address).ok().map(|url| url.origin().ascii_serialization())
}

/// How the page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The language.
    pub lang: Lang,
    /// Inside a page of the shop.
    pub framed: bool,
}

impl Look {
    /// The language is what was asked for last, else what the link says, else the browser's.
    pub fn of(headers: &HeaderMap, switched: Option<&str>, linked: Option<&str>) -> Self {
        let asked = switched.filter(|text| !text.is_empty()).or(linked);
        let framed = headers.get(SEC_FETCH_DEST).is_some_and(|value| value == "iframe");
        Self { lang: Lang::of(headers, asked), framed }
    }

    /// What stands around every screen.
    pub fn frame<'a>(
        self,
        project: Option<&'a ProjectEntry>,
        other_language: Option<&'a str>,
        result: Option<&'a str>,
    ) -> Frame<'a> {
        Frame {
            lang: self.lang,
            other_language: other_language.and_then(Href::new),
            shop: project.map(|entry| Shop {
                name: &entry.project.name,
                support: entry.project.support.as_deref(),
            }),
            test: project.is_some_and(|entry| entry.project.test),
            style: own(STYLE_PATH),
            script: own(SCRIPT_PATH),
            framed: self.framed,
            result,
        }
    }

    /// The code of the other language.
    pub fn other(self) -> &'static str {
        self.lang.pick("en", "ru")
    }
}

/// A place of ours; what is none leads to the top.
pub fn own(path: &str) -> Href<'_> {
    Href::new(path).unwrap_or(Href::ROOT)
}

/// What is paid.
pub fn bill(payment: &Payment) -> Bill<'_> {
    Bill {
        amount: payment.amount,
        description: &payment.details.description,
        order: payment.reference.as_str(),
    }
}

/// The address of a payment's page without the host, so that it holds behind any proxy.
pub fn path_of(web: &crate::state::Web, record: &Record) -> String {
    let token = web.pages.token(record.payment.project, record.payment.id);
    format!("/payment/{token}")
}

/// On to another page of ours or the shop.
pub fn see_other(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, to), (CACHE_CONTROL, "no-store")]).into_response()
}

/// Renders a screen; a template that cannot be rendered is a failure of ours.
pub fn show(status: StatusCode, policy: &Policy, screen: &impl Template) -> Response {
    match screen.render() {
        Ok(html) => (
            status,
            [
                (CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
                (CONTENT_SECURITY_POLICY, policy.text()),
                (CACHE_CONTROL, "no-store".to_owned()),
                (REFERRER_POLICY, "no-referrer".to_owned()),
                (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
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
