//! What a form says, once it is known to be of a page of ours.

use std::ops::Deref;

use altyn_app::access::sign_in::form_token;
use altyn_app::secret::Secret;
use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::response::Response;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::Signed;
use crate::body;
use crate::cabinet::frame::Bare;
use crate::lang::Lang;

/// The longest form.
pub const FORM_MAX_BYTES: usize = 64 * 1024;
/// The field that carries the token.
const TOKEN: &str = "token";

/// The fields of a form, in order. Wiped when it is dropped: some are passwords.
#[derive(Clone, Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads an url-encoded body.
    pub fn parse(body: &[u8]) -> Self {
        Self(url::form_urlencoded::parse(body).into_owned().collect())
    }

    /// A field by name, trimmed; empty when it is not there. The last one counts.
    pub fn field(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field as it was typed: for passwords.
    pub fn secret(&self, name: &str) -> Secret {
        Secret::new(self.raw(name))
    }

    fn raw(&self, name: &str) -> &str {
        self.0.iter().rev().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(own, _)| own != name);
        self
    }
}

impl Deref for Form {
    type Target = [(String, String)];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Drop for Form {
    fn drop(&mut self) {
        for (_, value) in &mut self.0 {
            value.zeroize();
        }
    }
}

/// A form of this browser: of our site, with the token that its session makes.
pub async fn of_session(parts: &Parts, body: Body, signed: &Signed) -> Result<Form, Response> {
    let form = of_stranger(parts, body, signed.lang).await?;
    if is_own(&form, &signed.cookie) {
        return Ok(form.without(TOKEN));
    }
    tracing::warn!(user = signed.actor.user.id, "a form without this browser's token was refused");
    Err(Bare::foreign_form(signed.lang))
}

/// A form of our site.
pub async fn of_stranger(parts: &Parts, body: Body, lang: Lang) -> Result<Form, Response> {
    if !is_same_site(&parts.headers) {
        tracing::warn!("a form that another site sent was refused");
        return Err(Bare::foreign_form(lang));
    }
    let kind = parts.headers.get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    if !kind.starts_with(b"application/x-www-form-urlencoded") {
        return Err(Bare::unreadable_form(lang));
    }
    match body::collect(body, FORM_MAX_BYTES).await {
        Ok(bytes) => Ok(Form::parse(&bytes)),
        Err(error) => {
            tracing::info!(%error, "a form was not read");
            Err(Bare::unreadable_form(lang))
        }
    }
}

/// Whether it carries the token of this browser's session; how long it takes says nothing.
pub fn is_own(form: &Form, cookie: &Secret) -> bool {
    let expected = form_token(cookie.expose());
    bool::from(form.raw(TOKEN).as_bytes().ct_eq(expected.as_bytes()))
}

/// Whether the browser says that a page of ours sent it. What says nothing is no browser, or an
/// old one: its token must do.
pub fn is_same_site(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(ORIGIN.as_str()) else { return true };
    let host = text(HOST.as_str());
    origin.split_once("://").is_some_and(|(_, own)| Some(own) == host)
}
