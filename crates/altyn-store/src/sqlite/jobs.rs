//! Jobs: added, claimed, ended, given back. The lease is the due time; see [`crate::rows::JobRow`].

use altyn_app::jobs::{Claim, Job, JobEnd, JobNext};
use altyn_app::ports::Conflict;
use altyn_domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::command::{Batch, Command, Failure};
use super::reads::select;
use crate::convert::job::claimed_job;
use crate::convert::json::encode;
use crate::rows::{JobRow, Row};

/// What of a job may have moved while it was held.
pub(super) struct Held {
    woken: bool,
    woken_for: Option<i64>,
}

/// Refuses when the lease of `job` is not ours any more.
pub(super) fn check_lease(connection: &Connection, job: &Job) -> Result<Held, Failure> {
    let mut statement = connection.prepare_cached(
        "SELECT wakes, woken_for FROM jobs
         WHERE kind = ?1 AND subject = ?2 AND owner = ?3 AND due_at = ?4",
    )?;
    let key = (job.kind.number(), job.subject, &job.lease.owner, job.lease.until.as_millis());
    let held: Option<(i64, Option<i64>)> =
        statement.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (wakes, woken_for) = held.ok_or(Failure::Refused(Conflict::LeaseLost))?;
    Ok(Held { woken: wakes != job.wakes, woken_for })
}

/// Ends a job whose lease was checked.
///
/// A job that changed nothing and was woken while it was worked on is not done: what it was woken
/// for may have come after it looked.
pub(super) fn end(
    connection: &Connection,
    end: &JobEnd,
    held: &Held,
    changes_payment: bool,
) -> Result<(), Failure> {
    let job = &end.job;
    match &end.next {
        JobNext::Done if held.woken && job.kind.heeds_wakes() && !changes_payment => {
            put_off(connection, job, held.woken_for.unwrap_or(0), None)
        }
        JobNext::Done => {
            let mut statement =
                connection.prepare_cached("DELETE FROM jobs WHERE kind = ?1 AND subject = ?2")?;
            statement.execute((job.kind.number(), job.subject))?;
            Ok(())
        }
        JobNext::Again { due_at, error } => {
            let asked = due_at.as_millis();
            let due_at = held.woken_for.map_or(asked, |woken_for| woken_for.min(asked));
            put_off(connection, job, due_at, error.as_deref())
        }
    }
}

fn put_off(
    connection: &Connection,
    job: &Job,
    due_at: i64,
    error: Option<&str>,
) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "UPDATE jobs SET owner = NULL, woken_for = NULL, attempts = attempts + 1,
             due_at = ?3, last_error = ?4
         WHERE kind = ?1 AND subject = ?2",
    )?;
    statement.execute((job.kind.number(), job.subject, due_at, error))?;
    Ok(())
}

/// Adds a job, or wakes the one there is.
pub(super) fn add(connection: &Connection, row: &JobRow) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO jobs (kind, subject, project, payment, lane, due_at, attempts, wakes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0)
         ON CONFLICT (kind, subject) DO UPDATE SET
             wakes = wakes + 1,
             due_at = iif(owner IS NULL, min(due_at, excluded.due_at), due_at),
             woken_for = iif(owner IS NULL, NULL,
                 min(ifnull(woken_for, excluded.due_at), excluded.due_at))",
    )?;
    statement.execute((row.kind, row.subject, row.project, row.payment, row.lane, row.due_at))?;
    Ok(())
}

impl Command for Claim {
    type Answer = Vec<Job>;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<Vec<Job>, Failure> {
        let mut due = batch.connection.prepare_cached(&DUE)?;
        let lanes = encode(&self.busy_lanes)?;
        let (kind, until) = (self.kind.number(), self.until.as_millis());
        let rows: Vec<JobRow> = due
            .query_map(
                (kind, self.now.as_millis(), lanes, self.limit, self.since.as_millis()),
                JobRow::from_sqlite,
            )?
            .collect::<Result<_, _>>()?;
        let mut lease = batch.connection.prepare_cached(
            "UPDATE jobs SET owner = ?3, due_at = ?4, woken_for = NULL
             WHERE kind = ?1 AND subject = ?2",
        )?;
        let mut jobs = Vec::with_capacity(rows.len());
        for row in rows {
            lease.execute((kind, row.subject, &self.owner, until))?;
            jobs.push(claimed_job(JobRow {
                owner: Some(self.owner.clone()),
                due_at: until,
                ..row
            })?);
        }
        Ok(jobs)
    }
}

select! {
    // Jobs of busy lanes are passed over inside the index.
    DUE = JobRow, "WHERE kind = ?1 AND due_at <= ?2 AND due_at >= ?5
         AND lane NOT IN (SELECT value FROM json_each(?3)) ORDER BY due_at LIMIT ?4";
}

/// Gives back every lease of an owner.
pub(super) struct Release {
    pub(super) owner: String,
    pub(super) now: Timestamp,
}

impl Command for Release {
    type Answer = u64;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<u64, Failure> {
        // No index leads here: it happens when a node stops.
        let mut statement = batch.connection.prepare_cached(
            "UPDATE jobs SET owner = NULL, woken_for = NULL, due_at = ?2 WHERE owner = ?1",
        )?;
        let released = statement.execute((&self.owner, self.now.as_millis()))?;
        Ok(u64::try_from(released).unwrap_or(u64::MAX))
    }
}
