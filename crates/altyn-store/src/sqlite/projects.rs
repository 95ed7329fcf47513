//! Writing projects, moving their clocks, and sealing their secrets anew.

use std::sync::Arc;

use altyn_app::jobs::JobKind;
use altyn_app::ports::Conflict;
use rusqlite::{Connection, OptionalExtension as _};

use super::audit::log;
use super::command::{Batch, Command, Failure};
use super::reads::all;
use crate::convert::project::{advance_clock, reseal};
use crate::convert::user;
use crate::rows::{AuditRow, ProjectRow, Row, UserRow};
use crate::seal::KeyRing;

/// Adds a project, or replaces the one it was read as.
pub(super) struct PutProject {
    pub(super) row: ProjectRow,
    pub(super) audit: Option<AuditRow>,
}

impl Command for PutProject {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        let row = &self.row;
        // The time is the database's own: nothing but a person reads it.
        let mut statement = batch.connection.prepare_cached(
            "INSERT INTO projects (id, name, settings, secret, previous_secret, previous_until,
                 version, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7 + 1, unixepoch() * 1000)
             ON CONFLICT (id) DO UPDATE SET
                 name = excluded.name, settings = excluded.settings, secret = excluded.secret,
                 previous_secret = excluded.previous_secret,
                 previous_until = excluded.previous_until,
                 version = excluded.version, updated_at = excluded.updated_at
             WHERE version = excluded.version - 1",
        )?;
        let count = statement.execute((
            row.id,
            &row.name,
            &row.settings,
            &row.secret,
            &row.previous_secret,
            row.previous_until,
            row.version,
        ))?;
        if count == 0 {
            return Err(Failure::Refused(Conflict::VersionMoved));
        }
        if let Some(audit) = &self.audit {
            log(batch.connection, audit)?;
        }
        move_version(batch.connection)
    }
}

/// Moves a project's clock forward, and with it what is due for the project.
pub(super) struct AdvanceClock {
    pub(super) project: i64,
    pub(super) by_ms: i64,
    pub(super) audit: Option<AuditRow>,
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
        if let Some(audit) = &self.audit {
            log(connection, audit)?;
        }
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
        let connection = batch.connection;
        let mut count = 0;
        let projects: Vec<ProjectRow> = all(connection, &ProjectRow::sql().select, [])?;
        let mut update = connection.prepare_cached(
            "UPDATE projects SET secret = ?2, previous_secret = ?3 WHERE id = ?1",
        )?;
        for row in &projects {
            let Some(anew) = reseal(&self.0, row)? else { continue };
            update.execute((row.id, &anew.secret, &anew.previous))?;
            count += anew.count;
        }
        let users: Vec<UserRow> = all(connection, &UserRow::sql().select, [])?;
        let mut update =
            connection.prepare_cached("UPDATE users SET second_factor = ?2 WHERE id = ?1")?;
        for row in &users {
            let Some(anew) = user::reseal(&self.0, row)? else { continue };
            update.execute((row.id, &anew))?;
            count += 1;
        }
        Ok(count)
    }
}
