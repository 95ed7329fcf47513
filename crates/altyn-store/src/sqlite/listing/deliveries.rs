//! Deliveries of many projects, and how their addresses do.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use altyn_app::callback::CallbackState;
use altyn_app::jobs::JobKind;
use altyn_app::ports::StoreError;
use altyn_app::ports::listing::{Deliveries, Delivery, DeliveryFilter, EndpointHealth};
use altyn_domain::id::ProjectId;
use altyn_domain::time::Timestamp;
use futures_util::FutureExt as _;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::convert::{callback, time};
use crate::listing::deliveries;
use crate::listing::deliveries::{Chunks, Health, Source, Walk, each_project, worst_first};
use crate::listing::merge::{Ask, Chunk};
use crate::rows::{CallbackAttemptRow, CallbackRow, JobRow, Row};
use crate::sqlite::database;
use crate::sqlite::reads::{one, select};

select! {
    LAST_TRY = CallbackAttemptRow, "WHERE callback = ?1 ORDER BY number DESC LIMIT 1";
    JOB = JobRow, "WHERE kind = ?1 AND subject = ?2";
}

/// A callback without its body.
static CALLBACK: LazyLock<String> = LazyLock::new(|| {
    let select = CallbackRow::sql().select.replace("body", "x'' AS body");
    format!("{select} WHERE id = ?1")
});

/// A page of deliveries, newest first.
pub(super) fn page(
    connection: &Connection,
    filter: &DeliveryFilter,
) -> Result<Deliveries, StoreError> {
    let found = deliveries::page(&Callbacks(connection), filter).now_or_never();
    let waits = || StoreError::Database("a read of callbacks waits for something".to_owned());
    let (ids, older) = found.unwrap_or_else(|| Err(waits()))?;
    let rows = ids.into_iter().filter_map(|id| delivery(connection, id).transpose());
    Ok(Deliveries { found: rows.collect::<Result<_, _>>()?, older })
}

fn delivery(connection: &Connection, id: i64) -> Result<Option<Delivery>, StoreError> {
    let Some(row) = one::<CallbackRow>(connection, &CALLBACK, [id])? else { return Ok(None) };
    let sql = "SELECT reference FROM payments WHERE project = ?1 AND id = ?2";
    let reference = connection
        .prepare_cached(sql)
        .and_then(|mut read| read.query_row((row.project, row.payment), |row| row.get(0)))
        .map_err(|error| database(&error))?;
    let last: Option<CallbackAttemptRow> = one(connection, &LAST_TRY, [id])?;
    let job: Option<JobRow> = one(connection, &JOB, (JobKind::DeliverCallback.number(), id))?;
    Ok(Some(Delivery {
        callback: callback::callback(row)?,
        reference,
        last: last.map(callback::attempt).transpose()?,
        next_at: job.map(|job| time(job.due_at)),
    }))
}

struct Callbacks<'a>(&'a Connection);

/// Every statement over many callbacks.
#[cfg(test)]
pub(super) fn statements() -> Vec<&'static str> {
    use altyn_domain::id::PaymentId;
    let payment = Some(PaymentId::new(1));
    let mut filters = vec![DeliveryFilter { payment, ..DeliveryFilter::default() }];
    for state in [None, Some(CallbackState::Owed), Some(CallbackState::Delivered)] {
        filters.push(DeliveryFilter { state, ..DeliveryFilter::default() });
    }
    let mut all: Vec<&str> = filters.iter().map(|filter| sql(&Walk::of(filter))).collect();
    all.extend([NEWEST, NOT_DELIVERED]);
    all
}

/// The callbacks of a project older than `?2`, newest first, `?3` of them at most.
fn sql(walk: &Walk) -> &'static str {
    match (walk.payment, walk.state) {
        (Some(_), _) => {
            "SELECT id, url, state FROM callbacks INDEXED BY callbacks_payment
             WHERE payment = ?4 AND project = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
        }
        (None, Some(CallbackState::Owed | CallbackState::GivenUp)) => {
            "SELECT id, url, state FROM callbacks INDEXED BY callbacks_project_state
             WHERE project = ?1 AND state = ?4 AND state <> 'delivered' AND id < ?2
             ORDER BY id DESC LIMIT ?3"
        }
        (None, Some(CallbackState::Delivered) | None) => {
            "SELECT id, url, state FROM callbacks INDEXED BY callbacks_project
             WHERE project = ?1 AND id < ?2 AND ?4 IS NULL ORDER BY id DESC LIMIT ?3"
        }
    }
}

