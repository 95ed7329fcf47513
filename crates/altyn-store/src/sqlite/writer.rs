//! The writer: everything that waits, in one transaction, durable before anybody is answered.
//!
//! There is no timer: a lone caller pays one flush of the disk, and while that runs the next batch
//! gathers by itself. When a statement fails, the transaction is undone and the batch is applied
//! once more with a savepoint around each command, so that only the culprit gets the error.
//!
//! When a flush fails, nothing more is written. The system forgets what it could not write: the next
//! flush succeeds, and says nothing about it. What is in the log is made durable by the next opening
//! of the database ([`super::connect`]), which writes it anew.

use std::time::Duration;

use altyn_app::ports::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::mpsc;

use super::command::{Batch, Failure, Waiting};
use super::connect::BUSY_TIMEOUT;
use super::database;

/// Commands in one transaction at most: past it the wait of each grows faster than the whole gains.
const BATCH_MAX: usize = 1_024;

/// The log's length, in pages, past which the writer starts it anew at the first good moment.
/// Readers search the log, and a passive checkpoint alone never lets it restart under constant
/// writes.
const LOG_LIMIT: i64 = 12_000;

/// The length past which no good moment is waited for.
const LOG_MAX: i64 = 2 * LOG_LIMIT;

/// A good moment is when the checkpointer has just been there: what it has left, pages, the writer
/// moves by itself, and commits wait for it.
const LEFT_MAX: i64 = 1_500;

/// When a reader kept the log from restarting, it is tried again after so many more pages.
const LOG_RETRY: i64 = 4_000;

/// How long a restart may wait for readers and for the checkpointer; commits wait with it.
const RESTART_TIMEOUT: Duration = Duration::from_millis(200);

/// What a step did, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct StepReport {
    /// Commands answered.
    pub commands: usize,
    /// Commands left in the queue.
    pub waiting: usize,
    /// The batch was applied one by one because a statement had failed.
    pub replayed: bool,
    /// The transaction failed as a whole: everybody was told so.
    pub failed: bool,
    /// A flush failed, now or before. This writer writes nothing more, and neither may any other
    /// before the database was opened anew: end the process, without closing anything.
    pub not_flushed: bool,
    /// The length of the write-ahead log, pages.
    pub log_pages: i64,
    /// The log was started anew.
    pub log_restarted: bool,
}

/// Applies queued commands. There is one for each open database.
pub struct SqliteWriter {
    connection: Connection,
    queue: mpsc::Receiver<Box<dyn Waiting>>,
    batch: Vec<Box<dyn Waiting>>,
    restart_at: i64,
    /// Why nothing may be written any more.
    stopped: Option<String>,
}

impl SqliteWriter {
    pub(super) fn new(connection: Connection, queue: mpsc::Receiver<Box<dyn Waiting>>) -> Self {
        let batch = Vec::with_capacity(BATCH_MAX);
        Self { connection, queue, batch, restart_at: LOG_LIMIT, stopped: None }
    }

    /// Waits until a command is there, then writes all that wait. `None` when every handle on the
    /// store is gone, so that a thread can run `while writer.step_blocking().is_some() {}`. Never
    /// call it on a thread of an asynchronous runtime.
    pub fn step_blocking(&mut self) -> Option<StepReport> {
        let first = self.queue.blocking_recv()?;
        self.batch.push(first);
        Some(self.write())
    }

    /// Writes all that wait, if anything does.
    pub fn step(&mut self) -> StepReport {
        self.write()
    }

    fn write(&mut self) -> StepReport {
        while self.batch.len() < BATCH_MAX {
            let Ok(next) = self.queue.try_recv() else { break };
            self.batch.push(next);
        }
        let mut report = StepReport { commands: self.batch.len(), ..StepReport::default() };
        if self.batch.is_empty() {
            return report;
        }
        let outcome = match &self.stopped {
            Some(why) => Err(StoreError::NotFlushed(why.clone())),
            None => self.apply(&mut report),
        };
        match outcome {
            Ok(()) => self.batch.drain(..).for_each(Waiting::answer),
            Err(why) => {
                tracing::error!(error = %why, commands = report.commands, "a batch was not written");
                report.failed = true;
                self.batch.drain(..).for_each(|task| task.fail(&why.to_string()));
                self.stop_after(&why);
            }
        }
        report.waiting = self.queue.len();
        self.tend_log(&mut report);
        report.not_flushed = self.stopped.is_some();
        report
    }

