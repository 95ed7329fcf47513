//! Everything known of one payment: the payment first, and then what hangs on it, which may be a
//! moment newer.

use std::collections::HashMap;
use std::sync::LazyLock;

use altyn_app::jobs::JobKind;
use altyn_app::ports::StoreError;
use altyn_app::ports::listing::History;
use altyn_domain::id::{CallbackId, OperationId, PaymentId, ProjectId};

use crate::convert::{callback, ledger, payment, time};
use crate::listing::feed::{attempt, posted};
use crate::postgres::connection::Pool;
use crate::postgres::reads::{payment_by_id, read_all, value};
use crate::rows::{
    AttemptRow, CallbackAttemptRow, CallbackRow, EntryRow, EventRow, NotificationRow, Row,
};

fn select<R: Row>(tail: &str) -> String {
    format!("{} WHERE {tail}", R::sql().select)
}

static EVENTS: LazyLock<String> = LazyLock::new(|| {
    select::<EventRow>("project = $1::bigint AND payment = $2::bigint ORDER BY seq")
});
static ATTEMPTS: LazyLock<String> = LazyLock::new(|| {
    select::<AttemptRow>(
        "project = $1::bigint AND operation = ANY($2::bigint[])
         ORDER BY started_at, operation, number",
    )
});
static NOTIFICATIONS: LazyLock<String> = LazyLock::new(|| {
    select::<NotificationRow>(
        "project = $1::bigint AND operation = ANY($2::bigint[]) ORDER BY received_at, digest",
    )
});
static ENTRIES: LazyLock<String> = LazyLock::new(|| {
    select::<EntryRow>(
        "project = $1::bigint AND operation = ANY($2::bigint[])
         ORDER BY operation, posting, line",
    )
});
static CALLBACKS: LazyLock<String> = LazyLock::new(|| {
    select::<CallbackRow>("project = $1::bigint AND payment = $2::bigint ORDER BY id")
});
static TRIES: LazyLock<String> = LazyLock::new(|| {
    select::<CallbackAttemptRow>("callback = ANY($1::bigint[]) ORDER BY callback, number")
});
const JOBS: &str = "
    SELECT subject, due_at FROM jobs WHERE kind = $1::bigint AND subject = ANY($2::bigint[])
    ORDER BY subject";

/// Everything known of a payment.
pub(super) async fn history(
    pool: &Pool,
    project: ProjectId,
    id: PaymentId,
) -> Result<Option<History>, StoreError> {
    let Some(record) = payment_by_id(pool, project, id).await? else { return Ok(None) };
    let operations: Vec<i64> = record.operations.iter().map(|one| one.id.get()).collect();
    let (project, id) = (i64::from(project.get()), id.get());
    let events = read_all::<EventRow>(&pool.rows(&EVENTS, &[&project, &id]).await?)?;
    let attempts = read_all::<AttemptRow>(&pool.rows(&ATTEMPTS, &[&project, &operations]).await?)?;
    let notifications =
        read_all::<NotificationRow>(&pool.rows(&NOTIFICATIONS, &[&project, &operations]).await?)?;
    let entries = read_all::<EntryRow>(&pool.rows(&ENTRIES, &[&project, &operations]).await?)?;
    let callbacks = read_all::<CallbackRow>(&pool.rows(&CALLBACKS, &[&project, &id]).await?)?;
    let ids: Vec<i64> = callbacks.iter().map(|row| row.id).collect();
    let mut tries: HashMap<i64, Vec<_>> = HashMap::new();
    for row in read_all::<CallbackAttemptRow>(&pool.rows(&TRIES, &[&ids]).await?)? {
        tries.entry(row.callback).or_default().push(callback::attempt(row)?);
    }
    let deliver = JobKind::DeliverCallback.number();
    let mut next_tries = Vec::new();
    for row in pool.rows(JOBS, &[&deliver, &ids]).await? {
        next_tries.push((CallbackId::new(value(&row, 0)?), time(value(&row, 1)?)));
    }
    let told =
        |row: &NotificationRow| Ok((OperationId::new(row.operation), payment::notification(row)?));
    let with_tries = |row: CallbackRow| {
        let tries = tries.remove(&row.id).unwrap_or_default();
        Ok((callback::callback(row)?, tries))
    };
    Ok(Some(History {
        record,
        events: events.iter().map(payment::event).collect::<Result<_, _>>()?,
        attempts: attempts.into_iter().map(attempt).collect(),
        notifications: notifications.iter().map(told).collect::<Result<_, StoreError>>()?,
        posted: posted(&entries),
        entries: entries.iter().map(ledger::entry).collect::<Result<_, _>>()?,
        callbacks: callbacks.into_iter().map(with_tries).collect::<Result<_, StoreError>>()?,
        next_tries,
    }))
}
