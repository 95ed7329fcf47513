//! The port, method by method: writes go to the queue, reads to the readers.

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
use async_trait::async_trait;

use super::jobs::Release;
use super::nodes::{LeaseNode, RenewNode};
use super::projects::{AdvanceClock, PutProject, RotateKeys};
use super::{SqliteStore, reads};
use crate::convert::write_set::WriteSet;
use crate::convert::{audit, project};
use crate::rows::{ProjectRow, Row};

impl SqliteStore {
    /// Seals with the newest key every secret that an older one sealed; says how many.
    pub async fn rotate_keys(&self) -> Result<u64, StoreError> {
        self.ask(RotateKeys(self.keys.clone())).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, changeset: Changeset) -> Result<(), CommitError> {
        let is_promised = changeset.is_promised();
        let rows = WriteSet::of(changeset)?;
        if is_promised { self.ask_whether(rows).await } else { self.ask_now(rows).await }
    }

    async fn payment_by_key(
        &self,
        project: ProjectId,
        key: &str,
    ) -> Result<Option<Record>, StoreError> {
        self.readers.read(|connection| reads::payment_by_key(connection, project, key))
    }

    async fn payment(
        &self,
        project: ProjectId,
        payment: PaymentId,
    ) -> Result<Option<Record>, StoreError> {
        self.readers.read(|connection| reads::payment_by_id(connection, project, payment))
    }

    async fn payment_of(
        &self,
        operation: OperationId,
    ) -> Result<Option<(ProjectId, PaymentId)>, StoreError> {
        self.readers.read(|connection| reads::payment_of(connection, operation))
    }

    async fn refund_by_merchant_id(
        &self,
        project: ProjectId,
        merchant_refund_id: &str,
    ) -> Result<Option<(PaymentId, OperationId)>, StoreError> {
        self.readers.read(|connection| {
            reads::refund_by_merchant_id(connection, project, merchant_refund_id)
        })
    }

    async fn open_refund_of_transaction(
        &self,
        account: &str,
        provider_payment_id: &str,
    ) -> Result<Option<(ProjectId, PaymentId, OperationId)>, StoreError> {
        self.readers.read(|connection| reads::open_refund(connection, account, provider_payment_id))
    }

    async fn notifications(
        &self,
        project: ProjectId,
        operation: OperationId,
    ) -> Result<Vec<Notification>, StoreError> {
        self.readers.read(|connection| reads::notifications(connection, project, operation))
    }

    async fn claim_jobs(&self, claim: Claim) -> Result<Vec<Job>, StoreError> {
        self.ask(claim).await
    }

    async fn release_jobs(&self, owner: &str, now: Timestamp) -> Result<u64, StoreError> {
        self.ask(Release { owner: owner.to_owned(), now }).await
    }

    async fn job_stats(&self, now: Timestamp) -> Result<Vec<JobStats>, StoreError> {
        self.readers.read(|connection| reads::job_stats(connection, now.as_millis()))
    }

    async fn callback(&self, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        self.readers.read(|connection| reads::callback_by_id(connection, id.get()))
    }

    async fn callbacks(&self, filter: CallbackFilter) -> Result<Vec<Callback>, StoreError> {
        self.readers.read(|connection| reads::callbacks(connection, &filter))
    }

    async fn callback_attempts(&self, id: CallbackId) -> Result<Vec<CallbackAttempt>, StoreError> {
        self.readers.read(|connection| reads::tries(connection, id.get()))
    }

    async fn projects(&self) -> Result<Vec<StoredProject>, StoreError> {
        let sql = format!("{} ORDER BY id", ProjectRow::sql().select);
        let rows: Vec<ProjectRow> =
            self.readers.read(|connection| reads::all(connection, &sql, []))?;
        rows.into_iter().map(|row| project::project(row, &self.keys)).collect()
    }

    async fn put_project(
        &self,
        project: StoredProject,
        audit: Option<AuditEntry>,
    ) -> Result<(), CommitError> {
        let row = project::project_row(&project, &self.keys)?;
        self.ask_whether(PutProject { row, audit: audit.map(audit::audit_row) }).await
    }

    async fn advance_clock(
        &self,
        project: ProjectId,
        by_ms: i64,
        audit: Option<AuditEntry>,
    ) -> Result<Option<i64>, StoreError> {
        let (project, audit) = (project.get().into(), audit.map(audit::audit_row));
        self.ask(AdvanceClock { project, by_ms, audit }).await
    }

    async fn projects_version(&self) -> Result<i64, StoreError> {
        self.readers.read(reads::projects_version)
    }

    async fn lease_node(
        &self,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<NodeLease>, StoreError> {
        self.ask(LeaseNode { owner: owner.to_owned(), now, until }).await
    }

    async fn renew_node(&self, lease: &NodeLease) -> Result<bool, StoreError> {
        self.ask(RenewNode(lease.clone())).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        if self.queue.is_closed() {
            return Err(StoreError::Database("the writer has stopped".into()));
        }
        self.readers.read(reads::projects_version).map(|_| ())
    }
}
