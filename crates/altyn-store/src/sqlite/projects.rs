//! Writing projects, and sealing their secrets anew.

use std::sync::Arc;

use rusqlite::Connection;

use super::command::{Batch, Command, Failure};
use crate::convert::project::reseal;
use crate::rows::{ProjectRow, Row};
use crate::seal::KeyRing;

/// Adds or replaces a project.
pub(super) struct PutProject(pub(super) ProjectRow);

impl Command for PutProject {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        let row = &self.0;
        // The time is the database's own: nothing but a person reads it.
        let mut statement = batch.connection.prepare_cached(
            "INSERT INTO projects (id, name, settings, secret, version, updated_at)
             VALUES (?1, ?2, ?3, ?4, 1, unixepoch() * 1000)
             ON CONFLICT (id) DO UPDATE SET
                 name = excluded.name, settings = excluded.settings, secret = excluded.secret,
                 version = version + 1, updated_at = excluded.updated_at",
        )?;
        statement.execute((row.id, &row.name, &row.settings, &row.secret))?;
        move_version(batch.connection)
    }
}

/// Tells every cache of projects that it is stale.
fn move_version(connection: &Connection) -> Result<(), Failure> {
    let mut statement = connection
        .prepare_cached("UPDATE meta SET value = value + 1 WHERE key = 'projects_version'")?;
    statement.execute([])?;
    Ok(())
}

/// Seals with the newest key what an older one sealed.
pub(super) struct RotateKeys(pub(super) Arc<KeyRing>);

impl Command for RotateKeys {
    type Answer = u64;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<u64, Failure> {
        let mut statement = batch.connection.prepare_cached(&ProjectRow::sql().select)?;
        let rows: Vec<ProjectRow> =
            statement.query_map([], ProjectRow::from_sqlite)?.collect::<Result<_, _>>()?;
        let mut update =
            batch.connection.prepare_cached("UPDATE projects SET secret = ?2 WHERE id = ?1")?;
        let mut count = 0;
        for row in rows.iter().filter(|row| !self.0.is_newest(&row.secret)) {
            update.execute((row.id, reseal(&self.0, row)?))?;
            count += 1;
        }
        Ok(count)
    }
}
