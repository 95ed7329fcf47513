//! The Gate's endpoints: read, let the use case act, answer (ecommpay.md §3.3).
//!
//! A repeat of a request, a refusal and an acceptance all follow the commit: nothing is told that
//! is not durable.

use altyn_app::payment::{
    ClarifyError, RefundError, RefundTarget, SaleError, accept_refund, accept_sale, clarify,
    find_operation, find_payment,
};
use altyn_domain::id::OperationId;
use altyn_domain::method::Method;
use altyn_domain::payment::decide::{RefundRequest, SaleRequest};
use altyn_domain::payment::{Details, PaymentRef, Record};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::{Json, body};
use http_body_util::LengthLimitError;

use super::codes::Code;
use super::dialect::signed;
use super::read::{self, Signed, authenticate};
use super::refusal::Refusal;
use super::request_id::{parse_request_id, request_id};
use super::sign::SigningKey;
use super::tree;
use super::view;
use super::wire::{Accepted, ErrorView, UnknownPayment, UnknownPaymentView};
use crate::state::Web;

/// The largest body taken, bytes: the largest documented request with a cart is below 64 KiB.
pub const BODY_MAX_BYTES: usize = 256 * 1024;

/// Where payment requests have their project.
const IN_GENERAL: &[&str] = &["general", "project_id"];
/// Where requests about a request have it.
const ON_TOP: &[&str] = &["project_id"];

type Answer = Result<Response, Refusal>;

/// `POST /v2/payment/online-banking/{method}/sale`.
pub async fn online_banking_sale(
    State(web): State<Web>,
    Path(method): Path<String>,
    body: Body,
) -> Answer {
    let bytes = bytes_of(body).await?;
    let request = open(&web, &bytes)?;
    sale(&web, request, online_banking(&method)?).await
}

/// `POST /v2/payment/card-partner/sale`.
pub async fn card_partner_sale(State(web): State<Web>, body: Body) -> Answer {
    let bytes = bytes_of(body).await?;
    let request = open(&web, &bytes)?;
    sale(&web, request, Method::CardPartner).await
}

/// `POST /v2/payment/online-banking/{method}/refund`.
pub async fn online_banking_refund(
    State(web): State<Web>,
    Path(method): Path<String>,
    body: Body,
) -> Answer {
    let bytes = bytes_of(body).await?;
    let request = open(&web, &bytes)?;
    refund(&web, request, Some(online_banking(&method)?)).await
}

/// `POST /v2/payment/card-partner/refund`.
pub async fn card_partner_refund(State(web): State<Web>, body: Body) -> Answer {
    let bytes = bytes_of(body).await?;
    let request = open(&web, &bytes)?;
    refund(&web, request, Some(Method::CardPartner)).await
}

/// `POST /v2/payment/refund`: whatever the method.
pub async fn any_refund(State(web): State<Web>, body: Body) -> Answer {
    let bytes = bytes_of(body).await?;
    let request = open(&web, &bytes)?;
    refund(&web, request, None).await
}

/// `POST /v2/payment/clarification`.
pub async fn clarification(State(web): State<Web>, body: Body) -> Answer {
    let bytes = bytes_of(body).await?;
    let request = open(&web, &bytes)?;
    let reference = request.reference()?;
    match request.body.get("additional_data") {
        Some(tree::Node::Object(_)) => {}
        // PHP writes an empty object as an empty list.
        Some(tree::Node::List(items)) if items.is_empty() => {}
        Some(_) => {
            let rule = "must be an object";
            return Err(Refusal::field(Code::ValidationError, "additional_data", rule));
        }
        None => return Err(Refusal::missing("additional_data")),
    }
    let data = read::customer(&request.body, &["additional_data", "customer"])?;
    match clarify(&web.context, &request.project, &reference, data).await {
        Ok(operation) => Ok(accepted(&request, &reference, operation, 2)),
        Err(ClarifyError::NotFound) => Err(not_found()),
        Err(ClarifyError::NotAsked) => Err(Refusal::new(Code::WrongState)),
        Err(ClarifyError::Failure(failure)) => Err(failure.into()),
    }
}

/// `POST /v2/payment/status`.
pub async fn status(State(web): State<Web>, body: Body) -> Answer {
    let bytes = bytes_of(body).await?;
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
    let bytes = bytes_of(body).await?;
    let request = authenticate(&web, tree::parse(&bytes)?, ON_TOP)?;
    let named = read::optional_text(&request.body, &["request_id"])?;
    let named = named.ok_or_else(|| Refusal::missing("request_id"))?;
    let project = request.project.project.id;
    let record = match parse_request_id(project.get(), &named).map(OperationId::new) {
        Some(operation) => find_operation(&web.context, project, operation)
            .await
            .map_err(altyn_app::context::Failure::from)?,
        None => None,
    };
    match record {
        Some(record) => Ok(document(&web, &request, &record)),
        None => {
            Err(Refusal::field(Code::NotFound, "request_id", "")
                .with_status(StatusCode::NOT_FOUND))
        }
    }
}

