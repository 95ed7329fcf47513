//! Sessions, and sign-ins that failed.

use altyn_app::access::user::{Failures, Session};
use altyn_app::ports::StoreError;
use altyn_domain::time::Timestamp;
use rusqlite::Connection;

use super::apply::insert;
use super::audit::log;
use super::command::{Batch, Command, Failure};
use super::reads::{all, one, select};
use crate::convert::session::{failures, session};
use crate::convert::storable;
use crate::rows::{AuditRow, FailureRow, Row, SessionRow};

/// Rows of a kind that one sweep removes at most, so that nobody waits long for the writer.
const SWEPT_AT_ONCE: i64 = 1_000;

select! {
    BY_DIGEST = SessionRow, "WHERE digest = ?1";
    OF_USER = SessionRow, "WHERE user_id = ?1 AND expires_at > ?2
        ORDER BY created_at DESC, digest";
    FAILURES = FailureRow, "WHERE subject = ?1";
}

/// A session by the digest of its cookie.
pub(super) fn by_digest(
    connection: &Connection,
    digest: &str,
) -> Result<Option<Session>, StoreError> {
    one(connection, &BY_DIGEST, [digest])?.map(session).transpose()
}

/// A user's sessions that have not ended, newest first.
pub(super) fn of_user(
    connection: &Connection,
    user: i64,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let rows: Vec<SessionRow> = all(connection, &OF_USER, (user, now.as_millis()))?;
    rows.into_iter().map(session).collect()
}

/// The failures of a subject.
pub(super) fn failures_of(connection: &Connection, subject: &str) -> Result<Failures, StoreError> {
    let row: Option<FailureRow> = one(connection, &FAILURES, [storable(subject)])?;
    Ok(row.as_ref().map(failures).unwrap_or_default())
}

/// Adds a session, in the place of another if one is named.
pub(super) struct OpenSession {
    pub(super) session: SessionRow,
    pub(super) replaces: Option<String>,
    pub(super) audit: AuditRow,
}

impl Command for OpenSession {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        if let Some(digest) = &self.replaces {
            end(batch.connection, digest)?;
        }
        insert(batch.connection, &self.session)?;
        log(batch.connection, &self.audit)
    }
}

fn end(connection: &Connection, digest: &str) -> Result<(), Failure> {
    connection.prepare_cached("DELETE FROM sessions WHERE digest = ?1")?.execute([digest])?;
    Ok(())
}

/// Notes that a session was used.
pub(super) struct TouchSession {
    pub(super) digest: String,
    pub(super) at: Timestamp,
}

impl Command for TouchSession {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        let mut statement = batch.connection.prepare_cached(
            "UPDATE sessions SET seen_at = ?2 WHERE digest = ?1 AND seen_at < ?2",
        )?;
        statement.execute((&self.digest, self.at.as_millis()))?;
        Ok(())
    }
}

/// Ends one session.
pub(super) struct EndSession {
    pub(super) digest: String,
    pub(super) audit: AuditRow,
}

impl Command for EndSession {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        end(batch.connection, &self.digest)?;
        log(batch.connection, &self.audit)
    }
}

/// Ends all sessions of a user but one.
pub(super) struct EndSessions {
    pub(super) user: i64,
    pub(super) but: Option<String>,
    pub(super) audit: AuditRow,
}

impl Command for EndSessions {
    type Answer = u64;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<u64, Failure> {
        let mut statement = batch
            .connection
            .prepare_cached("DELETE FROM sessions WHERE user_id = ?1 AND digest IS NOT ?2")?;
        let count = statement.execute((self.user, &self.but))?;
        log(batch.connection, &self.audit)?;
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }
}

/// Counts one more failure of each subject.
pub(super) struct AddFailure {
    pub(super) subjects: Vec<String>,
    pub(super) at: Timestamp,
}

impl Command for AddFailure {
    type Answer = Vec<Failures>;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<Vec<Failures>, Failure> {
        let mut statement = batch.connection.prepare_cached(
            "INSERT INTO sign_in_failures (subject, count, last_at) VALUES (?1, 1, ?2)
             ON CONFLICT (subject) DO UPDATE SET
                 count = count + 1, last_at = max(last_at, excluded.last_at)
             RETURNING subject, count, last_at",
        )?;
        let mut counts = Vec::with_capacity(self.subjects.len());
        for subject in &self.subjects {
            let params = (storable(subject), self.at.as_millis());
            counts.push(failures(&statement.query_row(params, FailureRow::from_sqlite)?));
        }
        Ok(counts)
    }
}

/// Forgets the failures of a subject.
pub(super) struct ClearFailures(pub(super) String);

impl Command for ClearFailures {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        let sql = "DELETE FROM sign_in_failures WHERE subject = ?1";
        batch.connection.prepare_cached(sql)?.execute([storable(&self.0)])?;
        Ok(())
    }
}

/// Removes sessions that have ended and failures that are old.
pub(super) struct Sweep {
    pub(super) now: Timestamp,
    pub(super) before: Timestamp,
}

impl Command for Sweep {
    type Answer = u64;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<u64, Failure> {
        let mut count = 0;
        for (sql, until) in [
            (
                "DELETE FROM sessions WHERE digest IN (
                     SELECT digest FROM sessions WHERE expires_at <= ?1
                     ORDER BY expires_at LIMIT ?2)",
                self.now,
            ),
            (
                "DELETE FROM sign_in_failures WHERE subject IN (
                     SELECT subject FROM sign_in_failures WHERE last_at < ?1
                     ORDER BY last_at LIMIT ?2)",
                self.before,
            ),
        ] {
            let mut statement = batch.connection.prepare_cached(sql)?;
            count += statement.execute((until.as_millis(), SWEPT_AT_ONCE))?;
        }
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }
}
