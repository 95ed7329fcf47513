//! The store as the use cases see it: one way to write, and reads by key.
//!
//! Guaranteed by an implementation, and proven by one contract suite run on each: a changeset is
//! applied whole or not at all; `commit` returns only when it is durable; a refused changeset
//! leaves nothing behind and refuses nobody else's; rows that cannot become valid values are an
//! [`StoreError::Inconsistent`] that names the row.

use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::payment::Record;
use altyn_domain::time::Timestamp;
use async_trait::async_trait;

use super::provider::Notification;
use crate::access::audit::AuditEntry;
use crate::callback::{Callback, CallbackAttempt, CallbackFilter};
use crate::changeset::Changeset;
use crate::jobs::{Claim, Job, JobStats};
use crate::projects::StoredProject;

/// Why a changeset was refused; nothing of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// What is to be changed did so since it was read: read again, decide again.
    #[error("it changed since it was read")]
    VersionMoved,
    /// The project has a payment of this reference.
    #[error("the project has a payment of this reference")]
    PaymentExists,
    /// The project has a refund of this merchant's id.
    #[error("the project has a refund of this merchant's id")]
    RefundIdExists,
    /// The job's lease is not ours any more.
    #[error("the job's lease is not ours any more")]
    LeaseLost,
}

/// Why a commit did not happen, or is not known to have happened.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// Refused.
    #[error(transparent)]
    Conflict(#[from] Conflict),
    /// The queue of waiting changesets is full: nothing was written, come back later.
    #[error("the store's queue is full")]
    Overloaded,
    /// The database failed; whether the changeset is in it is not known.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Why a read failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or answered with an error.
    #[error("the database failed: {0}")]
    Database(String),
    /// The system could not say that what was written is on the disk. Nobody may go on from there:
    /// a second flush that succeeds says nothing about what the first one lost.
    #[error("what was written may not be on the disk: {0}")]
    NotFlushed(String),
    /// A row is not what our writes could have left.
    #[error("inconsistent row in {table}, {column}, key {key}")]
    Inconsistent {
        /// Table.
        table: &'static str,
        /// Column.
        column: &'static str,
        /// The row's key.
        key: String,
    },
    /// The database was made by a newer version.
    #[error("the database has schema {found}, this binary knows up to {known}")]
    Newer {
        /// The schema found.
        found: i64,
        /// The newest known.
        known: i64,
    },
    /// Migrations are waiting.
    #[error("the database has schema {found}, {known} is needed: run `altyn migrate`")]
    Older {
        /// The schema found.
        found: i64,
        /// The newest known.
        known: i64,
    },
}

/// A node's lease of its number, which keeps ids of different nodes apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeLease {
    /// 0..32.
    pub node: u8,
    /// Whose.
    pub owner: String,
    /// Until when, real time.
    pub until: Timestamp,
    /// Ids up to and including this second (Unix) may have been made by holders of this number.
    pub high_second: i64,
}

/// The store.
#[async_trait]
pub trait Store: Send + Sync {
    /// Writes a changeset: whole, durable, or not at all. New work is refused at once when too much
    /// waits; what [`Changeset::is_promised`] waits for room.
    async fn commit(&self, changeset: Changeset) -> Result<(), CommitError>;

    /// A payment by the merchant's id, folded ([`altyn_domain::payment::PaymentRef::key`]).
    async fn payment_by_key(
        &self,
        project: ProjectId,
        key: &str,
    ) -> Result<Option<Record>, StoreError>;

    /// A payment by our number.
    async fn payment(
        &self,
        project: ProjectId,
        payment: PaymentId,
    ) -> Result<Option<Record>, StoreError>;

    /// Which payment an operation belongs to.
    async fn payment_of(
        &self,
        operation: OperationId,
    ) -> Result<Option<(ProjectId, PaymentId)>, StoreError>;

    /// The refund that carries this merchant's id, with its payment.
    async fn refund_by_merchant_id(
        &self,
        project: ProjectId,
        merchant_refund_id: &str,
    ) -> Result<Option<(PaymentId, OperationId)>, StoreError>;

    /// The refund in a payment of this provider transaction that has not ended.
    async fn open_refund_of_transaction(
        &self,
        account: &str,
        provider_payment_id: &str,
    ) -> Result<Option<(ProjectId, PaymentId, OperationId)>, StoreError>;

    /// What the provider has notified about an operation, oldest first.
    async fn notifications(
        &self,
        project: ProjectId,
        operation: OperationId,
    ) -> Result<Vec<Notification>, StoreError>;

    /// Leases due jobs, oldest first. A leased job comes up again when the lease runs out.
    async fn claim_jobs(&self, claim: Claim) -> Result<Vec<Job>, StoreError>;

    /// Gives back every lease of `owner`, due at once.
    async fn release_jobs(&self, owner: &str, now: Timestamp) -> Result<u64, StoreError>;

    /// How many jobs wait and for how long.
    async fn job_stats(&self, now: Timestamp) -> Result<Vec<JobStats>, StoreError>;

    /// A callback by number.
    async fn callback(&self, id: CallbackId) -> Result<Option<Callback>, StoreError>;

    /// Callbacks by filter, newest first, a page at a time.
    async fn callbacks(&self, filter: CallbackFilter) -> Result<Vec<Callback>, StoreError>;

    /// The tries made for a callback, oldest first.
    async fn callback_attempts(&self, id: CallbackId) -> Result<Vec<CallbackAttempt>, StoreError>;

    /// All projects, secrets opened.
    async fn projects(&self) -> Result<Vec<StoredProject>, StoreError>;

    /// Adds a project, or replaces the one it was read as, secrets sealed; with the entry of the
    /// log, when a person did it. [`Conflict::VersionMoved`] when the stored version is another one.
    async fn put_project(
        &self,
        project: StoredProject,
        audit: Option<AuditEntry>,
    ) -> Result<(), CommitError>;

    /// Moves the clock of a project forward, and what is due for it with it: its jobs that nobody
    /// holds come due so much earlier (ruling 15); with the entry of the log, when a person did it.
    /// Gives how far the clock is ahead now; `None` when there is no such project.
    async fn advance_clock(
        &self,
        project: ProjectId,
        by_ms: i64,
        audit: Option<AuditEntry>,
    ) -> Result<Option<i64>, StoreError>;

    /// Changes whenever any project does; cheap to read.
    async fn projects_version(&self) -> Result<i64, StoreError>;

    /// Takes a free node number, or `None` when all are taken.
    async fn lease_node(
        &self,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<NodeLease>, StoreError>;

    /// Prolongs a node's lease and reserves seconds for its ids; `false` when it was lost.
    async fn renew_node(&self, lease: &NodeLease) -> Result<bool, StoreError>;

    /// Whether the store answers.
    async fn ping(&self) -> Result<(), StoreError>;
}
