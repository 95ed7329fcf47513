//! Jobs: claimed, given back, counted. The lease is the due time; see [`crate::rows::JobRow`].

use std::sync::LazyLock;

use altyn_app::jobs::{Claim, Job, JobKind, JobStats};
use altyn_app::ports::StoreError;
use altyn_domain::time::Timestamp;

use super::connection::{Pool, database};
use crate::convert::job::{claimed_job, kind};
use crate::rows::{JobRow, Row as _};

/// Skips what another claim or a writer holds at this moment: it is claimed already, or about to
/// change. The lease is what counts; the lock lasts for this statement only.
static CLAIM: LazyLock<String> = LazyLock::new(|| {
    let columns: Vec<String> = JobRow::COLUMNS.iter().map(|name| format!("jobs.{name}")).collect();
    format!(
        "WITH due AS MATERIALIZED (
             SELECT kind, subject, due_at FROM jobs
             WHERE kind = $1::bigint AND due_at <= $2::bigint AND due_at >= $7::bigint
                 AND lane <> ALL ($3::bigint[])
             ORDER BY due_at LIMIT $4::bigint FOR UPDATE SKIP LOCKED)
         UPDATE jobs SET owner = $5::text, due_at = $6::bigint, woken_for = NULL
         FROM due WHERE jobs.kind = due.kind AND jobs.subject = due.subject
         RETURNING {}, due.due_at AS was_due",
        columns.join(", ")
    )
});

/// Leases due jobs, oldest first.
pub(super) async fn claim(pool: &Pool, claim: Claim) -> Result<Vec<Job>, StoreError> {
    let limit = i64::from(claim.limit);
    let rows = pool
        .rows(
            &CLAIM,
            &[
                &claim.kind.number(),
                &claim.now.as_millis(),
                &claim.busy_lanes,
                &limit,
                &claim.owner,
                &claim.until.as_millis(),
                &claim.since.as_millis(),
            ],
        )
        .await?;
    let mut jobs = Vec::with_capacity(rows.len());
    for row in &rows {
        let was_due: i64 = row.try_get(JobRow::COLUMNS.len()).map_err(|error| database(&error))?;
        let job = claimed_job(JobRow::from_pg(row).map_err(|error| database(&error))?)?;
        jobs.push((was_due, job));
    }
    jobs.sort_by_key(|(was_due, job)| (*was_due, job.subject));
    Ok(jobs.into_iter().map(|(_, job)| job).collect())
}

/// Gives back every lease of an owner. No index leads there: it happens when a node stops.
pub(super) async fn release(pool: &Pool, owner: &str, now: Timestamp) -> Result<u64, StoreError> {
    let sql = "
        WITH released AS (
            UPDATE jobs SET owner = NULL, woken_for = NULL, due_at = $2::bigint
            WHERE owner = $1::text RETURNING 1)
        SELECT count(*) FROM released";
    let rows = pool.rows(sql, &[&owner, &now.as_millis()]).await?;
    let count = rows.first().map_or(Ok(0_i64), |row| row.try_get(0));
    Ok(u64::try_from(count.map_err(|error| database(&error))?).unwrap_or(0))
}

/// How each kind of job stands; every kind is told, also with nothing waiting.
pub(super) async fn stats(pool: &Pool, now: Timestamp) -> Result<Vec<JobStats>, StoreError> {
    let sql = "SELECT kind, count(*), min(due_at) FROM jobs GROUP BY kind";
    let mut stats: Vec<JobStats> = JobKind::ALL
        .iter()
        .map(|kind| JobStats { kind: *kind, waiting: 0, oldest_due_ms: 0 })
        .collect();
    for row in pool.rows(sql, &[]).await? {
        let read = || -> Result<(i64, i64, i64), tokio_postgres::Error> {
            Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
        };
        let (number, waiting, oldest) = read().map_err(|error| database(&error))?;
        let kind = kind(number)?;
        for one in stats.iter_mut().filter(|one| one.kind == kind) {
            let oldest_due_ms = now.as_millis().saturating_sub(oldest).max(0);
            *one = JobStats { kind, waiting, oldest_due_ms };
        }
    }
    Ok(stats)
}
