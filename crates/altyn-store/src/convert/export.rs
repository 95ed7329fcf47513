//! Registers.

use altyn_app::export::{Export, ExportError, ExportFormat, ExportState};
use altyn_app::ports::StoreError;

use super::json::export::{FilterJson, SumJson};
use super::json::{decode, encode};
use super::{At, time};
use crate::rows::ExportRow;

/// A register as a row, held by nobody.
pub(crate) fn export_row(export: &Export) -> Result<ExportRow, StoreError> {
    let sums: Vec<SumJson<'_>> = export.sums.iter().map(SumJson::from).collect();
    Ok(ExportRow {
        id: export.id,
        user_id: export.user,
        filter: encode(&FilterJson::from(&export.filter))?,
        format: export.format.as_str().to_owned(),
        language: export.language.clone(),
        state: export.state.as_str().to_owned(),
        error: export.error.map(|error| error.as_str().to_owned()),
        rows: number(export.rows)?,
        expected: export.expected.map(number).transpose()?,
        bytes: number(export.bytes)?,
        sums: encode(&sums)?,
        attempts: export.attempts.into(),
        created_at: export.created_at.as_millis(),
        ended_at: export.ended_at.map(altyn_domain::time::Timestamp::as_millis),
        expires_at: export.expires_at.as_millis(),
        owner: None,
        lease_until: 0,
    })
}

fn number(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count).map_err(|_| StoreError::Database("a count is too large".to_owned()))
}

/// A register from its row.
pub(crate) fn export(row: ExportRow) -> Result<Export, StoreError> {
    let at = At::of::<ExportRow>(row.user_id, row.id);
    let filter: Option<FilterJson<'_>> = decode(&row.filter);
    let filter = filter.and_then(FilterJson::read);
    let sums: Vec<SumJson<'_>> = at.need("sums", decode(&row.sums))?;
    let sums: Option<Vec<_>> = sums.iter().map(SumJson::read).collect();
    let error = match &row.error {
        Some(text) => Some(at.need("error", ExportError::parse(text))?),
        None => None,
    };
    let count = |column, number: i64| at.need(column, u64::try_from(number).ok());
    Ok(Export {
        id: row.id,
        user: row.user_id,
        filter: at.need("filter", filter)?,
        format: at.need("format", ExportFormat::parse(&row.format))?,
        state: at.need("state", ExportState::parse(&row.state))?,
        error,
        rows: count("rows", row.rows)?,
        expected: row.expected.map(|number| count("expected", number)).transpose()?,
        bytes: count("bytes", row.bytes)?,
        sums: at.need("sums", sums)?,
        attempts: at.need("attempts", u32::try_from(row.attempts).ok())?,
        created_at: time(row.created_at),
        ended_at: row.ended_at.map(time),
        expires_at: time(row.expires_at),
        language: row.language,
    })
}
