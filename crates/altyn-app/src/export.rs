//! Registers: the filtered list as a file, made in the background and kept for a day.
//!
//! Guaranteed: a register has every row that the list had when it was begun, once; its sums are the
//! sums of its rows; a maker that died is followed by another. Attempted only: that a file that is
//! there can be fetched from any node (it lies in one folder, which nodes may share).

use altyn_domain::id::ProjectId;
use altyn_domain::time::{DAY_MS, Timestamp};

use crate::listing::{CurrencyTotal, ListingFilter};

/// How long a register is kept, milliseconds.
pub const EXPORT_LIFE_MS: i64 = DAY_MS;
/// Registers of one user that may wait or be made at once.
pub const EXPORTS_AT_ONCE: usize = 5;

/// What a register is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// UTF-8 with a byte order mark, `;` between fields, `,` in numbers: as Russian Excel reads it.
    CsvRussian,
    /// UTF-8, `,` between fields, `.` in numbers (RFC 4180).
    CsvPlain,
    /// Office Open XML.
    Xlsx,
    /// BIFF8 in an OLE container; at most 65,535 rows.
    Xls,
}

impl ExportFormat {
    /// Every format.
    pub const ALL: &'static [Self] = &[Self::CsvRussian, Self::CsvPlain, Self::Xlsx, Self::Xls];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CsvRussian => "csv",
            Self::CsvPlain => "csv_plain",
            Self::Xlsx => "xlsx",
            Self::Xls => "xls",
        }
    }

    /// The end of the file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::CsvRussian | Self::CsvPlain => "csv",
            Self::Xlsx => "xlsx",
            Self::Xls => "xls",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.as_str() == text)
    }
}

/// Where a register stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportState {
    /// It waits for its maker, or is being made.
    Making,
    /// The file is there.
    Ready,
    /// It could not be made; `error` says why.
    Failed,
}

impl ExportState {
    /// Every state.
    pub const ALL: &'static [Self] = &[Self::Making, Self::Ready, Self::Failed];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Making => "making",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text)
    }
}

/// Why a register could not be made, as a stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportError {
    /// More rows than the format holds.
    TooManyRows,
    /// The folder could not be written to.
    Storage,
    /// It ended unexpectedly more than once.
    Interrupted,
}

impl ExportError {
    /// Every error.
    pub const ALL: &'static [Self] = &[Self::TooManyRows, Self::Storage, Self::Interrupted];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooManyRows => "too_many_rows",
            Self::Storage => "storage",
            Self::Interrupted => "interrupted",
        }
    }

    /// Reads the text form back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|error| error.as_str() == text)
    }
}

/// A register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its number.
    pub id: i64,
    /// Who asked for it.
    pub user: i64,
    /// What is in it. The projects are those that he might see when he asked.
    pub filter: ListingFilter,
    /// What it is written as.
    pub format: ExportFormat,
    /// `ru` or `en`: its headings.
    pub language: String,
    /// Where it stands.
    pub state: ExportState,
    /// Why it failed.
    pub error: Option<ExportError>,
    /// Rows written so far.
    pub rows: u64,
    /// Rows that are expected, for the bar.
    pub expected: Option<u64>,
    /// Bytes of the file.
    pub bytes: u64,
    /// The sums under it.
    pub sums: Vec<CurrencyTotal>,
    /// How often a maker began.
    pub attempts: u32,
    /// When it was asked for, real time.
    pub created_at: Timestamp,
    /// When it was ready or failed, real time.
    pub ended_at: Option<Timestamp>,
    /// When it is thrown away, real time.
    pub expires_at: Timestamp,
}

impl Export {
    /// Whether every project in it is among these: whoever fetches it must still see all of them.
    pub fn is_within(&self, projects: &[ProjectId]) -> bool {
        self.filter.projects.iter().all(|project| projects.contains(project))
    }

    /// The name of its file in the folder.
    pub fn file_name(&self) -> String {
        format!("register-{}.{}", self.id, self.format.extension())
    }
}
