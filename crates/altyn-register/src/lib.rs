//! Tables as files: CSV as Russian Excel reads it, CSV as programs read it, XLSX and XLS.
//!
//! Guaranteed: every format says the same rows and sums; a number is a number and a moment is a
//! moment where the format has them; no text is ever taken for a formula; what is written is on the
//! disk when `finish` answers. Only attempted: that a spreadsheet shows more than 15 digits of a
//! sum; its numbers are binary fractions, each the one nearest to the exact decimal. CSV is exact.
//!
//! The words, the columns and what a footer says are the caller's. Moments are on the clock of
//! Moscow, to the second.

mod delimited;
mod text;
mod value;
mod xls;
mod xlsx;

use std::borrow::Cow;
use std::io;

use altyn_domain::time::Timestamp;

pub use delimited::CsvWriter;
pub use xls::{ROWS_MAX as XLS_ROWS_MAX, XlsWriter};
pub use xlsx::XlsxWriter;

/// The most decimals that a number can have: no currency has more.
pub const EXPONENT_MAX: u32 = 4;

/// A table about to be written.
#[derive(Clone, Debug)]
pub struct Table {
    /// The name of the sheet, where there are sheets: at most 25 characters of those that Excel
    /// allows, so that a number fits behind it.
    pub title: String,
    /// Its columns; every row has a cell for each.
    pub columns: Vec<Column>,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// What stands above it.
    pub heading: String,
    /// How wide it is on a sheet, characters.
    pub width: u8,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Words, and digits that are a name and no quantity.
    Text(Cow<'a, str>),
    /// A decimal: `minor` units, `10^exponent` of which are one.
    Number {
        /// How many.
        minor: i128,
        /// Decimals, at most [`EXPONENT_MAX`].
        exponent: u32,
    },
    /// A count.
    Integer(i64),
    /// A moment.
    Date(Timestamp),
}

impl<'a> Cell<'a> {
    /// Words.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(text.into())
    }

    /// Words, if there are any.
    pub fn maybe(text: Option<&'a str>) -> Self {
        text.map_or(Self::Empty, Self::text)
    }
}

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file or its disk.
    #[error("the file cannot be written")]
    Io(#[from] io::Error),
    /// More rows than the format holds.
    #[error("the format holds {most} rows at most")]
    TooManyRows {
        /// So many it holds.
        most: u32,
    },
    /// The library that writes XLSX refused.
    #[error("the workbook cannot be written")]
    Workbook(#[source] rust_xlsxwriter::XlsxError),
}

/// A table being written.
pub trait RegisterWriter: Send {
    /// Adds a row.
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError>;

    /// Adds the footer, ends the file and makes it durable; says how many bytes it has.
    fn finish(self: Box<Self>, footer: &[Vec<Cell<'_>>]) -> Result<u64, WriteError>;
}

/// Where a row stands: those of the footer are bold where there are fonts.
#[derive(Clone, Copy, Debug)]
enum Part {
    Body,
    Footer,
}

/// A sheet's name: the first has the title alone.
fn sheet_name(title: &str, number: usize) -> String {
    if number == 1 { title.to_owned() } else { format!("{title} {number}") }
}
