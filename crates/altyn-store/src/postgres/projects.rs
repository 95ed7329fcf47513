//! Projects: read, written, and sealed anew.

use std::sync::LazyLock;

use altyn_app::ports::StoreError;
use altyn_app::projects::StoredProject;

use super::PostgresStore;
use super::connection::{Pool, database};
use crate::convert::project::{project, project_row, reseal};
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
        name = excluded.name, settings = excluded.settings, secret = excluded.secret,
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
