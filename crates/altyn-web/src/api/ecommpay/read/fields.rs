//! Fields of requests, each read strictly and refused by name (ecommpay.md §3.4).
//!
//! Bodies of the Gate and links of the Payment Page share these: a path names the parameter,
//! whatever the shape around it.

use altyn_domain::mask::mask_cards;
use altyn_domain::money::{AMOUNT_MAX_MINOR, Amount, Currency};
use altyn_domain::payment::{CallbackWishes, Customer, ReturnUrls};
use altyn_domain::time::SECOND_MS;
use url::Url;

use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::tree::Node;

/// The longest free text, characters.
pub const TEXT_MAX_CHARS: usize = 255;
/// The longest address of a callback, characters.
pub const URL_MAX_CHARS: usize = 255;
/// The longest address a payer returns to, characters.
pub const RETURN_URL_MAX_CHARS: usize = 2_048;
/// The longest a first callback may be put off, seconds.
pub const CALLBACK_DELAY_MAX_S: i64 = 600;

/// Where a Gate body has its currency.
const CURRENCY: [&str; 2] = ["payment", "currency"];

fn dotted(path: &[&str]) -> String {
    path.join(".")
}

/// The parameter breaks a rule of its form.
pub fn invalid(path: &[&str], rule: &str) -> Refusal {
    Refusal::field(Code::ValidationError, dotted(path), rule)
}

/// A text, if it is there and not empty. Line breaks and tabs are the only control characters
/// allowed.
pub fn optional_text(body: &Node<'_>, path: &[&str]) -> Result<Option<String>, Refusal> {
    let text = match body.at(path) {
        None | Some(Node::Null) => return Ok(None),
        Some(Node::Text(text)) => text,
        Some(Node::Bool(_) | Node::Number(_) | Node::List(_) | Node::Object(_)) => {
            return Err(invalid(path, "must be a string"));
        }
    };
    if text.chars().count() > TEXT_MAX_CHARS {
        return Err(invalid(path, "must have at most 255 characters"));
    }
    let strange =
        |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    if text.chars().any(strange) {
        return Err(invalid(path, "must not contain control characters"));
    }
    Ok((!text.is_empty()).then(|| text.as_ref().to_owned()))
}

/// A text for people to read, which nothing depends on: card numbers in it are masked, since it is
/// kept, told and shown.
pub fn free_text(body: &Node<'_>, path: &[&str]) -> Result<Option<String>, Refusal> {
    Ok(optional_text(body, path)?.map(|text| mask_cards(&text).into_owned()))
}

/// A text that identifies something: no `;` either.
pub fn identity(body: &Node<'_>, path: &[&str], code: Code) -> Result<Option<String>, Refusal> {
    let text = match body.at(path) {
        // Plugins send shop ids as numbers; the signature is the same.
        Some(Node::Number(digits)) => Some(whole_number(digits, path, code)?),
        Some(Node::Null | Node::Bool(_) | Node::Text(_) | Node::List(_) | Node::Object(_))
        | None => optional_text(body, path)?,
    };
    let strange = |text: &String| text.chars().any(|c| c.is_control() || c == ';');
    if text.as_ref().is_some_and(strange) {
        let rule = "must not contain `;` or control characters";
        return Err(Refusal::field(code, dotted(path), rule));
    }
    Ok(text)
}

/// Only digits: the same number in two spellings must not be two identities.
fn whole_number(digits: &str, path: &[&str], code: Code) -> Result<String, Refusal> {
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain && digits.len() <= TEXT_MAX_CHARS {
        return Ok(digits.to_owned());
    }
    let rule = "must be a string, or a whole number of at most 255 digits";
    Err(Refusal::field(code, dotted(path), rule))
}

/// Refuses what stands where an object belongs: a cart or a sum inside it would go unread, and a
/// refund without its sum would return everything. PHP writes an empty object as an empty list.
pub fn objects(body: &Node<'_>, names: &[&str]) -> Result<(), Refusal> {
    names.iter().try_for_each(|name| object(body, &[name]))
}

