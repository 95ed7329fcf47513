//! Reads by key. Each is one statement, so that what it gives fits together.

use std::sync::LazyLock;

use altyn_app::callback::{Callback, CallbackAttempt, CallbackFilter, CallbackState};
use altyn_app::ports::StoreError;
use altyn_app::ports::provider::Notification;
use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};
use altyn_domain::payment::Record;
use tokio_postgres::Row as PgRow;
use tokio_postgres::types::ToSql;

use super::connection::{Parameters, Pool, database};
use crate::convert::{At, callback, payment};
use crate::rows::{
    CallbackAttemptRow, CallbackRow, NotificationRow, OperationRow, PaymentRow, Row,
};

/// All rows.
pub(super) fn read_all<R: Row>(rows: &[PgRow]) -> Result<Vec<R>, StoreError> {
    rows.iter().map(|row| R::from_pg(row).map_err(|error| database(&error))).collect()
}

/// One value of a row.
pub(super) fn value(row: &PgRow, at: usize) -> Result<i64, StoreError> {
    row.try_get(at).map_err(|error| database(&error))
}

/// A payment's columns, then those of one of its operations; a row for each operation.
fn record_by(condition: &str) -> String {
    let columns = |alias: &str, names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("{alias}.{name}")).collect();
        names.join(", ")
    };
    format!(
        "SELECT {}, {} FROM payments AS p
         LEFT JOIN operations AS o ON o.project = p.project AND o.payment = p.id
         WHERE p.project = $1::bigint AND {condition} ORDER BY o.id",
        columns("p", PaymentRow::COLUMNS),
        columns("o", OperationRow::COLUMNS)
    )
}

static BY_ID: LazyLock<String> = LazyLock::new(|| record_by("p.id = $2::bigint"));
static BY_KEY: LazyLock<String> = LazyLock::new(|| record_by("p.reference_key = $2::text"));

/// A payment by our number.
pub(super) async fn payment_by_id(
    pool: &Pool,
    project: ProjectId,
    id: PaymentId,
) -> Result<Option<Record>, StoreError> {
    let project = i64::from(project.get());
    record(&pool.rows(&BY_ID, &[&project, &id.get()]).await?)
}

/// A payment by the merchant's folded id.
pub(super) async fn payment_by_key(
    pool: &Pool,
    project: ProjectId,
    key: &str,
) -> Result<Option<Record>, StoreError> {
    let project = i64::from(project.get());
    record(&pool.rows(&BY_KEY, &[&project, &key]).await?)
}

fn record(rows: &[PgRow]) -> Result<Option<Record>, StoreError> {
    let Some(first) = rows.first() else { return Ok(None) };
    let row = PaymentRow::from_pg(first).map_err(|error| database(&error))?;
    let mut operations = Vec::with_capacity(rows.len());
    let begin = PaymentRow::COLUMNS.len();
    for row in rows {
        // Without operations the payment stands alone, beside NULLs.
        let project: Option<i64> = row.try_get(begin).map_err(|error| database(&error))?;
        if project.is_some() {
            let row = OperationRow::from_pg_at(row, begin).map_err(|error| database(&error))?;
            operations.push(payment::operation(row)?);
        }
    }
    Ok(Some(Record { payment: payment::payment(row)?, operations }))
}

