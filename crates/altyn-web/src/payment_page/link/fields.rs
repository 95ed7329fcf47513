//! The parameters of a link as typed values, read in the order in which their faults are told.

use std::borrow::Cow;
use std::sync::Arc;

use altyn_app::projects::ProjectEntry;
use altyn_domain::method::Method;
use altyn_domain::money::{AMOUNT_MAX_MINOR, Amount};
use altyn_domain::payment::{CallbackWishes, Customer, PageWishes, PaymentRef, RequestEcho};
use altyn_domain::time::Timestamp;
use data_encoding::BASE64;

use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::read::fields::{
    URL_MAX_CHARS, check_customer, currency, free_text, identity, invalid, optional_text,
    web_address,
};
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::tree::{Node, echo, parse};
use crate::lang::Lang;

use super::date::{BestBefore, best_before};
use super::form::Form;
use super::returns::Returns;
use super::{FrameMode, Link};
use crate::payment_page::secrecy::{has_card, phone_is_card};

/// The parameter with the cart.
const CART: &str = "receipt_data";

/// Modes of the original that are not served here.
const OTHER_MODES: &[&str] =
    &["payout", "card_tokenize", "card_verify", "money_transfer", "presentation"];

/// Reads a link whose sender is known.
pub fn link(
    form: &Form,
    signed: &Node<'_>,
    project: Arc<ProjectEntry>,
    now: Timestamp,
) -> Result<Link, Refusal> {
    mode(signed)?;
    let reference = reference(signed)?;
    let amount = amount(signed)?;
    let language = language(signed)?;
    let customer = customer(signed, language.clone())?;
    let returns = Returns::read(signed, &project.project)?;
    let automatic = |way: &Option<super::ReturnWay>| way.as_ref().is_some_and(|way| way.automatic);
    let wishes = PageWishes {
        language: language.filter(|code| Lang::ALL.iter().any(|lang| lang.code() == code)),
        forced: forced(signed, &project)?,
        hidden: hidden(signed)?,
        two_stage: two_stage(signed)?.unwrap_or(project.project.two_stage),
        expires_at: expires_at(signed, now)?,
        auto_success: automatic(&returns.success),
        auto_decline: automatic(&returns.fail),
    };
    Ok(Link {
        reference,
        amount,
        customer,
        description: free_text(signed, &["payment_description"])?.unwrap_or_default(),
        callback: callback(signed)?,
        returns,
        wishes,
        frame_mode: form.get("frame_mode").and_then(FrameMode::parse),
        echo: kept(signed),
        query: form.query(),
        project,
    })
}

/// The signed parameters as they are kept. A cart comes as base64 of JSON (ecommpay.md §2.3) and is
/// kept unpacked, like the Gate's: so it can be read, and card numbers in it are masked.
fn kept(signed: &Node<'_>) -> RequestEcho {
    let whole = echo(signed);
    let packed = signed.get(CART).and_then(Node::as_text);
    let Some(bytes) = packed.and_then(|text| BASE64.decode(text.as_bytes()).ok()) else {
        return whole;
    };
    let Ok(cart) = parse(&bytes) else { return whole };
    let cart = echo(&cart);
    let rest = whole.lines().filter(|(path, _)| *path != CART);
    let rest = rest.map(|(path, value)| (Cow::Borrowed(path), value));
    let unpacked = cart.lines().map(|(path, value)| (format!("{CART}:{path}").into(), value));
    RequestEcho::new(rest.chain(unpacked))
}

fn mode(signed: &Node<'_>) -> Result<(), Refusal> {
    match optional_text(signed, &["mode"])?.as_deref() {
        None | Some("purchase") => Ok(()),
        Some(other) if OTHER_MODES.contains(&other) => {
            let rule = "only purchase is supported";
            Err(Refusal::field(Code::NotAllowedByProject, "mode", rule))
        }
        Some(_) => Err(invalid(&["mode"], "must be purchase")),
    }
}

fn reference(signed: &Node<'_>) -> Result<PaymentRef, Refusal> {
    let path = "payment_id";
    // Not `optional_text`: a wrong id has a code of its own.
    let text = signed.get(path).and_then(Node::as_text).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| Refusal::missing(path))?;
    PaymentRef::new(text).ok_or_else(|| {
        let rule = "must have 1 to 255 characters, none of them `;` or a control character";
        Refusal::field(Code::InvalidPaymentId, path, rule)
    })
}

