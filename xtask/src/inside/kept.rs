//! A store that says yes at once: everything is read from the one beneath it, and a changeset is
//! taken and let go. The floor of a sale without a database.

use altyn_app::access::audit::AuditEntry;
use altyn_app::callback::{Callback, CallbackAttempt, CallbackFilter};
use altyn_app::changeset::Changeset;
use altyn_app::jobs::{Claim, Job, JobStats};
use altyn_app::ports::provider::Notification;
use altyn_app::ports::store::NodeLease;
use altyn_app::ports::{CommitError, Store, StoreError};
use altyn_app::projects::StoredProject;
use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::payment::Record;
use altyn_domain::time::Timestamp;
use altyn_store::sqlite::SqliteStore;
use async_trait::async_trait;

/// Says yes.
pub struct Nodding(pub SqliteStore);

/// Hands the call on to the store beneath.
macro_rules! hand_on {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $gives:ty;)*) => {
        #[async_trait]
        impl Store for Nodding {
            async fn commit(&self, changeset: Changeset) -> Result<(), CommitError> {
                // Made in full, as for a database, and not written.
                drop(std::hint::black_box(changeset));
                Ok(())
            }

            $(async fn $name(&self, $($argument: $kind),*) -> $gives {
                self.0.$name($($argument),*).await
            })*
        }
    };
}

hand_on! {
    payment_by_key(project: ProjectId, key: &str) -> Result<Option<Record>, StoreError>;
    payment(project: ProjectId, payment: PaymentId) -> Result<Option<Record>, StoreError>;
    payment_of(operation: OperationId) -> Result<Option<(ProjectId, PaymentId)>, StoreError>;
    refund_by_merchant_id(project: ProjectId, id: &str)
        -> Result<Option<(PaymentId, OperationId)>, StoreError>;
    open_refund_of_transaction(account: &str, id: &str)
        -> Result<Option<(ProjectId, PaymentId, OperationId)>, StoreError>;
    notifications(project: ProjectId, operation: OperationId)
        -> Result<Vec<Notification>, StoreError>;
    claim_jobs(claim: Claim) -> Result<Vec<Job>, StoreError>;
    release_jobs(owner: &str, now: Timestamp) -> Result<u64, StoreError>;
    job_stats(now: Timestamp) -> Result<Vec<JobStats>, StoreError>;
    callback(id: CallbackId) -> Result<Option<Callback>, StoreError>;
    callbacks(filter: CallbackFilter) -> Result<Vec<Callback>, StoreError>;
    callback_attempts(id: CallbackId) -> Result<Vec<CallbackAttempt>, StoreError>;
    projects() -> Result<Vec<StoredProject>, StoreError>;
    put_project(project: StoredProject, audit: Option<AuditEntry>) -> Result<(), CommitError>;
    advance_clock(project: ProjectId, by_ms: i64, audit: Option<AuditEntry>)
        -> Result<Option<i64>, StoreError>;
    projects_version() -> Result<i64, StoreError>;
    lease_node(owner: &str, now: Timestamp, until: Timestamp)
        -> Result<Option<NodeLease>, StoreError>;
    renew_node(lease: &NodeLease) -> Result<bool, StoreError>;
    ping() -> Result<(), StoreError>;
}
