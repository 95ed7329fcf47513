//! Registers: asked for, leased, saved, thrown away.

use std::sync::LazyLock;

use altyn_app::access::audit::AuditEntry;
use altyn_app::export::Export;
use altyn_app::ports::{ExportStore, StoreError};
use altyn_domain::time::Timestamp;
use async_trait::async_trait;
use rusqlite::OptionalExtension as _;

use super::SqliteStore;
use super::apply::insert;
use super::audit::log;
use super::command::{Batch, Command, Failure};
use super::reads::{all, one, select};
use crate::convert::audit::audit_row;
use crate::convert::export::{export, export_row};
use crate::rows::{AuditRow, ExportRow, Row};

/// Registers that one sweep removes at most.
const SWEPT_AT_ONCE: i64 = 100;

select! {
    BY_ID = ExportRow, "WHERE id = ?1";
    OF_USER = ExportRow, "WHERE user_id = ?1 ORDER BY id DESC";
}

#[async_trait]
impl ExportStore for SqliteStore {
    async fn add_export(&self, export: Export, audit: AuditEntry) -> Result<(), StoreError> {
        self.ask(AddExport { row: export_row(&export)?, audit: audit_row(audit) }).await
    }

    async fn export(&self, id: i64) -> Result<Option<Export>, StoreError> {
        let row = self.readers.read(|connection| one(connection, &BY_ID, [id]))?;
        row.map(export).transpose()
    }

    async fn exports_of(&self, user: i64) -> Result<Vec<Export>, StoreError> {
        let rows: Vec<ExportRow> =
            self.readers.read(|connection| all(connection, &OF_USER, [user]))?;
        rows.into_iter().map(export).collect()
    }

    async fn claim_export(
        &self,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Export>, StoreError> {
        let claim = ClaimExport { owner: owner.to_owned(), now, until };
        self.ask(claim).await?.map(export).transpose()
    }

    async fn save_export(
        &self,
        export: &Export,
        owner: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = export_row(export)?;
        self.ask(SaveExport { row, owner: owner.to_owned(), until }).await
    }

    async fn sweep_exports(&self, now: Timestamp) -> Result<Vec<Export>, StoreError> {
        self.ask(SweepExports { now }).await?.into_iter().map(export).collect()
    }
}

struct AddExport {
    row: ExportRow,
    audit: AuditRow,
}

impl Command for AddExport {
    type Answer = ();

    fn apply(&self, batch: &mut Batch<'_>) -> Result<(), Failure> {
        insert(batch.connection, &self.row)?;
        log(batch.connection, &self.audit)
    }
}

static CLAIM: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE exports SET owner = ?1, lease_until = ?3, attempts = attempts + 1
         WHERE id = (SELECT id FROM exports WHERE state = 'making' AND lease_until <= ?2
                     ORDER BY id LIMIT 1)
         RETURNING {}",
        ExportRow::sql().columns
    )
});

struct ClaimExport {
    owner: String,
    now: Timestamp,
    until: Timestamp,
}

impl Command for ClaimExport {
    type Answer = Option<ExportRow>;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<Option<ExportRow>, Failure> {
        let mut statement = batch.connection.prepare_cached(&CLAIM)?;
        let params = (&self.owner, self.now.as_millis(), self.until.as_millis());
        Ok(statement.query_row(params, ExportRow::from_sqlite).optional()?)
    }
}

/// The count of attempts proves the lease together with its owner, who may have claimed the same
/// register twice.
struct SaveExport {
    row: ExportRow,
    owner: String,
    until: Timestamp,
}

impl Command for SaveExport {
    type Answer = bool;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<bool, Failure> {
        let row = &self.row;
        let mut statement = batch.connection.prepare_cached(
            "UPDATE exports SET state = ?4, error = ?5, rows = ?6, expected = ?7, bytes = ?8,
                 sums = ?9, ended_at = ?10, expires_at = ?11, lease_until = ?12
             WHERE id = ?1 AND owner = ?2 AND attempts = ?3 AND state = 'making'",
        )?;
        let changed = statement.execute((
            row.id,
            &self.owner,
            row.attempts,
            &row.state,
            &row.error,
            row.rows,
            row.expected,
            row.bytes,
            &row.sums,
            row.ended_at,
            row.expires_at,
            self.until.as_millis(),
        ))?;
        Ok(changed == 1)
    }
}

static SWEEP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "DELETE FROM exports WHERE id IN (
             SELECT id FROM exports WHERE expires_at <= ?1 ORDER BY id LIMIT ?2)
         RETURNING {}",
        ExportRow::sql().columns
    )
});

struct SweepExports {
    now: Timestamp,
}

impl Command for SweepExports {
    type Answer = Vec<ExportRow>;

    fn apply(&self, batch: &mut Batch<'_>) -> Result<Vec<ExportRow>, Failure> {
        let mut statement = batch.connection.prepare_cached(&SWEEP)?;
        let params = (self.now.as_millis(), SWEPT_AT_ONCE);
        let rows = statement.query_map(params, ExportRow::from_sqlite)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
