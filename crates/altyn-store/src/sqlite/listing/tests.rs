//! What only this engine promises of the list: its file, and that nothing is read from end to end.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use altyn_app::listing::{ListingFilter, Part, PaymentRow, SearchText};
use altyn_app::ports::{Listing, Store};
use altyn_domain::id::ProjectId;
use altyn_domain::payment::Record;
use altyn_testkit::build::Shop;
use altyn_testkit::store_contract::settle;
use rusqlite::Connection;
use tempfile::TempDir;

use super::deliveries;
use super::file::File;
use super::source;
use crate::migrate::Schema;
use crate::seal::KeyRing;
use crate::sqlite::connect::reader;
use crate::sqlite::{Options, SqliteStore};

fn open(path: &Path) -> Arc<SqliteStore> {
    let keys = KeyRing::parse("1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
    let options = Options { schema: Schema::Migrate, queue: 64, readers: 2 };
    let (store, mut writer) = SqliteStore::open(path, keys, options).unwrap();
    // It ends by itself when the last handle on the store is gone.
    std::thread::spawn(move || while writer.step_blocking().is_some() {});
    Arc::new(store)
}

async fn fresh() -> (TempDir, PathBuf, Arc<SqliteStore>, Shop) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let store = open(&path);
    let shop = Shop::open(store.clone() as Arc<dyn Store>).await;
    (directory, path, store, shop)
}

async fn listed(store: &Arc<SqliteStore>, project: ProjectId) -> Vec<PaymentRow> {
    settle(&(store.clone() as Arc<dyn Listing>)).await;
    let filter = ListingFilter { projects: vec![project], ..ListingFilter::default() };
    store.page(&filter, Part::Newest, 1_000).await.unwrap().rows
}

fn ids(rows: &[PaymentRow]) -> Vec<i64> {
    rows.iter().map(|row| row.id.get()).collect()
}

fn of(records: &[&Record]) -> Vec<i64> {
    records.iter().map(|record| record.payment.id.get()).collect()
}

fn list_of(path: &Path) -> PathBuf {
    path.with_extension("db.listing")
}

