//! An upgrade: a database of an older schema, with rows in it, is opened by this binary.

use std::sync::Arc;

use altyn_app::access::user::{Membership, Role};
use altyn_app::check::check;
use altyn_app::listing::ListingFilter;
use altyn_domain::callback::{CallbackDialect, RetryPlan};
use altyn_domain::id::PaymentId;
use altyn_domain::method::Method;
use altyn_domain::money::Amount;
use altyn_domain::payment::decide::Happening;
use altyn_domain::payment::{OperationKind, PaymentState, Record};
use altyn_domain::project::CAPTURE_AFTER_MS;
use altyn_store::rows;
use altyn_testkit::build::{SECRET, Shop, capture_request, facts, project_id, rub};
use altyn_testkit::store_contract::{Bench, TextRows, settle};

/// Made by the first schema, as statements for SQLite.
pub const ROWS: &str = include_str!("rows_of_0001.sql");
/// The schemas before this one, as they were released.
pub const RELEASED: &[Released] = &[
    Released {
        name: "first",
        sqlite: (
            include_str!("../../migrations/sqlite/0001_first.sql"),
            "5b23d5dd35bd8b32b559c8beb39b4d3a651c6a47b14f1fd2bcddac481954c693",
        ),
        postgres: (
            include_str!("../../migrations/postgres/0001_first.sql"),
            "776acfe4e3aa5e627f0e1d47c7cf94c5370c53ea2bdb9ffd7a2c6aee6dc4c587",
        ),
    },
    Released {
        name: "cards_and_holds",
        sqlite: (
            include_str!("../../migrations/sqlite/0002_cards_and_holds.sql"),
            "7af87fd11f64c2bda31f658b7b8d701a93e398a3248e5ca5e76f0228d20dc974",
        ),
        postgres: (
            include_str!("../../migrations/postgres/0002_cards_and_holds.sql"),
            "860614c22cffebba70bcafb5b6360b480b408b4dd7f5faebba43777f9251f2f8",
        ),
    },
    Released {
        name: "cabinet",
        sqlite: (
            include_str!("../../migrations/sqlite/0003_cabinet.sql"),
            "9b1ae47ab0555142827bf959f03da84d2bf7d83558c0a2581cfc2ded60b7c73a",
        ),
        postgres: (
            include_str!("../../migrations/postgres/0003_cabinet.sql"),
            "6cd4a4a43d1cf695e89c6023670119933cd5d42872e1850809f166a44b212278",
        ),
    },
];

/// One step: its statements and their SHA-256, for each engine.
pub struct Released {
    name: &'static str,
    pub sqlite: (&'static str, &'static str),
    pub postgres: (&'static str, &'static str),
}

/// Statements that make a database of the schema `version`: the rows were made by the first, and
/// went through the steps after it.
pub fn database_of(
    version: usize,
    rows: &str,
    engine: fn(&Released) -> (&'static str, &'static str),
) -> String {
    let mut sql = String::from(
        "CREATE TABLE schema_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL,
             checksum TEXT NOT NULL, applied_at BIGINT NOT NULL);",
    );
    for (number, released) in (1..=version).zip(RELEASED) {
        let ((statements, checksum), name) = (engine(released), released.name);
        sql.push_str(&format!(
            "INSERT INTO schema_migrations VALUES ({number}, '{name}', '{checksum}', 0);
             {statements}\n"
        ));
        if number == 1 {
            sql.push_str(rows);
        }
    }
    sql
}

/// The tables of the first schema.
const OLD_TABLES: &[&str] = &[
    "payments",
    "operations",
    "events",
    "attempts",
    "entries",
    "balances",
    "notifications",
    "callbacks",
    "callback_attempts",
    "jobs",
    "projects",
    "meta",
    "nodes",
    "users",
];

/// What later schemas have added.
const NEW_COLUMNS: &[(&str, &str)] = &[
    ("payments", "authorized_minor"),
    ("operations", "method"),
    ("operations", "rrn"),
    ("operations", "eci"),
    ("operations", "card"),
    ("operations", "authentication"),
    ("operations", "capture_at"),
    ("operations", "closed_by_hand"),
    ("projects", "previous_secret"),
    ("projects", "previous_until"),
    ("users", "second_factor"),
    ("users", "last_step"),
    ("users", "version"),
];

/// One statement for each table: all that the first schema knew of it.
pub fn old_tables() -> impl Iterator<Item = String> {
    let old = rows::TABLES.iter().filter(|(table, _)| OLD_TABLES.contains(table));
    old.map(|(table, columns)| {
        let is_old = |name: &&str| !NEW_COLUMNS.contains(&(table, name));
        let old: Vec<&str> = columns.iter().copied().filter(is_old).collect();
        // No key has more than four columns, and each key comes first.
        let order: Vec<String> = (1..=old.len().min(4)).map(|at| at.to_string()).collect();
        // What a database remembers of itself may grow.
        let known = if *table == "meta" { "WHERE key = 'projects_version'" } else { "" };
        format!("SELECT {} FROM {table} {known} ORDER BY {}", old.join(", "), order.join(", "))
    })
}

