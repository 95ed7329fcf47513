//! A changeset as rows: made by the caller's task, so that the writer only writes.

use altyn_app::callback::CallbackProgress;
use altyn_app::changeset::{Changeset, PaymentWrite};
use altyn_app::jobs::JobEnd;
use altyn_app::ports::StoreError;

use super::{audit, callback, job, ledger, payment};
use crate::rows::{
    AttemptRow, AuditRow, CallbackAttemptRow, CallbackRow, EntryRow, EventRow, JobRow,
    NotificationRow, OperationRow, PaymentRow,
};

/// Everything a changeset writes.
#[derive(Debug)]
pub(crate) struct WriteSet {
    pub(crate) payment: Option<PaymentChange>,
    pub(crate) new_operations: Vec<OperationRow>,
    pub(crate) changed_operations: Vec<OperationRow>,
    pub(crate) events: Vec<EventRow>,
    pub(crate) entries: Vec<EntryRow>,
    pub(crate) attempt_start: Option<AttemptRow>,
    /// Only its key and the columns that change mean anything.
    pub(crate) attempt_end: Option<AttemptRow>,
    pub(crate) notification: Option<NotificationRow>,
    pub(crate) new_callback: Option<CallbackRow>,
    /// The try has no number yet.
    pub(crate) callback_try: Option<(CallbackAttemptRow, CallbackProgress)>,
    /// Those that were given up are owed again.
    pub(crate) callbacks_anew: Vec<i64>,
    pub(crate) jobs: Vec<JobRow>,
    pub(crate) job_end: Option<JobEnd>,
    pub(crate) audit: Option<AuditRow>,
}

/// How the payment is written.
#[derive(Debug)]
pub(crate) enum PaymentChange {
    /// Refused when the project has one of this reference.
    New(PaymentRow),
    /// Refused when it is not at this version.
    Changed { row: PaymentRow, expected_version: i64 },
}

impl WriteSet {
    /// The rows of `changeset`.
    pub(crate) fn of(changeset: Changeset) -> Result<Self, StoreError> {
        let payment = match changeset.payment {
            None => None,
            Some(PaymentWrite::New(new)) => Some(PaymentChange::New(payment::payment_row(&new)?)),
            Some(PaymentWrite::Changed { payment, expected_version }) => {
                let row = payment::payment_row(&payment)?;
                Some(PaymentChange::Changed { row, expected_version })
            }
        };
        let operations = |list: Vec<_>| list.iter().map(payment::operation_row).collect();
        let new_operations: Result<_, _> = operations(changeset.new_operations);
        let changed_operations: Result<_, _> = operations(changeset.changed_operations);
        let notification = changeset.notification.as_ref().map(payment::notification_row);
        let callback_try =
            changeset.callback_try.map(|one| (callback::attempt_row(one.attempt), one.progress));
        Ok(Self {
            payment,
            new_operations: new_operations?,
            changed_operations: changed_operations?,
            events: changeset.events.iter().map(payment::event_row).collect(),
            entries: changeset.postings.iter().flat_map(ledger::entry_rows).collect(),
            attempt_start: changeset.attempt_start.map(payment::attempt_start_row),
            attempt_end: changeset.attempt_end.map(payment::attempt_end_row),
            notification: notification.transpose()?,
            new_callback: changeset.new_callback.map(callback::callback_row),
            callback_try,
            callbacks_anew: changeset.callbacks_anew.iter().map(|id| id.get()).collect(),
            jobs: changeset.jobs.iter().map(job::job_row).collect(),
            job_end: changeset.job_end,
            audit: changeset.audit.map(audit::audit_row),
        })
    }
}
