//! The port [`Dialect`] in the words of ECommPay: a signed callback, and signed documents.

use altyn_app::ports::Dialect;
use altyn_app::ports::provider::ProviderAccount;
use altyn_app::projects::ProjectEntry;
use altyn_domain::id::OperationId;
use altyn_domain::payment::Record;
use serde::Serialize;
use serde_json::Value;

use super::sign::{SigningKey, sign};
use super::view;

/// Words callbacks for merchants of ECommPay.
#[derive(Clone, Copy, Debug, Default)]
pub struct EcommpayDialect;

impl Dialect for EcommpayDialect {
    fn callback_body(
        &self,
        project: &ProjectEntry,
        record: &Record,
        operation: OperationId,
        account: Option<&ProviderAccount>,
    ) -> Vec<u8> {
        view::callback(record, operation, account)
            .map(|body| signed(&body, &SigningKey::new(project.secret.expose())))
            .unwrap_or_default()
    }
}

/// The document as JSON bytes, with its `signature` filled in.
pub fn signed<T: Serialize>(document: &T, key: &SigningKey) -> Vec<u8> {
    let mut value = serde_json::to_value(document).unwrap_or(Value::Null);
    let signature = sign(&value, key);
    if let Value::Object(members) = &mut value {
        members.insert("signature".to_owned(), Value::String(signature));
    }
    value.to_string().into_bytes()
}
