//! The audit log: written, sealed, read.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use altyn_app::access::audit::{Action, AuditFilter, StoredAudit};
use altyn_app::ports::StoreError;
use altyn_domain::id::PaymentId;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row as PgRow, Transaction};

use super::connection::{Parameters, Pool, in_time};
use super::reads::read_all;
use crate::convert::audit::{sealed_at_once, seals, stored_audit};
use crate::rows::{AuditRow, PgColumn, Row as _};

/// What is written of an entry: its number comes from the database, its seal later.
const WRITTEN: [(&str, &str); 10] = [
    ("at", "bigint"),
    ("user_id", "bigint"),
    ("login", "text"),
    ("address", "text"),
    ("project", "bigint"),
    ("payment", "bigint"),
    ("operation", "bigint"),
    ("action", "text"),
    ("result", "text"),
    ("detail", "text"),
];

/// Adds entries, given as one array for each column from the parameter `first` on.
pub(super) fn log(first: usize) -> String {
    let names = WRITTEN.map(|(name, _)| name).join(", ");
    let arrays: Vec<String> =
        (first..).zip(WRITTEN).map(|(at, (_, kind))| format!("${at}::{kind}[]")).collect();
    format!("INSERT INTO audit ({names}) SELECT * FROM unnest({})", arrays.join(", "))
}

/// The parameters of [`log`].
pub(super) fn log_columns<'a>(rows: &[&'a AuditRow]) -> Vec<PgColumn<'a>> {
    fn column<'a, T>(rows: &[&'a AuditRow], of: impl Fn(&'a AuditRow) -> T) -> PgColumn<'a>
    where
        T: ToSql + Sync + Send + 'a,
    {
        Box::new(rows.iter().map(|row| of(row)).collect::<Vec<T>>())
    }
    vec![
        column(rows, |row| row.at),
        column(rows, |row| row.user_id),
        column(rows, |row| row.login.as_str()),
        column(rows, |row| row.address.as_str()),
        column(rows, |row| row.project),
        column(rows, |row| row.payment),
        column(rows, |row| row.operation),
        column(rows, |row| row.action.as_str()),
        column(rows, |row| row.result.as_str()),
        column(rows, |row| row.detail.as_str()),
    ]
}

