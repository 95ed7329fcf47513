//! Feeding the list: what commits left behind, and first what was there before.
//!
//! A step is one transaction, by one node at a time: the changes it takes away, the rows that follow
//! from them, and how far the building is. What it reads was written before those changes were seen.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use altyn_app::listing::Lag;
use altyn_app::ports::StoreError;
use altyn_domain::payment::Record;
use tokio_postgres::Row as PgRow;

use crate::convert::payment;
use crate::listing::feed::{Approvals, Key, Listed, STEP, STEP_ROWS, sound, unpack};
use crate::postgres::check::{by, by_keys, rows};
use crate::postgres::connection::{Line, Link, Pool, Server, database};
use crate::postgres::reads::{read_all, value};
use crate::rows::{ListingRow, OperationRow, PaymentRow, Row};

/// Held while a step is taken.
const LOCK: i64 = 0x616c_7479_6e5f_6c73;

/// Takes the first changes away, of about so many bytes.
const TAKE: &str = "
    DELETE FROM changes WHERE id IN (
        SELECT counted.id FROM (
            SELECT id, sum(length(payments)) OVER (ORDER BY id) - length(payments) AS before
            FROM (SELECT id, payments FROM changes ORDER BY id LIMIT $2::bigint) AS oldest
        ) AS counted WHERE counted.before < $1::bigint)
    RETURNING payments";

static PAYMENTS: LazyLock<String> =
    LazyLock::new(|| by_keys::<PaymentRow>("project", "id", "payments.project, payments.id"));
static OPERATIONS: LazyLock<String> =
    LazyLock::new(|| by_keys::<OperationRow>("project", "payment", "operations.id"));

static NEXT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{} WHERE (project, id) > ($1::bigint, $2::bigint)
         ORDER BY project, id LIMIT $3::bigint",
        PaymentRow::sql().select
    )
});

const APPROVALS: &str = "
    SELECT c.payment, c.operation, c.state FROM unnest($1::bigint[], $2::bigint[]) AS u(a, b)
    JOIN callbacks AS c ON c.project = u.a AND c.payment = u.b
    WHERE c.told = $3::text ORDER BY c.id";

/// Adds or replaces rows, unless the list has newer ones.
static PUT: LazyLock<String> = LazyLock::new(|| {
    let changes: Vec<String> =
        ListingRow::CHANGES.iter().map(|name| format!("{name} = excluded.{name}")).collect();
    format!(
        "{} ON CONFLICT (id) DO UPDATE SET {} WHERE listing.version <= excluded.version",
        ListingRow::sql().insert_unnest_pg,
        changes.join(", ")
    )
});

/// A text that did not change is left alone: it has more entries in its index than all the rest.
const PUT_TEXTS: &str = "
    INSERT INTO listing_texts (id, text) SELECT id, text
    FROM unnest($1::bigint[], $2::text[]) AS u(id, text)
    ON CONFLICT (id) DO UPDATE SET text = excluded.text WHERE listing_texts.text <> excluded.text";

const PUT_STATE: &str = "
    INSERT INTO listing_state (key, value) SELECT key, value
    FROM unnest($1::text[], $2::bigint[]) AS u(key, value)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value";

/// Every statement that reads, how many parameters it has, and the index it goes by.
#[cfg(test)]
pub(super) fn statements() -> Vec<(String, usize, &'static str)> {
    vec![
        (TAKE.to_owned(), 2, "changes_pkey"),
        (PAYMENTS.clone(), 2, "payments_pkey"),
        (OPERATIONS.clone(), 2, "operations_payment"),
        (NEXT.clone(), 3, "payments_pkey"),
        (APPROVALS.to_owned(), 3, "callbacks_payment"),
    ]
}

/// How far the building is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Building {
    after: Key,
    built: i64,
    is_done: bool,
}

const STATE: &str = "SELECT key, value FROM listing_state";

