//! Everything known of one payment.

use altyn_app::jobs::JobKind;
use altyn_app::ports::StoreError;
use altyn_app::ports::listing::History;
use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use rusqlite::Connection;

use crate::convert::{callback, ledger, payment, time};
use crate::listing::feed::{attempt, posted};
use crate::rows::{
    AttemptRow, CallbackAttemptRow, CallbackRow, EntryRow, EventRow, JobRow, NotificationRow, Row,
};
use crate::sqlite::reads::{all, one, payment_by_id, select};

select! {
    EVENTS = EventRow, "WHERE project = ?1 AND payment = ?2 ORDER BY seq";
    ATTEMPTS = AttemptRow, "WHERE project = ?1 AND operation = ?2 ORDER BY number";
    NOTIFICATIONS = NotificationRow,
        "WHERE project = ?1 AND operation = ?2 ORDER BY received_at, digest";
    ENTRIES = EntryRow, "WHERE project = ?1 AND operation = ?2 ORDER BY posting, line";
    CALLBACKS = CallbackRow, "WHERE payment = ?1 ORDER BY id";
    TRIES = CallbackAttemptRow, "WHERE callback = ?1 ORDER BY number";
    JOB = JobRow, "WHERE kind = ?1 AND subject = ?2";
}

/// Everything known of a payment, as of one moment.
pub(super) fn history(
    database: &Connection,
    project: ProjectId,
    id: PaymentId,
) -> Result<Option<History>, StoreError> {
    let Some(record) = payment_by_id(database, project, id)? else { return Ok(None) };
    let events: Vec<EventRow> = all(database, &EVENTS, (project.get(), id.get()))?;
    let (mut attempts, mut notifications, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for operation in &record.operations {
        let key = (project.get(), operation.id.get());
        attempts.extend(all::<AttemptRow>(database, &ATTEMPTS, key)?);
        notifications.extend(all::<NotificationRow>(database, &NOTIFICATIONS, key)?);
        entries.extend(all::<EntryRow>(database, &ENTRIES, key)?);
    }
    attempts.sort_by_key(|row| (row.started_at, row.operation, row.number));
    notifications.sort_by_key(|row| row.received_at);
    let (mut callbacks, mut next_tries) = (Vec::new(), Vec::new());
    for row in all::<CallbackRow>(database, &CALLBACKS, [id.get()])? {
        let job = (JobKind::DeliverCallback.number(), row.id);
        let job: Option<JobRow> = one(database, &JOB, job)?;
        next_tries.extend(job.map(|job| (CallbackId::new(row.id), time(job.due_at))));
        let tries: Vec<CallbackAttemptRow> = all(database, &TRIES, [row.id])?;
        let tries = tries.into_iter().map(callback::attempt).collect::<Result<_, _>>()?;
        callbacks.push((callback::callback(row)?, tries));
    }
    let told =
        |row: &NotificationRow| Ok((OperationId::new(row.operation), payment::notification(row)?));
    Ok(Some(History {
        record,
        events: events.iter().map(payment::event).collect::<Result<_, _>>()?,
        attempts: attempts.into_iter().map(attempt).collect(),
        notifications: notifications.iter().map(told).collect::<Result<_, StoreError>>()?,
        posted: posted(&entries),
        entries: entries.iter().map(ledger::entry).collect::<Result<_, _>>()?,
        callbacks,
        next_tries,
    }))
}
