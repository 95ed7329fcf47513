//! The only way to write: a list of rows to add and change, as data.

use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::ledger::Posting;
use altyn_domain::payment::{Event, Operation, Payment};
use altyn_domain::time::Timestamp;

use crate::access::audit::AuditEntry;
use crate::callback::{Callback, CallbackAttempt, CallbackProgress};
use crate::jobs::{JobEnd, NewJob};
use crate::ports::provider::Notification;

/// Everything one decision writes. Committed whole or not at all.
#[derive(Clone, Debug, Default)]
pub struct Changeset {
    /// A payment to add, or to change at the version it was read at.
    pub payment: Option<PaymentWrite>,
    /// Operations to add.
    pub new_operations: Vec<Operation>,
    /// Operations to change; guarded by the payment's version.
    pub changed_operations: Vec<Operation>,
    /// Changes of state.
    pub events: Vec<Event>,
    /// What goes to the books.
    pub postings: Vec<Posting>,
    /// An attempt that begins.
    pub attempt_start: Option<AttemptStart>,
    /// An attempt that ended.
    pub attempt_end: Option<AttemptEnd>,
    /// What a provider told.
    pub notification: Option<NotificationWrite>,
    /// A callback that is owed from now on.
    pub new_callback: Option<Callback>,
    /// What came of a try to deliver.
    pub callback_try: Option<CallbackTry>,
    /// Callbacks whose delivery begins anew: owed again, no try counted. One that was taken
    /// meanwhile stays so.
    pub callbacks_anew: Vec<CallbackId>,
    /// Jobs to add, or to wake.
    pub jobs: Vec<NewJob>,
    /// What a person did by this.
    pub audit: Option<AuditEntry>,
    /// The job in whose name this is written; refused when its lease is lost.
    pub job_end: Option<JobEnd>,
}

impl Changeset {
    /// Whether it goes on with what was promised already: the outcome of a job, an attempt at a
    /// provider. Whoever writes it waits for the store however busy it is; new work is refused then.
    pub fn is_promised(&self) -> bool {
        self.job_end.is_some() || self.attempt_start.is_some() || self.attempt_end.is_some()
    }
}

/// A payment and how it must stand in the store for the change to hold.
#[derive(Clone, Debug)]
pub enum PaymentWrite {
    /// No payment of this reference exists in the project.
    New(Box<Payment>),
    /// It is still at `expected_version`.
    Changed {
        /// As it becomes.
        payment: Box<Payment>,
        /// As it was read.
        expected_version: i64,
    },
}

/// An attempt, committed before the provider is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptStart {
    /// Whose.
    pub project: ProjectId,
    /// Of which payment.
    pub payment: PaymentId,
    /// For which operation.
    pub operation: OperationId,
    /// 1, 2, 3… within the operation.
    pub number: i64,
    /// The key that makes a repeat harmless at the provider.
    pub key: String,
    /// When, real time.
    pub at: Timestamp,
}

impl AttemptStart {
    /// The attempt that `operation` counts now.
    pub fn of(operation: &Operation, at: Timestamp) -> Self {
        Self {
            project: operation.project,
            payment: operation.payment,
            operation: operation.id,
            number: operation.attempts,
            key: altyn_domain::id::order_number(operation.id),
            at,
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptEnd {
    /// Whose.
    pub project: ProjectId,
    /// For which operation.
    pub operation: OperationId,
    /// Which attempt.
    pub number: i64,
    /// [`crate::ports::ProviderOutcome::as_str`].
    pub outcome: &'static str,
    /// For operators; no secret in it.
    pub detail: String,
    /// When, real time.
    pub at: Timestamp,
}

/// A notification to keep, once however often it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationWrite {
    /// Whose.
    pub project: ProjectId,
    /// About which operation.
    pub operation: OperationId,
    /// What came.
    pub notification: Notification,
}

/// A try to deliver a callback, and where that leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackTry {
    /// The try.
    pub attempt: CallbackAttempt,
    /// The callback's state after it.
    pub progress: CallbackProgress,
}