impl Building {
    fn read(rows: &[PgRow]) -> Result<Self, Failure> {
        let mut building = Self::default();
        for row in rows {
            let value = row.try_get(1)?;
            match row.try_get(0)? {
                "after_project" => building.after.0 = value,
                "after_payment" => building.after.1 = value,
                "built" => building.built = value,
                "is_done" => building.is_done = value != 0,
                _ => {}
            }
        }
        Ok(building)
    }

    async fn write(&self, link: &Link) -> Result<(), Failure> {
        let keys = ["after_project", "after_payment", "built", "is_done"];
        let values = [self.after.0, self.after.1, self.built, i64::from(self.is_done)];
        rows(link, PUT_STATE, &[&keys.as_slice(), &values.as_slice()]).await.map(drop)
    }
}

/// How far the list is behind.
pub(super) async fn lag(pool: &Pool) -> Result<Lag, StoreError> {
    let sql = "SELECT coalesce(sum(length(payments) / 16), 0)::bigint FROM changes";
    let waiting = pool.rows(sql, &[]).await?;
    let waiting = waiting.first().map_or(Ok(0), |row| value(row, 0))?;
    let building =
        Building::read(&pool.rows(STATE, &[]).await?).map_err(|error| database(&error))?;
    let built = u64::try_from(building.built).unwrap_or(0);
    Ok(Lag {
        waiting: u64::try_from(waiting).unwrap_or(0),
        building: (!building.is_done).then_some(built),
    })
}

type Failure = tokio_postgres::Error;

/// Takes the steps of this node, on a connection of its own.
pub(in crate::postgres) struct Feeder {
    line: Line,
    /// A transaction was begun and its end not seen.
    is_open: bool,
}

/// Why a step was not taken.
enum Trouble {
    Failed(Failure),
    Store(StoreError),
}

