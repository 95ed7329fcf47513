//! What the RBS gateway answers, read leniently; what its notifications are signed over.
//!
//! Guaranteed: nothing here fails or panics whatever the bytes are; a field that is missing or of
//! another type than expected is `None`. The Content-Type is not looked at, texts are never
//! matched. Source: providers.md §1.1, §1.2, §1.4, §1.8 and §1.11.

pub(super) mod step;

use serde_json::{Map, Value};

/// The longest approval code or reference number: the network's have 6 and 12 characters.
const NETWORK_NUMBER_MAX: usize = 12;

/// The error code as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// Not there: the request was processed.
    Absent,
    /// A number, or a text that is one. Zero: the request was processed.
    Number(i64),
    /// Something that is no number.
    Unreadable,
}

impl Code {
    /// For operators.
    pub(super) fn describe(self) -> String {
        match self {
            Self::Absent => "no errorCode".to_owned(),
            Self::Number(number) => format!("errorCode {number}"),
            Self::Unreadable => "an unreadable errorCode".to_owned(),
        }
    }
}

/// Any answer: an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply(Map<String, Value>);

impl Reply {
    /// `None` when the bytes are not a JSON object.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => Some(Self(map)),
            Ok(_) | Err(_) => None,
        }
    }

    /// `errorCode`, `ErrorCode` of the old methods, or `error.code` of the JSON methods.
    pub(super) fn code(&self) -> Code {
        let nested = || self.0.get("error").and_then(|error| error.get("code"));
        match self.0.get("errorCode").or_else(|| self.0.get("ErrorCode")).or_else(nested) {
            None | Some(Value::Null) => Code::Absent,
            Some(value) => integer(value).map_or(Code::Unreadable, Code::Number),
        }
    }

    /// A field that is a text and not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        text(self.0.get(name)?)
    }

    /// The order as `getOrderStatusExtended.do` shows it.
    pub(super) fn order(&self) -> OrderView {
        let number = |name: &str| self.0.get(name).and_then(integer);
        let sums = self.0.get("paymentAmountInfo");
        let sum = |name: &str| sums.and_then(|sums| sums.get(name)).and_then(integer);
        let lines = self.0.get("refunds").and_then(Value::as_array);
        OrderView {
            code: self.code(),
            number: self.text("orderNumber").map(str::to_owned),
            status: number("orderStatus"),
            action: number("actionCode"),
            amount: number("amount"),
            currency: number("currency"),
            md_order: self.md_order(),
            approved: sum("approvedAmount"),
            deposited: sum("depositedAmount"),
            refunded: sum("refundedAmount"),
            at_ms: number("authDateTime").or_else(|| number("depositedDate")),
            deposited_ms: number("depositedDate"),
            reversed_ms: number("reversedDate"),
            refunded_ms: number("refundedDate"),
            card: self.0.get("cardAuthInfo").filter(|info| !info.is_null()).map(CardView::read),
            rrn: self.0.get("authRefNum").and_then(plain),
            refunds: lines.map(|lines| lines.iter().map(RefundLine::read).collect()),
        }
    }

    fn md_order(&self) -> Option<String> {
        let attributes = self.0.get("attributes")?.as_array()?;
        let is_id = |entry: &&Value| entry.get("name").and_then(Value::as_str) == Some("mdOrder");
        text(attributes.iter().find(is_id)?.get("value")?).map(str::to_owned)
    }
}

/// `getOrderStatusExtended.do`, the fields we use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OrderView {
    pub(super) code: Code,
    pub(super) number: Option<String>,
    pub(super) status: Option<i64>,
    pub(super) action: Option<i64>,
    pub(super) amount: Option<i64>,
    /// ISO 4217 numeric.
    pub(super) currency: Option<i64>,
    /// The gateway's UUID of the order.
    pub(super) md_order: Option<String>,
    /// What was held or taken at first.
    pub(super) approved: Option<i64>,
    /// What the gateway has now: captured less returned.
    pub(super) deposited: Option<i64>,
    pub(super) refunded: Option<i64>,
    pub(super) at_ms: Option<i64>,
    pub(super) deposited_ms: Option<i64>,
    pub(super) reversed_ms: Option<i64>,
    pub(super) refunded_ms: Option<i64>,
    pub(super) refunds: Option<Vec<RefundLine>>,
    /// There when a card was tried.
    pub(super) card: Option<CardView>,
    pub(super) rrn: Option<String>,
}

/// `cardAuthInfo`, the fields we use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CardView {
    pub(super) approval_code: Option<String>,
    /// Two digits.
    pub(super) eci: Option<String>,
}

impl CardView {
    fn read(value: &Value) -> Self {
        let eci = value.get("secureAuthInfo").and_then(|info| info.get("eci")).and_then(integer);
        Self {
            approval_code: value.get("approvalCode").and_then(plain),
            eci: eci.filter(|eci| (0..=99).contains(eci)).map(|eci| format!("{eci:02}")),
        }
    }
}

/// One entry of `refunds`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RefundLine {
    pub(super) id: Option<String>,
    pub(super) amount: Option<i64>,
    pub(super) action: Option<i64>,
    pub(super) at_ms: Option<i64>,
}

impl RefundLine {
    fn read(value: &Value) -> Self {
        let number = |name: &str| value.get(name).and_then(integer);
        Self {
            id: value.get("externalRefundId").and_then(text).map(str::to_owned),
            amount: number("amount"),
            action: number("actionCode"),
            at_ms: number("date"),
        }
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A number of the network's, which may come as text or as a number. What is longer than any of
/// them is none.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let fits = (1..=NETWORK_NUMBER_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some(text)
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// The order's UUID as our payment id: without its dashes.
pub(super) fn payment_id_of(md_order: &str) -> String {
    if is_uuid(md_order) { md_order.replace('-', "") } else { md_order.to_owned() }
}

/// The order's UUID again. What was never a UUID is left as it is.
pub(super) fn md_order_of(payment_id: &str) -> String {
    let is_bare = payment_id.len() == 32 && payment_id.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_bare {
        return payment_id.to_owned();
    }
    let mut uuid = String::with_capacity(36);
    for (at, digit) in payment_id.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            uuid.push('-');
        }
        uuid.push(digit);
    }
    uuid
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// What a notification's checksum is made over: `name;value;` of every parameter but `checksum`
/// and `sign_alias`, in the order of names.
pub(super) fn signed_text(parameters: &[(String, String)]) -> String {
    let mut signed: Vec<&(String, String)> = parameters
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "checksum" | "sign_alias"))
        .collect();
    signed.sort_by(|left, right| left.0.cmp(&right.0));
    signed.iter().flat_map(|(name, value)| [name.as_str(), ";", value.as_str(), ";"]).collect()
}