/// The payment of an operation.
pub(super) async fn payment_of(
    pool: &Pool,
    operation: OperationId,
) -> Result<Option<(ProjectId, PaymentId)>, StoreError> {
    let sql = "SELECT project, payment FROM operations WHERE id = $1::bigint";
    let rows = pool.rows(sql, &[&operation.get()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (project, payment) = (value(row, 0)?, value(row, 1)?);
    let at = At::of::<OperationRow>(project, operation.get());
    Ok(Some((at.project(project)?, PaymentId::new(payment))))
}

/// A refund by the merchant's id of it.
pub(super) async fn refund_by_merchant_id(
    pool: &Pool,
    project: ProjectId,
    merchant_refund_id: &str,
) -> Result<Option<(PaymentId, OperationId)>, StoreError> {
    let sql = "SELECT payment, id FROM operations
         WHERE project = $1::bigint AND merchant_refund_id = $2::text";
    let project = i64::from(project.get());
    let rows = pool.rows(sql, &[&project, &merchant_refund_id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some((PaymentId::new(value(row, 0)?), OperationId::new(value(row, 1)?))))
}

/// The oldest refund under way that goes by this number of the provider's: its sale's, until it is
/// given one of its own.
pub(super) async fn open_refund(
    pool: &Pool,
    account: &str,
    provider_payment_id: &str,
) -> Result<Option<(ProjectId, PaymentId, OperationId)>, StoreError> {
    // The last two conditions are those of the partial index, word for word.
    let sql = "SELECT project, payment, id FROM operations
         WHERE account = $1::text AND provider_payment_id = $2::text
             AND kind = 'refund' AND state IN ('sending', 'unknown', 'pending')
         ORDER BY id LIMIT 1";
    let rows = pool.rows(sql, &[&account, &provider_payment_id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (project, payment, id) = (value(row, 0)?, value(row, 1)?, value(row, 2)?);
    let at = At::of::<OperationRow>(project, id);
    Ok(Some((at.project(project)?, PaymentId::new(payment), OperationId::new(id))))
}

static NOTIFICATIONS: LazyLock<String> = LazyLock::new(|| {
    let select = &NotificationRow::sql().select;
    format!(
        "{select} WHERE project = $1::bigint AND operation = $2::bigint
         ORDER BY received_at, digest"
    )
});

/// What was notified about an operation.
pub(super) async fn notifications(
    pool: &Pool,
    project: ProjectId,
    operation: OperationId,
) -> Result<Vec<Notification>, StoreError> {
    let project = i64::from(project.get());
    let rows = pool.rows(&NOTIFICATIONS, &[&project, &operation.get()]).await?;
    read_all::<NotificationRow>(&rows)?.iter().map(payment::notification).collect()
}

static CALLBACK: LazyLock<String> =
    LazyLock::new(|| format!("{} WHERE id = $1::bigint", CallbackRow::sql().select));

/// A callback by number.
pub(super) async fn callback_by_id(
    pool: &Pool,
    id: CallbackId,
) -> Result<Option<Callback>, StoreError> {
    let rows = pool.rows(&CALLBACK, &[&id.get()]).await?;
    let row = read_all::<CallbackRow>(&rows)?.pop();
    row.map(callback::callback).transpose()
}

/// Callbacks by filter, newest first.
pub(super) async fn callbacks(
    pool: &Pool,
    filter: &CallbackFilter,
) -> Result<Vec<Callback>, StoreError> {
    let project = filter.project.map(|project| i64::from(project.get()));
    let payment = filter.payment.map(PaymentId::get);
    let state = filter.state.map(CallbackState::as_str);
    let before = filter.before.map(CallbackId::get);
    let limit = i64::from(filter.limit);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&limit];
    let mut conditions = String::from("true");
    let mut demand = |text: &str, parameter| {
        parameters.push(parameter);
        conditions.push_str(&format!(" AND {text}${}", parameters.len()));
    };
    if let Some(project) = &project {
        demand("project = ", project);
    }
    if let Some(payment) = &payment {
        demand("payment = ", payment);
    }
    if let Some(state) = &state {
        demand("state = ", state);
    }
    if let Some(before) = &before {
        demand("id < ", before);
    }
    if filter.state.is_some_and(|state| state != CallbackState::Delivered) {
        // Said so that the partial index may be used.
        conditions.push_str(" AND state <> 'delivered'");
    }
    let select = &CallbackRow::sql().select;
    let sql = format!("{select} WHERE {conditions} ORDER BY id DESC LIMIT $1");
    let rows = pool.rows(&sql, &parameters as Parameters<'_>).await?;
    read_all::<CallbackRow>(&rows)?.into_iter().map(callback::callback).collect()
}

static TRIES: LazyLock<String> = LazyLock::new(|| {
    let select = &CallbackAttemptRow::sql().select;
    format!("{select} WHERE callback = $1::bigint ORDER BY number")
});

/// The tries made for a callback.
pub(super) async fn tries(pool: &Pool, id: CallbackId) -> Result<Vec<CallbackAttempt>, StoreError> {
    let rows = pool.rows(&TRIES, &[&id.get()]).await?;
    read_all::<CallbackAttemptRow>(&rows)?.into_iter().map(callback::attempt).collect()
}