fn object(body: &Node<'_>, path: &[&str]) -> Result<(), Refusal> {
    match body.at(path) {
        None | Some(Node::Null | Node::Object(_)) => Ok(()),
        Some(Node::List(items)) if items.is_empty() => Ok(()),
        Some(Node::Bool(_) | Node::Number(_) | Node::Text(_) | Node::List(_)) => {
            Err(invalid(path, "must be an object"))
        }
    }
}

/// A whole number from 0 to `max`.
pub fn integer(body: &Node<'_>, path: &[&str], max: i64) -> Result<Option<i64>, Refusal> {
    match body.at(path) {
        None | Some(Node::Null) => Ok(None),
        Some(Node::Number(digits)) => {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            let number = digits.parse().ok().filter(|number| plain && (0..=max).contains(number));
            number
                .map(Some)
                .ok_or_else(|| invalid(path, &format!("must be an integer from 0 to {max}")))
        }
        Some(Node::Bool(_) | Node::Text(_) | Node::List(_) | Node::Object(_)) => {
            Err(invalid(path, "must be an integer"))
        }
    }
}

/// `true` or `false`.
pub fn boolean(body: &Node<'_>, path: &[&str]) -> Result<Option<bool>, Refusal> {
    match body.at(path) {
        None | Some(Node::Null) => Ok(None),
        Some(Node::Bool(said)) => Ok(Some(*said)),
        Some(Node::Number(_) | Node::Text(_) | Node::List(_) | Node::Object(_)) => {
            Err(invalid(path, "must be true or false"))
        }
    }
}

fn amount(body: &Node<'_>) -> Result<Option<i64>, Refusal> {
    let path = ["payment", "amount"];
    let minor = integer(body, &path, AMOUNT_MAX_MINOR)?;
    if minor == Some(0) {
        return Err(invalid(&path, "must be at least 1, in minor units"));
    }
    Ok(minor)
}

/// A currency that exists.
pub fn currency(body: &Node<'_>, path: &[&str]) -> Result<Option<Currency>, Refusal> {
    let Some(code) = optional_text(body, path)? else { return Ok(None) };
    let known = Currency::from_code(&code);
    known.map(Some).ok_or_else(|| {
        let rule = "must be an ISO 4217 alphabetic code";
        Refusal::field(Code::InvalidCurrency, dotted(path), rule)
    })
}

/// `payment.amount` and `payment.currency` of a sale: both required.
pub fn sale_amount(body: &Node<'_>) -> Result<Amount, Refusal> {
    let minor = amount(body)?.ok_or_else(|| Refusal::missing("payment.amount"))?;
    let currency =
        currency(body, &CURRENCY)?.ok_or_else(|| Refusal::missing("payment.currency"))?;
    amount_and_currency(minor, currency)
}

/// `payment.amount` and `payment.currency` of a capture, a cancel or a refund: both or neither.
pub fn part_amount(body: &Node<'_>) -> Result<Option<Amount>, Refusal> {
    match (amount(body)?, currency(body, &CURRENCY)?) {
        (None, None) => Ok(None),
        (Some(minor), Some(currency)) => amount_and_currency(minor, currency).map(Some),
        (None, Some(_)) => Err(Refusal::field(Code::AmountRequired, "payment.amount", "")),
        (Some(_), None) => Err(Refusal::field(Code::CurrencyRequired, "payment.currency", "")),
    }
}

/// The two as one value.
fn amount_and_currency(minor: i64, currency: Currency) -> Result<Amount, Refusal> {
    Amount::new(minor, currency)
        .map_err(|error| invalid(&["payment", "amount"], &error.to_string()))
}

/// The payer, from the object at `root` (`customer`, or `additional_data.customer`).
pub fn customer(body: &Node<'_>, root: &[&str]) -> Result<Customer, Refusal> {
    object(body, root)?;
    let path = |name| [root, &[name]].concat();
    let text = |name| optional_text(body, &path(name));
    let customer = Customer {
        id: identity(body, &path("id"), Code::InvalidCustomerId)?,
        ip_address: text("ip_address")?,
        account_id: identity(body, &path("account_id"), Code::ValidationError)?,
        phone: identity(body, &path("phone"), Code::ValidationError)?,
        email: text("email")?,
        country: text("country")?,
        first_name: free_text(body, &path("first_name"))?,
        last_name: free_text(body, &path("last_name"))?,
        language: text("language")?,
    };
    check_customer(&customer, |name| dotted(&path(name)))?;
    Ok(customer)
}

