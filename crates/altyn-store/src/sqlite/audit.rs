//! The audit log: written, sealed, read.

use altyn_app::access::audit::{Action, AuditFilter, StoredAudit};
use altyn_app::ports::StoreError;
use altyn_domain::id::{PaymentId, ProjectId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use super::command::{Batch, Command, Failure};
use super::reads::{all, select};
use crate::convert::audit::{sealed_at_once, seals, stored_audit};
use crate::rows::{AuditRow, Row};

select! {
    UNSEALED = AuditRow, "WHERE position IS NULL ORDER BY id LIMIT ?1";
    SEALED_AFTER = AuditRow, "WHERE position > ?1 ORDER BY position LIMIT ?2";
}

/// Writes an entry; its number follows the last one's.
pub(super) fn log(connection: &Connection, row: &AuditRow) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO audit (at, user_id, login, address, project, payment, operation, action,
             result, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    statement.execute((
        row.at,
        row.user_id,
        &row.login,
        &row.address,
        row.project,
        row.payment,
        row.operation,
        &row.action,
        &row.result,
        &row.detail,
    ))?;
    Ok(())
}

/// Writes an entry that belongs to no other change.
pub(super) struct Log(pub(super) AuditRow);

impl Command for Log {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        log(batch.connection, &self.0)
    }
}

/// Seals what is not sealed yet. There is one writer, so sealers take turns.
pub(super) struct SealAudit {
    pub(super) limit: u32,
}

impl Command for SealAudit {
    type Answer = u64;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<u64, Failure> {
        let connection = batch.connection;
        let unsealed: Vec<AuditRow> = all(connection, &UNSEALED, [sealed_at_once(self.limit)])?;
        if unsealed.is_empty() {
            return Ok(0);
        }
        let last = connection
            .prepare_cached(
                "SELECT position, hash FROM audit WHERE position IS NOT NULL
                 ORDER BY position DESC LIMIT 1",
            )?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let mut update = connection.prepare_cached(
            "UPDATE audit SET position = ?2, hash = ?3 WHERE id = ?1 AND position IS NULL",
        )?;
        let mut count = 0;
        for (id, seal) in seals(last, unsealed)? {
            update.execute((id, seal.position, &seal.hash))?;
            count += 1;
        }
        Ok(count)
    }
}

/// Sealed entries after a position.
pub(super) fn sealed_after(
    connection: &Connection,
    position: i64,
    limit: u32,
) -> Result<Vec<StoredAudit>, StoreError> {
    let rows: Vec<AuditRow> = all(connection, &SEALED_AFTER, (position, limit))?;
    rows.into_iter().map(stored_audit).collect()
}

/// Entries by filter, newest first. Each project is walked by itself and gives a page at most:
/// a project of whom there is little would otherwise be looked for through the whole log.
pub(super) fn entries(
    connection: &Connection,
    filter: &AuditFilter,
) -> Result<Vec<StoredAudit>, StoreError> {
    let Some(projects) = &filter.projects else {
        let rows = walk(connection, filter, None)?;
        return rows.into_iter().map(stored_audit).collect();
    };
    let mut projects = projects.clone();
    projects.sort_unstable();
    projects.dedup();
    let mut rows = Vec::new();
    for project in projects {
        rows.extend(walk(connection, filter, Some(project))?);
    }
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
    rows.truncate(usize::try_from(filter.limit).unwrap_or(usize::MAX));
    rows.into_iter().map(stored_audit).collect()
}

fn walk(
    connection: &Connection,
    filter: &AuditFilter,
    project: Option<ProjectId>,
) -> Result<Vec<AuditRow>, StoreError> {
    let number = |column, value: Option<i64>| value.map(|value| (column, Value::from(value)));
    let demands = [
        number("project = ?", project.map(|project| project.get().into())),
        number("payment = ?", filter.payment.map(PaymentId::get)),
        number("user_id = ?", filter.user),
        filter.action.map(|action: Action| ("action = ?", action.as_str().to_owned().into())),
        number("id < ?", filter.before),
    ];
    let (conditions, mut params): (Vec<&str>, Vec<Value>) = demands.into_iter().flatten().unzip();
    params.push(i64::from(filter.limit).into());
    let so = if conditions.is_empty() { "" } else { " WHERE " };
    let select = &AuditRow::sql().select;
    let sql = format!("{select}{so}{} ORDER BY id DESC LIMIT ?", conditions.join(" AND "));
    all(connection, &sql, params_from_iter(params))
}
