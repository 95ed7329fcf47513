//! How clients spell a number that is not a plain integer.
//!
//! A client that signs what it has read back from JSON prints each number in its own language's
//! way, which need not be the text in the body: JavaScript writes `1.0` as `1` and rounds beyond
//! 2^53, Python writes `1e16` as `1e+16`. Both print the shortest digits that give the same
//! double, so Rust's digits can be used and only the layout differs.

/// In whose spelling a number goes under the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// The text in the body.
    AsSent,
    /// `String(number)` of JavaScript.
    JavaScript,
    /// `str(number)` of Python.
    Python,
}

impl Numbers {
    /// Appends a JSON number in this spelling.
    pub(super) fn write(self, raw: &str, out: &mut String) {
        let spelt = match self {
            Self::AsSent => None,
            Self::JavaScript => java_script(raw),
            Self::Python => python(raw),
        };
        out.push_str(spelt.as_deref().unwrap_or(raw));
    }
}

fn java_script(raw: &str) -> Option<String> {
    let value = finite(raw)?;
    if value == 0.0 {
        return Some("0".to_owned()); // minus zero prints without its sign
    }
    let (digits, exponent) = scientific(value)?;
    if (-6..21).contains(&exponent) {
        return Some(value.to_string());
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    Some(format!("{digits}e{sign}{}", exponent.unsigned_abs()))
}

fn python(raw: &str) -> Option<String> {
    if !raw.contains(['.', 'e', 'E']) {
        return None; // an integer of any length stays exact
    }
    let value = finite(raw)?;
    let (digits, exponent) = scientific(value)?;
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return Some(format!("{digits}e{sign}{:02}", exponent.unsigned_abs()));
    }
    let mut plain = value.to_string();
    if !plain.contains('.') {
        plain.push_str(".0");
    }
    Some(plain)
}

/// The double that the text stands for. One out of range keeps its text: no client sends it.
fn finite(raw: &str) -> Option<f64> {
    raw.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The shortest digits, one before the point, and the power of ten.
fn scientific(value: f64) -> Option<(String, i32)> {
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e')?;
    Some((digits.to_owned(), exponent.parse().ok()?))
}
