//! A card and the browser it was entered in (ecommpay.md §3.4).
//!
//! Guaranteed: the number and the code are borrowed from the body until [`CardData`] makes the one
//! copy that it wipes; no refusal repeats a value. What is kept of the card, for a repeat to be
//! compared with, is its mask and its date.

use altyn_app::card::{CardData, CardEntry, CardError};
use altyn_app::ports::provider::{Browser, CardPayment};
use altyn_domain::method::Method;
use altyn_domain::payment::OperationKind;
use altyn_domain::payment::decide::PaymentRequest;
use altyn_domain::time::Timestamp;

use super::Signed;
use super::asked::payment;
use super::fields::{RETURN_URL_MAX_CHARS, boolean, invalid, objects, web_address};
use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::tree::Node;

/// The longest header of a browser that is taken, characters (EMV 3-D Secure, browser fields).
const HEADER_MAX_CHARS: usize = 2_048;
/// The most bits a pixel has.
const COLOR_DEPTH_MAX: i32 = 48;
/// The widest screen, pixels.
const SCREEN_MAX: u32 = 999_999;
/// The farthest that a clock may be from UTC, minutes.
const TIMEZONE_MAX_MIN: i32 = 24 * 60;

/// A payment by card in one stage or two, and the card. `now` is the project's time.
pub fn card_payment(
    request: &Signed<'_>,
    kind: OperationKind,
    now: Timestamp,
) -> Result<(PaymentRequest, CardPayment), Refusal> {
    let body = &request.body;
    objects(body, &["card", "acs_return_url"])?;
    let asked = payment(request, Method::Card, kind)?;
    let browser = browser(body, asked.details.customer.language.clone())?;
    let authentication_return = authentication_return(body)?;
    let card = card(body, now)?;
    let facts = card.facts();
    let shown = format!("{} {}", facts.mask, facts.expiry);
    let asked =
        PaymentRequest { request: asked.request.with("card", &shown), card: Some(facts), ..asked };
    Ok((asked, CardPayment { card, authentication_return, browser }))
}

fn card(body: &Node<'_>, now: Timestamp) -> Result<CardData, Refusal> {
    let missing = |name: &str| Refusal::missing(format!("card.{name}"));
    let number = digits(body, "pan")?.ok_or_else(|| missing("pan"))?;
    let month = digits(body, "month")?.ok_or_else(|| missing("month"))?;
    let year = digits(body, "year")?.ok_or_else(|| missing("year"))?;
    let code =
        digits(body, "cvv")?.ok_or_else(|| Refusal::field(Code::CvvRequired, "card.cvv", ""))?;
    let holder = text(body, &["card", "card_holder"])?
        .ok_or_else(|| Refusal::field(Code::HolderRequired, "card.card_holder", ""))?;
    let month = whole(month)
        .filter(|month| (1..=12).contains(month))
        .ok_or_else(|| invalid(&["card", "month"], "must be an integer from 1 to 12"))?;
    let year = whole(year).ok_or_else(wrong_year)?;
    let entry = CardEntry { number, month, year, code: Some(code), holder: Some(holder) };
    CardData::read(&entry, now).map_err(refusal)
}

fn refusal(error: CardError) -> Refusal {
    match error {
        CardError::Number => {
            let rule = "must be a card number: 12 to 19 digits, the last one a right check digit";
            invalid(&["card", "pan"], rule)
        }
        CardError::Expiry => wrong_year(),
        CardError::Expired => Refusal::field(Code::ExpiredCard, "card.year", ""),
        CardError::Code => invalid(&["card", "cvv"], "must have three or four digits"),
        CardError::Holder => {
            let rule = "must have at most 255 letters, digits, spaces, dots, dashes, apostrophes";
            Refusal::field(Code::InvalidHolder, "card.card_holder", rule)
        }
    }
}

fn wrong_year() -> Refusal {
    invalid(&["card", "year"], "must be an integer from 2000 to 2099")
}