#[tokio::test]
async fn the_file_is_private_and_made_when_it_is_needed() {
    let (_directory, path, store, shop) = fresh().await;
    let list = list_of(&path);
    assert!(!list.exists());
    shop.accepted("one").await;
    assert_eq!(listed(&store, shop.project.id).await.len(), 1);
    for ending in ["", "-wal", "-shm"] {
        let file = PathBuf::from(format!("{}{ending}", list.display()));
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_damaged_file_is_thrown_away_and_built_anew() {
    let (_directory, path, store, shop) = fresh().await;
    let one = shop.accepted("one").await;
    let list = list_of(&path);
    // Not a database at all.
    std::fs::write(&list, "this is not a database, however long one reads in it".repeat(100))
        .unwrap();
    assert_eq!(ids(&listed(&store, shop.project.id).await), of(&[&one]));

    // A database of somebody else's layout.
    drop(store);
    let other = Connection::open(&list).unwrap();
    other.execute_batch("PRAGMA user_version = 999").unwrap();
    drop(other);
    let store = open(&path);
    assert_eq!(ids(&listed(&store, shop.project.id).await), of(&[&one]));

    // Damaged while it is in use: whoever sees it is told, and the next finds it whole.
    let bytes = std::fs::metadata(&list).unwrap().len();
    drop(store);
    let store = open(&path);
    store.lag().await.unwrap();
    Connection::open(&list).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    std::fs::write(&list, vec![0xa5; usize::try_from(bytes).unwrap()]).unwrap();
    let filter = ListingFilter { projects: vec![shop.project.id], ..ListingFilter::default() };
    let mut refusals = 0;
    while store.page(&filter, Part::Newest, 10).await.is_err() {
        refusals += 1;
        assert!(refusals < 10);
    }
    let two = shop.accepted("two").await;
    assert_eq!(ids(&listed(&store, shop.project.id).await), of(&[&two, &one]));
}

/// Two servers on one file: what one throws away the other does not go on with, nor throw away the
/// one that took its place.
#[tokio::test]
async fn a_list_that_another_server_threw_away_is_left() {
    let (_directory, path, first, shop) = fresh().await;
    let (second, project) = (open(&path), shop.project.id);
    let one = shop.accepted("one").await;
    for store in [&first, &second] {
        assert_eq!(ids(&listed(store, project).await), of(&[&one]));
    }
    first.rebuild().await.unwrap();
    assert_eq!(ids(&listed(&second, project).await), of(&[&one]));
    let place = std::fs::metadata(list_of(&path)).unwrap().ino();
    let two = shop.accepted("two").await;
    assert_eq!(ids(&listed(&second, project).await), of(&[&two, &one]));
    let three = shop.accepted("three").await;
    for store in [&first, &second, &first] {
        assert_eq!(ids(&listed(store, project).await), of(&[&three, &two, &one]));
    }
    assert_eq!(std::fs::metadata(list_of(&path)).unwrap().ino(), place, "built more than once");
}

#[tokio::test]
async fn a_list_of_another_database_is_not_believed() {
    let (_directory, path, store, shop) = fresh().await;
    let theirs = shop.accepted("theirs").await;
    assert_eq!(ids(&listed(&store, shop.project.id).await), of(&[&theirs]));
    let (_elsewhere, other, store, shop) = fresh().await;
    let ours = shop.accepted("ours").await;
    std::fs::copy(list_of(&path), list_of(&other)).unwrap();
    std::fs::copy(
        format!("{}-wal", list_of(&path).display()),
        format!("{}-wal", list_of(&other).display()),
    )
    .unwrap();
    assert_eq!(ids(&listed(&store, shop.project.id).await), of(&[&ours]));
}

/// A database that went back to a copy of itself has not what the list has, though it may have as
/// many changes by the time anybody looks.
#[tokio::test]
async fn a_database_that_went_back_has_its_list_built_anew() {
    for later in [0, 1, 5] {
        let (directory, path, store, shop) = fresh().await;
        let first = shop.accepted("first").await;
        settle(&(store.clone() as Arc<dyn Listing>)).await;
        let copy = directory.path().join("copy.db");
        store.backup(&copy).unwrap();
        shop.accepted("lost").await;
        assert_eq!(listed(&store, shop.project.id).await.len(), 2);
        drop((store, shop));

        let back = directory.path().join("back.db");
        std::fs::rename(&copy, &back).unwrap();
        std::fs::copy(list_of(&path), list_of(&back)).unwrap();
        let wal = |path: &Path| format!("{}-wal", list_of(path).display());
        std::fs::copy(wal(&path), wal(&back)).unwrap();
        let store = open(&back);
        let shop = Shop::open(store.clone() as Arc<dyn Store>).await;
        let mut expected = vec![];
        for n in 0..later {
            expected.insert(0, shop.accepted(&format!("later-{n}")).await);
        }
        expected.push(first);
        let expected: Vec<&Record> = expected.iter().collect();
        assert_eq!(ids(&listed(&store, shop.project.id).await), of(&expected), "{later} later");
    }
}

/// What keeps the list from being believed wrongly is never taken away.
#[tokio::test]
async fn the_newest_change_stays() {
    let (_directory, path, store, shop) = fresh().await;
    let changes = || -> Vec<i64> {
        let database = Connection::open(&path).unwrap();
        let mut statement = database.prepare("SELECT id FROM changes ORDER BY id").unwrap();
        let ids = statement.query_map([], |row| row.get(0)).unwrap();
        ids.collect::<Result<_, _>>().unwrap()
    };
    for n in 1..=3 {
        shop.accepted(&format!("{n}")).await;
    }
    settle(&(store.clone() as Arc<dyn Listing>)).await;
    shop.accepted("4").await;
    shop.accepted("5").await;
    assert_eq!(changes().len(), 3);
    assert_eq!(listed(&store, shop.project.id).await.len(), 5);
    assert_eq!(changes(), [5]);
}

/// Fifty thousand rows, as the planner may know of them.
fn fill(list: &Connection, is_analyzed: bool) {
    list.execute_batch(
        "BEGIN;
         WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 50000)
         INSERT INTO listing SELECT 42 + n % 3, n, 'order-' || n, 1,
             iif(n % 10, 'success', 'stuck'), 'paid', 'card', 'alfa', 'RUB', n % 1000 + 1, 0, 0,
             NULL, NULL, NULL, NULL, NULL, n * 1000, n * 1000, NULL FROM numbers;
         INSERT INTO listing_texts SELECT id, id, char(10) || reference || char(10) FROM listing;
         INSERT INTO listing_trigrams (rowid, text) SELECT number, text FROM listing_texts;
         COMMIT;",
    )
    .unwrap();
    if is_analyzed {
        list.execute_batch("ANALYZE").unwrap();
    }
}

fn plan(connection: &Connection, sql: &str) -> String {
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let mut rows = plan.raw_query();
    let mut text = String::new();
    while let Some(row) = rows.next().unwrap() {
        text.push_str(&row.get::<_, String>(3).unwrap());
        text.push_str("; ");
    }
    text
}

#[tokio::test]
async fn no_statement_of_the_list_scans() {
    for is_analyzed in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let file = File::beside(&directory.path().join("a.db"));
        let open = file.open().unwrap();
        let list = open.writer();
        fill(&list, is_analyzed);
        for (sql, index) in source::statements() {
            let plan = plan(&list, &sql);
            assert!(plan.contains(index), "{sql}: {plan}");
            for scan in ["SCAN listing;", "SCAN listing USING", "SCAN t", "ORDER BY"] {
                assert!(!plan.contains(scan), "{sql}: {plan}");
            }
            // What is counted is grouped; nothing else is sorted or gathered.
            let is_grouped = sql.contains("GROUP BY");
            assert!(is_grouped || !plan.contains("TEMP B-TREE"), "{sql}: {plan}");
        }
        let search = SearchText::new("order-4999");
        let filter = ListingFilter {
            projects: (42..45).map(|n| ProjectId::new(n).unwrap()).collect(),
            search,
            ..ListingFilter::default()
        };
        let source = source::List(&list);
        let page = crate::listing::find::page(&source, &filter, Part::Newest, 50);
        let page = super::done(page).unwrap();
        assert!(!page.stopped_early);
        let found: Vec<i64> = ids(&page.rows);
        assert_eq!(found, (49_990..=49_999).rev().chain([4_999]).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn no_statement_over_callbacks_scans() {
    let (_directory, path, _store, _shop) = fresh().await;
    let database = reader(&path).unwrap();
    for sql in deliveries::statements() {
        let plan = plan(&database, sql);
        assert!(plan.starts_with("SEARCH callbacks USING INDEX"), "{sql}: {plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{sql}: {plan}");
    }
}
