//! Reads for `altyn check`: page by page, each page in one short transaction on one snapshot.

use std::collections::HashMap;
use std::sync::LazyLock;

use altyn_app::check::{CheckReads, Dossier, StoredBalance};
use altyn_app::jobs::JobKind;
use altyn_app::ports::StoreError;
use altyn_domain::id::{PaymentId, ProjectId};
use altyn_domain::payment::Record;
use async_trait::async_trait;
use tokio_postgres::Row as PgRow;
use tokio_postgres::types::ToSql;

use super::PostgresStore;
use super::connection::{Link, database};
use super::reads::{read_all, value};
use crate::convert::job::{OF_OPERATIONS, kind};
use crate::convert::{callback, ledger, payment};
use crate::rows::{BalanceRow, CallbackRow, EntryRow, EventRow, OperationRow, PaymentRow, Row};

type Failure = tokio_postgres::Error;
type Key = (i64, i64);

#[async_trait]
impl CheckReads for PostgresStore {
    async fn dossiers(
        &self,
        after: Option<(ProjectId, PaymentId)>,
        limit: u32,
    ) -> Result<Vec<Dossier>, StoreError> {
        let after = after.map_or((0, 0), |(project, id)| (project.get().into(), id.get()));
        let line = self.reader.lock().await;
        let link = line.link().await?;
        let page = Page::read(&link, after, limit).await;
        if page.is_err() {
            // Its transaction may still be open.
            line.drop_link().await;
        }
        page.map_err(|error| database(&error))?.dossiers()
    }

    async fn balances(&self) -> Result<Vec<StoredBalance>, StoreError> {
        let rows = self.pool.rows(&BalanceRow::sql().select, &[]).await?;
        read_all::<BalanceRow>(&rows)?.iter().map(ledger::balance).collect()
    }
}

static PAYMENTS: LazyLock<String> = LazyLock::new(|| {
    let select = &PaymentRow::sql().select;
    format!(
        "{select} WHERE (project, id) > ($1::bigint, $2::bigint)
         ORDER BY project, id LIMIT $3::bigint"
    )
});

/// Rows of a table by the payment, or whatever else, that their two columns name.
pub(super) fn by_keys<R: Row>(first: &str, second: &str, order: &str) -> String {
    let columns: Vec<String> =
        R::COLUMNS.iter().map(|name| format!("{}.{name}", R::TABLE)).collect();
    let table = R::TABLE;
    format!(
        "SELECT {} FROM unnest($1::bigint[], $2::bigint[]) AS u(a, b)
         JOIN {table} ON {table}.{first} = u.a AND {table}.{second} = u.b
         ORDER BY {order}",
        columns.join(", ")
    )
}

static OPERATIONS: LazyLock<String> =
    LazyLock::new(|| by_keys::<OperationRow>("project", "payment", "operations.id"));
static EVENTS: LazyLock<String> =
    LazyLock::new(|| by_keys::<EventRow>("project", "payment", "events.seq"));
static ENTRIES: LazyLock<String> =
    LazyLock::new(|| by_keys::<EntryRow>("project", "operation", "entries.posting, entries.line"));
static CALLBACKS: LazyLock<String> =
    LazyLock::new(|| by_keys::<CallbackRow>("project", "payment", "callbacks.id"));

const JOBS: &str = "
    SELECT j.kind, j.subject FROM unnest($1::bigint[], $2::bigint[]) AS u(kind, subject)
    JOIN jobs AS j ON j.kind = u.kind AND j.subject = u.subject";

/// The rows of a page of payments.
#[derive(Default)]
struct Page {
    payments: Vec<PgRow>,
    operations: Vec<PgRow>,
    events: Vec<PgRow>,
    entries: Vec<PgRow>,
    callbacks: Vec<PgRow>,
    jobs: Vec<PgRow>,
}