/// Boxed columns as parameters.
pub(super) fn parameters<'a>(columns: &'a [PgColumn<'_>]) -> Vec<&'a (dyn ToSql + Sync)> {
    columns.iter().map(|column| &**column as &(dyn ToSql + Sync)).collect()
}

/// Writes something together with its entries, in one statement: `write` is what follows the
/// common table expression that adds them, and its parameters come first.
pub(super) async fn write_logged(
    pool: &Pool,
    write: &str,
    values: Parameters<'_>,
    entries: &[&AuditRow],
) -> Result<Vec<PgRow>, StoreError> {
    let sql = format!("WITH logged AS ({}) {write}", log(values.len() + 1));
    let columns = log_columns(entries);
    let mut all = values.to_vec();
    all.extend(parameters(&columns));
    pool.rows_once(&sql, &all).await
}

static LOG: LazyLock<String> = LazyLock::new(|| log(1));

/// Writes an entry that belongs to no other change.
pub(super) async fn add(pool: &Pool, row: &AuditRow) -> Result<(), StoreError> {
    pool.rows_once(&LOG, &parameters(&log_columns(&[row]))).await.map(drop)
}

/// Writes an entry, if there is one, in a transaction of something else.
pub(super) async fn write_entry(
    transaction: &Transaction<'_>,
    row: Option<&AuditRow>,
) -> Result<(), tokio_postgres::Error> {
    let Some(row) = row else { return Ok(()) };
    transaction.execute(&*LOG, &parameters(&log_columns(&[row]))).await.map(drop)
}

/// What sealers take turns by: any number that nothing else locks.
const SEALING: i64 = 0x616c_7479_6e01;

static UNSEALED: LazyLock<String> = LazyLock::new(|| {
    let select = &AuditRow::sql().select;
    format!("{select} WHERE position IS NULL ORDER BY id LIMIT $1::bigint")
});

const LAST: &str = "
    SELECT position, hash FROM audit WHERE position IS NOT NULL ORDER BY position DESC LIMIT 1";

const SEAL: &str = "
    UPDATE audit SET position = u.position, hash = u.hash
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS u(id, position, hash)
    WHERE audit.id = u.id AND audit.position IS NULL";

/// Seals what is not sealed yet, one node at a time: what a sealer reads under the lock is what the
/// one before it committed. An entry whose transaction ends late is sealed behind younger ones; the
/// chain tells the order of sealing. The connection is its own, so that whoever stops waiting
/// leaves neither lock nor transaction behind.
pub(super) async fn seal(pool: &Pool, limit: u32) -> Result<u64, StoreError> {
    // Mostly there is nothing, and no connection is made for that.
    if pool.rows("SELECT 1 FROM audit WHERE position IS NULL LIMIT 1", &[]).await?.is_empty() {
        return Ok(0);
    }
    let mut link = pool.own_link().await?;
    let sealing = async {
        let transaction = link.client.transaction().await?;
        let lock = "SELECT pg_advisory_xact_lock($1::bigint)";
        transaction.query(lock, &[&SEALING]).await?;
        let last = match transaction.query_opt(LAST, &[]).await? {
            Some(row) => Some((row.try_get(0)?, row.try_get(1)?)),
            None => None,
        };
        let rows = transaction.query(&*UNSEALED, &[&sealed_at_once(limit)]).await?;
        let seals = match read_all(&rows).and_then(|unsealed| seals(last, unsealed)) {
            Ok(seals) => seals,
            Err(error) => return Ok(Err(error)),
        };
        let ids: Vec<i64> = seals.iter().map(|(id, _)| *id).collect();
        let positions: Vec<i64> = seals.iter().map(|(_, seal)| seal.position).collect();
        let hashes: Vec<&str> = seals.iter().map(|(_, seal)| seal.hash.as_str()).collect();
        let count = transaction.execute(SEAL, &[&ids, &positions, &hashes]).await?;
        transaction.commit().await?;
        Ok(Ok(count))
    };
    in_time(sealing).await?
}

static SEALED_AFTER: LazyLock<String> = LazyLock::new(|| {
    let select = &AuditRow::sql().select;
    format!("{select} WHERE position > $1::bigint ORDER BY position LIMIT $2::bigint")
});

/// Sealed entries after a position.
pub(super) async fn sealed_after(
    pool: &Pool,
    position: i64,
    limit: u32,
) -> Result<Vec<StoredAudit>, StoreError> {
    let rows = pool.rows(&SEALED_AFTER, &[&position, &i64::from(limit)]).await?;
    stored(&rows)
}

fn stored(rows: &[PgRow]) -> Result<Vec<StoredAudit>, StoreError> {
    read_all::<AuditRow>(rows)?.into_iter().map(stored_audit).collect()
}

/// Entries by filter, newest first. Each project is walked by itself and gives a page at most:
/// a project of whom there is little would otherwise be looked for through the whole log.
pub(super) async fn entries(
    pool: &Pool,
    filter: &AuditFilter,
) -> Result<Vec<StoredAudit>, StoreError> {
    let (limit, before) = (i64::from(filter.limit), filter.before.unwrap_or(i64::MAX));
    let payment = filter.payment.map(PaymentId::get);
    let action = filter.action.map(Action::as_str);
    let projects: Option<Vec<i64>> = filter.projects.as_ref().map(|projects| {
        let numbers: BTreeSet<i64> = projects.iter().map(|one| one.get().into()).collect();
        numbers.into_iter().collect()
    });
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&limit, &before];
    let mut equal: Vec<(&str, String)> = Vec::new();
    let mut demand = |column, parameter| {
        parameters.push(parameter);
        equal.push((column, format!("${}", parameters.len())));
    };
    if let Some(payment) = &payment {
        demand("payment", payment);
    }
    if let Some(user) = &filter.user {
        demand("user_id", user);
    }
    let is_narrow = payment.is_some() || filter.user.is_some();
    if let Some(action) = &action {
        demand("action", action);
    }
    let sql = match &projects {
        None => walk(&equal, ""),
        Some(numbers) => {
            parameters.push(numbers);
            let numbers = format!("${}::bigint[]", parameters.len());
            if is_narrow {
                walk(&equal, &format!(" AND project = ANY ({numbers})"))
            } else {
                equal.insert(0, ("project", "wanted.number".to_owned()));
                let walk = walk(&equal, "");
                format!(
                    "SELECT found.* FROM unnest({numbers}) AS wanted(number)
                     CROSS JOIN LATERAL ({walk}) AS found
                     ORDER BY found.id DESC LIMIT $1"
                )
            }
        }
    };
    stored(&pool.rows(&sql, &parameters).await?)
}

/// A page of the entries whose columns equal these values, along the index of the first of them:
/// as a span of that index, for by an equation the planner may as well go through the whole log
/// backwards, hoping to meet enough of them soon.
fn walk(equal: &[(&str, String)], so: &str) -> String {
    let select = &AuditRow::sql().select;
    let Some(((column, value), rest)) = equal.split_first() else {
        return format!("{select} WHERE id < $2::bigint{so} ORDER BY id DESC LIMIT $1::bigint");
    };
    let rest: String =
        rest.iter().map(|(column, value)| format!(" AND {column} = {value}")).collect();
    format!(
        "{select} WHERE {column} IS NOT NULL AND ({column}, id) < ({value}, $2::bigint)
             AND ({column}, id) > ({value}, 0){rest}{so}
         ORDER BY {column} DESC, id DESC LIMIT $1::bigint"
    )
}
