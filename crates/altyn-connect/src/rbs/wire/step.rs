//! What comes back when a card, or an answer to 3-D Secure, was given to the gateway.
//!
//! A decline has errorCode 0 like a success, so [`Step::Over`] says only that the payer has nothing
//! to do: the order's status tells the rest. Source: providers.md §1.4 (the families of replies)
//! and §4.3.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::{Code, Reply};

/// The longest word for a kind of error that is passed on.
const ERROR_TYPE_MAX: usize = 60;

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rbs) enum Step {
    /// 3-D Secure 2 has begun: the issuer wants to see the browser, if there is an address for it.
    Fingerprint { transaction: Option<String>, url: Option<String>, data: Option<String> },
    /// 3-D Secure 2: the payer is to answer the issuer.
    Challenge { acs_url: String, creq: String, transaction: Option<String> },
    /// 3-D Secure 1.
    Legacy { acs_url: String, pa_req: String, term_url: Option<String> },
    /// Nothing: the order's status tells.
    Over(Word),
}

/// What the reply itself says of the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rbs) enum Word {
    /// Nothing that decides: done, or trouble at the gateway.
    None,
    /// It was declined.
    Declined,
    /// The input was wrong: nothing was tried.
    BadInput,
}

impl Reply {
    /// Which family of replies this is.
    pub(in crate::rbs) fn step(&self) -> Step {
        if !matches!(self.code(), Code::Absent | Code::Number(0)) {
            return Step::Over(self.word());
        }
        let own = |name: &str| self.text(name).map(str::to_owned);
        let transaction = own("threeDSServerTransId").or_else(|| own("threeDSServerTransID"));
        match (own("acsUrl"), own("packedCReq"), own("paReq")) {
            (Some(acs_url), Some(creq), _) => {
                let transaction = transaction.or_else(|| transaction_of(&creq));
                Step::Challenge { acs_url, creq, transaction }
            }
            (Some(acs_url), None, Some(pa_req)) => {
                Step::Legacy { acs_url, pa_req, term_url: own("termUrl") }
            }
            (None, None, None) if self.is_second_version() && own("redirect").is_none() => {
                Step::Fingerprint {
                    transaction,
                    // Both spellings are in use.
                    url: own("threeDSMethodURL").or_else(|| own("threeDSMethodUrl")),
                    data: own("threeDSMethodDataPacked"),
                }
            }
            (_, _, _) => Step::Over(self.word()),
        }
    }

    fn is_second_version(&self) -> bool {
        match self.0.get("is3DSVer2") {
            Some(Value::Bool(is)) => *is && self.word() == Word::None,
            Some(Value::String(text)) => text == "true" && self.word() == Word::None,
            Some(Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => {
                false
            }
        }
    }

    fn word(&self) -> Word {
        let declines = ["error", "errorTypeName", "processingErrorType"];
        match self.code() {
            Code::Number(1..=5) => Word::BadInput,
            Code::Absent | Code::Number(0)
                if declines.iter().any(|name| self.text(name).is_some()) =>
            {
                Word::Declined
            }
            Code::Absent | Code::Number(_) | Code::Unreadable => Word::None,
        }
    }

    /// The words of a decline that no card data can stand in: capitals and underscores.
    pub(in crate::rbs) fn error_types(&self) -> String {
        let is_plain = |text: &&str| {
            text.len() <= ERROR_TYPE_MAX
                && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
        };
        let fields = ["errorTypeName", "processingErrorType"];
        let words: Vec<&str> =
            fields.iter().filter_map(|name| self.text(name).filter(is_plain)).collect();
        words.join(" ")
    }
}

/// The transaction that a challenge request names, for gateways that do not name it beside.
fn transaction_of(creq: &str) -> Option<String> {
    let bytes = BASE64URL_NOPAD.decode(creq.trim_end_matches('=').as_bytes()).ok()?;
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    Some(value.get("threeDSServerTransID")?.as_str()?.to_owned())
}
