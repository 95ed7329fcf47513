//! Callbacks and answers in the words of ECommPay: signed documents, and what takes a callback.

use altyn_app::ports::delivery::SendReport;
use altyn_app::ports::provider::ProviderAccount;
use altyn_app::projects::ProjectEntry;
use altyn_domain::id::OperationId;
use altyn_domain::payment::Record;
use serde_json::Value;

use super::sign::{SigningKey, sign};
use super::view;
use super::wire::Document;

/// The signed callback about `operation`.
pub fn callback(
    project: &ProjectEntry,
    record: &Record,
    operation: OperationId,
    account: Option<&ProviderAccount>,
) -> Vec<u8> {
    view::callback(record, operation, account)
        .map(|body| signed(body, &SigningKey::new(project.secret.expose())))
        .unwrap_or_default()
}

/// Only HTTP 200 means that the merchant took it (ecommpay.md §4.1).
pub fn is_taken(report: &SendReport) -> bool {
    report.status == Some(200) && report.error.is_none()
}

/// The document as JSON bytes, with its `signature` filled in.
pub fn signed<T: Document>(document: T, key: &SigningKey) -> Vec<u8> {
    serde_json::to_vec(&with_signature(document, key)).unwrap_or_default()
}

/// The document with its `signature` filled in.
pub fn with_signature<T: Document>(mut document: T, key: &SigningKey) -> T {
    let value = serde_json::to_value(&document).unwrap_or(Value::Null);
    document.set_signature(sign(&value, key));
    document
}
