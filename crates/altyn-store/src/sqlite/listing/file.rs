//! The file that the list of payments is in: beside the database, private like it, thrown away when
//! it is damaged or was laid out by another version. Another process on the same database may throw
//! it away, too: then this one goes on with the file that took its place.

use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use altyn_app::ports::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::sqlite::connect::{open, settle};
use crate::sqlite::reads::Readers;
use crate::sqlite::{database, is_not_flushed};

/// Another number means another layout; the list is built anew then.
const LAYOUT: i64 = 1;
const SCHEMA: &str = include_str!("../../../migrations/listing/0001_first.sql");

/// Connections that read the list. Each answer takes milliseconds, and there are two cores in the
/// smallest machine.
const READERS: usize = 4;

/// The page cache of the connection that writes: indexes are written all over.
const WRITER_CACHE_KIB: i64 = 32 * 1_024;

/// The length of the log, in pages, past which it is moved into the file.
const LOG_LIMIT: i64 = 1_000;

/// What went wrong with the list.
#[derive(Debug)]
pub(super) enum Fault {
    /// The file is no list of ours any more.
    Damaged(String),
    Store(StoreError),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string())
            }
            // What is on the disk is not known; to build it anew is quicker than to find out.
            Some(_) if is_not_flushed(&error) => Self::Damaged(error.to_string()),
            Some(_) | None => Self::Store(database(&error)),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The file; opened when it is first needed, since most commands never look at the list.
pub(in crate::sqlite) struct File {
    path: PathBuf,
    open: Mutex<Option<Arc<Open>>>,
}

/// A file's device and number; `None` for no file.
type Place = Option<(u64, u64)>;

/// The file, open.
pub(super) struct Open {
    /// Which file it is, whatever stands under its name.
    place: Place,
    writer: Mutex<Connection>,
    pub(super) readers: Readers,
}

impl Open {
    /// The connection that writes.
    pub(super) fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl File {
    /// The list of the database at `path`.
    pub(in crate::sqlite) fn beside(path: &Path) -> Self {
        Self { path: with_ending(path, ".listing"), open: Mutex::new(None) }
    }

    fn state(&self) -> MutexGuard<'_, Option<Arc<Open>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file, opened or made now if it was not before.
    pub(super) fn open(&self) -> Result<Arc<Open>, StoreError> {
        let mut state = self.state();
        if let Some(open) = state.as_ref().filter(|open| self.is_in_place(open)) {
            return Ok(Arc::clone(open));
        }
        let opened = match self.try_open() {
            Err(Fault::Damaged(why)) => {
                self.remove(&why)?;
                self.try_open()
            }
            done => done,
        };
        let open = Arc::new(opened.map_err(|fault| self.explain(fault))?);
        *state = Some(Arc::clone(&open));
        Ok(open)
    }

    /// Throws the file away, unless somebody has done so since it was opened; the next opening makes
    /// an empty one. Who reads the old one reads on.
    pub(super) fn discard(&self, open: &Arc<Open>, why: &str) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.as_ref().is_some_and(|current| Arc::ptr_eq(current, open)) {
            *state = None;
            let mut writer = open.writer();
            // Whoever else throws it away waits here; a damaged file cannot be held.
            let _held = writer.transaction_with_behavior(TransactionBehavior::Immediate);
            if self.is_in_place(open) {
                self.remove(why)?;
            }
        }
        Ok(())
    }

    /// Whether the file still stands under its name: somebody else may have thrown it away.
    pub(super) fn is_in_place(&self, open: &Open) -> bool {
        self.place() == open.place
    }

    fn place(&self) -> Place {
        std::fs::metadata(&self.path).ok().map(|about| (about.dev(), about.ino()))
    }

    /// For what cannot go on.
    pub(super) fn explain(&self, fault: Fault) -> StoreError {
        match fault {
            Fault::Damaged(why) => {
                let path = self.path.display();
                StoreError::Database(format!("the list of payments in {path} is damaged: {why}"))
            }
            Fault::Store(error) => error,
        }
    }

    fn remove(&self, why: &str) -> Result<(), StoreError> {
        let path = self.path.display();
        tracing::warn!(why, file = %path, "the list of payments is thrown away and built anew");
        for ending in ["-wal", "-shm", ""] {
            let removed = std::fs::remove_file(with_ending(&self.path, ending));
            if let Err(error) = removed
                && error.kind() != ErrorKind::NotFound
            {
                let text = format!("the file {path} cannot be removed: {error}");
                return Err(StoreError::Database(text));
            }
        }
        Ok(())
    }

    fn try_open(&self) -> Result<Open, Fault> {
        self.make_private()?;
        // When another takes its place from here on, that shows at the next use.
        let place = self.place();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut writer = open(&self.path, flags)?;
        writer.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        // Changes that were taken over are forgotten at once: what is in the list must be durable.
        writer.pragma_update(None, "synchronous", "FULL")?;
        // SQLite's own checkpoints keep their errors to themselves.
        writer.pragma_update(None, "wal_autocheckpoint", 0)?;
        settle(&writer)?;
        writer.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        lay_out(&mut writer)?;
        let readers = Readers::open(&self.path, READERS)?;
        Ok(Open { place, writer: Mutex::new(writer), readers })
    }

    /// The names and addresses of payers are in it. SQLite gives its log the same rights.
    fn make_private(&self) -> Result<(), StoreError> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        match options.open(&self.path) {
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            Err(error) => {
                let path = self.path.display();
                Err(StoreError::Database(format!("the file {path} cannot be made: {error}")))
            }
        }
    }
}

/// Moves the log into the file when it is long.
pub(super) fn tend_log(writer: &Connection) -> Result<(), Fault> {
    let pages = |mode: &str| -> rusqlite::Result<i64> {
        let mut statement = writer.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})"))?;
        statement.query_row([], |row| row.get(1))
    };
    if pages("NOOP")? >= LOG_LIMIT {
        pages("PASSIVE")?;
    }
    Ok(())
}

/// Makes the tables in an empty file.
fn lay_out(writer: &mut Connection) -> Result<(), Fault> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let layout: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if layout == LAYOUT {
        return Ok(());
    }
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 {
        return Err(Fault::Damaged(format!("its layout is {layout}, ours is {LAYOUT}")));
    }
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "user_version", LAYOUT)?;
    Ok(transaction.commit()?)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
