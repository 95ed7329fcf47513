//! Opening connections and bringing the schema up to date.

use std::path::Path;
use std::time::Duration;

use altyn_app::ports::StoreError;
use rusqlite::config::DbConfig;
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior, params,
};

use super::database;
use crate::migrate::{self, Applied, SQLITE, Schema};

/// How long to wait for another process (the command line beside a running server).
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an opening keeps others waiting to empty the log.
const SETTLE_TIMEOUT: Duration = Duration::from_millis(200);

/// More than there are different statements, so that none is ever prepared twice.
const STATEMENTS_CACHED: usize = 128;

/// The writer's page cache. Its working set is the right edge of the tables and the reference
/// index; the system caches the file besides.
const WRITER_CACHE_KIB: i64 = 16 * 1_024;

const READER_CACHE_KIB: i64 = 2 * 1_024;

/// The one connection that writes.
pub(super) fn writer(path: &Path, schema: Schema) -> Result<Connection, StoreError> {
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match schema {
        Schema::Migrate => flags |= OpenFlags::SQLITE_OPEN_CREATE,
        Schema::AsItIs => {}
    }
    let mut connection = open(path, flags)?;
    // SQLite opens what it may not write for reading.
    if connection.is_readonly("main").map_err(|error| database(&error))? {
        let text = format!("the file {} can be read, not written", path.display());
        return Err(StoreError::Database(text));
    }
    // Before anything is set: a database that is refused stays as it was.
    match schema {
        Schema::Migrate => drop(migrate::pending(SQLITE, &applied(&connection)?)?),
        Schema::AsItIs => migrate::refuse_older(SQLITE, &applied(&connection)?)?,
    }
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(|error| database(&error))?;
    if mode != "wal" {
        let text = format!("the file system does not take a write-ahead log (mode {mode})");
        return Err(StoreError::Database(text));
    }
    set(&connection, "synchronous", "FULL")?;
    set(&connection, "foreign_keys", false)?;
    set(&connection, "wal_autocheckpoint", 0)?;
    settle(&connection)?;
    set(&connection, "cache_size", -WRITER_CACHE_KIB)?;
    match schema {
        Schema::Migrate => migrate(&mut connection)?,
        Schema::AsItIs => {}
    }
    Ok(connection)
}

/// Moves what the last process left in the log into the database file, and begins an empty log.
///
/// What can be read from the log need not be on the disk: that process may have died before it
/// flushed, or because it could not. Nobody is answered from it, and nothing is written after it,
/// before it was written once more, to the file, and flushed there. A process that has the database
/// open now has seen to that itself, and does not let the log be emptied.
pub(super) fn settle(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(SETTLE_TIMEOUT).map_err(|error| database(&error))?;
    let settled =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| database(&error))?;
    match settled {
        Ok(_) => Ok(()),
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
        Err(error) => Err(database(&error)),
    }
}

/// A connection that only reads.
pub(super) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    set(&connection, "cache_size", -READER_CACHE_KIB)?;
    Ok(connection)
}

/// A connection that checkpoints: it writes to the database file, never to the log.
pub(super) fn checkpointer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    set(&connection, "synchronous", "FULL")?;
    set(&connection, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// A connection as all of ours are. It looks at no more than the path: whether that is a database
/// shows at the first statement.
pub(super) fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags).map_err(|error| {
        StoreError::Database(format!("the file {} cannot be opened: {error}", path.display()))
    })?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| database(&error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    keep_plans(&connection).map_err(|error| database(&error))?;
    Ok(connection)
}

/// Plans are made from the text of a statement alone.
///
/// Otherwise SQLite looks at what is bound where a partial index or its statistics of values could
/// matter, and to be able to, compiles the statement again each time that something else is bound.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

fn set(connection: &Connection, name: &str, value: impl rusqlite::ToSql) -> Result<(), StoreError> {
    connection.pragma_update(None, name, value).map_err(|error| database(&error))
}

/// The steps the database has behind it, by number.
fn applied(connection: &Connection) -> Result<Vec<Applied>, StoreError> {
    read_applied(connection).map_err(|error| database(&error))
}

fn read_applied(connection: &Connection) -> rusqlite::Result<Vec<Applied>> {
    let table: Option<i64> = connection
        .query_row("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'", [], |row| {
            row.get(0)
        })
        .optional()?;
    if table.is_none() {
        return Ok(Vec::new());
    }
    let sql = "SELECT version, checksum FROM schema_migrations ORDER BY version";
    let mut statement = connection.prepare(sql)?;
    let rows = statement
        .query_map([], |row| Ok(Applied { version: row.get(0)?, checksum: row.get(1)? }))?;
    rows.collect()
}

/// Applies what is pending, each step in a transaction of its own. Two processes that migrate at
/// once wait for each other, and the second finds nothing left to do.
fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    loop {
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| database(&error))?;
        let done = applied(&transaction)?;
        let Some(step) = migrate::pending(SQLITE, &done)?.first() else { return Ok(()) };
        apply(&transaction, step).map_err(|error| {
            let (version, name) = (step.version, step.name);
            StoreError::Database(format!("migration {version} ({name}): {error}"))
        })?;
        transaction.commit().map_err(|error| database(&error))?;
    }
}

fn apply(connection: &Connection, step: &migrate::Migration) -> rusqlite::Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
             version    INTEGER PRIMARY KEY,
             name       TEXT NOT NULL,
             checksum   TEXT NOT NULL,
             applied_at INTEGER NOT NULL
         ) STRICT",
    )?;
    connection.execute_batch(step.sql)?;
    connection.execute(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at)
         VALUES (?1, ?2, ?3, unixepoch() * 1000)",
        params![step.version, step.name, step.checksum()],
    )?;
    Ok(())
}
