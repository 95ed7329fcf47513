//! What goes over the line to and from iPay: the form with its hash, status codes, replies.
//!
//! Guaranteed: the hash is made over the very texts that are posted; nothing here fails or panics
//! whatever the bytes are. Source: providers.md §2.1 to §2.5; the set and order of the form's
//! fields is that of `redirect_data.body` in seed 003.

use altyn_app::ports::provider::ProviderCall;
use altyn_domain::mask::mask_cards;
use altyn_domain::money::{Amount, Currency};
use serde_json::Value;

use super::IpayConfig;
use crate::sign;

/// Fields whose values make up `hsh`, in this order; absent ones count as empty.
const HASHED: &[&str] = &[
    "live", "oid", "inv", "ttl", "tel", "eml", "vid", "curr", "p1", "p2", "p3", "p4", "cbk", "cst",
    "crl",
];

/// Channels as the seed names them. Defaults of §2.1 where it gives one; cards are what this
/// method is for, so `debitcard` is on (**chosen**); what has no documented default is off.
const CHANNELS: &[(&str, &str)] = &[
    ("mpesa", "1"),
    ("bonga", "0"),
    ("airtel", "1"),
    ("equity", "1"),
    ("mobilebanking", "0"),
    ("debitcard", "1"),
    ("mkoporahisi", "0"),
    ("saida", "0"),
    ("elipa", "0"),
];

const PHONE_MAX: usize = 15;
const EMAIL_MAX: usize = 30;
/// Hex digits of a [`seal`].
const SEAL_CHARS: usize = 16;

/// A form, ready to be posted by the payer's browser.
pub(super) type Form = Vec<(String, String)>;

/// `hsh` of a form: HMAC-SHA1 over the values of [`HASHED`], one behind the other.
pub(super) fn form_hash(key: &str, form: &[(String, String)]) -> String {
    let value = |name: &&str| form.iter().find(|(field, _)| field == name).map(|(_, v)| v.as_str());
    let text: String = HASHED.iter().filter_map(value).collect();
    sign::sha1_hex(key, &text)
}

/// The form for a sale; `None` when the amount cannot be written the partner's way.
pub(super) fn form(config: &IpayConfig, call: &ProviderCall) -> Option<Form> {
    let customer = &call.details.customer;
    let order = call.order_number.as_str();
    let seal = seal(config, order);
    let mut form = vec![("live", if call.test { "0" } else { "1" }.to_owned())];
    form.extend(CHANNELS.iter().map(|(name, switch)| (*name, (*switch).to_owned())));
    form.extend([
        ("oid", order.to_owned()),
        ("inv", order.to_owned()),
        ("ttl", total(call.amount)?),
        ("tel", phone(customer.phone.as_deref())),
        ("eml", email(customer.email.as_deref())),
        ("vid", config.vid.clone()),
        ("curr", call.amount.currency().code().to_owned()),
        ("cbk", with_query(&config.callback_url, &format!("seal={seal}"))),
        ("lbk", with_query(&config.callback_url, &format!("oid={order}&cancelled=1&seal={seal}"))),
        ("cst", "1".to_owned()),
        ("crl", "0".to_owned()),
        ("autopay", "1".to_owned()),
    ]);
    let mut form: Form = form.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let hash = form_hash(config.key.expose(), &form);
    form.push(("hsh".to_owned(), hash));
    Some(form)
}

/// Proves that a callback comes from somebody who was given the form of this order. Order numbers
/// can be guessed, and the partner answers a guess of its tokens with «failed».
pub(super) fn seal(config: &IpayConfig, order: &str) -> String {
    sign::sha256_hex(config.key.expose(), &format!("order {order}"))
        .chars()
        .take(SEAL_CHARS)
        .collect()
}

fn with_query(address: &str, query: &str) -> String {
    let mark = if address.contains('?') { '&' } else { '?' };
    format!("{address}{mark}{query}")
}

/// Major units: whole shillings, dollars with two decimals.
fn total(amount: Amount) -> Option<String> {
    match amount.currency() {
        Currency::KES => (amount.minor() % 100 == 0).then(|| (amount.minor() / 100).to_string()),
        Currency::USD => Some(amount.to_major()),
        _ => None,
    }
}

