//! The signed link that opens a Payment Page: parameters → project → signature → typed values.
//!
//! Guaranteed for a [`Link`]: a project we know signed every parameter in it except `frame_mode`;
//! the project and the sum, identities and addresses are of the right form; payers are sent to
//! hosts that the project allows. A refused link stores nothing and calls nobody (ecommpay.md
//! §2.6). Parameters that mean nothing here, recurring payments among them, are accepted and kept
//! with the request.
//!
//! Not guaranteed: that the merchant put the borders between parameters where they are now. See
//! [`signature`] for what can be done about that.

mod date;
mod fields;
mod form;
mod returns;
mod signature;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use altyn_app::projects::ProjectEntry;
use altyn_domain::id::ProjectId;
use altyn_domain::money::Amount;
use altyn_domain::payment::{
    CallbackWishes, Customer, Details, PageWishes, PaymentRef, RequestEcho,
};
use altyn_domain::time::Timestamp;

use self::form::Form;
pub use self::form::{LINK_MAX_BYTES, PARAMETERS_MAX};
pub use self::returns::{ReturnWay, Returns, frame_ancestors};
use crate::api::ecommpay::codes::Code;
use crate::api::ecommpay::read::{mismatch, project_id};
use crate::api::ecommpay::refusal::Refusal;
use crate::api::ecommpay::sign::SigningKey;
use crate::state::WebSettings;

/// The query of a GET or the form of a POST, as sent.
#[derive(Clone, Copy, Debug)]
pub struct RawLink<'a>(&'a [u8]);

impl<'a> RawLink<'a> {
    /// Takes `a=1&b=x+y`, without a question mark.
    pub const fn new(sent: &'a [u8]) -> Self {
        Self(sent)
    }
}

/// What is known at the door before anything of a link is.
pub struct Door<'d> {
    /// The projects.
    pub find: &'d dyn Fn(ProjectId) -> Option<Arc<ProjectEntry>>,
    /// How much a refused sender is told.
    pub settings: &'d WebSettings,
    /// The real time.
    pub now: Timestamp,
}

/// Where the page is shown, as the browser library says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameMode {
    /// In a layer above the shop's page.
    Popup,
    /// In a frame within it.
    Iframe,
    /// In a frame whose form the shop's page sends off.
    Embedded,
    /// In a tab of its own.
    Tab,
}

impl FrameMode {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "popup" => Some(Self::Popup),
            "iframe" => Some(Self::Iframe),
            "embedded" => Some(Self::Embedded),
            "tab" => Some(Self::Tab),
            _ => None,
        }
    }
}

/// A link that was understood.
#[derive(Clone, Debug)]
pub struct Link {
    /// Whose.
    pub project: Arc<ProjectEntry>,
    /// `payment_id`.
    pub reference: PaymentRef,
    /// What is to be paid.
    pub amount: Amount,
    /// What the shop knows of the payer; never the address on the network.
    pub customer: Customer,
    /// What is paid for, card numbers masked.
    pub description: String,
    /// Where callbacks go.
    pub callback: CallbackWishes,
    /// Where the payer goes back to.
    pub returns: Returns,
    /// Methods, stages, language and time limit.
    pub wishes: PageWishes,
    /// Where the page is shown; not signed.
    pub frame_mode: Option<FrameMode>,
    /// The signed parameters as they are kept: what another link with this `payment_id` is compared
    /// with.
    pub echo: RequestEcho,
    query: String,
}

impl Link {
    /// The same link in its one spelling, for a hidden field: it reads back equal.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// What a payment that begins from this link keeps.
    pub fn details(&self) -> Details {
        Details {
            customer: self.customer.clone(),
            description: self.description.clone(),
            return_urls: self.returns.urls(),
            callback: self.callback.clone(),
            page: Some(self.wishes.clone()),
        }
    }
}

/// Why a link is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRefusal {
    /// The code; it brings the HTTP status and the message.
    pub code: Code,
    /// The parameter at fault, as it was sent.
    pub field: Option<String>,
    /// Particulars, in English.
    pub detail: String,
    /// The project that the link names, known or not.
    pub project: Option<ProjectId>,
    /// The `payment_id` that the link names, checked or not.
    pub reference: Option<String>,
    /// In developer mode: the text that was signed here.
    pub signed: Option<String>,
}

impl LinkRefusal {
    /// A refusal of a link that was understood, by what comes after reading it.
    pub fn after(link: &Link, code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            field: None,
            detail: detail.into(),
            project: Some(link.project.project.id),
            reference: Some(link.reference.as_str().to_owned()),
            signed: None,
        }
    }

    fn of(refusal: Refusal, form: Option<&Form>) -> Self {
        let sent = |name| form.and_then(|form| form.get(name)).filter(|text| !text.is_empty());
        let Refusal { code, detail, field, signed, status: _ } = refusal;
        Self {
            code,
            field,
            detail,
            project: sent("project_id").and_then(|text| ProjectId::new(text.parse().ok()?)),
            reference: sent("payment_id").map(str::to_owned),
            signed,
        }
    }
}

/// Reads a link: its project must be known, then its signature right, then its parameters.
///
/// # Errors
/// The first fault in that order.
pub fn read(raw: RawLink<'_>, door: &Door<'_>) -> Result<Link, LinkRefusal> {
    let form = Form::parse(raw).map_err(|refusal| LinkRefusal::of(refusal, None))?;
    understood(&form, door).map_err(|refusal| LinkRefusal::of(refusal, Some(&form)))
}

fn understood(form: &Form, door: &Door<'_>) -> Result<Link, Refusal> {
    let name = "project_id";
    let sent = form.tree(|_| false, |value| value);
    let id = project_id(sent.get(name).filter(|node| node.as_text() != Some("")), name)?;
    let project = (door.find)(id).ok_or_else(|| Refusal::field(Code::ProjectNotFound, name, ""))?;
    let signature = form.get("signature").filter(|text| !text.is_empty());
    let signature = signature.ok_or_else(|| Refusal::new(Code::EmptySignature))?;
    let signed = project
        .secrets(door.now)
        .find_map(|secret| signature::signed(form, signature, &SigningKey::new(secret.expose())))
        .ok_or_else(|| mismatch(door.settings, &project, &sent))?;
    signature::refuse_moved_borders(&signed)?;
    let now = project.project.now(door.now);
    fields::link(form, &signed, project, now)
}
