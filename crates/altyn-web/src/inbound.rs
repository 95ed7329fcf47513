//! Where providers reach us: server notifications, and payers coming back.
//!
//! Both are kept and wake a question to the provider; neither decides an outcome. Numbers of orders
//! can be guessed: only who proves that he was given the order is led on to the shop or to the payer's
//! page, whose address is a secret. Others see that the payment is being processed, and no more.

use altyn_app::context::Failure;
use altyn_app::inbound::{About, InboundError, receive, settle_for_payer};
use altyn_domain::payment::{PaymentState, Record, ReturnUrls};
use axum::Router;
use axum::body::Body;
use axum::extract::{Form, FromRequest, Path, Query, Request, State};
use axum::http::header::{ACCEPT, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::body::{self, BodyError};
use crate::page;
use crate::state::Web;

/// The longest set of parameters kept, bytes.
const PARAMETERS_MAX_BYTES: usize = 8 * 1024;
/// The longest form that is read, bytes: those, every character of them escaped.
const FORM_MAX_BYTES: usize = 4 * PARAMETERS_MAX_BYTES;

/// Paths that providers and returning payers use.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/providers/{account}/notify", get(notify).post(notify_form))
        .route("/providers/{account}/return", get(come_back).post(come_back_form))
        .route("/return", get(page::returned))
}

type Parameters = Vec<(String, String)>;

/// The parameters of a form, read within limits: anybody may send one.
struct Sent(Parameters);

impl FromRequest<Web> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let bytes = body::collect(body, FORM_MAX_BYTES).await.map_err(|error| {
            let status = match error {
                BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                BodyError::TimedOut => StatusCode::REQUEST_TIMEOUT,
                BodyError::CutOff => StatusCode::BAD_REQUEST,
                BodyError::Crowded => StatusCode::SERVICE_UNAVAILABLE,
            };
            (status, error.to_string()).into_response()
        })?;
        let whole = Request::from_parts(parts, Body::from(bytes.to_vec()));
        let form = Form::<Parameters>::from_request(whole, web).await;
        form.map(|Form(parameters)| Self(parameters)).map_err(IntoResponse::into_response)
    }
}

async fn notify(
    State(web): State<Web>,
    Path(account): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Response {
    answer(&account, take(&web, &account, parameters).await.map(drop))
}

async fn notify_form(
    State(web): State<Web>,
    Path(account): Path<String>,
    Sent(parameters): Sent,
) -> Response {
    answer(&account, take(&web, &account, parameters).await.map(drop))
}

async fn come_back(
    State(web): State<Web>,
    Path(account): Path<String>,
    headers: HeaderMap,
    Query(parameters): Query<Parameters>,
) -> Response {
    send_back(&web, &account, &headers, parameters).await
}

async fn come_back_form(
    State(web): State<Web>,
    Path(account): Path<String>,
    headers: HeaderMap,
    Sent(parameters): Sent,
) -> Response {
    send_back(&web, &account, &headers, parameters).await
}

async fn take(web: &Web, account: &str, parameters: Parameters) -> Result<About, InboundError> {
    let size: usize = parameters.iter().map(|(name, value)| name.len() + value.len()).sum();
    if size > PARAMETERS_MAX_BYTES {
        return Err(InboundError::NoOperation);
    }
    receive(&web.context, account, parameters).await
}

/// What the provider is told: 200 only after the notification is durable, so that it repeats
/// whatever we may have lost.
fn answer(account: &str, taken: Result<(), InboundError>) -> Response {
    match taken {
        Ok(()) => (StatusCode::OK, "OK").into_response(),
        Err(error) => refused(account, &error),
    }
}

fn refused(account: &str, error: &InboundError) -> Response {
    tracing::warn!(account, %error, "a notification was not taken");
    let status = match error {
        InboundError::NoAccount | InboundError::NoOperation => StatusCode::NOT_FOUND,
        InboundError::Notification(_) => StatusCode::BAD_REQUEST,
        InboundError::Failure(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, error.to_string()).into_response()
}

/// A browser is sent on to the shop, by what the provider answers now; a server gets `OK`.
async fn send_back(
    web: &Web,
    account: &str,
    headers: &HeaderMap,
    parameters: Parameters,
) -> Response {
    let wants_page = headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let about = match take(web, account, parameters).await {
        Ok(about) => about,
        Err(error) => return refused(account, &error),
    };
    if !wants_page {
        return (StatusCode::OK, "OK").into_response();
    }
    if !about.authentic {
        return page::result(headers, None);
    }
    let record = as_it_stands(web, about).await.unwrap_or_else(|failure| {
        tracing::warn!(payment.id = about.payment.get(), error = %failure, "a payer waits");
        None
    });
    let on_page = record.as_ref().filter(|record| record.payment.details.page.is_some());
    let url = match on_page {
        // The payer began on a page of ours, which knows the way to the shop.
        Some(record) => Some(web.pages.url(record.payment.project, record.payment.id)),
        None => record.as_ref().and_then(return_url),
    };
    match url {
        Some(url) => (StatusCode::SEE_OTHER, [(LOCATION, url)]).into_response(),
        None => page::result(headers, record.as_ref()),
    }
}

/// The payment, by what the provider answers now, while there is room for questions.
async fn as_it_stands(web: &Web, about: About) -> Result<Option<Record>, Failure> {
    match web.questions.slot(about.payment) {
        Some(_room) => settle_for_payer(&web.context, about).await,
        None => Ok(web.context.store.payment(about.project, about.payment).await?),
    }
}

/// Where the payer goes, by how the payment stands.
fn return_url(record: &Record) -> Option<String> {
    let ReturnUrls { success, decline, back } = &record.payment.details.return_urls;
    let by_state = match record.payment.state {
        PaymentState::Paid
        | PaymentState::Authorized
        | PaymentState::PartiallyRefunded
        | PaymentState::Refunded => success,
        PaymentState::Declined | PaymentState::Rejected | PaymentState::Voided => decline,
        PaymentState::Processing
        | PaymentState::AwaitingClarification
        | PaymentState::AwaitingRedirect
        | PaymentState::AwaitingCustomer
        | PaymentState::AwaitingAuthentication => back,
    };
    by_state.as_ref().or(back.as_ref()).or(success.as_ref()).cloned()
}
