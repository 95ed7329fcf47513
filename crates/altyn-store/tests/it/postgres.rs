//! PostgreSQL on the cluster at `ALTYN_TEST_POSTGRES` (`scripts/with-postgres.sh` starts one), a
//! database for each test. Without the variable nothing is tested here, except under `CI=true`,
//! where that is a failure.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use altyn_app::access::audit::Action;
use altyn_app::access::user::User;
use altyn_app::changeset::Changeset;
use altyn_app::check::CheckReads;
use altyn_app::ports::{
    AccessStore, CommitError, Conflict, ExportStore, Listing, Store, StoreError,
};
use altyn_app::projects::StoredProject;
use altyn_app::secret::Secret;
use altyn_store::postgres::{Options, PostgresStore, PostgresWriter};
use altyn_store::{KeyRing, Schema, rows};
use altyn_testkit::build::{
    Shop, end_of_a_lost_job, entry, payment_of, project, sale_request, user,
};
use altyn_testkit::clock::START;
use altyn_testkit::store_contract;
use altyn_testkit::store_contract::{Bench, TextRows};
use async_trait::async_trait;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::upgrade;

/// A database of its own, removed by [`Database::drop_it`].
struct Database {
    admin: String,
    name: String,
}

impl Database {
    /// `None` where there is no server, with a word about it.
    async fn create(locale: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let Ok(admin) = std::env::var("ALTYN_TEST_POSTGRES") else {
            assert_ne!(
                std::env::var("CI").as_deref(),
                Ok("true"),
                "ALTYN_TEST_POSTGRES is not set: run by scripts/with-postgres.sh"
            );
            eprintln!("skipped: ALTYN_TEST_POSTGRES is not set (scripts/with-postgres.sh sets it)");
            return None;
        };
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("altyn_{}_{number}", std::process::id());
        let sql =
            format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE '{locale}'");
        run(&admin, &sql).await.unwrap();
        Some(Self { admin, name })
    }

    fn url(&self) -> String {
        let (server, _) = self.admin.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }

    async fn open(
        &self,
        options: Options,
    ) -> Result<(PostgresStore, Vec<PostgresWriter>), StoreError> {
        PostgresStore::open(&self.url(), keys(), options).await
    }

