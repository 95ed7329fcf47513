//! Checkpoints and backups: everything that keeps the files in order beside the writer.

use std::path::Path;

use altyn_app::ports::StoreError;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::{connect, database};

/// What a checkpoint found and did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointReport {
    /// The length of the write-ahead log, pages.
    pub log_pages: i64,
    /// How many of them are in the database file.
    pub moved_pages: i64,
}

/// Moves what was written from the log into the database file, without keeping anybody waiting.
///
/// It runs beside the writer because moving pages in the commit path makes commits slow by turns.
pub struct SqliteCheckpointer {
    connection: Connection,
}

impl SqliteCheckpointer {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { connection: connect::checkpointer(path)? })
    }

    /// Moves as much as readers allow. It blocks while it writes.
    pub fn step(&mut self) -> Result<CheckpointReport, StoreError> {
        self.connection
            .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")
            .and_then(|mut statement| {
                statement.query_row([], |row| {
                    Ok(CheckpointReport { log_pages: row.get(1)?, moved_pages: row.get(2)? })
                })
            })
            .map_err(|error| database(&error))
    }
}

/// Copies the database to a new file in one read transaction: a state that was once whole. Writers
/// go on meanwhile; only the log cannot restart.
pub(super) fn backup(from: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        let text = format!("the file {} exists already", to.display());
        return Err(StoreError::Database(text));
    }
    let source = connect::reader(from)?;
    let copy = || -> rusqlite::Result<StepResult> {
        let mut target = Connection::open(to)?;
        Backup::new(&source, &mut target)?.step(-1)
    };
    match copy() {
        Ok(StepResult::Done) => Ok(()),
        Ok(other) => Err(StoreError::Database(format!("the backup did not finish: {other:?}"))),
        Err(error) => Err(database(&error)),
    }
}