impl Page {
    async fn read(link: &Link, after: Key, limit: u32) -> Result<Self, Failure> {
        link.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let limit = i64::from(limit);
        let payments = rows(link, &PAYMENTS, &[&after.0, &after.1, &limit]).await?;
        let keys = keys_of(&payments, 0, 1)?;
        let operations = by(link, &OPERATIONS, &keys).await?;
        let events = by(link, &EVENTS, &keys).await?;
        let callbacks = by(link, &CALLBACKS, &keys).await?;
        let operation_keys = keys_of(&operations, 0, 1)?;
        let entries = by(link, &ENTRIES, &operation_keys).await?;
        let mut job_keys: Vec<Key> = Vec::new();
        for kind in OF_OPERATIONS {
            job_keys.extend(operation_keys.iter().map(|(_, id)| (kind.number(), *id)));
        }
        let deliver = JobKind::DeliverCallback.number();
        job_keys.extend(keys_of(&callbacks, 0, 1)?.iter().map(|(_, id)| (deliver, *id)));
        let jobs = by(link, JOBS, &job_keys).await?;
        link.client.batch_execute("COMMIT").await?;
        Ok(Self { payments, operations, events, entries, callbacks, jobs })
    }

    fn dossiers(&self) -> Result<Vec<Dossier>, StoreError> {
        let mut payment_of: HashMap<i64, Key> = HashMap::new();
        let mut dossiers: Vec<Dossier> = Vec::with_capacity(self.payments.len());
        let mut places: HashMap<Key, usize> = HashMap::new();
        for row in read_all::<PaymentRow>(&self.payments)? {
            places.insert((row.project, row.id), dossiers.len());
            let record = Record { payment: payment::payment(row)?, operations: Vec::new() };
            let (events, entries, jobs, callbacks) = Default::default();
            dossiers.push(Dossier { record, events, entries, jobs, callbacks });
        }
        let mut with = |key: Option<&Key>, change: &mut dyn FnMut(&mut Dossier)| {
            let place = key.and_then(|key| places.get(key));
            if let Some(dossier) = place.and_then(|place| dossiers.get_mut(*place)) {
                change(dossier);
            }
        };
        for row in read_all::<OperationRow>(&self.operations)? {
            let key = (row.project, row.payment);
            payment_of.insert(row.id, key);
            let operation = payment::operation(row)?;
            with(Some(&key), &mut |dossier| dossier.record.operations.push(operation.clone()));
        }
        for row in read_all::<EventRow>(&self.events)? {
            let event = payment::event(&row)?;
            with(Some(&(row.project, row.payment)), &mut |to| to.events.push(event.clone()));
        }
        for row in read_all::<EntryRow>(&self.entries)? {
            let entry = ledger::entry(&row)?;
            with(payment_of.get(&row.operation), &mut |dossier| dossier.entries.push(entry));
        }
        for row in read_all::<CallbackRow>(&self.callbacks)? {
            let key = (row.project, row.payment);
            payment_of.insert(row.id, key);
            let stored = callback::stored_callback(&row)?;
            with(Some(&key), &mut |dossier| dossier.callbacks.push(stored));
        }
        for row in &self.jobs {
            let (kind, subject) = (kind(value(row, 0)?)?, value(row, 1)?);
            with(payment_of.get(&subject), &mut |dossier| dossier.jobs.push((kind, subject)));
        }
        Ok(dossiers)
    }
}

pub(super) async fn rows(
    link: &Link,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<PgRow>, Failure> {
    let statement = link.statement(sql).await?;
    link.client.query(&statement, parameters).await
}

pub(super) async fn by(link: &Link, sql: &str, keys: &[Key]) -> Result<Vec<PgRow>, Failure> {
    let first: Vec<i64> = keys.iter().map(|key| key.0).collect();
    let second: Vec<i64> = keys.iter().map(|key| key.1).collect();
    rows(link, sql, &[&first, &second]).await
}

fn keys_of(rows: &[PgRow], first: usize, second: usize) -> Result<Vec<Key>, Failure> {
    rows.iter().map(|row| Ok((row.try_get(first)?, row.try_get(second)?))).collect()
}
