//! Projects: read, written, their clocks moved, and sealed anew.

use std::sync::LazyLock;

use altyn_app::jobs::JobKind;
use altyn_app::ports::{CommitError, Conflict, StoreError};
use altyn_app::projects::StoredProject;
use altyn_domain::id::ProjectId;

use super::PostgresStore;
use super::audit::write_entry;
use super::connection::{Pool, database, in_time};
use super::reads::read_all;
use crate::convert::project::{self, project, reseal};
use crate::convert::user;
use crate::rows::{AuditRow, ProjectRow, Row as _, UserRow};
use crate::seal::KeyRing;

static ALL: LazyLock<String> =
    LazyLock::new(|| format!("{} ORDER BY id", ProjectRow::sql().select));

/// The time is the database's own: nothing but a person reads it.
const PUT: &str = "
    INSERT INTO projects (id, name, settings, secret, previous_secret, previous_until, version,
        updated_at)
    VALUES ($1::bigint, $2::text, $3::text, $4::bytea, $5::bytea, $6::bigint,
        $7::bigint + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
    ON CONFLICT (id) DO UPDATE SET
        name = excluded.name, settings = excluded.settings, secret = excluded.secret,
        previous_secret = excluded.previous_secret, previous_until = excluded.previous_until,
        version = excluded.version, updated_at = excluded.updated_at
    WHERE projects.version = excluded.version - 1";

/// Tells every cache of projects that it is stale.
const MOVE_VERSION: &str = "UPDATE meta SET value = value + 1 WHERE key = 'projects_version'";

/// All projects, secrets opened.
pub(super) async fn all(pool: &Pool, keys: &KeyRing) -> Result<Vec<StoredProject>, StoreError> {
    rows(pool).await?.into_iter().map(|row| project(row, keys)).collect()
}

async fn rows(pool: &Pool) -> Result<Vec<ProjectRow>, StoreError> {
    read_all(&pool.rows(&ALL, &[]).await?)
}

/// Adds a project, or replaces the one it was read as. It has a connection of its own, whose end
/// undoes what was not committed, as the moving of a clock has.
pub(super) async fn put(
    pool: &Pool,
    row: &ProjectRow,
    audit: Option<&AuditRow>,
) -> Result<(), CommitError> {
    let mut link = pool.own_link().await?;
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 7] = [
        &row.id,
        &row.name,
        &row.settings,
        &row.secret,
        &row.previous_secret,
        &row.previous_until,
        &row.version,
    ];
    let put = async {
        let transaction = link.client.transaction().await?;
        if transaction.execute(PUT, &values).await? == 0 {
            return Ok(Err(Conflict::VersionMoved.into()));
        }
        write_entry(&transaction, audit).await?;
        transaction.execute(MOVE_VERSION, &[]).await?;
        transaction.commit().await?;
        Ok(Ok(()))
    };
    in_time(put).await?
}

/// No index leads to the jobs of a project: only tests move clocks, and every payment would pay for
/// it. A lease is real time and stays, and so does the time a call to a provider is given; a wake that
/// waits behind a lease is due earlier.
const ADVANCE_JOBS: &str = "
    UPDATE jobs SET due_at = CASE WHEN owner IS NULL THEN due_at - $2::bigint ELSE due_at END,
        woken_for = woken_for - $2::bigint
    WHERE project = $1::bigint AND kind <> $3::bigint";

const ADVANCE_PROJECT: &str = "
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
    audit: Option<&AuditRow>,
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
        write_entry(&transaction, audit).await?;
        transaction.execute(MOVE_VERSION, &[]).await?;
        transaction.commit().await?;
        Ok(Ok(Some(advanced.ahead_ms)))
    };
    in_time(advance).await?
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

/// What was sealed anew is written unless it changed meanwhile: then the newest key sealed it.
const RESEAL_PROJECT: &str = "
    UPDATE projects SET secret = $2::bytea, previous_secret = $3::bytea
    WHERE id = $1::bigint AND secret = $4::bytea
        AND previous_secret IS NOT DISTINCT FROM $5::bytea
    RETURNING 1";

const RESEAL_USER: &str = "
    UPDATE users SET second_factor = $2::bytea
    WHERE id = $1::bigint AND second_factor = $3::bytea RETURNING 1";

impl PostgresStore {
    /// Seals with the newest key every secret that an older one sealed; says how many. Who changes
    /// one meanwhile keeps the change.
    pub async fn rotate_keys(&self) -> Result<u64, StoreError> {
        let mut count = 0;
        for row in &rows(&self.pool).await? {
            let Some(anew) = reseal(&self.keys, row)? else { continue };
            let values: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
                [&row.id, &anew.secret, &anew.previous, &row.secret, &row.previous_secret];
            let changed = self.pool.rows(RESEAL_PROJECT, &values).await?;
            count += if changed.is_empty() { 0 } else { anew.count };
        }
        let users = self.pool.rows(&UserRow::sql().select, &[]).await?;
        for row in &read_all::<UserRow>(&users)? {
            let Some(anew) = user::reseal(&self.keys, row)? else { continue };
            let changed =
                self.pool.rows(RESEAL_USER, &[&row.id, &anew, &row.second_factor]).await?;
            count += u64::from(!changed.is_empty());
        }
        Ok(count)
    }
}