/// Digits only; a number that does not fit is left for the partner's page to ask for.
fn phone(text: Option<&str>) -> String {
    let digits: String = text.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    if digits.len() > PHONE_MAX { String::new() } else { digits }
}

fn email(text: Option<&str>) -> String {
    text.filter(|email| email.chars().count() <= EMAIL_MAX).unwrap_or_default().to_owned()
}

/// An amount in major units as minor units; `None` for anything else.
pub(super) fn minor_of(text: &str, currency: Currency) -> Option<i64> {
    let width = usize::try_from(currency.exponent()).ok()?;
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > width || !digits(whole) || !digits(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<width$}").parse().ok()
}

/// The partner's word on a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Success,
    Failed,
    Pending,
    /// The order was used before.
    Used,
    Less,
    More,
}

impl Status {
    const WORDS: &[(&str, Self)] = &[
        ("aei7p7yrx4ae34", Self::Success),
        ("fe2707etr5s4wq", Self::Failed),
        ("bdi6p2yy76etrs", Self::Pending),
        ("cr5i3pgy9867e1", Self::Used),
        ("dtfi4p7yty45wq", Self::Less),
        ("eq3i7p5yt7645e", Self::More),
    ];

    /// Reads one of the six codes, white space around it allowed.
    pub(super) fn read(text: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(word, _)| *word == text.trim()).map(|(_, status)| *status)
    }
}

/// What search answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// A paid transaction of the order; its amount if it can be read.
    Found { code: String, paid: Option<i64> },
    /// The partner says there is none.
    NotFound,
    /// No answer that can be used.
    Trouble(String),
}

impl Search {
    pub(super) fn read(status: u16, body: &[u8], currency: Currency) -> Self {
        match status {
            200 => Self::read_body(body, currency),
            // Not let in, or not now: nothing is said about the order.
            401 | 403 | 407 | 408 | 429 => Self::Trouble(format!("search answered HTTP {status}")),
            400..=499 => Self::NotFound,
            _ => Self::Trouble(format!("search answered HTTP {status}")),
        }
    }

    fn read_body(body: &[u8], currency: Currency) -> Self {
        let value: Value = match serde_json::from_slice(body) {
            Ok(value @ Value::Object(_)) => value,
            Ok(_) | Err(_) => return Self::Trouble("search answered no JSON object".to_owned()),
        };
        let header = value.get("header_status").and_then(plain);
        if header.is_some_and(|header| header != "200") {
            return Self::NotFound;
        }
        let data = value.get("data");
        match data.and_then(|data| data.get("transaction_code")).and_then(plain) {
            Some(code) => {
                let amount = data.and_then(|data| data.get("transaction_amount")).and_then(plain);
                Self::Found { code, paid: amount.and_then(|text| minor_of(&text, currency)) }
            }
            None => Self::Trouble("search answered no transaction code".to_owned()),
        }
    }
}

/// What refund answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RefundReply {
    Done {
        code: Option<String>,
    },
    /// Taken; the outcome is told later (**chosen**: 202).
    Accepted {
        code: Option<String>,
    },
    Refused {
        status: i64,
        text: String,
        code: Option<String>,
    },
    Trouble(String),
}

impl RefundReply {
    /// The body's `status` is the answer; HTTP itself says only whether there is one.
    pub(super) fn read(http: u16, body: &[u8]) -> Self {
        if !(200..500).contains(&http) {
            return Self::Trouble(format!("refund answered HTTP {http}"));
        }
        let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let status = value.get("status").and_then(plain).and_then(|text| text.parse().ok());
        let code = value.get("code").and_then(plain);
        match status {
            Some(200) if http == 200 => Self::Done { code },
            Some(202) if matches!(http, 200 | 202) => Self::Accepted { code },
            Some(200 | 202) => Self::Trouble(format!("refund answered HTTP {http} and success")),
            Some(status) => {
                let text = value.get("text").and_then(Value::as_str).unwrap_or_default();
                let text: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
                let text = mask_cards(&text).into_owned();
                Self::Refused { status, text, code }
            }
            None => Self::Trouble(format!("refund answered HTTP {http} without a status")),
        }
    }
}

/// A text that is not empty, or a number as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}
