//! Writing projects, moving their clocks, and sealing their secrets anew.

use std::sync::Arc;

use altyn_app::jobs::JobKind;
use rusqlite::{Connection, OptionalExtension as _};

use super::command::{Batch, Command, Failure};
use crate::convert::project::{advance_clock, reseal};
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
                 name = excluded.name, secret = excluded.secret,
                 -- A clock that was moved meanwhile does not go back.
                 settings = json_set(excluded.settings, '$.clock_offset_ms', max(
                     ifnull(json_extract(excluded.settings, '$.clock_offset_ms'), 0),
                     ifnull(json_extract(settings, '$.clock_offset_ms'), 0))),
                 version = version + 1, updated_at = excluded.updated_at",
        )?;
        statement.execute((row.id, &row.name, &row.settings, &row.secret))?;
        move_version(batch.connection)
    }
}

/// Moves a project's clock forward, and with it what is due for the project.
pub(super) struct AdvanceClock {
    pub(super) project: i64,
    pub(super) by_ms: i64,
}

impl Command for AdvanceClock {
    type Answer = Option<i64>;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<Option<i64>, Failure> {
        let connection = batch.connection;
        let mut read = connection.prepare_cached("SELECT settings FROM projects WHERE id = ?1")?;
        let settings: Option<String> =
            read.query_row([self.project], |row| row.get(0)).optional()?;
        let Some(settings) = settings else { return Ok(None) };
        let advanced = advance_clock(self.project, &settings, self.by_ms)?;
        let mut write = connection.prepare_cached(
            "UPDATE projects SET settings = ?2, version = version + 1,
                 updated_at = unixepoch() * 1000
             WHERE id = ?1",
        )?;
        write.execute((self.project, &advanced.settings))?;
        // No index leads to the jobs of a project: only tests move clocks, and every payment would
        // pay for it. A lease is real time and stays, and so does the
        // time a call to a provider is given; a wake that waits behind a lease is due earlier.
        let mut jobs = connection.prepare_cached(
            "UPDATE jobs SET due_at = iif(owner IS NULL, due_at - ?2, due_at),
                 woken_for = woken_for - ?2
             WHERE project = ?1 AND kind <> ?3",
        )?;
        jobs.execute((self.project, self.by_ms, JobKind::CallProvider.number()))?;
        move_version(connection)?;
        Ok(Some(advanced.ahead_ms))
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
