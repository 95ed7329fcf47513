//! The shapes of JSON columns of an operation.

use std::borrow::Cow;

use altyn_app::ports::StoreError;
use altyn_domain::card::{CardBrand, CardFacts, Expiry};
use altyn_domain::method::CustomerField;
use altyn_domain::payment::{
    Authentication, AuthenticationStep, Redirect, RedirectMethod, RequestEcho,
};
use serde::{Deserialize, Serialize, Serializer};

use super::{Text, decode, encode, put, take};

/// `operations.redirect`
#[derive(Serialize, Deserialize)]
pub(crate) struct RedirectJson<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    body: Cow<'a, [(String, String)]>,
}

impl<'a> From<&'a Redirect> for RedirectJson<'a> {
    fn from(redirect: &'a Redirect) -> Self {
        Self {
            method: Cow::Borrowed(redirect.method.as_str()),
            url: Cow::Borrowed(&redirect.url),
            body: Cow::Borrowed(&redirect.body),
        }
    }
}

impl RedirectJson<'_> {
    /// The redirect; `None` for a method we never write.
    pub(crate) fn read(self) -> Option<Redirect> {
        let method = [RedirectMethod::Get, RedirectMethod::Post]
            .into_iter()
            .find(|method| method.as_str() == self.method)?;
        Some(Redirect { method, url: self.url.into_owned(), body: self.body.into_owned() })
    }
}

/// `operations.missing`: NULL when nothing is.
pub(crate) fn encode_missing(missing: &[CustomerField]) -> Result<Option<String>, StoreError> {
    if missing.is_empty() {
        return Ok(None);
    }
    let words: Vec<&str> = missing.iter().map(|field| field.as_str()).collect();
    encode(&words).map(Some)
}

/// Reads [`encode_missing`] back.
pub(crate) fn decode_missing(text: Option<&str>) -> Option<Vec<CustomerField>> {
    let Some(text) = text else { return Some(Vec::new()) };
    let words: Vec<Cow<'_, str>> = decode(text)?;
    words.iter().map(|word| CustomerField::parse(word)).collect()
}

/// `operations.card`: only what may be kept of a card.
#[derive(Serialize, Deserialize)]
pub(crate) struct CardJson<'a> {
    #[serde(borrow)]
    mask: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    brand: Text<'a>,
    /// `2030-12`
    expiry: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    holder: Text<'a>,
}

impl<'a> From<&'a CardFacts> for CardJson<'a> {
    fn from(card: &'a CardFacts) -> Self {
        Self {
            mask: Cow::Borrowed(&card.mask),
            brand: card.brand.map(|brand| Cow::Borrowed(brand.as_str())),
            expiry: Cow::Owned(card.expiry.to_string()),
            holder: put(&card.holder),
        }
    }
}

impl CardJson<'_> {
    /// The facts; `None` for a brand or a month we never write.
    pub(crate) fn read(self) -> Option<CardFacts> {
        Some(CardFacts {
            mask: self.mask.into_owned(),
            brand: match self.brand {
                Some(word) => Some(CardBrand::parse(&word)?),
                None => None,
            },
            expiry: Expiry::parse(&self.expiry)?,
            holder: take(self.holder),
        })
    }
}

/// `operations.authentication`
#[derive(Serialize, Deserialize)]
pub(crate) struct AuthenticationJson<'a> {
    #[serde(borrow)]
    step: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    fields: Cow<'a, [(String, String)]>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    transaction: Text<'a>,
}

impl<'a> From<&'a Authentication> for AuthenticationJson<'a> {
    fn from(authentication: &'a Authentication) -> Self {
        Self {
            step: Cow::Borrowed(authentication.step.as_str()),
            url: Cow::Borrowed(&authentication.url),
            fields: Cow::Borrowed(&authentication.fields),
            transaction: put(&authentication.transaction),
        }
    }
}

impl AuthenticationJson<'_> {
    /// The step to take; `None` for one we never write.
    pub(crate) fn read(self) -> Option<Authentication> {
        Some(Authentication {
            step: AuthenticationStep::parse(&self.step)?,
            url: self.url.into_owned(),
            fields: self.fields.into_owned(),
            transaction: take(self.transaction),
        })
    }
}

/// `operations.request`: pairs of path and value.
struct EchoJson<'a>(&'a RequestEcho);

impl Serialize for EchoJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.lines())
    }
}

/// Writes what was asked for.
pub(crate) fn encode_echo(echo: &RequestEcho) -> Result<String, StoreError> {
    encode(&EchoJson(echo))
}

/// Reads what was asked for.
pub(crate) fn decode_echo(text: &str) -> Option<RequestEcho> {
    let lines: Vec<(String, String)> = decode(text)?;
    Some(RequestEcho::from_stored(&lines))
}