impl From<Failure> for Trouble {
    fn from(error: Failure) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Feeder {
    pub(in crate::postgres) fn new(server: &Arc<Server>) -> Self {
        Self { line: Line::new(server), is_open: false }
    }

    /// The connection, in no transaction.
    async fn link(&mut self) -> Result<Arc<Link>, StoreError> {
        if self.is_open {
            self.line.drop_link().await;
        }
        let link = self.line.link().await?;
        self.is_open = true;
        Ok(link)
    }

    /// Takes over a bounded number of changes; says how many payments were looked at.
    pub(super) async fn step(&mut self) -> Result<u64, StoreError> {
        let link = self.link().await?;
        let taken = take_over(&link).await;
        self.end(taken)
    }

    /// Forgets every row.
    pub(super) async fn forget(&mut self) -> Result<(), StoreError> {
        let link = self.link().await?;
        let sql = format!(
            "BEGIN; SELECT pg_advisory_xact_lock({LOCK});
             TRUNCATE listing, listing_texts, listing_state; COMMIT"
        );
        let forgotten = link.client.batch_execute(&sql).await;
        self.end(forgotten.map_err(Trouble::Failed))
    }

    /// A transaction that failed is left to the end of its connection.
    fn end<T>(&mut self, outcome: Result<T, Trouble>) -> Result<T, StoreError> {
        self.is_open = outcome.is_err();
        outcome.map_err(|trouble| match trouble {
            Trouble::Failed(error) => database(&error),
            Trouble::Store(error) => error,
        })
    }
}

async fn take_over(link: &Link) -> Result<u64, Trouble> {
    link.client.batch_execute("BEGIN").await?;
    let locked = rows(link, "SELECT pg_try_advisory_xact_lock($1::bigint)", &[&LOCK]).await?;
    if !locked.first().map_or(Ok(false), |row| row.try_get(0))? {
        link.client.batch_execute("ROLLBACK").await?;
        return Ok(0);
    }
    let bytes = STEP_ROWS * 16;
    let mut keys = BTreeSet::new();
    for row in rows(link, TAKE, &[&bytes, &STEP_ROWS]).await? {
        keys.extend(unpack(row.try_get(0)?));
    }
    let mut payments = keys.len();
    let keys: Vec<Key> = keys.into_iter().collect();
    let changed = read_all::<PaymentRow>(&by(link, &PAYMENTS, &keys).await?)?;
    put(link, list(link, changed).await?).await?;
    let building = Building::read(&rows(link, STATE, &[]).await?)?;
    if payments < STEP && !building.is_done {
        payments += build(link, building).await?;
    }
    link.client.batch_execute("COMMIT").await?;
    Ok(u64::try_from(payments).unwrap_or(u64::MAX))
}

/// Takes over the next payments of those that were there before.
async fn build(link: &Link, building: Building) -> Result<usize, Trouble> {
    let after = building.after;
    let next = rows(link, &NEXT, &[&after.0, &after.1, &STEP_ROWS]).await?;
    let next = read_all::<PaymentRow>(&next)?;
    let count = next.len();
    let after = next.last().map_or(after, |row| (row.project, row.id));
    put(link, list(link, next).await?).await?;
    let built = building.built + i64::try_from(count).unwrap_or(0);
    Building { after, built, is_done: count < STEP }.write(link).await?;
    Ok(count)
}

/// The payments as they are listed.
async fn list(link: &Link, payments: Vec<PaymentRow>) -> Result<Vec<Listed>, Trouble> {
    let keys: Vec<Key> = payments.iter().map(|row| (row.project, row.id)).collect();
    let mut operations: HashMap<i64, Vec<OperationRow>> = HashMap::new();
    for row in read_all::<OperationRow>(&by(link, &OPERATIONS, &keys).await?)? {
        operations.entry(row.payment).or_default().push(row);
    }
    let mut approvals = approvals(link, &keys).await?;
    let mut all = Vec::with_capacity(payments.len());
    for row in payments {
        let operations = operations.remove(&row.id).unwrap_or_default();
        let approvals = approvals.remove(&row.id).unwrap_or_default();
        let listed = record(row, operations).and_then(|record| Listed::of(&record, &approvals));
        all.extend(sound(listed)?);
    }
    Ok(all)
}

fn record(row: PaymentRow, operations: Vec<OperationRow>) -> Result<Record, StoreError> {
    let operations = operations.into_iter().map(payment::operation).collect::<Result<_, _>>()?;
    Ok(Record { payment: payment::payment(row)?, operations })
}

async fn approvals(link: &Link, keys: &[Key]) -> Result<BTreeMap<i64, Approvals>, Trouble> {
    let projects: Vec<i64> = keys.iter().map(|key| key.0).collect();
    let payments: Vec<i64> = keys.iter().map(|key| key.1).collect();
    let mut approvals: BTreeMap<i64, Approvals> = BTreeMap::new();
    for row in rows(link, APPROVALS, &[&projects, &payments, &Approvals::TOLD]).await? {
        let of_payment = approvals.entry(row.try_get(0)?).or_default();
        of_payment.push(row.try_get(1)?, row.try_get(2)?);
    }
    Ok(approvals)
}

async fn put(link: &Link, listed: Vec<Listed>) -> Result<(), Trouble> {
    if listed.is_empty() {
        return Ok(());
    }
    let all: Vec<&ListingRow> = listed.iter().map(|listed| &listed.row).collect();
    let columns = ListingRow::pg_columns(&all);
    let parameters: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = columns
        .iter()
        .map(|column| &**column as &(dyn tokio_postgres::types::ToSql + Sync))
        .collect();
    rows(link, &PUT, &parameters).await?;
    let ids: Vec<i64> = all.iter().map(|row| row.id).collect();
    let texts: Vec<&str> = listed.iter().map(|listed| listed.text.as_str()).collect();
    rows(link, PUT_TEXTS, &[&ids, &texts]).await?;
    Ok(())
}
