//! Callbacks to merchants: the wording (a dialect) and the sending.

use altyn_domain::id::OperationId;
use altyn_domain::payment::Record;
use altyn_domain::time::Timestamp;
use async_trait::async_trait;

use super::provider::ProviderAccount;
use crate::callback::Callback;
use crate::projects::ProjectEntry;

/// Words a callback the way the project's merchant expects it, and knows his answer. Whether he is
/// told at all is decided before ([`channel`](crate::callback::channel)).
pub trait Dialect: Send + Sync {
    /// The signed body about `operation`, as the record stands, in the words of the project's
    /// dialect. The bytes are stored and sent identically ever after (ruling 16).
    fn callback_body(
        &self,
        project: &ProjectEntry,
        record: &Record,
        operation: OperationId,
        account: Option<&ProviderAccount>,
    ) -> Vec<u8>;

    /// The letter about `operation`, for a merchant without an address for callbacks: a JSON object
    /// with the texts `subject`, `text` and `html`.
    fn letter(&self, project: &ProjectEntry, record: &Record, operation: OperationId) -> Vec<u8>;

    /// Whether the answer means that the merchant took it, in the words the callback was made in:
    /// the project may speak another dialect by now.
    fn accepts(
        &self,
        project: &ProjectEntry,
        callback: &Callback,
        report: &SendReport,
        now: Timestamp,
    ) -> bool;
}

/// The most of a merchant's answer that is kept, bytes.
pub const ANSWER_KEPT_BYTES: usize = 4 * 1024;

/// What came of one try to deliver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendReport {
    /// The status of HTTP or, for a letter, of SMTP, if an answer came.
    pub status: Option<u16>,
    /// How long it took, milliseconds.
    pub duration_ms: i64,
    /// The first [`ANSWER_KEPT_BYTES`] of the answer.
    pub answer: Vec<u8>,
    /// What went wrong, if no whole answer came: readable alone, no secret in it.
    pub error: Option<String>,
}

/// Sends a callback: one POST, no redirects followed, no address inside our own network reached
/// unless it is allowed by name; or one letter, given to our own mail server.
#[async_trait]
pub trait CallbackSender: Send + Sync {
    /// One try. Never fails: the report says what happened.
    async fn send(&self, callback: &Callback) -> SendReport;
}