/// Checks what is read as text; `full` gives the parameter that a field came in.
pub fn check_customer(
    customer: &Customer,
    full: impl Fn(&'static str) -> String,
) -> Result<(), Refusal> {
    let refused = |code, name, rule: &str| Err(Refusal::field(code, full(name), rule));
    let bad = |value: &Option<String>, right: fn(&str) -> bool| {
        value.as_deref().is_some_and(|value| !right(value))
    };
    if bad(&customer.ip_address, |text| text.parse::<std::net::IpAddr>().is_ok()) {
        return refused(Code::ValidationError, "ip_address", "must be an IPv4 or IPv6 address");
    }
    if bad(&customer.phone, is_phone) {
        return refused(Code::ValidationError, "phone", "must have 4 to 24 digits");
    }
    if bad(&customer.email, is_email) {
        return refused(Code::InvalidEmail, "email", "must be an e-mail address");
    }
    if bad(&customer.country, is_country) {
        return refused(Code::InvalidCountry, "country", "must be an ISO 3166-1 alpha-2 code");
    }
    Ok(())
}

/// 4 to 24 digits.
pub fn is_phone(text: &str) -> bool {
    (4..=24).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Something with one `@` and a dot behind it.
pub fn is_email(text: &str) -> bool {
    let strange = |c: char| c.is_whitespace() || c.is_control() || c == ';' || c == ',';
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.len() > 2 && host.contains('.') && !host.contains('@')
    }) && !text.chars().any(strange)
}

fn is_country(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// An absolute `http` or `https` address without a name and password in it.
pub fn web_address(
    body: &Node<'_>,
    path: &[&str],
    longest: usize,
) -> Result<Option<String>, Refusal> {
    let text = match body.at(path) {
        None | Some(Node::Null) => return Ok(None),
        Some(Node::Text(text)) if text.is_empty() => return Ok(None),
        Some(Node::Text(text)) => text,
        Some(Node::Bool(_) | Node::Number(_) | Node::List(_) | Node::Object(_)) => {
            return Err(invalid(path, "must be a string"));
        }
    };
    let strange = text.chars().any(|c| c.is_control() || c == ';' || c.is_whitespace());
    let parsed = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && url.username().is_empty()
            && url.password().is_none()
    });
    if strange || text.chars().count() > longest || parsed.is_none() {
        let rule = format!("must be an http or https address of at most {longest} characters");
        return Err(invalid(path, &rule));
    }
    Ok(Some(text.as_ref().to_owned()))
}

/// `return_url`, with the project's own where the request has none.
pub fn return_urls(body: &Node<'_>, own: &ReturnUrls) -> Result<ReturnUrls, Refusal> {
    let url = |name| web_address(body, &["return_url", name], RETURN_URL_MAX_CHARS);
    let given =
        ReturnUrls { success: url("success")?, decline: url("decline")?, back: url("return")? };
    Ok(if given == ReturnUrls::default() { own.clone() } else { given })
}

/// What the request wants of its callbacks.
pub fn callback_wishes(body: &Node<'_>) -> Result<CallbackWishes, Refusal> {
    let url = |name| web_address(body, &["general", name], URL_MAX_CHARS);
    let delay_s = integer(body, &["callback", "delay"], CALLBACK_DELAY_MAX_S)?.unwrap_or(0);
    let disabled = boolean(body, &["callback", "force_disable"])?.unwrap_or(false);
    Ok(CallbackWishes {
        url: url("merchant_callback_url")?,
        success_url: url("merchant_success_callback_url")?,
        decline_url: url("merchant_decline_callback_url")?,
        delay_ms: delay_s * SECOND_MS,
        disabled,
    })
}
