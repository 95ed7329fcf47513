//! SQLite in a temporary file, its writer on a thread as the server runs it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use altyn_app::check::CheckReads;
use altyn_app::ports::{AccessStore, ExportStore, Listing, Store};
use altyn_store::sqlite::{Options, SqliteStore};
use altyn_store::{KeyRing, Schema};
use altyn_testkit::store_contract;
use altyn_testkit::store_contract::{Bench, TextRows};
use async_trait::async_trait;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::upgrade;

const FILE: &str = "altyn.db";

struct SqliteBench {
    store: Arc<SqliteStore>,
    path: PathBuf,
    /// Removed when the bench goes.
    _directory: tempfile::TempDir,
}

async fn open() -> Option<Arc<dyn Bench>> {
    let keys = KeyRing::parse(&KeyRing::generate_line(1).unwrap()).unwrap();
    Some(open_in(tempfile::tempdir().unwrap(), keys))
}

fn open_in(directory: tempfile::TempDir, keys: KeyRing) -> Arc<dyn Bench> {
    let path = directory.path().join(FILE);
    Arc::new(SqliteBench { store: open_store(&path, keys), path, _directory: directory })
}

fn open_store(path: &Path, keys: KeyRing) -> Arc<SqliteStore> {
    let options = Options { schema: Schema::Migrate, ..Options::default() };
    let (store, mut writer) = SqliteStore::open(path, keys, options).unwrap();
    // It ends by itself when the last handle on the store is gone.
    std::thread::spawn(move || while writer.step_blocking().is_some() {});
    Arc::new(store)
}

#[async_trait]
impl Bench for SqliteBench {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    fn reads(&self) -> Arc<dyn CheckReads> {
        self.store.clone()
    }

    fn access(&self) -> Arc<dyn AccessStore> {
        self.store.clone()
    }

    fn exports(&self) -> Arc<dyn ExportStore> {
        self.store.clone()
    }

    fn listing(&self) -> Arc<dyn Listing> {
        self.store.clone()
    }

    async fn reopened(&self) -> Arc<dyn Listing> {
        let keys = KeyRing::parse(&KeyRing::generate_line(1).unwrap()).unwrap();
        open_store(&self.path, keys)
    }

    async fn sql(&self, statement: &str) -> Result<TextRows, String> {
        rows(&self.path, statement).map_err(|error| error.to_string())
    }

    async fn close(&self) {}
}

fn rows(path: &PathBuf, statement: &str) -> rusqlite::Result<TextRows> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    let mut statement = connection.prepare(statement)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| (0..columns).map(|at| text(row, at)).collect())?;
    rows.collect()
}

fn text(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(at)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Some(String::from_utf8_lossy(bytes).into_owned())
        }
    })
}

store_contract!(open);

/// Tables that were made anew keep their rows and get all their indexes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_an_older_schema_is_upgraded() {
    const INDEXES: &str = "SELECT tbl_name, sql FROM sqlite_schema
         WHERE type = 'index' AND sql IS NOT NULL ORDER BY sql";
    for version in 1..=upgrade::RELEASED.len() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let old = Connection::open(&path).unwrap();
        let sql = upgrade::database_of(version, upgrade::ROWS, |released| released.sqlite);
        old.execute_batch(&sql).unwrap();
        drop(old);
        let before =
            upgrade::old_tables().map(|statement| rows(&path, &statement).unwrap()).collect();
        let indexes = rows(&path, INDEXES).unwrap();
        assert!(indexes.len() > 5, "{indexes:?}");

        let keys = KeyRing::parse("1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        let bench = open_in(directory, keys);
        let after = rows(&path, INDEXES).unwrap();
        for index in indexes {
            assert!(after.contains(&index), "{index:?} is lost");
        }
        upgrade::prove(&bench, before).await;
    }
}
