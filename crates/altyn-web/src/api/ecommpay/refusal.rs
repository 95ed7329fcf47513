//! A refusal: the dialect's code, the field at fault, and nothing stored.

use altyn_app::clock::ClockError;
use altyn_app::context::Failure;
use altyn_app::payment::{AcceptError, AnswerError, ClarifyError, HoldError, RefundError};
use altyn_app::ports::StoreError;
use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::codes::Code;
use super::tree::TreeError;
use super::wire::Refused;

/// Why a request is refused at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The code; it brings the HTTP status and the message.
    pub code: Code,
    /// Particulars, appended to the message.
    pub detail: String,
    /// The parameter at fault, as a path with dots.
    pub field: Option<String>,
    /// In developer mode: the text that was signed here.
    pub signed: Option<String>,
    /// Where another status than the code's own fits.
    pub status: StatusCode,
}

impl Refusal {
    /// A refusal with nothing to add.
    pub fn new(code: Code) -> Self {
        Self { code, detail: String::new(), field: None, signed: None, status: code.status() }
    }

    /// A refusal because of one parameter.
    pub fn field(code: Code, field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { field: Some(field.into()), detail: detail.into(), ..Self::new(code) }
    }

    /// A parameter that must be there and is not.
    pub fn missing(field: impl Into<String>) -> Self {
        Self::field(Code::FieldMissing, field, "")
    }

    /// The same under another HTTP status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    fn message(&self) -> String {
        let mut message = self.code.message().to_owned();
        for part in [self.field.as_deref().unwrap_or_default(), &self.detail] {
            if !part.is_empty() {
                message.push_str(if message.contains(": ") { " " } else { ": " });
                message.push_str(part);
            }
        }
        message
    }
}

impl From<TreeError> for Refusal {
    fn from(error: TreeError) -> Self {
        Self { detail: error.to_string(), ..Self::new(Code::InvalidJson) }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Overloaded => {
                tracing::debug!(error = %failure, "a request was put off");
                Self::new(Code::TryAgain)
            }
            Failure::Contended | Failure::NoIds(_) => {
                tracing::warn!(error = %failure, "a request was put off");
                Self::new(Code::TryAgain)
            }
            // Whether it was written is not known. Asked again, it is found or done: nothing is
            // doubled by that, so this is no reason to make the merchant's people look.
            Failure::Store(StoreError::Database(_) | StoreError::NotFlushed(_)) => {
                tracing::error!(error = %failure, "a request failed in the store");
                Self::new(Code::TryAgain)
            }
            Failure::Store(
                StoreError::Inconsistent { .. }
                | StoreError::Newer { .. }
                | StoreError::Older { .. },
            ) => {
                tracing::error!(error = %failure, "a request failed in the store");
                Self::new(Code::InternalError)
            }
            Failure::Passwords(error) => {
                tracing::error!(%error, "a request failed");
                Self::new(Code::InternalError)
            }
        }
    }
}

impl From<AcceptError> for Refusal {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Exists { field } => {
                Self::field(Code::PaymentExists, field, "differs from the first request")
            }
            AcceptError::Failure(failure) => failure.into(),
        }
    }
}

impl From<RefundError> for Refusal {
    fn from(error: RefundError) -> Self {
        match error {
            RefundError::NotFound => Self::field(Code::NotFound, "general.payment_id", ""),
            RefundError::RefundIdExists { field } => {
                Self::field(Code::RefundIdExists, field, "differs from the first request")
            }
            RefundError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ClarifyError> for Refusal {
    fn from(error: ClarifyError) -> Self {
        match error {
            ClarifyError::NotFound => Self::field(Code::NotFound, "general.payment_id", ""),
            ClarifyError::NotAsked => Self::new(Code::WrongState),
            ClarifyError::Failure(failure) => failure.into(),
        }
    }
}

impl From<HoldError> for Refusal {
    fn from(error: HoldError) -> Self {
        match error {
            HoldError::NotFound => Self::field(Code::NotFound, "general.payment_id", ""),
            HoldError::Failure(failure) => failure.into(),
        }
    }
}

impl From<ClockError> for Refusal {
    fn from(error: ClockError) -> Self {
        let detail = error.to_string();
        match error {
            ClockError::NotFound => Self::field(Code::ProjectNotFound, "general.project_id", ""),
            ClockError::Live => Self { detail, ..Self::new(Code::AccessDenied) },
            ClockError::OutOfRange => Self::field(Code::ValidationError, "forward_ms", detail),
            ClockError::Failure(failure) => failure.into(),
        }
    }
}

/// Why an answer to 3-D Secure was not taken; `said` is the parameter that says whose it is.
pub fn not_taken(error: AnswerError, said: &str) -> Refusal {
    match error {
        AnswerError::NotFound => Refusal::field(Code::NotFound, "general.payment_id", ""),
        AnswerError::NotAwaited => Refusal::new(Code::WrongState),
        AnswerError::Foreign => {
            Refusal::field(Code::ValidationError, said, "belongs to another payment")
        }
        AnswerError::Failure(failure) => failure.into(),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Refused {
            status: "error",
            code: self.code.number(),
            message: self.message(),
            field: self.field,
            signed: self.signed,
        };
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
