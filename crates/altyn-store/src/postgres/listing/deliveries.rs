//! Deliveries of many projects, and how their addresses do.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use altyn_app::callback::CallbackState;
use altyn_app::jobs::JobKind;
use altyn_app::ports::StoreError;
use altyn_app::ports::listing::{Deliveries, Delivery, DeliveryFilter, EndpointHealth};
use altyn_domain::id::ProjectId;
use altyn_domain::time::Timestamp;
use tokio_postgres::Row as PgRow;

use crate::convert::{At, callback, time};
use crate::listing::deliveries::{
    self, Chunks, Health, Source, Walk, address, each_project, worst_first,
};
use crate::listing::merge::{Ask, Chunk};
use crate::postgres::connection::{Pool, database};
use crate::rows::{CallbackAttemptRow, CallbackRow, Row};

/// Callbacks by number, without their bodies, newest first; then the reference, when each is tried
/// next, and the last try.
static DELIVERIES: LazyLock<String> = LazyLock::new(|| {
    let of = |alias: &str, names: &[&str]| -> String {
        let names: Vec<String> = names.iter().map(|name| format!("{alias}.{name}")).collect();
        names.join(", ")
    };
    format!(
        "SELECT {}, p.reference, j.due_at, {} FROM unnest($1::bigint[]) AS u(id)
         JOIN callbacks AS c ON c.id = u.id
         JOIN payments AS p ON p.project = c.project AND p.id = c.payment
         LEFT JOIN jobs AS j ON j.kind = $2::bigint AND j.subject = c.id
         LEFT JOIN LATERAL (
             SELECT * FROM callback_attempts AS last WHERE last.callback = c.id
             ORDER BY last.number DESC LIMIT 1) AS a ON true
         ORDER BY c.id DESC",
        of("c", CallbackRow::COLUMNS).replace("c.body", "''::bytea AS body"),
        of("a", CallbackAttemptRow::COLUMNS)
    )
});

/// A page of deliveries, newest first.
pub(super) async fn page(pool: &Pool, filter: &DeliveryFilter) -> Result<Deliveries, StoreError> {
    let (ids, older) = deliveries::page(&Callbacks(pool), filter).await?;
    if ids.is_empty() {
        return Ok(Deliveries { found: Vec::new(), older });
    }
    let rows = pool.rows(&DELIVERIES, &[&ids, &JobKind::DeliverCallback.number()]).await?;
    Ok(Deliveries { found: rows.iter().map(delivery).collect::<Result<_, _>>()?, older })
}

fn get<'r, T: tokio_postgres::types::FromSql<'r>>(
    row: &'r PgRow,
    at: usize,
) -> Result<T, StoreError> {
    row.try_get(at).map_err(|error| database(&error))
}

fn delivery(row: &PgRow) -> Result<Delivery, StoreError> {
    let after = CallbackRow::COLUMNS.len();
    let next_at: Option<i64> = get(row, after + 1)?;
    // Without a try there are only NULLs.
    let callback: Option<i64> = get(row, after + 2)?;
    let last = callback.map(|_| CallbackAttemptRow::from_pg_at(row, after + 2)).transpose();
    let last = last.map_err(|error| database(&error))?;
    let callback = CallbackRow::from_pg(row).map_err(|error| database(&error))?;
    Ok(Delivery {
        callback: callback::callback(callback)?,
        reference: get(row, after)?,
        last: last.map(callback::attempt).transpose()?,
        next_at: next_at.map(time),
    })
}

struct Callbacks<'a>(&'a Pool);

/// Every statement over many callbacks, how many parameters it has, and the index it goes by.
#[cfg(test)]
pub(super) fn statements() -> Vec<(String, usize, &'static str)> {
    use altyn_domain::id::PaymentId;
    let of = |payment, state| {
        sql(&Walk::of(&DeliveryFilter { payment, state, ..DeliveryFilter::default() }))
    };
    vec![
        (of(Some(PaymentId::new(1)), None), 6, "callbacks_payment"),
        (of(None, None), 6, "callbacks_project"),
        (of(None, Some(CallbackState::Delivered)), 6, "callbacks_project"),
        (of(None, Some(CallbackState::Owed)), 6, "callbacks_project_state"),
        (of(None, Some(CallbackState::GivenUp)), 6, "callbacks_project_state"),
        (DELIVERED.to_owned(), 3, "callbacks_project"),
        (NOT_DELIVERED.to_owned(), 3, "callbacks_project_state"),
        (DELIVERIES.clone(), 2, "callbacks_pkey"),
    ]
}

