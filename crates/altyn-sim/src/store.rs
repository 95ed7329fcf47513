//! The real SQLite store as a node meets it in a run: every call is a step at which others go on and
//! the node may die, and some calls fail.
//!
//! Nothing of the store is imitated. What a failure means is what the port says: before the write,
//! nothing was written; after it, whoever asked does not know.

use std::sync::Arc;

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

use crate::world::World;

/// The store with steps and failures.
pub struct UnsureStore {
    world: Arc<World>,
    inner: SqliteStore,
}

fn failed() -> StoreError {
    StoreError::Database("it stands still".to_owned())
}

impl UnsureStore {
    /// Over an open database.
    pub const fn new(world: Arc<World>, inner: SqliteStore) -> Self {
        Self { world, inner }
    }

    /// Before a call reaches the database.
    async fn before(&self) -> Result<(), StoreError> {
        let wait_ms = self.world.chance(|by| if by.one_in(8) { by.between(1, 50) } else { 0 });
        self.world.pause(wait_ms).await;
        if self.world.strikes("store failures", self.world.weather.store_fails) {
            return Err(failed());
        }
        Ok(())
    }

    /// After it has been written.
    fn after(&self) -> Result<(), StoreError> {
        if self.world.strikes("writes not told", self.world.weather.store_forgets) {
            return Err(failed());
        }
        Ok(())
    }
}

#[async_trait]
impl Store for UnsureStore {
    async fn commit(&self, changeset: Changeset) -> Result<(), CommitError> {
        if self.world.strikes("commits turned away", self.world.weather.store_fails / 2) {
            return Err(CommitError::Overloaded);
        }
        self.before().await?;
        self.inner.commit(changeset).await?;
        self.world.count("commits");
        Ok(self.after()?)
    }

    async fn payment_by_key(
        &self,
        project: ProjectId,
        key: &str,
    ) -> Result<Option<Record>, StoreError> {
        self.before().await?;
        self.inner.payment_by_key(project, key).await
    }

    async fn payment(
        &self,
        project: ProjectId,
        payment: PaymentId,
    ) -> Result<Option<Record>, StoreError> {
        self.before().await?;
        self.inner.payment(project, payment).await
    }

    async fn payment_of(
        &self,
        operation: OperationId,
    ) -> Result<Option<(ProjectId, PaymentId)>, StoreError> {
        self.before().await?;
        self.inner.payment_of(operation).await
    }

    async fn refund_by_merchant_id(
        &self,
        project: ProjectId,
        merchant_refund_id: &str,
    ) -> Result<Option<(PaymentId, OperationId)>, StoreError> {
        self.before().await?;
        self.inner.refund_by_merchant_id(project, merchant_refund_id).await
    }

    async fn open_refund_of_transaction(
        &self,
        account: &str,
        provider_payment_id: &str,
    ) -> Result<Option<(ProjectId, PaymentId, OperationId)>, StoreError> {
        self.before().await?;
        self.inner.open_refund_of_transaction(account, provider_payment_id).await
    }

    async fn notifications(
        &self,
        project: ProjectId,
        operation: OperationId,
    ) -> Result<Vec<Notification>, StoreError> {
        self.before().await?;
        self.inner.notifications(project, operation).await
    }

    async fn claim_jobs(&self, claim: Claim) -> Result<Vec<Job>, StoreError> {
        self.before().await?;
        let jobs = self.inner.claim_jobs(claim).await?;
        self.after()?;
        Ok(jobs)
    }

    async fn release_jobs(&self, owner: &str, now: Timestamp) -> Result<u64, StoreError> {
        self.before().await?;
        self.inner.release_jobs(owner, now).await
    }

    async fn job_stats(&self, now: Timestamp) -> Result<Vec<JobStats>, StoreError> {
        self.before().await?;
        self.inner.job_stats(now).await
    }

    async fn callback(&self, id: CallbackId) -> Result<Option<Callback>, StoreError> {
        self.before().await?;
        self.inner.callback(id).await
    }

    async fn callbacks(&self, filter: CallbackFilter) -> Result<Vec<Callback>, StoreError> {
        self.before().await?;
        self.inner.callbacks(filter).await
    }

    async fn callback_attempts(&self, id: CallbackId) -> Result<Vec<CallbackAttempt>, StoreError> {
        self.before().await?;
        self.inner.callback_attempts(id).await
    }

    async fn projects(&self) -> Result<Vec<StoredProject>, StoreError> {
        self.before().await?;
        self.inner.projects().await
    }

    async fn put_project(
        &self,
        project: StoredProject,
        audit: Option<AuditEntry>,
    ) -> Result<(), CommitError> {
        self.before().await?;
        self.inner.put_project(project, audit).await?;
        Ok(self.after()?)
    }

    async fn advance_clock(
        &self,
        project: ProjectId,
        by_ms: i64,
        audit: Option<AuditEntry>,
    ) -> Result<Option<i64>, StoreError> {
        self.before().await?;
        let ahead = self.inner.advance_clock(project, by_ms, audit).await?;
        self.after()?;
        Ok(ahead)
    }

    async fn projects_version(&self) -> Result<i64, StoreError> {
        self.before().await?;
        self.inner.projects_version().await
    }

    async fn lease_node(
        &self,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<NodeLease>, StoreError> {
        self.before().await?;
        self.inner.lease_node(owner, now, until).await
    }

    async fn renew_node(&self, lease: &NodeLease) -> Result<bool, StoreError> {
        self.before().await?;
        self.inner.renew_node(lease).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.before().await?;
        self.inner.ping().await
    }
}