fn amount(signed: &Node<'_>) -> Result<Amount, Refusal> {
    let path = ["payment_amount"];
    let digits = optional_text(signed, &path)?.ok_or_else(|| Refusal::missing("payment_amount"))?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let minor = digits.parse().ok().filter(|minor| plain && (1..=AMOUNT_MAX_MINOR).contains(minor));
    let currency = currency(signed, &["payment_currency"])?;
    let rule = || {
        let rule = format!("must be a whole number of minor units from 1 to {AMOUNT_MAX_MINOR}");
        invalid(&path, &rule)
    };
    let minor = minor.ok_or_else(rule)?;
    let currency = currency.ok_or_else(|| Refusal::missing("payment_currency"))?;
    Amount::new(minor, currency).map_err(|_| rule())
}

fn customer(signed: &Node<'_>, language: Option<String>) -> Result<Customer, Refusal> {
    let text = |name| optional_text(signed, &[name]);
    let identity = |name, code| identity(signed, &[name], code);
    let customer = Customer {
        id: identity("customer_id", Code::InvalidCustomerId)?,
        ip_address: None,
        account_id: identity("customer_account_number", Code::ValidationError)?,
        phone: identity("customer_phone", Code::ValidationError)?.map(|text| dialed(&text)),
        email: text("customer_email")?,
        country: text("customer_country")?,
        first_name: free_text(signed, &["customer_first_name"])?,
        last_name: free_text(signed, &["customer_last_name"])?,
        language,
    };
    if customer.id.is_none() {
        return Err(Refusal::missing("customer_id"));
    }
    check_customer(&customer, |name| format!("customer_{name}"))?;
    let holds =
        |value: &Option<String>, judge: fn(&str) -> bool| value.as_deref().is_some_and(judge);
    for (name, is_card) in [
        ("customer_account_number", holds(&customer.account_id, has_card)),
        ("customer_phone", holds(&customer.phone, phone_is_card)),
        ("customer_email", holds(&customer.email, has_card)),
    ] {
        if is_card {
            return Err(invalid(&[name], "must not be a card number"));
        }
    }
    Ok(customer)
}

/// The digits of a telephone number. Shops hand on what their customers typed.
fn dialed(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '+' | '-' | '.' | '(' | ')' | ' ' | '\u{a0}')).collect()
}

/// Two letters, in lower case.
fn language(signed: &Node<'_>) -> Result<Option<String>, Refusal> {
    let path = ["language_code"];
    let Some(code) = optional_text(signed, &path)? else { return Ok(None) };
    if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        return Err(invalid(&path, "must be an ISO 639-1 code of two letters"));
    }
    Ok(Some(code.to_ascii_lowercase()))
}

/// An unknown or unavailable code makes the request fail (ecommpay.md §2.3).
fn forced(signed: &Node<'_>, project: &ProjectEntry) -> Result<Option<Method>, Refusal> {
    let name = "force_payment_method";
    let Some(code) = optional_text(signed, &[name])? else { return Ok(None) };
    let method = Method::from_code(&code).filter(|it| project.project.method(*it).is_some());
    let rule = "must be the code of a method of the project";
    method.map(Some).ok_or_else(|| Refusal::field(Code::UnknownMethod, name, rule))
}

/// Codes that are not ours hide nothing here.
fn hidden(signed: &Node<'_>) -> Result<Vec<Method>, Refusal> {
    let codes = optional_text(signed, &["hide"])?.unwrap_or_default();
    Ok(codes.split(',').filter_map(|code| Method::from_code(code.trim())).collect())
}

/// Under its new name and its old one; what a link leaves open the project decides.
fn two_stage(signed: &Node<'_>) -> Result<Option<bool>, Refusal> {
    let stage = |name| match optional_text(signed, &[name])?.as_deref() {
        None => Ok(None),
        Some("sale") => Ok(Some(false)),
        Some("auth") => Ok(Some(true)),
        Some(_) => Err(invalid(&[name], "must be sale or auth")),
    };
    match (stage("operation_type")?, stage("card_operation_type")?) {
        (Some(new), Some(old)) if new != old => {
            Err(invalid(&["card_operation_type"], "must not differ from operation_type"))
        }
        (new, old) => Ok(new.or(old)),
    }
}

fn expires_at(signed: &Node<'_>, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    let name = "best_before";
    let Some(text) = optional_text(signed, &[name])? else { return Ok(None) };
    match best_before(&text, now) {
        BestBefore::Until(at) => Ok(Some(at)),
        BestBefore::Passed => Err(Refusal::field(Code::AutoDecline, name, "has passed")),
        BestBefore::Unreadable => {
            Err(invalid(&[name], "must be a date and time like 2026-12-31T23:59:59+03:00"))
        }
    }
}

fn callback(signed: &Node<'_>) -> Result<CallbackWishes, Refusal> {
    let url = |name| web_address(signed, &[name], URL_MAX_CHARS);
    Ok(CallbackWishes {
        url: url("merchant_callback_url")?,
        success_url: url("merchant_success_callback_url")?,
        decline_url: url("merchant_decline_callback_url")?,
        ..CallbackWishes::default()
    })
}