/// The next callbacks of each project, newest first: those that may be wanted, and the last of so
/// many. Each is a range of one index and in its order, which leaves the planner no choice.
fn sql(walk: &Walk) -> String {
    let (columns, values): (&[&str], _) = match (walk.payment, walk.state) {
        (Some(_), _) => (&["c.project", "c.payment", "c.id"], "s.project, $4::bigint"),
        (None, Some(CallbackState::Owed)) => {
            (&["c.project", "c.state", "c.id"], "s.project, 'owed'")
        }
        (None, Some(CallbackState::GivenUp)) => {
            (&["c.project", "c.state", "c.id"], "s.project, 'given_up'")
        }
        (None, Some(CallbackState::Delivered) | None) => (&["c.project", "c.id"], "s.project"),
    };
    let order = format!("{} DESC", columns.join(" DESC, "));
    let columns = columns.join(", ");
    // Said so that the partial index may be used.
    let partial = match walk.state {
        Some(CallbackState::Owed | CallbackState::GivenUp) => "AND c.state <> 'delivered'",
        Some(CallbackState::Delivered) | None => "",
    };
    format!(
        "SELECT s.place, one.id, one.url, one.state, one.is_last
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY
             AS s(project, before, size, place)
         CROSS JOIN LATERAL (
             SELECT c.id, c.url, c.state,
                 row_number() OVER (ORDER BY {order}) = s.size AS is_last
             FROM callbacks AS c
             WHERE ({columns}) > ({values}, 0) AND ({columns}) < ({values}, s.before) {partial}
             ORDER BY {order} LIMIT s.size) AS one
         WHERE one.is_last OR (($5::text IS NULL OR strpos(one.url, $5::text) > 0)
             AND ($6::text IS NULL OR one.state = $6::text)
             AND ($4::bigint IS NULL OR $4::bigint > 0))"
    )
}

impl Source for Callbacks<'_> {
    type Error = StoreError;

    async fn chunks(&self, walk: &Walk, asks: &[Ask<i64>]) -> Result<Chunks, StoreError> {
        let mut chunks: Chunks = Vec::with_capacity(asks.len());
        let (mut projects, mut before, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        for Ask { stream, reached, size } in asks {
            if let Some(project) = walk.projects.get(*stream) {
                chunks.push((*stream, Chunk { found: Vec::new(), last: None, seen: 0 }));
                projects.push(*project);
                before.push(reached.unwrap_or(walk.before));
                sizes.push(i64::try_from(*size).unwrap_or(i64::MAX));
            }
        }
        let state = walk.state.map(CallbackState::as_str);
        let rows = self
            .0
            .rows(&sql(walk), &[&projects, &before, &sizes, &walk.payment, &walk.host, &state])
            .await?;
        for row in &rows {
            let place: i64 = get(row, 0)?;
            let place = usize::try_from(place - 1).unwrap_or(usize::MAX);
            let (Some(size), Some((_, chunk))) = (sizes.get(place), chunks.get_mut(place)) else {
                continue;
            };
            let id = get(row, 1)?;
            chunk.seen += 1;
            if walk.wants(get(row, 2)?, get(row, 3)?) {
                chunk.found.push(id);
            }
            if get(row, 4)? {
                (chunk.last, chunk.seen) = (Some(id), usize::try_from(*size).unwrap_or(usize::MAX));
            }
        }
        Ok(chunks)
    }
}

/// The newest callbacks of each project that were made since `$2` and taken.
const DELIVERED: &str = "
    SELECT s.project, one.url, 'delivered'::text, count(*), max(one.ended_at)
    FROM unnest($1::bigint[]) AS s(project)
    CROSS JOIN LATERAL (
        SELECT c.url, c.state, c.ended_at, c.created_at FROM callbacks AS c
        WHERE (c.project, c.id) > (s.project, 0) AND (c.project, c.id) < (s.project + 1, 0)
        ORDER BY c.project DESC, c.id DESC LIMIT $3::bigint) AS one
    WHERE one.state = 'delivered' AND one.created_at >= $2::bigint
    GROUP BY s.project, one.url";

/// What each project still owes, and what was given up since `$2`.
const NOT_DELIVERED: &str = "
    SELECT s.project, one.url, one.state, count(*), NULL::bigint
    FROM unnest($1::bigint[]) AS s(project)
    CROSS JOIN unnest(ARRAY['owed', 'given_up']) AS standing(state)
    CROSS JOIN LATERAL (
        SELECT c.url, c.state, c.created_at FROM callbacks AS c
        WHERE (c.project, c.state, c.id) > (s.project, standing.state, 0)
            AND (c.project, c.state, c.id) < (s.project, standing.state, 9223372036854775807)
            AND c.state <> 'delivered'
        ORDER BY c.project DESC, c.state DESC, c.id DESC LIMIT $3::bigint) AS one
    WHERE one.state = 'owed' OR one.created_at >= $2::bigint
    GROUP BY s.project, one.url, one.state";

/// How the addresses of these projects have done.
pub(super) async fn endpoints(
    pool: &Pool,
    projects: &[ProjectId],
    since: Timestamp,
) -> Result<Vec<EndpointHealth>, StoreError> {
    let projects: Vec<i64> = projects.iter().map(|id| id.get().into()).collect();
    let (since, each) = (since.as_millis(), each_project(projects.len()));
    let mut healths: BTreeMap<(ProjectId, String), Health> = BTreeMap::new();
    for sql in [DELIVERED, NOT_DELIVERED] {
        for row in pool.rows(sql, &[&projects, &since, &each]).await? {
            let project = get(&row, 0)?;
            let project = At::of::<CallbackRow>(project, 0).project(project)?;
            let health = healths.entry((project, address(get(&row, 1)?))).or_default();
            let count: i64 = get(&row, 3)?;
            health.count(get(&row, 2)?, u64::try_from(count).unwrap_or(0), get(&row, 4)?);
        }
    }
    Ok(worst_first(healths))
}
