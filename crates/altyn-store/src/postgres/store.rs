//! The port, method by method: changesets go to the queue, everything else to the pool.

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
use tokio::sync::{mpsc, oneshot};

use super::writer::Waiting;
use super::{PostgresStore, jobs, nodes, projects, reads};
use crate::convert::audit::audit_row;
use crate::convert::project::project_row;
use crate::convert::write_set::WriteSet;

fn stopped() -> StoreError {
    StoreError::Database("the writer has stopped".to_owned())
}

#[async_trait]
impl Store for PostgresStore {
    async fn commit(&self, changeset: Changeset) -> Result<(), CommitError> {
        let is_promised = changeset.is_promised();
        let set = WriteSet::of(changeset)?;
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { set, answer };
        if is_promised {
            self.queue.send(waiting).await.map_err(|_| stopped())?;
        } else if self.waiting() < self.queue_max {
            self.queue.try_send(waiting).map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => CommitError::Overloaded,
                mpsc::error::TrySendError::Closed(_) => stopped().into(),
            })?;
        } else {
            return Err(CommitError::Overloaded);
        }
        answered.await.map_err(|_| stopped())?
    }

    async fn payment_by_key(
        &self,
        project: ProjectId,
        key: &str,
    ) -> Result<Option<Record>, StoreError> {
        reads::payment_by_key(&self.pool, project, key).await
    }

    async fn payment(
        &self,
        project: ProjectId,
        payment: PaymentId,
    ) -> Result<Option<Record>, StoreError> {
        reads::payment_by_id(&self.pool, project, payment).await
    }

    async fn payment_of(
        &self,
        operation: OperationId,
    ) -> Result<Option<(ProjectId, PaymentId)>, StoreError> {
        reads::payment_of(&self.pool, operation).await
    }

    async fn refund_by_merchant_id(
        &self,
        project: ProjectId,
        merchant_refund_id: &str,
    ) -> Result<Option<(PaymentId, OperationId)>, StoreError> {
        reads::refund_by_merchant_id(&self.pool, project, merchant_refund_id).await
    }

    async fn open_refund_of_transaction(
        &self,
        account: &str,
        provider_payment_id: &str,
    ) -> Result<Option<(ProjectId, PaymentId, OperationId)>, StoreError> {
        reads::open_refund(&self.pool, account, provider_payment_id).await
    }

    async fn notifications(
        &self,
        project: ProjectId,
        operation: OperationId,
    ) -> Result<Vec<Notification>, StoreError> {
        reads::notifications(&self.pool, project, operation).await
    }

    async fn claim_jobs(&self, claim: Claim) -> Result<Vec<Job>, StoreError> {
        jobs::claim(&self.pool, claim).await
    }

    async fn release_jobs(&self, owner: &str, now: Timestamp) -> Result<u64, StoreError> {
        jobs::release(&self.pool, owner, now).await
    }

    async fn job_stats(&self, now: Timestamp) -> Result<Vec<JobStats>, StoreError> {
        jobs::stats(&self.pool, now).await
    }

    async fn callback(&self, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        reads::callback_by_id(&self.pool, id).await
    }

    async fn callbacks(&self, filter: CallbackFilter) -> Result<Vec<Callback>, StoreError> {
        reads::callbacks(&self.pool, &filter).await
    }

    async fn callback_attempts(&self, id: CallbackId) -> Result<Vec<CallbackAttempt>, StoreError> {
        reads::tries(&self.pool, id).await
    }

    async fn projects(&self) -> Result<Vec<StoredProject>, StoreError> {
        projects::all(&self.pool, &self.keys).await
    }

    async fn put_project(
        &self,
        project: StoredProject,
        audit: Option<AuditEntry>,
    ) -> Result<(), CommitError> {
        let row = project_row(&project, &self.keys)?;
        projects::put(&self.pool, &row, audit.map(audit_row).as_ref()).await
    }

    async fn advance_clock(
        &self,
        project: ProjectId,
        by_ms: i64,
        audit: Option<AuditEntry>,
    ) -> Result<Option<i64>, StoreError> {
        let audit = audit.map(audit_row);
        projects::advance_clock(&self.pool, project, by_ms, audit.as_ref()).await
    }

    async fn projects_version(&self) -> Result<i64, StoreError> {
        projects::version(&self.pool).await
    }

    async fn lease_node(
        &self,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<NodeLease>, StoreError> {
        nodes::lease(&self.pool, owner, now, until).await
    }

    async fn renew_node(&self, lease: &NodeLease) -> Result<bool, StoreError> {
        nodes::renew(&self.pool, lease).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        if self.queue.is_closed() {
            return Err(stopped());
        }
        projects::version(&self.pool).await.map(drop)
    }
}
