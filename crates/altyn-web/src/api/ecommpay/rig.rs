//! What the tests of this dialect share: a body on its way from bytes to a typed request.
#![cfg(test)]

use std::sync::Arc;

use altyn_app::projects::ProjectEntry;
use altyn_app::secret::Secret;
use altyn_domain::id::{OperationId, ProjectId};
use altyn_domain::method::Method;
use altyn_domain::payment::decide::{RefundRequest, SaleRequest};
use altyn_testkit::build;
use serde_json::{Value, json};

use super::contract::examples::SECRET;
use super::endpoints::Endpoint;
use super::handlers::{IN_GENERAL, ON_TOP};
use super::read::{self, Door, authenticate};
use super::refusal::Refusal;
use super::sign::{SigningKey, sign};
use super::tree;
use crate::state::WebSettings;

/// The one project that does not exist.
pub const NO_PROJECT: u32 = 404;

/// What a body was understood as.
#[derive(Debug)]
pub enum Understood {
    Sale(Box<SaleRequest>),
    Refund(RefundRequest),
    Clarification,
    Status,
    Request(Option<OperationId>),
}

/// A project with both methods, whose secret is that of the examples.
pub fn project(id: u32) -> ProjectEntry {
    ProjectEntry { secret: Secret::new(SECRET), ..build::project(id) }
}

fn find(id: ProjectId) -> Option<Arc<ProjectEntry>> {
    (id.get() != NO_PROJECT).then(|| Arc::new(project(id.get())))
}

/// The bytes through the same steps as in the endpoint's handler, up to the use case.
pub fn understand(endpoint: Endpoint, bytes: &[u8]) -> Result<Understood, Refusal> {
    let settings = WebSettings::default();
    let door = Door { find: &find, settings: &settings };
    let at = if endpoint == Endpoint::StatusOfRequest { ON_TOP } else { IN_GENERAL };
    let request = authenticate(&door, tree::parse(bytes)?, at)?;
    let sale = |method| read::sale(&request, method).map(|sale| Understood::Sale(Box::new(sale)));
    Ok(match endpoint {
        Endpoint::OnlineBankingSale => sale(Method::AlfaClick)?,
        Endpoint::CardPartnerSale => sale(Method::CardPartner)?,
        Endpoint::OnlineBankingRefund | Endpoint::CardPartnerRefund | Endpoint::AnyRefund => {
            request.reference()?;
            Understood::Refund(read::refund(&request)?)
        }
        Endpoint::Clarification => {
            request.reference()?;
            read::clarification(&request)?;
            Understood::Clarification
        }
        Endpoint::Status => {
            request.reference()?;
            Understood::Status
        }
        Endpoint::StatusOfRequest => Understood::Request(read::named_request(&request)?),
    })
}

/// The body, signed where its endpoint has the signature; as it is when there is no such place.
pub fn signed(endpoint: Endpoint, mut body: Value) -> Value {
    let signature = json!(sign(&body, &SigningKey::new(SECRET)));
    let place = match endpoint {
        Endpoint::StatusOfRequest => Some(&mut body),
        Endpoint::OnlineBankingSale
        | Endpoint::OnlineBankingRefund
        | Endpoint::CardPartnerSale
        | Endpoint::CardPartnerRefund
        | Endpoint::AnyRefund
        | Endpoint::Clarification
        | Endpoint::Status => body.get_mut("general"),
    };
    if let Some(Value::Object(members)) = place {
        members.insert("signature".to_owned(), signature);
    }
    body
}

/// The body, signed and read.
pub fn read_signed(endpoint: Endpoint, body: &Value) -> Result<Understood, Refusal> {
    understand(endpoint, signed(endpoint, body.clone()).to_string().as_bytes())
}

/// `path` of the body set to `value`, objects on the way made.
pub fn set(body: &mut Value, path: &str, value: Value) {
    let mut at = body;
    for step in path.split('.') {
        if !at.is_object() {
            *at = json!({});
        }
        at = at.as_object_mut().unwrap().entry(step).or_insert(Value::Null);
    }
    *at = value;
}

/// `path` of the body taken out.
pub fn remove(body: &mut Value, path: &str) {
    let (above, name) = path.rsplit_once('.').unwrap_or(("", path));
    let pointer: String =
        above.split('.').filter(|step| !step.is_empty()).map(|step| format!("/{step}")).collect();
    if let Some(Value::Object(members)) = body.pointer_mut(&pointer) {
        members.remove(name);
    }
}

/// RFC 7396: nulls of the patch take members out.
pub fn merge(body: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *body = patch.clone();
        return;
    };
    if !body.is_object() {
        *body = json!({});
    }
    let members = body.as_object_mut().unwrap();
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), change);
        }
    }
}