/// Any path or method that is not in the list.
pub async fn no_such_path() -> Refusal {
    let refusal = Refusal::new(Code::MalformedRequest).with_status(StatusCode::NOT_FOUND);
    Refusal { detail: "there is nothing at this path".to_owned(), ..refusal }
}

/// Any other verb than POST.
pub async fn no_such_verb() -> Refusal {
    let refusal = Refusal::new(Code::MalformedRequest).with_status(StatusCode::METHOD_NOT_ALLOWED);
    Refusal { detail: "use POST".to_owned(), ..refusal }
}

async fn bytes_of(body: Body) -> Result<body::Bytes, Refusal> {
    body::to_bytes(body, BODY_MAX_BYTES).await.map_err(|error| {
        let source = std::error::Error::source(&error);
        let too_large = source.is_some_and(|source| source.is::<LengthLimitError>());
        let status =
            if too_large { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST };
        let detail = if too_large {
            format!("the body is larger than {BODY_MAX_BYTES} bytes")
        } else {
            "the body was cut off".to_owned()
        };
        Refusal { detail, ..Refusal::new(Code::MalformedRequest).with_status(status) }
    })
}

fn open<'a>(web: &Web, bytes: &'a [u8]) -> Result<Signed<'a>, Refusal> {
    authenticate(web, tree::parse(bytes)?, IN_GENERAL)
}

fn online_banking(code: &str) -> Result<Method, Refusal> {
    Method::from_code(code)
        .filter(|method| *method == Method::AlfaClick)
        .ok_or_else(|| Refusal::new(Code::UnknownMethod))
}

async fn sale(web: &Web, request: Signed<'_>, method: Method) -> Answer {
    let reference = request.reference()?;
    let body = &request.body;
    let amount = read::sale_amount(body)?;
    let customer = read::customer(body, &["customer"])?;
    let missing = method.rules().missing_required(&customer, amount.currency());
    if let Some(field) = missing {
        return Err(Refusal::missing(format!("customer.{}", field.as_str())));
    }
    let asked = SaleRequest {
        reference: reference.clone(),
        method,
        amount,
        details: Details {
            customer,
            description: read::optional_text(body, &["payment", "description"])?
                .unwrap_or_default(),
            return_urls: read::return_urls(body, &request.project.project.return_urls)?,
            callback: read::callback_wishes(body)?,
        },
        request: request.echo(),
    };
    match accept_sale(&web.context, &request.project, asked).await {
        Ok(operation) => Ok(accepted(&request, &reference, operation, 1)),
        Err(SaleError::Exists { field }) => {
            Err(Refusal::field(Code::PaymentExists, field, "differs from the first request"))
        }
        Err(SaleError::Failure(failure)) => Err(failure.into()),
    }
}

async fn refund(web: &Web, request: Signed<'_>, method: Option<Method>) -> Answer {
    let reference = request.reference()?;
    let body = &request.body;
    read::customer(body, &["customer"])?;
    read::optional_text(body, &["payment", "description"])?;
    let asked = RefundRequest {
        amount: read::refund_amount(body)?,
        merchant_refund_id: read::optional_text(body, &["payment", "merchant_refund_id"])?,
        request: request.echo(),
    };
    let target = RefundTarget { reference: reference.clone(), method };
    match accept_refund(&web.context, &request.project, &target, asked).await {
        Ok(operation) => Ok(accepted(&request, &reference, operation, 1)),
        Err(RefundError::NotFound) => Err(not_found()),
        Err(RefundError::RefundIdExists { field }) => {
            Err(Refusal::field(Code::RefundIdExists, field, "differs from the first request"))
        }
        Err(RefundError::Failure(failure)) => Err(failure.into()),
    }
}

fn not_found() -> Refusal {
    Refusal::field(Code::NotFound, "general.payment_id", "")
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
    let accounts = |name: &str| {
        web.context.providers.get(name).map(|provider| provider.account().clone())
    };
    match view::status(record, &accounts) {
        Some(document) => json(signed(&document, &key_of(request))),
        None => Refusal::new(Code::InternalError).into_response(),
    }
}

fn unknown_payment(request: &Signed<'_>, reference: &PaymentRef) -> Response {
    let code = Code::NotFound;
    let document = UnknownPayment {
        project_id: request.project.project.id.get(),
        payment: UnknownPaymentView { id: reference.as_str().to_owned(), status: "error" },
        errors: vec![ErrorView { code: code.number(), message: code.message(), field: None }],
        signature: String::new(),
    };
    json(signed(&document, &key_of(request)))
}

fn key_of(request: &Signed<'_>) -> SigningKey {
    SigningKey::new(request.project.secret.expose())
}

fn json(bytes: Vec<u8>) -> Response {
    ([(CONTENT_TYPE, "application/json")], bytes).into_response()
}
