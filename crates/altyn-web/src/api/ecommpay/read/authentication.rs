//! The payer's answers to 3-D Secure, as a shop passes them on (ecommpay.md §3.8).

use altyn_app::payment::Answer;
use altyn_app::ports::provider::AuthenticationAnswer;
use data_encoding::BASE64URL_NOPAD;

use super::Signed;
use super::fields::{boolean, invalid};
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::tree::{self, Node};

/// The longest `pares` or `cres`, characters: a signed `PaRes` with its certificates is a third.
pub const MESSAGE_MAX_CHARS: usize = 32 * 1024;
/// The longest `md`, characters.
pub const MD_MAX_CHARS: usize = 2_048;

/// The issuer's answer: a `cres` of the second version of the protocol, else a `pares` of the first.
pub fn authentication(request: &Signed<'_>) -> Result<Answer, Refusal> {
    let body = &request.body;
    let md = printable(body, "md", MD_MAX_CHARS)?;
    let pa_res = printable(body, "pares", MESSAGE_MAX_CHARS)?;
    let transaction = match printable(body, "cres", MESSAGE_MAX_CHARS)? {
        Some(cres) => Some(transaction_of(&cres).ok_or_else(|| {
            let rule = "must be base64url of JSON with a threeDSServerTransID";
            invalid(&["cres"], rule)
        })?),
        None => None,
    };
    let answer = match (&transaction, pa_res) {
        (Some(_), _) => AuthenticationAnswer::Challenge,
        (None, Some(pa_res)) => AuthenticationAnswer::Legacy { pa_res },
        (None, None) => return Err(Refusal::missing("cres")),
    };
    Ok(Answer { answer, md, transaction })
}

/// Whether the hidden frame has come back.
pub fn fingerprint(request: &Signed<'_>) -> Result<Answer, Refusal> {
    let body = &request.body;
    let name = "threeds_completion_indicator";
    let completed = boolean(body, &[name])?.ok_or_else(|| Refusal::missing(name))?;
    let md = printable(body, "md", MD_MAX_CHARS)?;
    Ok(Answer { answer: AuthenticationAnswer::Fingerprint { completed }, md, transaction: None })
}

/// A long text of a machine: visible characters of ASCII, and white space between lines.
fn printable(body: &Node<'_>, name: &str, longest: usize) -> Result<Option<String>, Refusal> {
    let text = match body.get(name) {
        None | Some(Node::Null) => return Ok(None),
        Some(Node::Text(text)) => text,
        Some(Node::Bool(_) | Node::Number(_) | Node::List(_) | Node::Object(_)) => {
            return Err(invalid(&[name], "must be a string"));
        }
    };
    let plain = |byte: u8| byte != b';' && (byte.is_ascii_graphic() || byte.is_ascii_whitespace());
    if text.len() > longest || !text.bytes().all(plain) {
        let rule = format!("must have at most {longest} visible characters of ASCII, no `;`");
        return Err(invalid(&[name], &rule));
    }
    Ok((!text.is_empty()).then(|| text.as_ref().to_owned()))
}

/// The transaction that a `cres` is about. The specification has no padding; some issuers do.
pub fn transaction_of(cres: &str) -> Option<String> {
    let bytes = BASE64URL_NOPAD.decode(cres.trim().trim_end_matches('=').as_bytes()).ok()?;
    let message = tree::parse(&bytes).ok()?;
    let named = message.get("threeDSServerTransID")?.as_text()?;
    (!named.is_empty()).then(|| named.to_owned())
}
