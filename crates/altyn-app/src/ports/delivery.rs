//! Callbacks to merchants: the wording (a dialect) and the sending.

use altyn_domain::id::OperationId;
use altyn_domain::payment::Record;
use async_trait::async_trait;

use super::provider::ProviderAccount;
use crate::projects::ProjectEntry;

/// Words a callback the way the project's merchant expects it. It holds no rules.
pub trait Dialect: Send + Sync {
    /// The signed body about `operation`, as the record stands. The bytes are stored and sent
    /// identically ever after (ruling 16).
    fn callback_body(
        &self,
        project: &ProjectEntry,
        record: &Record,
        operation: OperationId,
        account: Option<&ProviderAccount>,
    ) -> Vec<u8>;
}

/// The most of a merchant's answer that is kept, bytes.
pub const ANSWER_KEPT_BYTES: usize = 4 * 1024;

/// What came of one try to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendReport {
    /// The HTTP status, if an answer came.
    pub status: Option<u16>,
    /// How long it took, milliseconds.
    pub duration_ms: i64,
    /// The first [`ANSWER_KEPT_BYTES`] of the answer.
    pub answer: Vec<u8>,
    /// What went wrong, if no whole answer came: readable alone, no secret in it.
    pub error: Option<String>,
}

impl SendReport {
    /// Only HTTP 200 means that the merchant took it (ecommpay.md §4.1).
    pub fn accepted(&self) -> bool {
        self.status == Some(200) && self.error.is_none()
    }
}

/// Sends a callback: one POST, no redirects followed, no address inside our own network reached
/// unless it is allowed by name.
#[async_trait]
pub trait CallbackSender: Send + Sync {
    /// One try. Never fails: the report says what happened.
    async fn send(&self, url: &str, body: &[u8]) -> SendReport;
}
