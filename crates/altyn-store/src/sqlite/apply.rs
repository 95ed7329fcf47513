//! Applying a changeset: every check first, then the writes.
//!
//! The checks read, and the last of them is the one that writes the payment (refused by its row
//! count, nothing written). So a changeset that is refused leaves nothing to undo. There is one
//! writer and its transaction began by taking the lock, so nothing moves between check and write.

use std::sync::LazyLock;

use altyn_app::callback::CallbackProgress;
use altyn_app::ports::{Conflict, StoreError};
use altyn_domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::command::{Batch, Command, Failure};
use super::{audit, jobs};
use crate::convert::write_set::{PaymentChange, WriteSet};
use crate::listing::feed;
use crate::rows::{
    CallbackAttemptRow, CallbackRow, NotificationRow, OperationRow, PaymentRow, Row,
};

/// Notifications kept of an operation. The newest are kept: the result comes last.
const NOTIFICATIONS_KEPT: i64 = 20;

/// Adds a payment unless its reference is taken.
static CLAIM_PAYMENT: LazyLock<String> = LazyLock::new(|| {
    let insert = &PaymentRow::sql().insert_sqlite;
    format!("{insert} ON CONFLICT (project, reference_key) DO NOTHING")
});

/// Changes a payment that is still at the expected version, the parameter after its columns.
static MOVE_PAYMENT: LazyLock<String> = LazyLock::new(|| {
    let update = &PaymentRow::sql().update_sqlite;
    format!("{update} AND version = ?{}", PaymentRow::COLUMNS.len() + 1)
});

impl Command for WriteSet {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        let connection = batch.connection;
        let lease = match &self.job_end {
            Some(end) => Some((end, jobs::check_lease(connection, &end.job)?)),
            None => None,
        };
        check_refund_ids(connection, &self.new_operations)?;
        if let Some(payment) = &self.payment {
            write_payment(connection, payment)?;
        }
        batch.note(feed::changed(self));
        self.write_operations(connection)?;
        self.write_callback(batch)?;
        for entry in &self.entries {
            insert(connection, entry)?;
            batch.count(entry)?;
        }
        // The end before the additions: a job may ask for its like again.
        if let Some((end, held)) = lease {
            jobs::end(connection, end, &held, self.payment.is_some())?;
        }
        for job in &self.jobs {
            jobs::add(connection, job)?;
        }
        if let Some(audit) = &self.audit {
            audit::log(connection, audit)?;
        }
        Ok(())
    }
}

impl WriteSet {
    fn write_operations(&self, connection: &Connection) -> Result<(), Failure> {
        for operation in &self.new_operations {
            insert(connection, operation)?;
        }
        for operation in &self.changed_operations {
            update(connection, operation, (operation.project, operation.id))?;
        }
        for event in &self.events {
            insert(connection, event)?;
        }
        if let Some(start) = &self.attempt_start {
            insert(connection, start)?;
        }
        if let Some(end) = &self.attempt_end {
            update(connection, end, (end.operation, end.number))?;
        }
        if let Some(notification) = &self.notification {
            write_notification(connection, notification)?;
        }
        Ok(())
    }

    fn write_callback(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        if let Some(callback) = &self.new_callback {
            insert(batch.connection, callback)?;
        }
        if let Some((attempt, progress)) = &self.callback_try {
            let told_of = write_try(batch.connection, attempt, progress)?;
            batch.note(feed::is_turn(progress).then_some(told_of));
        }
        for callback in &self.callbacks_anew {
            batch.note(begin_anew(batch.connection, *callback)?);
        }
        Ok(())
    }
}

/// Adds a row.
pub(super) fn insert<R: Row>(connection: &Connection, row: &R) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(&R::sql().insert_sqlite)?;
    row.bind_sqlite(&mut statement)?;
    statement.raw_execute()?;
    Ok(())
}

/// Changes a row that must be there.
fn update<R: Row>(connection: &Connection, row: &R, key: (i64, i64)) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(&R::sql().update_sqlite)?;
    row.bind_sqlite(&mut statement)?;
    match statement.raw_execute()? {
        1 => Ok(()),
        _ => Err(missing::<R>(key).into()),
    }
}