    async fn drop_it(&self) {
        run(&self.admin, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await.unwrap();
    }
}

fn keys() -> KeyRing {
    KeyRing::parse("1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap()
}

fn migrating() -> Options {
    Options { schema: Schema::Migrate, ..Options::default() }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn run(url: &str, sql: &str) -> Result<TextRows, String> {
    let messages = connect(url).await.simple_query(sql).await;
    let messages = messages.map_err(|error| {
        let told = error.as_db_error().map(ToString::to_string);
        told.unwrap_or_else(|| error.to_string())
    })?;
    let mut rows = TextRows::new();
    for message in &messages {
        if let SimpleQueryMessage::Row(row) = message {
            rows.push((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect());
        }
    }
    Ok(rows)
}

struct PostgresBench {
    store: Arc<PostgresStore>,
    database: Database,
    writers: std::sync::Mutex<JoinSet<()>>,
}

fn spawn(writers: Vec<PostgresWriter>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for mut writer in writers {
        tasks.spawn(async move { while !writer.step().await.closed {} });
    }
    tasks
}

impl PostgresBench {
    async fn open() -> Option<Arc<Self>> {
        Some(Self::open_in(Database::create("C.UTF-8").await?).await)
    }

    async fn open_in(database: Database) -> Arc<Self> {
        let (store, writers) = database.open(migrating()).await.unwrap();
        let writers = std::sync::Mutex::new(spawn(writers));
        Arc::new(Self { store: Arc::new(store), database, writers })
    }
}

async fn open() -> Option<Arc<dyn Bench>> {
    PostgresBench::open().await.map(|bench| bench as Arc<dyn Bench>)
}

#[async_trait]
impl Bench for PostgresBench {
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
        let (store, _) = self.database.open(Options::default()).await.unwrap();
        Arc::new(store)
    }

    async fn sql(&self, statement: &str) -> Result<TextRows, String> {
        run(&self.database.url(), statement).await
    }

    async fn close(&self) {
        self.writers.lock().unwrap().abort_all();
        self.database.drop_it().await;
    }
}

store_contract!(open);

#[tokio::test]
async fn a_schema_that_is_not_ours_is_refused() {
    let Some(database) = Database::create("C.UTF-8").await else { return };
    let older = database.open(Options::default()).await.err();
    assert!(matches!(older, Some(StoreError::Older { found: 0, known: 4 })), "{older:?}");
    database.open(migrating()).await.unwrap();
    database.open(Options::default()).await.unwrap();
    let sql = "INSERT INTO schema_migrations VALUES (5, 'future', 'x', 0)";
    run(&database.url(), sql).await.unwrap();
    for options in [Options::default(), migrating()] {
        let newer = database.open(options).await.err();
        assert!(matches!(newer, Some(StoreError::Newer { found: 5, known: 4 })), "{newer:?}");
    }
    database.drop_it().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_of_an_older_schema_is_upgraded() {
    for version in 1..=upgrade::RELEASED.len() {
        let Some(database) = Database::create("C.UTF-8").await else { return };
        let rows = upgrade::ROWS.replace(" X'", " '\\x");
        let sql = upgrade::database_of(version, &rows, |released| released.postgres);
        run(&database.url(), &sql).await.unwrap();
        let older = database.open(Options::default()).await.err();
        let expected = i64::try_from(version).unwrap();
        assert!(
            matches!(older, Some(StoreError::Older { found, known: 4 }) if found == expected),
            "{older:?}"
        );
        let mut before = Vec::new();
        for statement in upgrade::old_tables() {
            before.push(run(&database.url(), &statement).await.unwrap());
        }
        let bench: Arc<dyn Bench> = PostgresBench::open_in(database).await;
        upgrade::prove(&bench, before).await;
        bench.close().await;
    }
}

#[tokio::test]
async fn a_database_without_utf_8_letters_is_refused() {
    let Some(database) = Database::create("C").await else { return };
    let refused = database.open(migrating()).await.err().unwrap().to_string();
    assert!(refused.contains("LC_CTYPE C;"), "{refused}");
    database.drop_it().await;
}

/// Many nodes may be started at once on a new database.
#[tokio::test]
async fn nodes_that_start_together_migrate_once() {
    let Some(database) = Database::create("C.UTF-8").await else { return };
    let starts = (0..6).map(|_| database.open(migrating()));
    for started in futures_util::future::join_all(starts).await {
        started.unwrap();
    }
    database.drop_it().await;
}

/// The rows in Rust and the migrations name the same columns.
#[tokio::test]
async fn the_schema_has_the_columns_of_the_rows() {
    let Some(bench) = PostgresBench::open().await else { return };
    let sql = "SELECT table_name, column_name, data_type FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> 'schema_migrations'";
    let found: BTreeSet<(String, String)> = bench
        .sql(sql)
        .await
        .unwrap()
        .into_iter()
        .map(|row| {
            let mut cells = row.into_iter().flatten();
            (cells.next().unwrap(), cells.next().unwrap())
        })
        .collect();
    let texts: (&str, &[&str]) = ("listing_texts", &["id", "text"]);
    let expected: BTreeSet<(String, String)> = rows::TABLES
        .iter()
        .chain(rows::LISTING_TABLES)
        .chain([&texts])
        .flat_map(|(table, columns)| columns.iter().map(|one| ((*table).into(), (*one).into())))
        .collect();
    assert_eq!(found, expected);
    bench.close().await;
}

/// What the other engine has in another file, or numbers otherwise.
const FORBIDDEN_HERE: &[&str] = &[
    "INSERT INTO changes (id, payments) OVERRIDING SYSTEM VALUE SELECT * FROM changes",
    "INSERT INTO listing SELECT * FROM listing",
    "INSERT INTO listing_state SELECT * FROM listing_state",
    "INSERT INTO listing_texts SELECT * FROM listing_texts",
];

/// A constraint that nothing tests is as good as none.
#[tokio::test]
async fn every_constraint_refuses_something() {
    let Some(bench) = PostgresBench::open().await else { return };
    let shared: Arc<dyn Bench> = bench.clone();
    store_contract::a_row_in_each_table(&shared).await;
    store_contract::settle(&bench.listing()).await;
    bench.sql("INSERT INTO changes (payments) VALUES ('')").await.unwrap();
    let mut said = String::new();
    for statement in store_contract::FORBIDDEN.iter().chain(FORBIDDEN_HERE) {
        said.push_str(&bench.sql(statement).await.unwrap_err());
    }
    let sql = "SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace
         UNION SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON oid = indexrelid
         WHERE indisunique AND relnamespace = 'public'::regnamespace";
    for name in bench.sql(sql).await.unwrap().into_iter().flatten().flatten() {
        let tested = said.contains(&format!("\"{name}\"")) || name == "schema_migrations_pkey";
        assert!(tested, "{name} refuses nothing");
    }
    bench.close().await;
}

/// Broken connections fail what is under way and nothing after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break_are_made_again() {
    let Some(bench) = PostgresBench::open().await else { return };
    let shop = Shop::open(bench.store()).await;
    let first = shop.accepted("before").await;
    for turn in 0..5 {
        let sql = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()";
        bench.sql(sql).await.unwrap();
        let mut failures = 0;
        let reference = format!("after-{turn}");
        loop {
            match shop.store.commit(shop.sale(&reference).1).await {
                Ok(()) => break,
                Err(CommitError::Store(_)) => failures += 1,
                // What was answered by an error may have been written all the same.
                Err(CommitError::Conflict(_)) if failures > 0 => break,
                Err(other) => panic!("{other:?}"),
            }
            assert!(failures < 1_000, "the writers did not come back");
            tokio::task::yield_now().await;
        }
        assert_eq!(shop.read(&first).await, first, "reads are tried again by themselves");
    }
    bench.close().await;
}

/// Two nodes, four writers, the same references and the same payments in opposite orders.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_on_one_database_agree() {
    let Some(bench) = PostgresBench::open().await else { return };
    let (other, writers) = bench.database.open(Options::default()).await.unwrap();
    let mut tasks = spawn(writers);
    let shop = Shop::open(bench.store()).await;
    let elsewhere = Shop { store: Arc::new(other), ..shop.clone() };
    for round in 0..10 {
        let mut commits = JoinSet::new();
        for n in 0..100 {
            for (node, n) in [(&shop, n), (&elsewhere, 99 - n)] {
                let (_, changes) = payment_of(&shop.project, sale_request(&format!("{round}-{n}")));
                let store = Arc::clone(&node.store);
                commits.spawn(async move { store.commit(changes).await });
            }
        }
        let answers = commits.join_all().await;
        let kept = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(kept, 100);
        let conflicts =
            answers.iter().filter(|answer| matches!(answer, Err(CommitError::Conflict(_)))).count();
        assert_eq!(conflicts, 100, "{answers:?}");
    }
    tasks.abort_all();
    bench.close().await;
}

/// A full queue is told at once; nobody waits for room.
#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let Some(database) = Database::create("C.UTF-8").await else { return };
    let options = Options { queue: 3, ..migrating() };
    let (store, writers) = database.open(options).await.unwrap();
    let store = Arc::new(store);
    let mut waiting = JoinSet::new();
    for _ in 0..3 {
        let store = Arc::clone(&store);
        waiting.spawn(async move { store.commit(Changeset::default()).await });
    }
    while store.waiting() < 3 {
        tokio::task::yield_now().await;
    }
    let refused = store.commit(Changeset::default()).await;
    assert!(matches!(refused, Err(CommitError::Overloaded)), "{refused:?}");
    // What was promised has room of its own, and past it waits for room instead of being refused.
    let mut promised = JoinSet::new();
    for _ in 0..3 {
        let store = Arc::clone(&store);
        promised.spawn(async move { store.commit(end_of_a_lost_job()).await });
    }
    while store.waiting() < 4 {
        tokio::task::yield_now().await;
    }
    let mut tasks = spawn(writers);
    assert!(waiting.join_all().await.iter().all(Result::is_ok));
    for ended in promised.join_all().await {
        let lost = matches!(ended, Err(CommitError::Conflict(Conflict::LeaseLost)));
        assert!(lost, "{ended:?}");
    }
    tasks.abort_all();
    tasks.join_all_aborted().await;
    let stopped = store.commit(Changeset::default()).await;
    assert!(matches!(stopped, Err(CommitError::Store(_))), "{stopped:?}");
    database.drop_it().await;
}

/// Waits for aborted tasks to be gone.
trait JoinAllAborted {
    async fn join_all_aborted(&mut self);
}

impl JoinAllAborted for JoinSet<()> {
    async fn join_all_aborted(&mut self) {
        while self.join_next().await.is_some() {}
    }
}

#[tokio::test]
async fn secrets_are_sealed_anew_by_the_newest_key() {
    let Some(bench) = PostgresBench::open().await else { return };
    let shop = Shop::open(bench.store()).await;
    let previous = Some((Secret::new("before"), START));
    let third = StoredProject { previous, ..project(3) };
    shop.store.put_project(third, None).await.unwrap();
    bench.store.put_user(user(1, "anna"), None, entry(Action::ChangeUser)).await.unwrap();
    let before = shop.store.projects().await.unwrap();
    assert_eq!(bench.store.rotate_keys().await.unwrap(), 0);
    let ring = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\
                2:HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHgA=";
    let ring = KeyRing::parse(ring).unwrap();
    let (newer, _) =
        PostgresStore::open(&bench.database.url(), ring, Options::default()).await.unwrap();
    assert_eq!(newer.rotate_keys().await.unwrap(), 5);
    assert_eq!(newer.rotate_keys().await.unwrap(), 0);
    assert_eq!(newer.projects().await.unwrap(), before);
    let anna = User { version: 1, ..user(1, "anna") };
    assert_eq!(newer.user(1).await.unwrap(), Some(anna));
    assert!(bench.store.projects().await.is_err(), "the old ring does not open them");
    assert!(bench.store.users().await.is_err(), "nor what users have");
    bench.close().await;
}
