//! Registers: asked for, leased, saved, thrown away.

use std::sync::LazyLock;

use altyn_app::access::audit::AuditEntry;
use altyn_app::export::Export;
use altyn_app::ports::{ExportStore, StoreError};
use altyn_domain::time::Timestamp;
use async_trait::async_trait;
use tokio_postgres::Row as PgRow;

use super::PostgresStore;
use super::audit::{parameters, write_logged};
use super::reads::read_all;
use crate::convert::audit::audit_row;
use crate::convert::export::{export, export_row};
use crate::rows::{ExportRow, Row as _};

/// Registers that one sweep removes at most.
const SWEPT_AT_ONCE: i64 = 100;

static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("{} WHERE id = $1::bigint", ExportRow::sql().select));

static OF_USER: LazyLock<String> = LazyLock::new(|| {
    format!("{} WHERE user_id = $1::bigint ORDER BY id DESC", ExportRow::sql().select)
});

/// Of two that claim at once each takes another one.
static CLAIM: LazyLock<String> = LazyLock::new(|| {
    format!(
        "UPDATE exports SET owner = $1::text, lease_until = $3::bigint, attempts = attempts + 1
         WHERE id = (SELECT id FROM exports WHERE state = 'making' AND lease_until <= $2::bigint
                     ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING {}",
        ExportRow::sql().columns
    )
});

/// The count of attempts proves the lease together with its owner, who may have claimed the same
/// register twice.
const SAVE: &str = "
    UPDATE exports SET state = $4::text, error = $5::text, rows = $6::bigint,
        expected = $7::bigint, bytes = $8::bigint, sums = $9::text, ended_at = $10::bigint,
        expires_at = $11::bigint, lease_until = $12::bigint
    WHERE id = $1::bigint AND owner = $2::text AND attempts = $3::bigint AND state = 'making'
    RETURNING 1";

static SWEEP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "DELETE FROM exports WHERE id IN (
             SELECT id FROM exports WHERE expires_at <= $1::bigint
             ORDER BY id LIMIT $2::bigint FOR UPDATE SKIP LOCKED)
         RETURNING {}",
        ExportRow::sql().columns
    )
});

fn exports(rows: &[PgRow]) -> Result<Vec<Export>, StoreError> {
    read_all::<ExportRow>(rows)?.into_iter().map(export).collect()
}

#[async_trait]
impl ExportStore for PostgresStore {
    async fn add_export(&self, export: Export, audit: AuditEntry) -> Result<(), StoreError> {
        let (row, audit) = (export_row(&export)?, audit_row(audit));
        let columns = ExportRow::pg_columns(&[&row]);
        let insert = &ExportRow::sql().insert_unnest_pg;
        write_logged(&self.pool, insert, &parameters(&columns), &[&audit]).await.map(drop)
    }

    async fn export(&self, id: i64) -> Result<Option<Export>, StoreError> {
        Ok(exports(&self.pool.rows(&BY_ID, &[&id]).await?)?.pop())
    }

    async fn exports_of(&self, user: i64) -> Result<Vec<Export>, StoreError> {
        exports(&self.pool.rows(&OF_USER, &[&user]).await?)
    }

    async fn claim_export(
        &self,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<Export>, StoreError> {
        let (now, until) = (now.as_millis(), until.as_millis());
        Ok(exports(&self.pool.rows_once(&CLAIM, &[&owner, &now, &until]).await?)?.pop())
    }

    async fn save_export(
        &self,
        export: &Export,
        owner: &str,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = export_row(export)?;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 12] = [
            &row.id,
            &owner,
            &row.attempts,
            &row.state,
            &row.error,
            &row.rows,
            &row.expected,
            &row.bytes,
            &row.sums,
            &row.ended_at,
            &row.expires_at,
            &until.as_millis(),
        ];
        Ok(!self.pool.rows_once(SAVE, &values).await?.is_empty())
    }

    async fn sweep_exports(&self, now: Timestamp) -> Result<Vec<Export>, StoreError> {
        exports(&self.pool.rows_once(&SWEEP, &[&now.as_millis(), &SWEPT_AT_ONCE]).await?)
    }
}
