//! Projects: read, written, their clocks moved, and sealed anew.

use std::sync::LazyLock;

use altyn_app::jobs::JobKind;
use altyn_app::ports::StoreError;
use altyn_app::projects::StoredProject;
use altyn_domain::id::ProjectId;

use super::PostgresStore;
use super::connection::{Pool, database};
use crate::convert::project::{self, project, project_row, reseal};
use crate::rows::{ProjectRow, Row as _};
use crate::seal::KeyRing;

static ALL: LazyLock<String> =
    LazyLock::new(|| format!("{} ORDER BY id", ProjectRow::sql().select));

/// The version moves in the same statement, so that every cache notices. The time is the
/// database's own: nothing but a person reads it.
const PUT: &str = "
    WITH moved AS (UPDATE meta SET value = value + 1 WHERE key = 'projects_version')
    INSERT INTO projects (id, name, settings, secret, version, updated_at)
    VALUES ($1::bigint, $2::text, $3::text, $4::bytea, 1,
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, secret = excluded.secret,
        -- A clock that was moved meanwhile does not go back.
        settings = jsonb_set(excluded.settings::jsonb, '{clock_offset_ms}', to_jsonb(greatest(
            (excluded.settings::jsonb ->> 'clock_offset_ms')::bigint,
            (projects.settings::jsonb ->> 'clock_offset_ms')::bigint)))::text,
        version = projects.version + 1, updated_at = excluded.updated_at";

/// All projects, secrets opened.
pub(super) async fn all(pool: &Pool, keys: &KeyRing) -> Result<Vec<StoredProject>, StoreError> {
    rows(pool).await?.into_iter().map(|row| project(row, keys)).collect()
}

async fn rows(pool: &Pool) -> Result<Vec<ProjectRow>, StoreError> {
    let rows = pool.rows(&ALL, &[]).await?;
    rows.iter().map(|row| ProjectRow::from_pg(row).map_err(|error| database(&error))).collect()
}

/// Adds or replaces a project.
pub(super) async fn put(
    pool: &Pool,
    keys: &KeyRing,
    stored: &StoredProject,
) -> Result<(), StoreError> {
    let row = project_row(stored, keys)?;
    pool.rows(PUT, &[&row.id, &row.name, &row.settings, &row.secret]).await.map(drop)
}

/// No index leads to the jobs of a project: only tests move clocks, and every payment would pay for
/// it. A lease is real time and stays, and so does the time a call to a provider is given; a wake that
/// waits behind a lease is due earlier.
const ADVANCE_JOBS: &str = "
    UPDATE jobs SET due_at = CASE WHEN owner IS NULL THEN due_at - $2::bigint ELSE due_at END,
        woken_for = woken_for - $2::bigint
    WHERE project = $1::bigint AND kind <> $3::bigint";

const ADVANCE_PROJECT: &str = "
    WITH moved AS (UPDATE meta SET value = value + 1 WHERE key = 'projects_version')
    UPDATE projects SET settings = $2::text, version = version + 1,
        updated_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint
    WHERE id = $1::bigint";

/// Moves a project's clock forward, and with it what is due for the project.
///
/// The jobs are locked as a whole and before anything else: writers lock theirs in the order of
/// their own needs, and a scan that locks row by row could wait for them in a circle. It has a
/// connection of its own, whose end undoes what was not committed, also when nobody waits for the
/// answer any more.
pub(super) async fn advance_clock(
    pool: &Pool,
    id: ProjectId,
    by_ms: i64,
) -> Result<Option<i64>, StoreError> {
    let mut link = pool.own_link().await?;
    let id = i64::from(id.get());
    let advance = async {
        let transaction = link.client.transaction().await?;
        transaction.batch_execute("LOCK TABLE jobs IN EXCLUSIVE MODE").await?;
        let sql = "SELECT settings FROM projects WHERE id = $1::bigint FOR UPDATE";
        let Some(row) = transaction.query_opt(sql, &[&id]).await? else { return Ok(Ok(None)) };
        let settings: String = row.try_get(0)?;
        let advanced = match project::advance_clock(id, &settings, by_ms) {
            Ok(advanced) => advanced,
            Err(error) => return Ok(Err(error)),
        };
        transaction.execute(ADVANCE_PROJECT, &[&id, &advanced.settings]).await?;
        let calls = JobKind::CallProvider.number();
        transaction.execute(ADVANCE_JOBS, &[&id, &by_ms, &calls]).await?;
        transaction.commit().await?;
        Ok(Ok(Some(advanced.ahead_ms)))
    };
    advance.await.map_err(|error: tokio_postgres::Error| database(&error))?
}

/// The counter of changes of projects.
pub(super) async fn version(pool: &Pool) -> Result<i64, StoreError> {
    let sql = "SELECT value FROM meta WHERE key = 'projects_version'";
    let rows = pool.rows(sql, &[]).await?;
    let row = rows.first().ok_or_else(|| StoreError::Inconsistent {
        table: "meta",
        column: "value",
        key: "projects_version".to_owned(),
    })?;
    row.try_get(0).map_err(|error| database(&error))
}

impl PostgresStore {
    /// Seals with the newest key every secret that an older one sealed; says how many. A project
    /// that changes meanwhile keeps its change.
    pub async fn rotate_keys(&self) -> Result<u64, StoreError> {
        let sql = "UPDATE projects SET secret = $2::bytea
             WHERE id = $1::bigint AND secret = $3::bytea RETURNING 1";
        let mut count = 0;
        for row in rows(&self.pool).await?.iter().filter(|row| !self.keys.is_newest(&row.secret)) {
            let sealed = reseal(&self.keys, row)?;
            let changed = self.pool.rows(sql, &[&row.id, &sealed, &row.secret]).await?;
            count += u64::from(!changed.is_empty());
        }
        Ok(count)
    }
}
