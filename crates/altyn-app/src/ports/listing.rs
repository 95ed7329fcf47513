//! The list of payments, and everything that is known of one payment, as the cabinet reads them.

use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::payment::{Event, Record};
use altyn_domain::time::Timestamp;
use async_trait::async_trait;

use super::StoreError;
use super::provider::Notification;
use crate::callback::{Callback, CallbackAttempt, CallbackState};
use crate::check::StoredEntry;
use crate::listing::{Lag, ListingFilter, Page, Part, PaymentRow, Totals};

/// The list and the histories.
#[async_trait]
pub trait Listing: Send + Sync {
    /// A page of the list. Always quick: it may stop early and say so.
    async fn page(
        &self,
        filter: &ListingFilter,
        part: Part,
        limit: u32,
    ) -> Result<Page, StoreError>;

    /// What the filter's rows come to; counting stops at `bound` rows if one is given.
    async fn totals(
        &self,
        filter: &ListingFilter,
        bound: Option<u64>,
    ) -> Result<Totals, StoreError>;

    /// These payments as they are in the list now, in any order; those of other projects are left
    /// out.
    async fn rows(
        &self,
        projects: &[ProjectId],
        payments: &[PaymentId],
    ) -> Result<Vec<PaymentRow>, StoreError>;

    /// Takes over a bounded number of changes; says how many payments were looked at. Zero: there
    /// was nothing to do. Nodes take turns.
    async fn catch_up(&self) -> Result<u64, StoreError>;

    /// How far behind it is.
    async fn lag(&self) -> Result<Lag, StoreError>;

    /// Forgets every row and begins to build the list anew.
    async fn rebuild(&self) -> Result<(), StoreError>;

    /// Everything known of a payment.
    async fn history(
        &self,
        project: ProjectId,
        payment: PaymentId,
    ) -> Result<Option<History>, StoreError>;

    /// Callbacks of these projects, newest first, with their last try. Always quick: it may stop
    /// early and say so.
    async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Deliveries, StoreError>;

    /// How the addresses that callbacks of these projects go to have done since `since`, the
    /// worst first; at most 100.
    async fn endpoints(
        &self,
        projects: &[ProjectId],
        since: Timestamp,
    ) -> Result<Vec<EndpointHealth>, StoreError>;
}

/// Everything known of a payment.
#[derive(Clone, Debug)]
pub struct History {
    /// The payment and its operations.
    pub record: Record,
    /// Its changes of state by number.
    pub events: Vec<Event>,
    /// What was given to providers, oldest first.
    pub attempts: Vec<Attempt>,
    /// What providers told, oldest first, with the operation it is about.
    pub notifications: Vec<(OperationId, Notification)>,
    /// Its ledger entries.
    pub entries: Vec<StoredEntry>,
    /// When each posting was made, real time, by operation.
    pub posted: Vec<(OperationId, Timestamp)>,
    /// Its callbacks, oldest first, with their tries.
    pub callbacks: Vec<(Callback, Vec<CallbackAttempt>)>,
    /// When the delivery of a callback is tried next, real time.
    pub next_tries: Vec<(CallbackId, Timestamp)>,
}

/// One time that an operation was given to its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The operation.
    pub operation: OperationId,
    /// 1, 2, 3…
    pub number: i64,
    /// The key it was given under.
    pub key: String,
    /// When it began, real time.
    pub started_at: Timestamp,
    /// When it ended, real time.
    pub finished_at: Option<Timestamp>,
    /// How it ended, a stable word.
    pub outcome: Option<String>,
    /// For operators; no secret in it.
    pub detail: Option<String>,
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// In these projects; none finds nothing.
    pub projects: Vec<ProjectId>,
    /// In this state only.
    pub state: Option<CallbackState>,
    /// Of this payment only.
    pub payment: Option<PaymentId>,
    /// To this host only, as [`host_of`](crate::callback::host_of) gives it.
    pub host: Option<String>,
    /// Older than this one: the key of the next page.
    pub before: Option<CallbackId>,
    /// At most so many.
    pub limit: u32,
}

/// A page of deliveries.
#[derive(Clone, Debug, Default)]
pub struct Deliveries {
    /// Newest first.
    pub found: Vec<Delivery>,
    /// Where to go on from, as [`DeliveryFilter::before`]; `None` when there are no older ones. The
    /// page may have room left, or be empty, when looking was stopped there, so that no request
    /// takes long.
    pub older: Option<CallbackId>,
}

/// A callback in the list of deliveries.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The callback, without its body.
    pub callback: Callback,
    /// The merchant's id of its payment.
    pub reference: String,
    /// The last try.
    pub last: Option<CallbackAttempt>,
    /// When it is tried next, real time.
    pub next_at: Option<Timestamp>,
}

/// How an address has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointHealth {
    /// Whose.
    pub project: ProjectId,
    /// The address, without its query.
    pub url: String,
    /// Callbacks that it took.
    pub delivered: u64,
    /// Callbacks that are still owed to it.
    pub owed: u64,
    /// Callbacks that were given up.
    pub given_up: u64,
    /// When it last took one, real time.
    pub last_delivered_at: Option<Timestamp>,
}