    fn apply(&mut self, report: &mut StepReport) -> Result<(), StoreError> {
        match write_at_once(&mut self.connection, &mut self.batch) {
            Written::Replay => {
                report.replayed = true;
                write_singly(&mut self.connection, &mut self.batch)
            }
            Written::Durable => Ok(()),
            Written::Failed(why) => Err(why),
        }
    }

    fn stop_after(&mut self, error: &StoreError) {
        if let StoreError::NotFlushed(why) = error {
            self.stopped.get_or_insert_with(|| why.clone());
        }
    }

    /// Starts the log anew when it is too long.
    fn tend_log(&mut self, report: &mut StepReport) {
        if self.stopped.is_some() {
            return;
        }
        // Whether somebody was in the way, how long the log is, and how much of it has been moved.
        let pages = |mode: &str| -> rusqlite::Result<(i64, i64, i64)> {
            let mut statement =
                self.connection.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?;
            statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        };
        let Ok((_, length, moved)) = pages("NOOP") else { return };
        report.log_pages = length;
        if length < self.restart_at {
            if length < LOG_LIMIT {
                self.restart_at = LOG_LIMIT;
            }
            return;
        }
        if length - moved > LEFT_MAX && length < LOG_MAX {
            return;
        }
        let _ = self.connection.busy_timeout(RESTART_TIMEOUT);
        let outcome = pages("RESTART");
        let _ = self.connection.busy_timeout(BUSY_TIMEOUT);
        let restarted = matches!(outcome, Ok((0, _, _)));
        if let Err(error) = outcome {
            // Any other error only means that the log goes on growing; it is tried again.
            self.stop_after(&database(&error));
        }
        report.log_restarted = restarted;
        self.restart_at = if restarted { LOG_LIMIT } else { length + LOG_RETRY };
    }
}

enum Written {
    Durable,
    /// A command failed half way: nothing was written.
    Replay,
    Failed(StoreError),
}

/// Applies the whole batch without savepoints, as nearly every batch can be.
fn write_at_once(connection: &mut Connection, batch: &mut [Box<dyn Waiting>]) -> Written {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => return Written::Failed(database(&error)),
    };
    let mut shared = Batch::new(&transaction);
    for task in batch {
        if task.apply(&mut shared).is_err() {
            return Written::Replay;
        }
    }
    if shared.finish().is_err() {
        return Written::Replay;
    }
    match transaction.commit() {
        Ok(()) => Written::Durable,
        // Never tried again: whether it is in the log is not known.
        Err(error) => Written::Failed(database(&error)),
    }
}

/// Applies the batch with a savepoint around each command; those that fail are undone alone.
fn write_singly(
    connection: &mut Connection,
    batch: &mut Vec<Box<dyn Waiting>>,
) -> Result<(), StoreError> {
    let text = |error: rusqlite::Error| error.to_string();
    let failed = |error: rusqlite::Error| database(&error);
    let mut transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    for mut task in std::mem::take(batch) {
        let savepoint = transaction.savepoint().map_err(text);
        let outcome = savepoint.and_then(|savepoint| {
            let mut alone = Batch::new(&savepoint);
            match task.apply(&mut alone) {
                // The command keeps its own error; dropping the savepoint undoes it.
                Err(()) => Ok(()),
                Ok(()) => match alone.finish() {
                    Ok(()) => savepoint.commit().map_err(text),
                    Err(Failure::Failed(error)) => Err(error.to_string()),
                    Err(Failure::Refused(conflict)) => Err(conflict.to_string()),
                },
            }
        });
        match outcome {
            Ok(()) => batch.push(task),
            Err(why) => task.fail(&why),
        }
    }
    // Some errors (a full disk) end the whole transaction inside SQLite.
    if transaction.is_autocommit() {
        return Err(StoreError::Database("the database undid the transaction".into()));
    }
    transaction.commit().map_err(failed)
}