/// What may be sent as a string or as a number.
fn digits<'b>(body: &'b Node<'_>, name: &'static str) -> Result<Option<&'b str>, Refusal> {
    match body.at(&["card", name]) {
        Some(Node::Number(digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Ok(Some(digits))
        }
        Some(Node::Number(_)) => Err(invalid(&["card", name], "must be digits")),
        Some(Node::Null | Node::Bool(_) | Node::Text(_) | Node::List(_) | Node::Object(_))
        | None => text(body, &["card", name]),
    }
}

/// A text that is not empty.
fn text<'b>(body: &'b Node<'_>, path: &[&str]) -> Result<Option<&'b str>, Refusal> {
    match body.at(path) {
        None | Some(Node::Null) => Ok(None),
        Some(Node::Text(text)) => Ok(Some(text.as_ref()).filter(|text| !text.is_empty())),
        Some(Node::Bool(_) | Node::Number(_) | Node::List(_) | Node::Object(_)) => {
            Err(invalid(path, "must be a string"))
        }
    }
}

/// A number spelled with digits only.
fn whole<T: std::str::FromStr>(digits: &str) -> Option<T> {
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Where the issuer sends the payer's browser. The address for the notice of the hidden frame is
/// checked and not used: the acquirer has its own.
fn authentication_return(body: &Node<'_>) -> Result<Option<String>, Refusal> {
    let url = |name| web_address(body, &["acs_return_url", name], RETURN_URL_MAX_CHARS);
    url("3ds_notification_url")?;
    url("return_url")
}

fn browser(body: &Node<'_>, language: Option<String>) -> Result<Browser, Refusal> {
    let path = |name: &'static str| ["customer", name];
    let header = |name| header(body, &path(name));
    let number = |name, from, to| signed_number(body, &path(name), (from, to));
    let depth = number("color_depth", 1, COLOR_DEPTH_MAX)?;
    Ok(Browser {
        accept: header("accept_header")?,
        user_agent: header("browser")?,
        language,
        screen: screen(body, &path("screen_res"))?,
        color_depth: depth.map(i32::unsigned_abs),
        timezone_offset_min: number("timezone_offset", -TIMEZONE_MAX_MIN, TIMEZONE_MAX_MIN)?,
        scripts: boolean(body, &path("js_enabled"))?.unwrap_or(false),
    })
}

fn header(body: &Node<'_>, path: &[&str]) -> Result<Option<String>, Refusal> {
    let Some(text) = text(body, path)? else { return Ok(None) };
    if text.chars().count() > HEADER_MAX_CHARS || text.chars().any(char::is_control) {
        let rule =
            format!("must have at most {HEADER_MAX_CHARS} characters, no control characters");
        return Err(invalid(path, &rule));
    }
    Ok(Some(text.to_owned()))
}

/// A whole number, as a number or a string, with a sign if it needs one.
fn signed_number(
    body: &Node<'_>,
    path: &[&str],
    (from, to): (i32, i32),
) -> Result<Option<i32>, Refusal> {
    let digits = match body.at(path) {
        Some(Node::Number(digits)) => Some(*digits),
        Some(Node::Null | Node::Bool(_) | Node::Text(_) | Node::List(_) | Node::Object(_))
        | None => text(body, path)?,
    };
    let Some(digits) = digits else { return Ok(None) };
    let number = digits.parse().ok().filter(|number| (from..=to).contains(number));
    let rule = || invalid(path, &format!("must be an integer from {from} to {to}"));
    number.map(Some).ok_or_else(rule)
}

/// `1920x1080`.
fn screen(body: &Node<'_>, path: &[&str]) -> Result<Option<(u32, u32)>, Refusal> {
    let Some(text) = text(body, path)? else { return Ok(None) };
    let side = |digits: &str| whole(digits).filter(|side| (1..=SCREEN_MAX).contains(side));
    let sides = text.split_once('x').and_then(|(width, height)| side(width).zip(side(height)));
    sides.map(Some).ok_or_else(|| invalid(path, "must be like 1920x1080"))
}

#[cfg(test)]
mod tests;
