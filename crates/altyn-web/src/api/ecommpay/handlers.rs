//! The Gate's endpoints: read, let the use case act, answer (ecommpay.md §3.3).
//!
//! A repeat of a request, a refusal and an acceptance all follow the commit: nothing is told that
//! is not durable.

use altyn_app::payment::{
    PaymentTarget, accept_payment, accept_refund, clarify, find_operation, find_payment,
};
use altyn_domain::id::OperationId;
use altyn_domain::method::Method;
use altyn_domain::payment::{OperationKind, PaymentRef, Record};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use zeroize::Zeroizing;

use super::codes::Code;
use super::dialect::signed;
use super::read::{self, Door, Signed, authenticate};
use super::refusal::Refusal;
use super::request_id::request_id;
use super::sign::SigningKey;
use super::tree;
use super::view;
use super::wire::{Accepted, UnknownPayment};
use crate::admission::Place;
use crate::body::{self, BodyError};
use crate::state::Web;

pub mod card;
pub mod clock;

/// The largest body taken, bytes: the largest documented request with a cart is below 64 KiB.
pub const BODY_MAX_BYTES: usize = 256 * 1024;

/// Where payment requests have their project.
pub const IN_GENERAL: &[&str] = &["general", "project_id"];
/// Where requests about a request have it.
pub const ON_TOP: &[&str] = &["project_id"];

type Answer = Result<Response, Refusal>;

/// `POST /v2/payment/online-banking/{method}/sale`.
pub async fn online_banking_sale(
    State(web): State<Web>,
    Path(method): Path<String>,
    body: Body,
) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    sale(&web, request, online_banking(&method)?).await
}

/// `POST /v2/payment/card-partner/sale`.
pub async fn card_partner_sale(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    sale(&web, request, Method::CardPartner).await
}

/// `POST /v2/payment/online-banking/{method}/refund`.
pub async fn online_banking_refund(
    State(web): State<Web>,
    Path(method): Path<String>,
    body: Body,
) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    refund(&web, request, Some(online_banking(&method)?)).await
}

/// `POST /v2/payment/card-partner/refund`.
pub async fn card_partner_refund(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    refund(&web, request, Some(Method::CardPartner)).await
}

/// `POST /v2/payment/refund`: whatever the method.
pub async fn any_refund(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    refund(&web, request, None).await
}

/// `POST /v2/payment/clarification`.
pub async fn clarification(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    let reference = request.reference()?;
    let data = read::clarification(&request)?;
    let operation = clarify(&web.context, &request.project, &reference, data).await?;
    Ok(accepted(&request, &reference, operation, 2))
}

/// `POST /v2/payment/status`.
pub async fn status(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = open(&web, &bytes)?;
    let reference = request.reference()?;
    let project = request.project.project.id;
    let found = find_payment(&web.context, project, &reference).await;
    match found.map_err(altyn_app::context::Failure::from)? {
        Some(record) => Ok(document(&web, &request, &record)),
        None => Ok(unknown_payment(&request, &reference)),
    }
}

/// `POST /v2/payment/status/request`.
pub async fn status_of_request(State(web): State<Web>, body: Body) -> Answer {
    let bytes = taken(&web, body).await?;
    let request = opened(&web, &bytes, ON_TOP)?;
    let project = request.project.project.id;
    let record = match read::named_request(&request)? {
        Some(operation) => find_operation(&web.context, project, operation)
            .await
            .map_err(altyn_app::context::Failure::from)?,
        None => None,
    };
    record.map(|record| document(&web, &request, &record)).ok_or_else(no_such_request)
}

/// Any path that is not in the list. What would be a payment by a method that we do not have is
/// told so.
pub async fn no_such_path(uri: Uri) -> Refusal {
    if names_no_method(uri.path()) {
        return Refusal::new(Code::UnknownMethod);
    }
    let refusal = Refusal::new(Code::MalformedRequest).with_status(StatusCode::NOT_FOUND);
    Refusal { detail: "there is nothing at this path".to_owned(), ..refusal }
}

/// `/v2/payment/{method}/{verb}`, and the method is none of ours (ecommpay.md §3.3).
fn names_no_method(path: &str) -> bool {
    const VERBS: [&str; 5] = ["sale", "auth", "capture", "cancel", "refund"];
    let rest = path.strip_prefix("/v2/payment/").unwrap_or_default();
    rest.rsplit_once('/').is_some_and(|(family, verb)| {
        let code = family.strip_prefix("online-banking/").unwrap_or(family);
        VERBS.contains(&verb) && Method::from_code(code).is_none()
    })
}

