//! What only this engine promises: its file, its queue, its log.

use std::path::Path;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use altyn_app::access::audit::Action;
use altyn_app::access::user::User;
use altyn_app::changeset::Changeset;
use altyn_app::jobs::{Claim, FROM_THE_FIRST, JobKind, NewJob};
use altyn_app::ports::{AccessStore, CommitError, Conflict, Store, StoreError};
use altyn_app::projects::StoredProject;
use altyn_app::secret::Secret;
use altyn_domain::id::{CallbackId, PaymentId};
use altyn_domain::time::Timestamp;
use altyn_testkit::build::{self, Shop};
use rusqlite::{Connection, StatementStatus};
use tempfile::TempDir;

use super::{Options, SqliteStore, SqliteWriter, connect, writer};
use crate::migrate::Schema;
use crate::rows::{CallbackRow, EntryRow, EventRow, JobRow, OperationRow, PaymentRow, Row};
use crate::seal::KeyRing;

const MIGRATE: Schema = Schema::Migrate;

fn ring(number: u8) -> String {
    KeyRing::generate_line(number).unwrap().to_string()
}

fn open(
    path: &Path,
    keys: &str,
    schema: Schema,
) -> Result<(SqliteStore, SqliteWriter), StoreError> {
    let options = Options { schema, queue: 64, readers: 2 };
    SqliteStore::open(path, KeyRing::parse(keys).unwrap(), options)
}

fn fresh() -> (TempDir, SqliteStore, SqliteWriter) {
    let directory = tempfile::tempdir().unwrap();
    let (store, writer) = open(&directory.path().join("a.db"), &ring(1), MIGRATE).unwrap();
    (directory, store, writer)
}

/// Drives a future and the writer by turns, on this thread.
fn drive<T>(writer: &mut SqliteWriter, future: impl Future<Output = T>) -> T {
    let mut future = Box::pin(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        writer.step();
    }
}

fn shop(store: &SqliteStore, writer: &mut SqliteWriter) -> Shop {
    let store: Arc<dyn Store> = Arc::new(store.clone());
    drive(writer, Shop::open(store))
}

/// Commits all in one batch, and tells what became of each.
fn commit_together(
    store: &SqliteStore,
    writer: &mut SqliteWriter,
    all: Vec<Changeset>,
) -> (Vec<Result<(), CommitError>>, writer::StepReport) {
    let mut commits: Vec<_> =
        all.into_iter().map(|changes| Box::pin(store.commit(changes))).collect();
    let mut context = Context::from_waker(Waker::noop());
    for commit in &mut commits {
        assert!(commit.as_mut().poll(&mut context).is_pending());
    }
    let report = writer.step();
    let answers = commits.iter_mut().map(|commit| match commit.as_mut().poll(&mut context) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("a step answers everybody"),
    });
    (answers.collect(), report)
}

fn number(path: &Path, sql: &str) -> i64 {
    Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn databases_of_another_schema_are_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let keys = ring(1);
    let refusal = |schema| open(&path, &keys, schema).err().map(|error| error.to_string());
    assert!(refusal(Schema::AsItIs).unwrap().contains("cannot be opened"));
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
    let older = "the database has schema 0, 4 is needed: run `altyn migrate`";
    assert_eq!(refusal(Schema::AsItIs).as_deref(), Some(older));
    assert_eq!(refusal(MIGRATE), None);
    assert_eq!(refusal(Schema::AsItIs), None);
    assert_eq!(refusal(MIGRATE), None);

    let change = |sql| Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    change("UPDATE schema_migrations SET checksum = 'other'");
    let changed = "inconsistent row in schema_migrations, checksum, key 1";
    assert_eq!(refusal(MIGRATE).as_deref(), Some(changed));
    change("INSERT INTO schema_migrations VALUES (5, 'five', '', 0)");
    let newer = "the database has schema 5, this binary knows up to 4";
    for schema in [MIGRATE, Schema::AsItIs] {
        assert_eq!(refusal(schema).as_deref(), Some(newer));
    }
}

