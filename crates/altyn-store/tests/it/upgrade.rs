//! An upgrade: a database of the first schema, with rows in it, is opened by this binary.

use std::sync::Arc;

use altyn_app::check::check;
use altyn_domain::callback::RetryPlan;
use altyn_domain::id::PaymentId;
use altyn_domain::method::Method;
use altyn_domain::money::Amount;
use altyn_domain::payment::decide::Happening;
use altyn_domain::payment::{OperationKind, PaymentState, Record};
use altyn_domain::project::CAPTURE_AFTER_MS;
use altyn_store::rows;
use altyn_testkit::build::{SECRET, Shop, capture_request, facts, project_id, rub};
use altyn_testkit::store_contract::{Bench, TextRows};

/// Made by the first schema, as statements for SQLite.
pub const ROWS: &str = include_str!("rows_of_0001.sql");
/// SHA-256 of the first schema as it was released.
pub const CHECKSUMS: Checksums = Checksums {
    sqlite: "5b23d5dd35bd8b32b559c8beb39b4d3a651c6a47b14f1fd2bcddac481954c693",
    postgres: "776acfe4e3aa5e627f0e1d47c7cf94c5370c53ea2bdb9ffd7a2c6aee6dc4c587",
};

/// One for each engine.
pub struct Checksums {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// What later schemas have added.
const NEW_COLUMNS: &[(&str, &str)] = &[
    ("payments", "authorized_minor"),
    ("operations", "method"),
    ("operations", "rrn"),
    ("operations", "eci"),
    ("operations", "card"),
    ("operations", "authentication"),
    ("operations", "capture_at"),
];

/// One statement for each table: all that the first schema knew of it.
pub fn old_tables() -> impl Iterator<Item = String> {
    rows::TABLES.iter().map(|(table, columns)| {
        let is_old = |name: &&str| !NEW_COLUMNS.contains(&(table, name));
        let old: Vec<&str> = columns.iter().copied().filter(is_old).collect();
        // No key has more than four columns, and each key comes first.
        let order: Vec<String> = (1..=old.len().min(4)).map(|at| at.to_string()).collect();
        format!("SELECT {} FROM {table} ORDER BY {}", old.join(", "), order.join(", "))
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
    assert_eq!(stored.secret.expose(), SECRET);
    let project = stored.project;
    assert_eq!((project.id, project.test, project.clock_offset_ms), (project_id(42), true, 60_000));
    assert_eq!((project.capture_after_ms, project.support.as_deref()), (CAPTURE_AFTER_MS, None));
    assert_eq!((project.allowed_hosts.len(), &project.retry_plan), (0, &RetryPlan::Documented));
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
