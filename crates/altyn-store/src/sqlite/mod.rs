//! The SQLite engine: one writer, group commit, readers beside it.
//!
//! - [`SqliteStore`] is the handle: it queues commands and reads on its own connections;
//! - [`SqliteWriter`] applies everything that waits in one transaction for each step;
//! - [`SqliteCheckpointer`] moves what was written from the log into the database file.
//!
//! Nothing here loops, sleeps or makes a thread. Dropping all of it at any moment loses nothing that
//! was answered: the next opening reads the log.

mod access;
mod apply;
mod audit;
mod check;
mod command;
mod connect;
mod exports;
mod jobs;
mod listing;
mod nodes;
mod projects;
mod reads;
mod sessions;
mod store;
mod upkeep;
mod users;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use altyn_app::ports::StoreError;
use rusqlite::ffi;
use tokio::sync::mpsc;

use crate::migrate::Schema;
use crate::seal::KeyRing;
use command::Waiting;
use reads::Readers;

pub use upkeep::{CheckpointReport, SqliteCheckpointer};
pub use writer::{SqliteWriter, StepReport};

/// How to open a database.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What to do with an older database.
    pub schema: Schema,
    /// Commands that may wait for the writer; past it new work is refused at once, and what was
    /// promised has a quarter more.
    pub queue: usize,
    /// Connections for reads.
    pub readers: usize,
}

impl Default for Options {
    /// Refuses an older database. 4,096 waiting commands are about a quarter of a second of work at
    /// full load; more would only be waiting longer.
    fn default() -> Self {
        Self { schema: Schema::AsItIs, queue: 4_096, readers: 4 }
    }
}

/// A handle on a SQLite database; cheap to clone.
///
/// Point reads run inline: they take microseconds from the page cache, less than handing them to
/// another thread would.
#[derive(Clone)]
pub struct SqliteStore {
    queue: mpsc::Sender<Box<dyn Waiting>>,
    queue_max: usize,
    readers: Arc<Readers>,
    keys: Arc<KeyRing>,
    path: Arc<PathBuf>,
    listing: Arc<listing::File>,
}

impl SqliteStore {
    /// Opens the database at `path`, or makes it when the schema may be migrated.
    ///
    /// The writer must be stepped for anything to be written.
    pub fn open(
        path: &Path,
        keys: KeyRing,
        options: Options,
    ) -> Result<(Self, SqliteWriter), StoreError> {
        let connection = connect::writer(path, options.schema)?;
        let readers = Readers::open(path, options.readers)?;
        let queue_max = options.queue.max(1);
        let (sender, receiver) = mpsc::channel(queue_max + queue_max.div_ceil(4));
        let store = Self {
            queue: sender,
            queue_max,
            readers: Arc::new(readers),
            keys: Arc::new(keys),
            path: Arc::new(path.to_owned()),
            listing: Arc::new(listing::File::beside(path)),
        };
        Ok((store, SqliteWriter::new(connection, receiver)))
    }

    /// A second connection for checkpoints; step it every 200 ms or so.
    pub fn checkpointer(&self) -> Result<SqliteCheckpointer, StoreError> {
        SqliteCheckpointer::open(&self.path)
    }

    /// Copies the database as it stands now to a new file, while it is being used.
    ///
    /// It reads the whole database in one go, so run it where blocking is allowed.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        upkeep::backup(&self.path, to)
    }

    /// How many commands wait for the writer.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }
}

/// The error of a statement. SQLite's messages name tables and constraints, never values.
pub(super) fn database(error: &rusqlite::Error) -> StoreError {
    if is_not_flushed(error) {
        StoreError::NotFlushed(error.to_string())
    } else {
        StoreError::Database(error.to_string())
    }
}

/// The system could not flush a file.
pub(super) fn is_not_flushed(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(ffi::SQLITE_IOERR_FSYNC | ffi::SQLITE_IOERR_DIR_FSYNC))
}
