//! The parameters of a link as they were sent: names and values, decoded.
//!
//! Guaranteed by [`Form::parse`]: valid UTF-8, no NUL (a database would refuse it), no name twice,
//! and bounded sizes. Strict where a browser is lenient, because with two readings of one text the
//! merchant who signed it and we could mean different payments.

use std::borrow::Cow;
use std::collections::HashSet;

use url::form_urlencoded;

use super::RawLink;
use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::tree::Node;

/// Bytes that all names and values may have together, decoded: browsers and proxies give up on
/// addresses not much longer.
pub const LINK_MAX_BYTES: usize = 16 * 1024;
/// Parameters that a link may have; the documentation knows about a hundred.
pub const PARAMETERS_MAX: usize = 150;
/// Bytes as sent: each decoded byte takes at most three, each parameter two separators.
const SENT_MAX_BYTES: usize = 3 * LINK_MAX_BYTES + 2 * PARAMETERS_MAX;

/// Names that are never part of a signature, since libraries add them afterwards
/// (ecommpay.md §2.2); so are those that begin with `_`.
const NEVER_SIGNED: &[&str] = &["signature", "frame_mode", "paymentPageUrl"];

/// Decoded parameters in the order sent.
pub struct Form {
    pairs: Vec<(String, String)>,
}

impl Form {
    /// Reads `a=1&b=x+y`.
    pub fn parse(raw: RawLink<'_>) -> Result<Self, Refusal> {
        if raw.0.len() > SENT_MAX_BYTES {
            return Err(too_long());
        }
        let mut pairs = Vec::new();
        let mut seen = HashSet::new();
        let mut bytes = 0;
        for part in raw.0.split(|byte| *byte == b'&').filter(|part| !part.is_empty()) {
            let mut halves = part.splitn(2, |byte| *byte == b'=');
            let name = decoded(halves.next().unwrap_or_default())?;
            let value = decoded(halves.next().unwrap_or_default())?;
            bytes += name.len() + value.len();
            if bytes > LINK_MAX_BYTES {
                return Err(too_long());
            }
            if pairs.len() == PARAMETERS_MAX {
                let rule = format!("the link has more than {PARAMETERS_MAX} parameters");
                return Err(malformed(rule));
            }
            if !seen.insert(name.clone()) {
                return Err(Refusal::field(Code::MalformedRequest, name, "occurs twice"));
            }
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    /// The value of a parameter, signed or not.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find_map(|(own, value)| (own == name).then_some(value.as_str()))
    }

    /// The parameters that a signature may cover, without those for which `left_out` holds, each
    /// value as `worded` makes it.
    pub fn tree(
        &self,
        left_out: impl Fn(&str) -> bool,
        worded: impl for<'v> Fn(&'v str) -> &'v str,
    ) -> Node<'_> {
        let members = self.pairs.iter().filter(|(name, _)| may_be_signed(name) && !left_out(name));
        Node::Object(
            members
                .map(|(name, value)| {
                    (Cow::Borrowed(name.as_str()), Node::Text(Cow::Borrowed(worded(value))))
                })
                .collect(),
        )
    }

    /// One spelling for all orders and encodings of the same parameters, without those that mean
    /// nothing here; the signature comes last, as the libraries write it.
    pub fn query(&self) -> String {
        let mut kept: Vec<&(String, String)> = self
            .pairs
            .iter()
            .filter(|(name, _)| may_be_signed(name) || name == "signature" || name == "frame_mode")
            .collect();
        kept.sort_by_key(|(name, _)| (name == "signature", name.as_str()));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }
}

fn may_be_signed(name: &str) -> bool {
    !name.starts_with('_') && !NEVER_SIGNED.contains(&name)
}

fn malformed(detail: impl Into<String>) -> Refusal {
    Refusal { detail: detail.into(), ..Refusal::new(Code::MalformedRequest) }
}

fn too_long() -> Refusal {
    malformed(format!("the link is longer than {LINK_MAX_BYTES} bytes"))
}

fn decoded(text: &[u8]) -> Result<String, Refusal> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => escaped(rest.next(), rest.next())?,
            other => other,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| malformed("the link is not valid UTF-8"))?;
    if text.contains('\0') {
        return Err(malformed("the link has a NUL character in it"));
    }
    Ok(text)
}

fn escaped(high: Option<u8>, low: Option<u8>) -> Result<u8, Refusal> {
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    digit(high)
        .zip(digit(low))
        .and_then(|(high, low)| u8::try_from(high * 16 + low).ok())
        .ok_or_else(|| malformed("a `%` is not followed by two hexadecimal digits"))
}