async fn payment(shop: &Shop, id: i64) -> Record {
    let read = shop.store.payment(shop.project.id, PaymentId::new(id)).await.unwrap();
    read.unwrap()
}

async fn assert_sound(bench: &Arc<dyn Bench>) {
    let projects = bench.store().projects().await.unwrap();
    assert_eq!(check(bench.reads().as_ref(), &projects).await.unwrap().breaches, []);
}

/// What was there reads as it did, and goes on.
pub async fn prove(bench: &Arc<dyn Bench>, before: Vec<TextRows>) {
    for (statement, before) in old_tables().zip(before) {
        assert!(!before.is_empty(), "{statement}: the fixture has a row in each table");
        assert_eq!(bench.sql(&statement).await.unwrap(), before, "{statement}");
    }
    assert_sound(bench).await;

    let store = bench.store();
    let stored = store.projects().await.unwrap().remove(0);
    assert_eq!((stored.secret.expose(), &stored.previous), (SECRET, &None));
    let project = stored.project;
    assert_eq!((project.dialect, project.two_stage), (CallbackDialect::Ecommpay, false));
    assert_eq!(project.notify_email, None);
    assert_eq!((project.id, project.test, project.clock_offset_ms), (project_id(42), true, 60_000));
    assert_eq!((project.capture_after_ms, project.support.as_deref()), (CAPTURE_AFTER_MS, None));
    assert_eq!((project.allowed_hosts.len(), &project.retry_plan), (0, &RetryPlan::Documented));
    let user = bench.access().user_by_login("operator").await.unwrap().unwrap();
    let everywhere = Membership { project: None, role: Role::Operator };
    assert_eq!((user.id, &user.memberships), (1, &vec![everywhere]));
    assert_eq!((user.password_hash.expose(), &user.second_factor), ("hash", &None));
    let shop = Shop { store, other: project.clone(), project };

    for (id, method, state, authorized, captured) in [
        (900_000_000_000, Method::AlfaClick, PaymentState::PartiallyRefunded, 10_000, 10_000),
        (900_000_000_011, Method::AlfaClick, PaymentState::AwaitingRedirect, 0, 0),
        (900_000_000_015, Method::CardPartner, PaymentState::AwaitingClarification, 0, 0),
        (900_000_000_018, Method::AlfaClick, PaymentState::Declined, 0, 0),
    ] {
        let record = payment(&shop, id).await;
        let payment = &record.payment;
        assert_eq!(
            (payment.method, payment.state, record.computed_state()),
            (method, state, state)
        );
        let sum = |minor| Amount::new(minor, payment.amount.currency()).unwrap();
        assert_eq!((payment.authorized, payment.captured), (sum(authorized), sum(captured)));
        assert_eq!(payment.details.page, None);
        for operation in &record.operations {
            assert!(matches!(operation.kind, OperationKind::Sale | OperationKind::Refund));
            assert_eq!(operation.method, method);
            assert_eq!((&operation.card, &operation.authentication), (&None, &None));
            assert_eq!((&operation.provider.rrn, &operation.provider.eci), (&None, &None));
            assert_eq!(operation.capture_at, None);
        }
    }
    go_on(bench, &shop).await;

    let listing = bench.listing();
    settle(&listing).await;
    let filter = ListingFilter { projects: vec![shop.project.id], ..ListingFilter::default() };
    let totals = listing.totals(&filter, None).await.unwrap();
    assert_eq!(totals.count, 5, "those of before and the one made since");
}

/// What was under way ends, and what the first schema did not know is taken.
async fn go_on(bench: &Arc<dyn Bench>, shop: &Shop) {
    let mut redirected = payment(shop, 900_000_000_011).await;
    let sale = redirected.opening().unwrap().id;
    let changes = shop.happen(&mut redirected, sale, Happening::Approve(facts()));
    shop.store.commit(changes).await.unwrap();
    assert_eq!(shop.read(&redirected).await, redirected);
    assert_eq!(redirected.payment.authorized, rub(10_000));

    let mut returned = payment(shop, 900_000_000_000).await;
    let refund = returned.operations.last().unwrap().id;
    let changes = shop.happen(&mut returned, refund, Happening::Approve(facts()));
    shop.store.commit(changes).await.unwrap();
    assert_eq!(shop.read(&returned).await, returned);
    assert_eq!((returned.payment.refunded, returned.payment.refund_reserved), (rub(5_000), rub(0)));

    let shop = Shop::open(Arc::clone(&shop.store)).await;
    let held = shop.held("a hold").await;
    let (mut record, changes) = shop.capture(&held, capture_request(7_500));
    shop.store.commit(changes).await.unwrap();
    let capture = record.operations.last().unwrap().id;
    shop.approve(&mut record, capture).await;
    assert_eq!(shop.read(&record).await, record);
    assert_sound(bench).await;
}