/// What `?4` is.
fn fourth(walk: &Walk) -> Value {
    match (walk.payment, walk.state) {
        (Some(payment), _) => payment.into(),
        (None, Some(state @ (CallbackState::Owed | CallbackState::GivenUp))) => {
            state.as_str().to_owned().into()
        }
        (None, Some(CallbackState::Delivered) | None) => Value::Null,
    }
}

impl Source for Callbacks<'_> {
    type Error = StoreError;

    async fn chunks(&self, walk: &Walk, asks: &[Ask<i64>]) -> Result<Chunks, StoreError> {
        let read = || -> rusqlite::Result<Chunks> {
            let mut statement = self.0.prepare_cached(sql(walk))?;
            let mut chunks = Vec::with_capacity(asks.len());
            for Ask { stream, reached, size } in asks {
                let Some(project) = walk.projects.get(*stream) else { continue };
                let before = reached.unwrap_or(walk.before);
                let limit = i64::try_from(*size).unwrap_or(i64::MAX);
                let values: [Value; 4] =
                    [(*project).into(), before.into(), limit.into(), fourth(walk)];
                let mut rows = statement.query(params_from_iter(values))?;
                let (mut found, mut last, mut seen) = (Vec::new(), None, 0);
                while let Some(row) = rows.next()? {
                    let id = row.get(0)?;
                    seen += 1;
                    last = (seen == *size).then_some(id);
                    let (url, state) = (row.get_ref(1)?.as_str()?, row.get_ref(2)?.as_str()?);
                    found.extend(walk.wants(url, state).then_some(id));
                }
                chunks.push((*stream, Chunk { found, last, seen }));
            }
            Ok(chunks)
        };
        read().map_err(|error| database(&error))
    }
}

/// The newest callbacks of a project that were made since `?2`.
const NEWEST: &str = "
    SELECT url, state, ended_at, created_at >= ?2 FROM callbacks INDEXED BY callbacks_project
    WHERE project = ?1 ORDER BY id DESC LIMIT ?3";

/// What a project still owes, and what was given up since `?2`.
const NOT_DELIVERED: &str = "
    SELECT url, state, ended_at, state = 'owed' OR created_at >= ?2
    FROM callbacks INDEXED BY callbacks_project_state
    WHERE project = ?1 AND state <> 'delivered' AND state IN ('owed', 'given_up') LIMIT ?3";

/// How the addresses of these projects have done.
pub(super) fn endpoints(
    connection: &Connection,
    projects: &[ProjectId],
    since: Timestamp,
) -> Result<Vec<EndpointHealth>, StoreError> {
    let mut healths = BTreeMap::new();
    let each = each_project(projects.len());
    for project in projects {
        let values = (project.get(), since.as_millis(), each);
        let read = |healths: &mut BTreeMap<_, _>| -> rusqlite::Result<()> {
            health(connection, NEWEST, values, "delivered", *project, healths)?;
            health(connection, NOT_DELIVERED, values, "", *project, healths)
        };
        read(&mut healths).map_err(|error| database(&error))?;
    }
    Ok(worst_first(healths))
}

/// Counts callbacks, if `only` is a state, of that one, by project and address.
fn health(
    connection: &Connection,
    sql: &str,
    values: (u32, i64, i64),
    only: &str,
    project: ProjectId,
    healths: &mut BTreeMap<(ProjectId, String), Health>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        let state = row.get_ref(1)?.as_str()?;
        let is_recent: bool = row.get(3)?;
        if !is_recent && only == "delivered" {
            // Made in the order of their numbers: what follows is older.
            break;
        }
        if is_recent && (only.is_empty() || only == state) {
            let url = deliveries::address(row.get_ref(0)?.as_str()?);
            healths.entry((project, url)).or_default().count(state, 1, row.get(2)?);
        }
    }
    Ok(())
}
