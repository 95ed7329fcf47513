//! The list of payments and the histories behind the cabinet.
//!
//! The list is in tables of this database, fed from what commits leave behind by whichever node
//! comes first ([`feed`]). Histories are read from the payments themselves.

mod deliveries;
pub(super) mod feed;
mod history;
mod source;

#[cfg(test)]
mod tests;

use altyn_app::listing::{Lag, ListingFilter, Page, Part, PaymentRow, Totals};
use altyn_app::ports::StoreError;
use altyn_app::ports::listing::{Deliveries, DeliveryFilter, EndpointHealth, History, Listing};
use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::time::Timestamp;
use async_trait::async_trait;

use super::PostgresStore;
use crate::listing::feed::payment_row;
use crate::listing::find::{self, Source as _};
use source::List;

#[async_trait]
impl Listing for PostgresStore {
    async fn page(
        &self,
        filter: &ListingFilter,
        part: Part,
        limit: u32,
    ) -> Result<Page, StoreError> {
        find::page(&List(&self.pool), filter, part, limit).await
    }

    async fn totals(
        &self,
        filter: &ListingFilter,
        bound: Option<u64>,
    ) -> Result<Totals, StoreError> {
        find::totals(&List(&self.pool), filter, bound).await
    }

    async fn rows(
        &self,
        projects: &[ProjectId],
        payments: &[PaymentId],
    ) -> Result<Vec<PaymentRow>, StoreError> {
        let ids: Vec<i64> = payments.iter().map(|id| id.get()).collect();
        let rows = List(&self.pool).rows(&ids).await?;
        let rows = rows.into_iter().map(payment_row).collect::<Result<Vec<_>, _>>()?;
        Ok(rows.into_iter().filter(|row| projects.contains(&row.project)).collect())
    }

    async fn catch_up(&self) -> Result<u64, StoreError> {
        self.feeder.lock().await.step().await
    }

    async fn lag(&self) -> Result<Lag, StoreError> {
        feed::lag(&self.pool).await
    }

    async fn rebuild(&self) -> Result<(), StoreError> {
        self.feeder.lock().await.forget().await
    }

    async fn history(
        &self,
        project: ProjectId,
        payment: PaymentId,
    ) -> Result<Option<History>, StoreError> {
        history::history(&self.pool, project, payment).await
    }

    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Deliveries, StoreError> {
        deliveries::page(&self.pool, filter).await
    }

    async fn endpoints(
        &self,
        projects: &[ProjectId],
        since: Timestamp,
    ) -> Result<Vec<EndpointHealth>, StoreError> {
        deliveries::endpoints(&self.pool, projects, since).await
    }
}