#[test]
fn only_the_culprit_of_a_batch_gets_the_error() {
    let (directory, store, mut writer) = fresh();
    let shop = shop(&store, &mut writer);
    let taken = drive(&mut writer, shop.accepted("taken"));
    let mut changes: Vec<Changeset> =
        (0..10).map(|at| shop.sale(&format!("many-{at}")).1).collect();
    // One that fails after it has written much: its last event is there already.
    let event = changes[0].events[0].clone();
    changes[4].events.push(event);
    // One that is refused, and one like a neighbour of its own batch.
    changes[6] = shop.sale("TAKEN").1;
    changes.push(shop.sale("many-1").1);
    let (answers, report) = commit_together(&store, &mut writer, changes);
    assert!(report.replayed && !report.failed && report.commands == 11);
    for (at, answer) in answers.iter().enumerate() {
        match (at, answer) {
            (4, Err(CommitError::Store(StoreError::Database(text)))) => {
                assert!(text.contains("UNIQUE constraint failed: events"), "{text}");
            }
            (6 | 10, Err(CommitError::Conflict(Conflict::PaymentExists))) => {}
            (0..=3 | 5 | 7..=9, Ok(())) => {}
            (_, _) => panic!("{at}: {answer:?}"),
        }
    }
    let path = directory.path().join("a.db");
    for table in ["payments", "operations", "events", "jobs"] {
        assert_eq!(number(&path, &format!("SELECT count(*) FROM {table}")), 1 + 8, "{table}");
    }
    let read = drive(&mut writer, shop.read(&taken));
    assert_eq!(read, taken);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let (_directory, store, mut writer) = fresh();
    let shop = shop(&store, &mut writer);
    let sales: Vec<Changeset> = (0..64).map(|at| shop.sale(&format!("{at}")).1).collect();
    let mut commits: Vec<_> =
        sales.into_iter().map(|changes| Box::pin(store.commit(changes))).collect();
    let mut context = Context::from_waker(Waker::noop());
    for commit in &mut commits {
        assert!(commit.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(store.waiting(), 64);
    let mut late = Box::pin(store.commit(shop.sale("late").1));
    let answer = late.as_mut().poll(&mut context);
    assert!(matches!(answer, Poll::Ready(Err(CommitError::Overloaded))), "{answer:?}");
    // What was promised has room of its own, and past it waits for room instead of being refused.
    let mut promised: Vec<_> =
        (0..20).map(|_| Box::pin(store.commit(build::end_of_a_lost_job()))).collect();
    for commit in &mut promised {
        assert!(commit.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(writer.step().commands, 64 + 16);
    promised.retain_mut(|commit| commit.as_mut().poll(&mut context).is_pending());
    assert_eq!(promised.len(), 4);
    assert_eq!(writer.step().commands, 4);
    for commit in &mut promised {
        let answer = commit.as_mut().poll(&mut context);
        let lost = Err(CommitError::Conflict(Conflict::LeaseLost));
        assert_eq!(format!("{answer:?}"), format!("{:?}", Poll::Ready::<Result<(), _>>(lost)));
    }
    for commit in &mut commits {
        assert!(matches!(commit.as_mut().poll(&mut context), Poll::Ready(Ok(()))));
    }
}

#[test]
fn what_was_answered_survives_a_kill() {
    let (directory, store, mut writer) = fresh();
    let shop = shop(&store, &mut writer);
    let record = drive(&mut writer, shop.paid("kept"));
    // The files as a killed process leaves them: nothing closed, nothing checkpointed.
    let copy = directory.path().join("copy.db");
    for end in ["", "-wal"] {
        let file = |name: &str| directory.path().join(format!("{name}{end}"));
        std::fs::copy(file("a.db"), file("copy.db")).unwrap();
    }
    let keys = ring(1);
    let (reopened, writer_of_copy) = open(&copy, &keys, Schema::AsItIs).unwrap();
    let payment = (record.payment.project, record.payment.id);
    let read =
        |store: &SqliteStore| drive_alone(store.payment(payment.0, payment.1)).unwrap().unwrap();
    assert_eq!(read(&reopened), record);
    // And once more after the writer went while the handle stayed.
    drop(writer_of_copy);
    assert!(drive_alone(reopened.ping()).is_err());
    assert_eq!(read(&reopened), record);
    drop(reopened);
    let (again, _writer) = open(&copy, &keys, Schema::AsItIs).unwrap();
    assert_eq!(read(&again), record);
}

/// A future that needs no writer.
fn drive_alone<T>(future: impl Future<Output = T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    match Box::pin(future).as_mut().poll(&mut context) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a read waits for nobody"),
    }
}

#[test]
fn the_log_stays_bounded_without_a_checkpointer_and_behind_a_reader() {
    let (directory, store, mut writer) = fresh();
    let shop = shop(&store, &mut writer);
    let record = drive(&mut writer, shop.accepted("one"));
    let path = directory.path().join("a.db");
    let mut reader = Connection::open(&path).unwrap();
    let mut longest = 0;
    let mut restarts = Vec::new();
    let mut write_past_the_limit = |writer: &mut SqliteWriter| {
        // A body of 8 MiB is 2,048 pages of the log.
        for _ in 0..12 {
            let body = vec![7; 8 << 20];
            let callback = altyn_app::callback::Callback { body, ..build::callback(&record) };
            let changes = Changeset { new_callback: Some(callback), ..Changeset::default() };
            let (answers, report) = commit_together(&store, writer, vec![changes]);
            assert!(answers.iter().all(Result::is_ok));
            longest = longest.max(report.log_pages);
            restarts.push(report.log_restarted);
        }
    };
    write_past_the_limit(&mut writer);
    let snapshot = reader.transaction().unwrap();
    let sql = "SELECT count(*) FROM callbacks";
    assert_eq!(snapshot.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 12);
    write_past_the_limit(&mut writer);
    assert_eq!(snapshot.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 12);
    drop(snapshot);
    write_past_the_limit(&mut writer);
    assert!(restarts.iter().filter(|restarted| **restarted).count() >= 2, "{restarts:?}");
    assert!(longest < 50_000, "{longest}");
    let report = store.checkpointer().unwrap().step().unwrap();
    assert_eq!(report.log_pages, report.moved_pages);
}

#[test]
fn a_backup_is_a_database() {
    let (directory, store, mut writer) = fresh();
    let shop = shop(&store, &mut writer);
    let record = drive(&mut writer, shop.paid("kept"));
    let to = directory.path().join("backup.db");
    store.backup(&to).unwrap();
    assert!(store.backup(&to).unwrap_err().to_string().contains("exists already"));
    let (copy, _writer) = open(&to, &ring(1), Schema::AsItIs).unwrap();
    let read = drive_alone(copy.payment(record.payment.project, record.payment.id));
    assert_eq!(read.unwrap(), Some(record));
}

#[test]
fn keys_are_rotated() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("a.db");
    let (old, new) = (ring(1), ring(2));
    let (store, mut writer) = open(&path, &old, MIGRATE).unwrap();
    let shop = shop(&store, &mut writer);
    let previous = Some((Secret::new("before"), Timestamp::from_millis(9)));
    let third = StoredProject { previous, ..build::project(3) };
    drive(&mut writer, shop.store.put_project(third.clone(), None)).unwrap();
    let (person, told) = (build::user(1, "anna"), build::entry(Action::ChangeUser));
    drive(&mut writer, store.put_user(person.clone(), None, told)).unwrap();
    drop((shop, store, writer));

    let (store, mut writer) = open(&path, &format!("{old}\n{new}"), Schema::AsItIs).unwrap();
    assert_eq!(drive(&mut writer, store.rotate_keys()).unwrap(), 5);
    assert_eq!(drive(&mut writer, store.rotate_keys()).unwrap(), 0);
    drop((store, writer));

    let (store, _writer) = open(&path, &new, Schema::AsItIs).unwrap();
    let projects = drive_alone(store.projects()).unwrap();
    assert!(projects.iter().all(|entry| entry.secret.expose() == build::SECRET));
    assert!(projects.contains(&StoredProject { version: 1, ..third }));
    assert_eq!(drive_alone(store.user(1)).unwrap(), Some(User { version: 1, ..person }));
    let (store, _writer) = open(&path, &old, Schema::AsItIs).unwrap();
    let refusal = drive_alone(store.projects()).unwrap_err().to_string();
    assert_eq!(
        refusal,
        "the database failed: project 3: the key 2 that sealed the secret is not in the key ring"
    );
}

#[test]
fn a_wake_limits_how_far_a_held_job_is_put_off() {
    let (_directory, store, mut writer) = fresh();
    let project = build::project_id(1);
    let at = Timestamp::from_millis;
    let job = |due_at| NewJob {
        kind: JobKind::AskOutcome,
        subject: 5,
        project,
        payment: PaymentId::new(6),
        lane: 7,
        due_at: at(due_at),
    };
    let add = |due_at| Changeset { jobs: vec![job(due_at)], ..Changeset::default() };
    let claim = |now| Claim {
        kind: JobKind::AskOutcome,
        owner: "one".into(),
        now: at(now),
        since: FROM_THE_FIRST,
        until: at(now + 1_000),
        limit: 10,
        busy_lanes: vec![1, 2],
    };
    drive(&mut writer, store.commit(add(100))).unwrap();
    let held = drive(&mut writer, store.claim_jobs(claim(100))).unwrap().remove(0);
    for due_at in [400, 300, 500] {
        drive(&mut writer, store.commit(add(due_at))).unwrap();
    }
    assert_eq!(drive(&mut writer, store.claim_jobs(claim(1_099))).unwrap(), []);
    let end = Changeset { job_end: Some(held.again(at(9_000), None)), ..Changeset::default() };
    drive(&mut writer, store.commit(end)).unwrap();
    assert_eq!(drive(&mut writer, store.claim_jobs(claim(299))).unwrap(), []);
    let held = drive(&mut writer, store.claim_jobs(claim(300))).unwrap().remove(0);
    assert_eq!((held.attempts, held.wakes), (1, 3));

    // Woken while it asked, and nothing came of it: asked again instead of being done.
    drive(&mut writer, store.commit(add(350))).unwrap();
    let done = Changeset { job_end: Some(held.done()), ..Changeset::default() };
    drive(&mut writer, store.commit(done.clone())).unwrap();
    let again = drive(&mut writer, store.commit(done));
    assert!(matches!(again, Err(CommitError::Conflict(Conflict::LeaseLost))), "{again:?}");
    let held = drive(&mut writer, store.claim_jobs(claim(350))).unwrap().remove(0);
    let done = Changeset { job_end: Some(held.done()), ..Changeset::default() };
    drive(&mut writer, store.commit(done)).unwrap();
    assert_eq!(drive(&mut writer, store.claim_jobs(claim(99_999))).unwrap(), []);
}

#[test]
fn a_row_that_cannot_be_is_named() {
    let (directory, store, mut writer) = fresh();
    let shop = shop(&store, &mut writer);
    let record = drive(&mut writer, shop.accepted("one"));
    let path = directory.path().join("a.db");
    let spoil = "UPDATE payments SET details = '{}'";
    Connection::open(path).unwrap().execute_batch(spoil).unwrap();
    let (project, id) = (record.payment.project, record.payment.id);
    let refusal = drive_alone(store.payment(project, id)).unwrap_err().to_string();
    assert_eq!(refusal, format!("inconsistent row in payments, details, key 42/{id}"));
    let none = drive_alone(store.callback(CallbackId::new(1))).unwrap();
    assert_eq!(none, None);
}

/// What runs often on the books, and the index that it must use.
const MONEY_QUERIES: &[(&str, &str)] = &[
    (
        "SELECT 1 FROM operations WHERE account = ?1 AND provider_payment_id = ?2
            AND kind = 'refund' AND state IN ('sending', 'unknown', 'pending')",
        "operations_open_refund",
    ),
    (
        "SELECT * FROM operations WHERE project = ?1 AND payment = ?2 ORDER BY id",
        "operations_payment",
    ),
    (
        "SELECT 1 FROM operations WHERE project = ?1 AND merchant_refund_id = ?2",
        "operations_merchant_refund",
    ),
    (
        "SELECT * FROM jobs WHERE kind = ?1 AND due_at <= ?2 AND due_at >= ?5
            AND lane NOT IN (SELECT value FROM json_each(?3)) ORDER BY due_at LIMIT ?4",
        "jobs_due",
    ),
    ("SELECT count(*), min(due_at) FROM jobs WHERE kind = ?1", "jobs_due"),
    (
        "SELECT * FROM callbacks WHERE project = ? AND id < ? ORDER BY id DESC LIMIT ?",
        "callbacks_project",
    ),
    (
        "SELECT * FROM callbacks WHERE state = ? AND state <> 'delivered'
            ORDER BY id DESC LIMIT ?",
        "callbacks_not_delivered",
    ),
];

/// The same on people, the audit log and exports.
const PEOPLE_QUERIES: &[(&str, &str)] = &[
    ("SELECT * FROM sessions WHERE user_id = ?1 AND expires_at > ?2", "sessions_user"),
    (
        "SELECT digest FROM sessions WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2",
        "sessions_expires",
    ),
    (
        "SELECT subject FROM sign_in_failures WHERE last_at < ?1 ORDER BY last_at LIMIT ?2",
        "sign_in_failures_last",
    ),
    ("SELECT * FROM audit WHERE position IS NULL ORDER BY id LIMIT ?1", "audit_unsealed"),
    ("SELECT * FROM audit WHERE position > ?1 ORDER BY position LIMIT ?2", "audit_position"),
    (
        "SELECT position, hash FROM audit WHERE position IS NOT NULL
            ORDER BY position DESC LIMIT 1",
        "audit_position",
    ),
    ("SELECT * FROM audit WHERE project = ? AND id < ? ORDER BY id DESC LIMIT ?", "audit_project"),
    ("SELECT * FROM audit WHERE payment = ? ORDER BY id DESC LIMIT ?", "audit_payment"),
    ("SELECT * FROM audit WHERE user_id = ? AND id < ? ORDER BY id DESC LIMIT ?", "audit_user"),
    ("SELECT * FROM audit WHERE action = ? AND id < ? ORDER BY id DESC LIMIT ?", "audit_action"),
    ("SELECT * FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?", "PRIMARY KEY"),
    (
        "SELECT id FROM exports WHERE state = 'making' AND lease_until <= ?
            ORDER BY id LIMIT 1",
        "exports_making",
    ),
    ("SELECT * FROM exports WHERE user_id = ? ORDER BY id DESC", "exports_user"),
];

#[test]
fn no_hot_query_scans() {
    let (directory, _store, _writer) = fresh();
    let connection = connect::reader(&directory.path().join("a.db")).unwrap();
    for (sql, index) in MONEY_QUERIES.iter().chain(PEOPLE_QUERIES) {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = plan.raw_query();
        let mut text = String::new();
        while let Some(row) = rows.next().unwrap() {
            text.push_str(&row.get::<_, String>(3).unwrap());
            text.push_str("; ");
        }
        assert!(text.contains(index), "{sql}: {text}");
        assert!(!text.contains("TEMP B-TREE"), "{sql}: {text}");
    }
}

/// What is bound may matter to this one: its index is of some states only.
#[test]
fn what_is_bound_compiles_no_statement_again() {
    let (directory, _store, _writer) = fresh();
    let path = directory.path().join("a.db");
    let compiled_again = |connection: Connection| {
        let mut statement = connection.prepare("SELECT id FROM exports WHERE state = ?1").unwrap();
        for state in ["making", "ready", "making"] {
            assert!(!statement.exists([state]).unwrap());
        }
        statement.get_status(StatementStatus::RePrepare)
    };
    assert_eq!(compiled_again(connect::reader(&path).unwrap()), 0);
    assert!(compiled_again(Connection::open(&path).unwrap()) > 0, "SQLite alone does not");
}

/// A check by a list of words fills a table with them for every row that is written.
#[test]
fn no_row_is_checked_by_a_list() {
    let (directory, _store, _writer) = fresh();
    let connection = Connection::open(directory.path().join("a.db")).unwrap();
    let lists = |insert: &str| {
        let mut program = connection.prepare(&format!("EXPLAIN {insert}")).unwrap();
        let mut rows = program.raw_query();
        let mut count = 0;
        while let Some(row) = rows.next().unwrap() {
            count += usize::from(row.get::<_, String>(1).unwrap() == "OpenEphemeral");
        }
        count
    };
    assert_eq!(lists(&PaymentRow::sql().insert_sqlite), 0);
    assert_eq!(lists(&EventRow::sql().insert_sqlite), 0);
    assert_eq!(lists(&EntryRow::sql().insert_sqlite), 0);
    assert_eq!(lists(&JobRow::sql().insert_sqlite), 0);
    assert_eq!(lists(&CallbackRow::sql().insert_sqlite), 0);
    // The index of refunds under way, which other rows do not get as far as.
    assert_eq!(lists(&OperationRow::sql().insert_sqlite), 1);
}
