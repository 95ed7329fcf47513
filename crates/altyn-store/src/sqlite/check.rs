//! Reads for `altyn check`: page by page, each page in one short transaction.

use altyn_app::check::{CheckReads, Dossier, StoredBalance};
use altyn_app::jobs::JobKind;
use altyn_app::ports::StoreError;
use altyn_domain::id::{PaymentId, ProjectId};
use async_trait::async_trait;
use rusqlite::Connection;

use super::SqliteStore;
use super::reads::{self, select};
use crate::convert::{callback, job, ledger, payment};
use crate::rows::{BalanceRow, CallbackRow, EntryRow, EventRow, JobRow, PaymentRow, Row};

#[async_trait]
impl CheckReads for SqliteStore {
    async fn dossiers(
        &self,
        after: Option<(ProjectId, PaymentId)>,
        limit: u32,
    ) -> Result<Vec<Dossier>, StoreError> {
        let after = after.map_or(0, |(_, id)| id.get());
        self.readers.read(|connection| dossiers(connection, after, limit))
    }

    async fn balances(&self) -> Result<Vec<StoredBalance>, StoreError> {
        let sql = &BalanceRow::sql().select;
        let rows: Vec<BalanceRow> =
            self.readers.read(|connection| reads::all(connection, sql, []))?;
        rows.iter().map(ledger::balance).collect()
    }
}

/// Payments lie by id here, and ids are unique over all projects, so the id alone is the cursor.
fn dossiers(connection: &Connection, after: i64, limit: u32) -> Result<Vec<Dossier>, StoreError> {
    let sql = format!("{} WHERE id > ?1 ORDER BY id LIMIT ?2", PaymentRow::sql().select);
    let rows: Vec<PaymentRow> = reads::all(connection, &sql, (after, limit))?;
    rows.into_iter().map(|row| dossier(connection, row)).collect()
}

select! {
    EVENTS = EventRow, "WHERE project = ?1 AND payment = ?2 ORDER BY seq";
    CALLBACKS = CallbackRow, "WHERE payment = ?1 ORDER BY id";
    ENTRIES = EntryRow, "WHERE project = ?1 AND operation = ?2 ORDER BY posting, line";
    JOB = JobRow, "WHERE kind = ?1 AND subject = ?2";
}

fn dossier(connection: &Connection, row: PaymentRow) -> Result<Dossier, StoreError> {
    let (project, id) = (row.project, row.id);
    let record = reads::with_operations(connection, row)?;
    let events: Vec<EventRow> = reads::all(connection, &EVENTS, (project, id))?;
    let callbacks: Vec<CallbackRow> = reads::all(connection, &CALLBACKS, [id])?;
    let (mut entries, mut jobs) = (Vec::new(), Vec::new());
    for operation in &record.operations {
        let rows: Vec<EntryRow> = reads::all(connection, &ENTRIES, (project, operation.id.get()))?;
        entries.extend(rows);
        for kind in job::OF_OPERATIONS {
            jobs.extend(job_of(connection, kind, operation.id.get())?);
        }
    }
    for row in &callbacks {
        jobs.extend(job_of(connection, JobKind::DeliverCallback, row.id)?);
    }
    Ok(Dossier {
        record,
        events: events.iter().map(payment::event).collect::<Result<_, _>>()?,
        entries: entries.iter().map(ledger::entry).collect::<Result<_, _>>()?,
        jobs,
        callbacks: callbacks.iter().map(callback::stored_callback).collect::<Result<_, _>>()?,
    })
}

fn job_of(
    connection: &Connection,
    kind: JobKind,
    subject: i64,
) -> Result<Option<(JobKind, i64)>, StoreError> {
    let found: Option<JobRow> = reads::one(connection, &JOB, (kind.number(), subject))?;
    Ok(found.map(|_| (kind, subject)))
}
