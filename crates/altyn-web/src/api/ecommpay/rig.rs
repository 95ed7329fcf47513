//! What the tests of this dialect share: a body on its way from bytes to a typed request.
#![cfg(test)]

use std::sync::Arc;

use altyn_app::payment::Answer;
use altyn_app::ports::provider::CardPayment;
use altyn_app::projects::ProjectEntry;
use altyn_app::secret::Secret;
use altyn_domain::id::{OperationId, ProjectId};
use altyn_domain::method::Method;
use altyn_domain::payment::OperationKind;
use altyn_domain::payment::decide::{CaptureRequest, PaymentRequest, RefundRequest, VoidRequest};
use altyn_domain::time::Timestamp;
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

/// What time it is: 2026-11-22, before every card of the examples expires.
pub const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

/// What a body was understood as.
#[derive(Debug)]
pub enum Understood {
    Sale(Box<PaymentRequest>),
    Refund(RefundRequest),
    Capture(CaptureRequest),
    Void(VoidRequest),
    Answer(Answer),
    Clarification,
    Status,
    Request(Option<OperationId>),
    Clock(i64),
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
    let door = Door { find: &find, settings: &settings, now: NOW };
    let at = if endpoint == Endpoint::StatusOfRequest { ON_TOP } else { IN_GENERAL };
    let request = authenticate(&door, tree::parse(bytes)?, at)?;
    let sale = |method| {
        let sale = read::payment(&request, method, OperationKind::Sale);
        sale.map(|sale| Understood::Sale(Box::new(sale)))
    };
    let by_card = |kind| {
        let read = read::card_payment(&request, kind, NOW);
        read.map(|(asked, _)| Understood::Sale(Box::new(asked)))
    };
    Ok(match endpoint {
        Endpoint::CardSale => by_card(OperationKind::Sale)?,
        Endpoint::CardAuth => by_card(OperationKind::Authorization)?,
        Endpoint::CardCapture => {
            request.reference()?;
            Understood::Capture(read::capture(&request)?)
        }
        Endpoint::CardCancel => {
            request.reference()?;
            Understood::Void(read::void(&request)?)
        }
        Endpoint::FingerprintResult => {
            request.reference()?;
            Understood::Answer(read::fingerprint(&request)?)
        }
        Endpoint::AuthenticationResult => {
            request.reference()?;
            Understood::Answer(read::authentication(&request)?)
        }
        Endpoint::TestClock => Understood::Clock(read::forward(&request)?),
        Endpoint::OnlineBankingSale => sale(Method::AlfaClick)?,
        Endpoint::CardPartnerSale => sale(Method::CardPartner)?,
        Endpoint::CardRefund
        | Endpoint::OnlineBankingRefund
        | Endpoint::CardPartnerRefund
        | Endpoint::AnyRefund => {
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

/// The card and the browser of a payment by card.
pub fn card_payment(endpoint: Endpoint, body: &Value) -> Result<CardPayment, Refusal> {
    let bytes = signed(endpoint, body.clone()).to_string();
    let settings = WebSettings::default();
    let door = Door { find: &find, settings: &settings, now: NOW };
    let request = authenticate(&door, tree::parse(bytes.as_bytes())?, IN_GENERAL)?;
    read::card_payment(&request, OperationKind::Sale, NOW).map(|(_, payment)| payment)
}

/// The body, signed where its endpoint has the signature; as it is when there is no such place.
pub fn signed(endpoint: Endpoint, mut body: Value) -> Value {
    let signature = json!(sign(&body, &SigningKey::new(SECRET)));
    let place = if endpoint == Endpoint::StatusOfRequest {
        Some(&mut body)
    } else {
        body.get_mut("general")
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
