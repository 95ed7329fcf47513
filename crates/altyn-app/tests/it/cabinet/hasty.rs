//! A list whose search for deliveries stops before it has found anything.

use altyn_app::listing::{Lag, ListingFilter, Page, Part, PaymentRow, Totals};
use altyn_app::ports::listing::{Deliveries, DeliveryFilter, EndpointHealth, History};
use altyn_app::ports::{Listing, StoreError};
use altyn_domain::id::{CallbackId, PaymentId, ProjectId};
use altyn_domain::time::Timestamp;
use altyn_store::sqlite::SqliteStore;
use async_trait::async_trait;

/// The first page of deliveries is empty, and says where to go on from.
pub struct Hasty(pub SqliteStore);

#[async_trait]
impl Listing for Hasty {
    async fn page(
        &self,
        filter: &ListingFilter,
        part: Part,
        limit: u32,
    ) -> Result<Page, StoreError> {
        self.0.page(filter, part, limit).await
    }

    async fn totals(
        &self,
        filter: &ListingFilter,
        bound: Option<u64>,
    ) -> Result<Totals, StoreError> {
        self.0.totals(filter, bound).await
    }

    async fn rows(
        &self,
        projects: &[ProjectId],
        payments: &[PaymentId],
    ) -> Result<Vec<PaymentRow>, StoreError> {
        Listing::rows(&self.0, projects, payments).await
    }

    async fn catch_up(&self) -> Result<u64, StoreError> {
        self.0.catch_up().await
    }

    async fn lag(&self) -> Result<Lag, StoreError> {
        self.0.lag().await
    }

    async fn rebuild(&self) -> Result<(), StoreError> {
        self.0.rebuild().await
    }

    async fn history(
        &self,
        project: ProjectId,
        payment: PaymentId,
    ) -> Result<Option<History>, StoreError> {
        self.0.history(project, payment).await
    }

    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Deliveries, StoreError> {
        if filter.before.is_none() {
            let older = Some(CallbackId::new(i64::MAX));
            return Ok(Deliveries { found: Vec::new(), older });
        }
        self.0.deliveries(filter).await
    }

    async fn endpoints(
        &self,
        projects: &[ProjectId],
        since: Timestamp,
    ) -> Result<Vec<EndpointHealth>, StoreError> {
        self.0.endpoints(projects, since).await
    }
}
