//! Reading a signed request: bytes → tree → project → signature → typed fields.
//!
//! What is signed is a flat text whose separators are not escaped (ecommpay.md §1.1), so a right
//! signature proves nothing about structure: every field is checked for type and characters here,
//! and no field that decides about money or identity may contain `;`.

mod asked;
mod authentication;
mod card;
pub(crate) mod fields;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use altyn_app::projects::ProjectEntry;
use altyn_domain::id::ProjectId;
use altyn_domain::payment::{PaymentRef, RequestEcho};
use altyn_domain::time::Timestamp;

use super::codes::Code;
use super::refusal::Refusal;
use super::sign::{SigningKey, signature_of, verify};
use super::tree::{self, Node};
use crate::state::WebSettings;

pub use asked::{capture, clarification, forward, named_request, payment, refund, void};
pub use authentication::{authentication, fingerprint, transaction_of};
pub use card::card_payment;

/// A request whose sender is known.
pub struct Signed<'a> {
    /// Whose.
    pub project: Arc<ProjectEntry>,
    /// The body.
    pub body: Node<'a>,
}

impl Signed<'_> {
    /// `general.payment_id`.
    pub fn reference(&self) -> Result<PaymentRef, Refusal> {
        let path = "general.payment_id";
        let node = self.body.at(&["general", "payment_id"]);
        let text = match node {
            None | Some(Node::Null) => return Err(Refusal::missing(path)),
            Some(Node::Text(text)) if text.is_empty() => return Err(Refusal::missing(path)),
            Some(Node::Text(text)) => text.as_ref(),
            Some(Node::Bool(_) | Node::Number(_) | Node::List(_) | Node::Object(_)) => {
                return Err(Refusal::field(Code::InvalidPaymentId, path, "must be a string"));
            }
        };
        PaymentRef::new(text).ok_or_else(|| {
            let rule = "must have 1 to 255 characters, none of them `;` or a control character";
            Refusal::field(Code::InvalidPaymentId, path, rule)
        })
    }

    /// The request as it is kept: flattened, without secrets, card numbers masked.
    pub fn echo(&self) -> RequestEcho {
        tree::echo(&self.body)
    }
}

/// What is known at the door before anything of a request is.
pub struct Door<'d> {
    /// The projects.
    pub find: &'d dyn Fn(ProjectId) -> Option<Arc<ProjectEntry>>,
    /// How much a refused sender is told.
    pub settings: &'d WebSettings,
    /// The real time.
    pub now: Timestamp,
}

/// Finds the project, checks the signature. `at` is where the body has its `project_id`.
pub fn authenticate<'a>(
    door: &Door<'_>,
    body: Node<'a>,
    at: &'static [&'static str],
) -> Result<Signed<'a>, Refusal> {
    let path = at.join(".");
    let id = project_id(body.at(at), &path)?;
    let project = (door.find)(id).ok_or_else(|| Refusal::field(Code::ProjectNotFound, path, ""))?;
    let Some(signature) = signature_of(&body).filter(|text| !text.is_empty()) else {
        return Err(Refusal::new(Code::EmptySignature));
    };
    let is_signed = project
        .secrets(door.now)
        .any(|secret| verify(&body, signature, &SigningKey::new(secret.expose())).is_ok());
    if is_signed {
        Ok(Signed { project, body })
    } else {
        Err(mismatch(door.settings, &project, &body))
    }
}

/// A project's number, sent as a number or as digits; `path` names the parameter.
pub(crate) fn project_id(node: Option<&Node<'_>>, path: &str) -> Result<ProjectId, Refusal> {
    let digits = match node {
        None | Some(Node::Null) => return Err(Refusal::missing(path)),
        Some(Node::Number(digits)) => *digits,
        // PHP clients send their settings as they stored them.
        Some(Node::Text(digits)) => digits.as_ref(),
        Some(Node::Bool(_) | Node::List(_) | Node::Object(_)) => "",
    };
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| plain).and_then(ProjectId::new);
    let rule = "must be an integer from 1 to 4294967295";
    number.ok_or_else(|| Refusal::field(Code::ValidationError, path, rule))
}

/// What the log gets of a text that was signed wrongly: anybody may send them, a quarter of a
/// megabyte each.
const LOGGED_MAX_BYTES: usize = 600;

/// Tells operators, and in developer mode the sender, which text was signed here. The text is
/// masked like everything that is kept.
pub(crate) fn mismatch(settings: &WebSettings, project: &ProjectEntry, body: &Node<'_>) -> Refusal {
    let echo = tree::echo(body);
    let lines: Vec<String> = echo.lines().map(|(path, value)| format!("{path}:{value}")).collect();
    let signed = lines.join(";");
    let logged = signed.get(..signed.floor_char_boundary(LOGGED_MAX_BYTES));
    let project_id = project.project.id.get();
    tracing::warn!(project.id = project_id, signed = logged, "a signature does not fit");
    let told = settings.developer_errors && project.project.test;
    Refusal { signed: told.then_some(signed), ..Refusal::new(Code::InvalidSignature) }
}
