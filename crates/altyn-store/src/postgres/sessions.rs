//! Sessions, and sign-ins that failed.

use std::collections::HashMap;
use std::sync::LazyLock;

use altyn_app::access::user::{Failures, Session};
use altyn_app::ports::StoreError;
use altyn_domain::time::Timestamp;

use super::audit::write_logged;
use super::connection::Pool;
use super::reads::{read_all, value};
use crate::convert::session::{failures, session};
use crate::convert::storable;
use crate::rows::{AuditRow, FailureRow, Row as _, SessionRow};

/// Rows of a kind that one sweep removes at most.
const SWEPT_AT_ONCE: i64 = 1_000;

static BY_DIGEST: LazyLock<String> =
    LazyLock::new(|| format!("{} WHERE digest = $1::text", SessionRow::sql().select));

static OF_USER: LazyLock<String> = LazyLock::new(|| {
    let select = &SessionRow::sql().select;
    format!(
        "{select} WHERE user_id = $1::bigint AND expires_at > $2::bigint
         ORDER BY created_at DESC, digest"
    )
});

static FAILURES: LazyLock<String> =
    LazyLock::new(|| format!("{} WHERE subject = $1::text", FailureRow::sql().select));

/// A session by the digest of its cookie.
pub(super) async fn by_digest(pool: &Pool, digest: &str) -> Result<Option<Session>, StoreError> {
    let rows = pool.rows(&BY_DIGEST, &[&digest]).await?;
    read_all::<SessionRow>(&rows)?.pop().map(session).transpose()
}

/// A user's sessions that have not ended, newest first.
pub(super) async fn of_user(
    pool: &Pool,
    user: i64,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let rows = pool.rows(&OF_USER, &[&user, &now.as_millis()]).await?;
    read_all::<SessionRow>(&rows)?.into_iter().map(session).collect()
}

/// It waits for whoever changes the user: what ends his sessions either finds this one, or is seen by
/// whoever looks at the user after it.
const OPEN: &str = ",
    replaced AS (DELETE FROM sessions WHERE digest = $9::text)
    INSERT INTO sessions
        (digest, user_id, stage, created_at, seen_at, expires_at, address, agent)
    SELECT $1::text, $2::bigint, $3::text, $4::bigint, $5::bigint, $6::bigint, $7::text, $8::text
    FROM (SELECT count(*) FROM (
        SELECT 1 FROM users WHERE id = $2::bigint FOR SHARE) AS his) AS locked";

/// Adds a session, in the place of another if one is named.
pub(super) async fn open(
    pool: &Pool,
    row: &SessionRow,
    replaces: Option<&str>,
    audit: &AuditRow,
) -> Result<(), StoreError> {
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 9] = [
        &row.digest,
        &row.user_id,
        &row.stage,
        &row.created_at,
        &row.seen_at,
        &row.expires_at,
        &row.address,
        &row.agent,
        &replaces,
    ];
    write_logged(pool, OPEN, &values, &[audit]).await.map(drop)
}

/// Notes that a session was used.
pub(super) async fn touch(pool: &Pool, digest: &str, at: Timestamp) -> Result<(), StoreError> {
    let sql = "
        UPDATE sessions SET seen_at = $2::bigint
        WHERE digest = $1::text AND seen_at < $2::bigint";
    pool.rows(sql, &[&digest, &at.as_millis()]).await.map(drop)
}

/// Ends one session.
pub(super) async fn end(pool: &Pool, digest: &str, audit: &AuditRow) -> Result<(), StoreError> {
    let sql = "DELETE FROM sessions WHERE digest = $1::text";
    write_logged(pool, sql, &[&digest], &[audit]).await.map(drop)
}

/// All sessions of a user but one.
pub(super) const END_ALL: &str = "
    DELETE FROM sessions WHERE user_id = $1::bigint AND digest IS DISTINCT FROM $2::text
    RETURNING 1";

/// Ends all sessions of a user but one.
pub(super) async fn end_all(
    pool: &Pool,
    user: i64,
    but: Option<&str>,
    audit: &AuditRow,
) -> Result<u64, StoreError> {
    let ended = write_logged(pool, END_ALL, &[&user, &but], &[audit]).await?;
    Ok(u64::try_from(ended.len()).unwrap_or(u64::MAX))
}

/// The failures of a subject.
pub(super) async fn failures_of(pool: &Pool, subject: &str) -> Result<Failures, StoreError> {
    let rows = pool.rows(&FAILURES, &[&storable(subject)]).await?;
    Ok(read_all::<FailureRow>(&rows)?.first().map(failures).unwrap_or_default())
}

/// In the order of the subjects, so that two who count the same ones wait for each other instead of
/// deadlocking.
const ADD_FAILURES: &str = "
    INSERT INTO sign_in_failures AS known (subject, count, last_at)
    SELECT subject, count(*), $2::bigint FROM unnest($1::text[]) AS u(subject)
    GROUP BY subject ORDER BY subject
    ON CONFLICT (subject) DO UPDATE SET
        count = known.count + excluded.count,
        last_at = greatest(known.last_at, excluded.last_at)
    RETURNING subject, count, last_at";

/// Counts one more failure of each subject.
pub(super) async fn add_failures(
    pool: &Pool,
    subjects: &[String],
    at: Timestamp,
) -> Result<Vec<Failures>, StoreError> {
    let subjects: Vec<_> = subjects.iter().map(|subject| storable(subject)).collect();
    let rows = pool.rows_once(ADD_FAILURES, &[&subjects, &at.as_millis()]).await?;
    let rows: Vec<FailureRow> = read_all(&rows)?;
    let counts: HashMap<&str, Failures> =
        rows.iter().map(|row| (row.subject.as_str(), failures(row))).collect();
    let count = |subject: &std::borrow::Cow<'_, str>| counts.get(subject.as_ref()).copied();
    Ok(subjects.iter().filter_map(count).collect())
}

/// Forgets the failures of a subject.
pub(super) async fn clear_failures(pool: &Pool, subject: &str) -> Result<(), StoreError> {
    let sql = "DELETE FROM sign_in_failures WHERE subject = $1::text";
    pool.rows(sql, &[&storable(subject)]).await.map(drop)
}

const SWEEP: &str = "
    WITH ended AS (
        DELETE FROM sessions WHERE digest IN (
            SELECT digest FROM sessions WHERE expires_at <= $1::bigint
            ORDER BY expires_at LIMIT $3::bigint FOR UPDATE SKIP LOCKED)
        RETURNING 1),
    old AS (
        DELETE FROM sign_in_failures WHERE subject IN (
            SELECT subject FROM sign_in_failures WHERE last_at < $2::bigint
            ORDER BY last_at LIMIT $3::bigint FOR UPDATE SKIP LOCKED)
        RETURNING 1)
    SELECT (SELECT count(*) FROM ended) + (SELECT count(*) FROM old)";

/// Removes sessions that have ended and failures that are old.
pub(super) async fn sweep(
    pool: &Pool,
    now: Timestamp,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&now.as_millis(), &before.as_millis(), &SWEPT_AT_ONCE];
    let rows = pool.rows(SWEEP, &values).await?;
    let count = rows.first().map_or(Ok(0), |row| value(row, 0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}