/// Any other verb than POST.
pub async fn no_such_verb() -> Refusal {
    let refusal = Refusal::new(Code::MalformedRequest).with_status(StatusCode::METHOD_NOT_ALLOWED);
    Refusal { detail: "use POST".to_owned(), ..refusal }
}

/// The bytes of a request, with its place among those under way.
struct Taken {
    bytes: Zeroizing<Vec<u8>>,
    _place: Place,
}

impl std::ops::Deref for Taken {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Takes a request when there is room. Only now, so that a client who trickles holds no place.
async fn taken(web: &Web, body: Body) -> Result<Taken, Refusal> {
    let bytes = bytes_of(body).await?;
    match web.admission.enter() {
        Some(place) => Ok(Taken { bytes, _place: place }),
        None => Err(Refusal::new(Code::TryAgain)),
    }
}

async fn bytes_of(body: Body) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    body::collect(body, BODY_MAX_BYTES).await.map_err(|error| {
        let refusal = Refusal::new(Code::MalformedRequest);
        let status = match error {
            BodyError::TooLarge => return too_large(),
            BodyError::TimedOut => StatusCode::REQUEST_TIMEOUT,
            BodyError::CutOff => refusal.status,
            BodyError::Crowded => return Refusal::new(Code::TryAgain),
        };
        Refusal { detail: error.to_string(), ..refusal.with_status(status) }
    })
}

fn open<'a>(web: &Web, bytes: &'a [u8]) -> Result<Signed<'a>, Refusal> {
    opened(web, bytes, IN_GENERAL)
}

fn opened<'a>(
    web: &Web,
    bytes: &'a [u8],
    at: &'static [&'static str],
) -> Result<Signed<'a>, Refusal> {
    let find = |id| web.context.projects.get(id);
    let door = Door { find: &find, settings: &web.settings, now: web.context.clock.now() };
    authenticate(&door, tree::parse(bytes)?, at)
}

/// The method that a path names.
pub fn online_banking(code: &str) -> Result<Method, Refusal> {
    Method::from_code(code)
        .filter(|method| *method == Method::AlfaClick)
        .ok_or_else(|| Refusal::new(Code::UnknownMethod))
}

async fn sale(web: &Web, request: Signed<'_>, method: Method) -> Answer {
    let asked = read::payment(&request, method, OperationKind::Sale)?;
    let reference = asked.reference.clone();
    let taken = accept_payment(&web.context, &request.project, asked).await?;
    Ok(accepted(&request, &reference, taken.operation, 1))
}

async fn refund(web: &Web, request: Signed<'_>, method: Option<Method>) -> Answer {
    let reference = request.reference()?;
    let asked = read::refund(&request)?;
    let target = PaymentTarget { reference: reference.clone(), method };
    let operation = accept_refund(&web.context, &request.project, &target, asked).await?;
    Ok(accepted(&request, &reference, operation, 1))
}

/// No request of this project has that `request_id`.
pub fn no_such_request() -> Refusal {
    Refusal::field(Code::NotFound, "request_id", "").with_status(StatusCode::NOT_FOUND)
}

/// The body is longer than [`BODY_MAX_BYTES`].
pub fn too_large() -> Refusal {
    let detail = format!("the body is larger than {BODY_MAX_BYTES} bytes");
    let refusal = Refusal::new(Code::MalformedRequest);
    Refusal { detail, ..refusal.with_status(StatusCode::PAYLOAD_TOO_LARGE) }
}

fn accepted(
    request: &Signed<'_>,
    reference: &PaymentRef,
    operation: OperationId,
    request_no: u32,
) -> Response {
    let project_id = request.project.project.id.get();
    Json(Accepted {
        status: "success",
        request_id: request_id(project_id, operation.get(), request_no),
        project_id,
        payment_id: reference.as_str().to_owned(),
    })
    .into_response()
}

fn document(web: &Web, request: &Signed<'_>, record: &Record) -> Response {
    let accounts =
        |name: &str| web.context.providers.get(name).map(|provider| provider.account().clone());
    match view::status(record, &accounts) {
        Some(document) => json(signed(document, &key_of(request))),
        None => Refusal::new(Code::InternalError).into_response(),
    }
}

fn unknown_payment(request: &Signed<'_>, reference: &PaymentRef) -> Response {
    let document = UnknownPayment::of(request.project.project.id.get(), reference.as_str());
    json(signed(document, &key_of(request)))
}

fn key_of(request: &Signed<'_>) -> SigningKey {
    SigningKey::new(request.project.secret.expose())
}

fn json(bytes: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, "application/json")], bytes).into_response()
}
