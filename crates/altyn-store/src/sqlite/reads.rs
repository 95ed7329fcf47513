//! Reads by key, each on one of a few read-only connections.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use altyn_app::callback::{Callback, CallbackAttempt, CallbackFilter, CallbackState};
use altyn_app::jobs::{JobKind, JobStats};
use altyn_app::ports::StoreError;
use altyn_app::ports::provider::Notification;
use altyn_domain::id::{OperationId, PaymentId, ProjectId};
use altyn_domain::payment::{Operation, Record};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Params, params_from_iter};

use super::{connect, database};
use crate::convert::{At, callback, payment};
use crate::rows::{
    CallbackAttemptRow, CallbackRow, NotificationRow, OperationRow, PaymentRow, Row,
};

/// The connections that read.
pub(super) struct Readers {
    connections: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl Readers {
    pub(super) fn open(path: &Path, count: usize) -> Result<Self, StoreError> {
        let connections: Result<Vec<_>, _> =
            (0..count.max(1)).map(|_| connect::reader(path).map(Mutex::new)).collect();
        Ok(Self { connections: connections?, next: AtomicUsize::new(0) })
    }

    /// Reads on a free connection, or waits for one, within one transaction: what is read fits
    /// together.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.read_with(read)
    }

    /// [`Readers::read`], for a reader with errors of its own.
    pub(super) fn read_with<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.take()?;
        let transaction = connection.transaction().map_err(|error| database(&error))?;
        read(&transaction)
    }

    fn take(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.connections.len();
        let in_turn = || (0..count).filter_map(|at| self.connections.get((first + at) % count));
        for connection in in_turn() {
            match connection.try_lock() {
                Ok(connection) => return Ok(connection),
                Err(TryLockError::Poisoned(poisoned)) => return Ok(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        let none = || StoreError::Database("there is no connection to read with".into());
        let connection = in_turn().next().ok_or_else(none)?;
        Ok(connection.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The row that the statement gives, if there is one.
pub(super) fn one<R: Row>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<R>, StoreError> {
    let read = || -> rusqlite::Result<Option<R>> {
        connection.prepare_cached(sql)?.query_row(params, R::from_sqlite).optional()
    };
    read().map_err(|error| database(&error))
}

/// All rows.
pub(super) fn all<R: Row>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<R>, StoreError> {
    let read = || -> rusqlite::Result<Vec<R>> {
        connection.prepare_cached(sql)?.query_map(params, R::from_sqlite)?.collect()
    };
    read().map_err(|error| database(&error))
}

/// One value, or a few.
fn value<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Option<T>, StoreError> {
    let ask = || connection.prepare_cached(sql)?.query_row(params, read).optional();
    ask().map_err(|error: rusqlite::Error| database(&error))
}

/// Statements that begin with a row's `SELECT`.
macro_rules! select {
    ($($name:ident = $row:ty, $tail:literal;)+) => {$(
        static $name: std::sync::LazyLock<String> =
            std::sync::LazyLock::new(|| format!("{} {}", <$row>::sql().select, $tail));
    )+};
}
pub(super) use select;

select! {
    BY_KEY = PaymentRow, "WHERE project = ?1 AND reference_key = ?2";
    BY_ID = PaymentRow, "WHERE project = ?1 AND id = ?2";
    OPERATIONS = OperationRow, "WHERE project = ?1 AND payment = ?2 ORDER BY id";
    NOTIFICATIONS = NotificationRow,
        "WHERE project = ?1 AND operation = ?2 ORDER BY received_at, digest";
    CALLBACK = CallbackRow, "WHERE id = ?1";
    TRIES = CallbackAttemptRow, "WHERE callback = ?1 ORDER BY number";
}

/// A payment by the merchant's folded id.
pub(super) fn payment_by_key(
    connection: &Connection,
    project: ProjectId,
    key: &str,
) -> Result<Option<Record>, StoreError> {
    record(connection, one(connection, &BY_KEY, (project.get(), key))?)
}

/// A payment by our number.
pub(super) fn payment_by_id(
    connection: &Connection,
    project: ProjectId,
    id: PaymentId,
) -> Result<Option<Record>, StoreError> {
    record(connection, one(connection, &BY_ID, (project.get(), id.get()))?)
}

fn record(connection: &Connection, row: Option<PaymentRow>) -> Result<Option<Record>, StoreError> {
    row.map(|row| with_operations(connection, row)).transpose()
}

/// Puts the operations to a payment's row.
pub(super) fn with_operations(
    connection: &Connection,
    row: PaymentRow,
) -> Result<Record, StoreError> {
    let rows: Vec<OperationRow> = all(connection, &OPERATIONS, (row.project, row.id))?;
    let operations: Vec<Operation> =
        rows.into_iter().map(payment::operation).collect::<Result<_, _>>()?;
    Ok(Record { payment: payment::payment(row)?, operations })
}

/// The payment of an operation.
pub(super) fn payment_of(
    connection: &Connection,
    operation: OperationId,
) -> Result<Option<(ProjectId, PaymentId)>, StoreError> {
    let sql = "SELECT project, payment FROM operations WHERE id = ?1";
    let found = value(connection, sql, [operation.get()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some((project, payment)) = found else { return Ok(None) };
    let at = At::of::<OperationRow>(project, operation.get());
    Ok(Some((at.project(project)?, PaymentId::new(payment))))
}

/// A refund by the merchant's id of it.
pub(super) fn refund_by_merchant_id(
    connection: &Connection,
    project: ProjectId,
    merchant_refund_id: &str,
) -> Result<Option<(PaymentId, OperationId)>, StoreError> {
    let sql = "SELECT payment, id FROM operations WHERE project = ?1 AND merchant_refund_id = ?2";
    let found = value(connection, sql, (project.get(), merchant_refund_id), |row| {
        Ok((row.get(0)?, row.get(1)?))
    })?;
    Ok(found.map(|(payment, id)| (PaymentId::new(payment), OperationId::new(id))))
}

/// The oldest refund under way that carries the provider's id of its sale.
pub(super) fn open_refund(
    connection: &Connection,
    account: &str,
    provider_payment_id: &str,
) -> Result<Option<(ProjectId, PaymentId, OperationId)>, StoreError> {
    // The last two conditions are those of the partial index, word for word.
    let sql = "SELECT project, payment, id FROM operations
         WHERE account = ?1 AND provider_payment_id = ?2
             AND kind = 'refund' AND state IN ('sending', 'unknown', 'pending')
         ORDER BY id LIMIT 1";
    let found: Option<(i64, i64, i64)> =
        value(connection, sql, (account, provider_payment_id), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
    let Some((project, payment, id)) = found else { return Ok(None) };
    let at = At::of::<OperationRow>(project, id);
    Ok(Some((at.project(project)?, PaymentId::new(payment), OperationId::new(id))))
}

/// What was notified about an operation.
pub(super) fn notifications(
    connection: &Connection,
    project: ProjectId,
    operation: OperationId,
) -> Result<Vec<Notification>, StoreError> {
    let rows: Vec<NotificationRow> =
        all(connection, &NOTIFICATIONS, (project.get(), operation.get()))?;
    rows.iter().map(payment::notification).collect()
}

/// How each kind of job stands; every kind is told, also with nothing waiting.
pub(super) fn job_stats(connection: &Connection, now: i64) -> Result<Vec<JobStats>, StoreError> {
    let sql = "SELECT count(*), min(due_at) FROM jobs WHERE kind = ?1";
    let mut stats = Vec::with_capacity(JobKind::ALL.len());
    for kind in JobKind::ALL {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?));
        let (waiting, oldest) = value(connection, sql, [kind.number()], read)?.unwrap_or((0, None));
        let oldest_due_ms = oldest.map_or(0, |due_at| now.saturating_sub(due_at).max(0));
        stats.push(JobStats { kind: *kind, waiting, oldest_due_ms });
    }
    Ok(stats)
}

/// A callback by number.
pub(super) fn callback_by_id(
    connection: &Connection,
    id: i64,
) -> Result<Option<Callback>, StoreError> {
    one(connection, &CALLBACK, [id])?.map(callback::callback).transpose()
}

/// Callbacks by filter, newest first.
pub(super) fn callbacks(
    connection: &Connection,
    filter: &CallbackFilter,
) -> Result<Vec<Callback>, StoreError> {
    let mut conditions: Vec<&str> = Vec::new();
    let mut params: Vec<Value> = Vec::new();
    if let Some(project) = filter.project {
        conditions.push("project = ?");
        params.push(i64::from(project.get()).into());
    }
    if let Some(payment) = filter.payment {
        conditions.push("payment = ?");
        params.push(payment.get().into());
    }
    if let Some(state) = filter.state {
        conditions.push("state = ?");
        params.push(state.as_str().to_owned().into());
        if state != CallbackState::Delivered {
            // Said so that the partial index may be used.
            conditions.push("state <> 'delivered'");
        }
    }
    if let Some(before) = filter.before {
        conditions.push("id < ?");
        params.push(before.get().into());
    }
    params.push(i64::from(filter.limit).into());
    let so = if conditions.is_empty() { "" } else { " WHERE " };
    let select = &CallbackRow::sql().select;
    let sql = format!("{select}{so}{} ORDER BY id DESC LIMIT ?", conditions.join(" AND "));
    let rows: Vec<CallbackRow> = all(connection, &sql, params_from_iter(params))?;
    rows.into_iter().map(callback::callback).collect()
}

/// The tries made for a callback.
pub(super) fn tries(connection: &Connection, id: i64) -> Result<Vec<CallbackAttempt>, StoreError> {
    let rows: Vec<CallbackAttemptRow> = all(connection, &TRIES, [id])?;
    rows.into_iter().map(callback::attempt).collect()
}

/// The counter of changes of projects.
pub(super) fn projects_version(connection: &Connection) -> Result<i64, StoreError> {
    let sql = "SELECT value FROM meta WHERE key = 'projects_version'";
    let found = value(connection, sql, [], |row| row.get(0))?;
    found.ok_or_else(|| StoreError::Inconsistent {
        table: "meta",
        column: "value",
        key: "projects_version".into(),
    })
}
