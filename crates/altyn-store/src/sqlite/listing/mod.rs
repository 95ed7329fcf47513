//! The list of payments and the histories behind the cabinet.
//!
//! The list is in a file of its own ([`file`]), fed from what commits leave behind ([`feed`]); the
//! histories are read from the payments themselves. What may take more than a moment runs where the
//! runtime lets one block.

mod deliveries;
mod feed;
mod file;
mod history;
mod source;
mod state;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use altyn_app::listing::{Lag, ListingFilter, Page, Part, PaymentRow, Totals};
use altyn_app::ports::StoreError;
use altyn_app::ports::listing::{Deliveries, DeliveryFilter, EndpointHealth, History, Listing};
use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::time::Timestamp;
use async_trait::async_trait;
use futures_util::FutureExt as _;
use rusqlite::Connection;

use super::SqliteStore;
use crate::listing::feed::payment_row;
use crate::listing::find::{self, Source as _};
use feed::ForgetChanges;
use file::{Fault, Open};
use source::List;
use state::{Fit, State};

pub(super) use file::File;

#[async_trait]
impl Listing for SqliteStore {
    async fn page(
        &self,
        filter: &ListingFilter,
        part: Part,
        limit: u32,
    ) -> Result<Page, StoreError> {
        let filter = filter.clone();
        self.in_list(move |list| done(find::page(&List(list), &filter, part, limit))).await
    }

    async fn totals(
        &self,
        filter: &ListingFilter,
        bound: Option<u64>,
    ) -> Result<Totals, StoreError> {
        let filter = filter.clone();
        self.in_list(move |list| done(find::totals(&List(list), &filter, bound))).await
    }

    async fn rows(
        &self,
        projects: &[ProjectId],
        payments: &[PaymentId],
    ) -> Result<Vec<PaymentRow>, StoreError> {
        let ids: Vec<i64> = payments.iter().map(|id| id.get()).collect();
        let rows = self.in_list(move |list| done(List(list).rows(&ids))).await?;
        let rows = rows.into_iter().map(payment_row).collect::<Result<Vec<_>, _>>()?;
        Ok(rows.into_iter().filter(|row| projects.contains(&row.project)).collect())
    }

    async fn catch_up(&self) -> Result<u64, StoreError> {
        let store = self.clone();
        let step = blocking(move || feed::step(&store.readers, &store.listing)).await?;
        if let Some(before) = step.done_before {
            self.ask(ForgetChanges { before }).await?;
        }
        Ok(step.payments)
    }

    async fn lag(&self) -> Result<Lag, StoreError> {
        let state = self.in_list(State::read).await?;
        self.readers.read_with(|database| lag(database, state)).map_err(|fault| self.explain(fault))
    }

    async fn rebuild(&self) -> Result<(), StoreError> {
        self.with_list(feed::forget).await
    }

    async fn history(
        &self,
        project: ProjectId,
        payment: PaymentId,
    ) -> Result<Option<History>, StoreError> {
        self.readers.read(|database| history::history(database, project, payment))
    }

    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Deliveries, StoreError> {
        let (store, filter) = (self.clone(), filter.clone());
        blocking(move || store.readers.read(|database| deliveries::page(database, &filter))).await
    }

    async fn endpoints(
        &self,
        projects: &[ProjectId],
        since: Timestamp,
    ) -> Result<Vec<EndpointHealth>, StoreError> {
        let (store, projects) = (self.clone(), projects.to_vec());
        let read = move || {
            store.readers.read(|database| deliveries::endpoints(database, &projects, since))
        };
        blocking(read).await
    }
}

impl SqliteStore {
    /// Reads the list.
    async fn in_list<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.with_list(move |open| open.readers.read_with(read)).await
    }

    /// Does something with the list's file; a damaged one is thrown away.
    async fn with_list<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Arc<Open>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        let file = Arc::clone(&self.listing);
        blocking(move || {
            let open = file.open()?;
            act(&open).map_err(|fault| {
                if let Fault::Damaged(why) = &fault
                    && let Err(error) = file.discard(&open, why)
                {
                    return error;
                }
                file.explain(fault)
            })
        })
        .await
    }

    fn explain(&self, fault: Fault) -> StoreError {
        self.listing.explain(fault)
    }
}

/// How far the list is behind.
fn lag(database: &Connection, state: State) -> Result<Lag, Fault> {
    let state = match state.fit(database)? {
        Fit::Fits => state,
        Fit::Empty | Fit::Anew(_) => State::of(database)?,
    };
    let sql = "SELECT coalesce(sum(length(payments) / 16), 0) FROM changes WHERE id > ?1";
    let waiting: i64 = database.prepare_cached(sql)?.query_row([state.change], |row| row.get(0))?;
    Ok(Lag {
        waiting: u64::try_from(waiting).unwrap_or(0),
        building: state.build_after.map(|_| state.built),
    })
}

/// Runs what may block where it may.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let failed = |error| StoreError::Database(format!("the list was not read: {error}"));
    tokio::task::spawn_blocking(act).await.map_err(failed)?
}

/// What a search comes to that waits for nothing: every statement of it runs on this thread.
fn done<T>(search: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let waits = || StoreError::Database("a read of the list waits for something".to_owned());
    search.now_or_never().unwrap_or_else(|| Err(waits().into()))
}