fn missing<R: Row>(key: (i64, i64)) -> StoreError {
    StoreError::Inconsistent {
        table: R::TABLE,
        column: "id",
        key: format!("{}/{} is not there", key.0, key.1),
    }
}

fn check_refund_ids(connection: &Connection, operations: &[OperationRow]) -> Result<(), Failure> {
    for operation in operations {
        let Some(refund_id) = &operation.merchant_refund_id else { continue };
        let mut statement = connection.prepare_cached(
            "SELECT 1 FROM operations WHERE project = ?1 AND merchant_refund_id = ?2",
        )?;
        if statement.exists((operation.project, refund_id))? {
            return Err(Failure::Refused(Conflict::RefundIdExists));
        }
    }
    Ok(())
}

fn write_payment(connection: &Connection, payment: &PaymentChange) -> Result<(), Failure> {
    match payment {
        PaymentChange::New(row) => {
            let mut statement = connection.prepare_cached(&CLAIM_PAYMENT)?;
            row.bind_sqlite(&mut statement)?;
            match statement.raw_execute()? {
                1 => Ok(()),
                _ => Err(Failure::Refused(Conflict::PaymentExists)),
            }
        }
        PaymentChange::Changed { row, expected_version } => {
            let mut statement = connection.prepare_cached(&MOVE_PAYMENT)?;
            row.bind_sqlite(&mut statement)?;
            statement.raw_bind_parameter(PaymentRow::COLUMNS.len() + 1, expected_version)?;
            match statement.raw_execute()? {
                1 => Ok(()),
                _ => Err(Failure::Refused(Conflict::VersionMoved)),
            }
        }
    }
}

fn write_notification(connection: &Connection, row: &NotificationRow) -> Result<(), Failure> {
    let mut known = connection.prepare_cached(
        "SELECT 1 FROM notifications WHERE project = ?1 AND operation = ?2 AND digest = ?3",
    )?;
    if known.exists((row.project, row.operation, &row.digest))? {
        return Ok(());
    }
    insert(connection, row)?;
    let mut trim = connection.prepare_cached(
        "DELETE FROM notifications WHERE project = ?1 AND operation = ?2 AND digest IN (
             SELECT digest FROM notifications WHERE project = ?1 AND operation = ?2
             ORDER BY received_at DESC, digest LIMIT -1 OFFSET ?3)",
    )?;
    trim.execute((row.project, row.operation, NOTIFICATIONS_KEPT))?;
    Ok(())
}

/// Gives the payment that the callback tells of.
fn write_try(
    connection: &Connection,
    attempt: &CallbackAttemptRow,
    progress: &CallbackProgress,
) -> Result<feed::Key, Failure> {
    let mut statement = connection.prepare_cached(
        "UPDATE callbacks SET state = ?2, attempts = ?3, ended_at = ?4 WHERE id = ?1
         RETURNING project, payment",
    )?;
    let ended_at = progress.ended_at.map(Timestamp::as_millis);
    let state = progress.state.as_str();
    let changed = statement
        .query_row((attempt.callback, state, progress.attempts, ended_at), |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
    let Some(told_of) = changed.optional()? else {
        return Err(missing::<CallbackRow>((0, attempt.callback)).into());
    };
    let mut last = connection
        .prepare_cached("SELECT max(number) FROM callback_attempts WHERE callback = ?1")?;
    let last: Option<Option<i64>> =
        last.query_row([attempt.callback], |row| row.get(0)).optional()?;
    let number = last.flatten().unwrap_or(0) + 1;
    insert(connection, &CallbackAttemptRow { number, ..attempt.clone() })?;
    Ok(told_of)
}

/// Owes a callback again, unless it was taken; gives the payment that it tells of.
fn begin_anew(connection: &Connection, callback: i64) -> Result<Option<feed::Key>, Failure> {
    let mut statement = connection.prepare_cached(
        "UPDATE callbacks SET state = 'owed', attempts = 0, ended_at = NULL
         WHERE id = ?1 AND state <> 'delivered' RETURNING project, payment",
    )?;
    let changed = statement.query_row([callback], |row| Ok((row.get(0)?, row.get(1)?)));
    Ok(changed.optional()?)
}
