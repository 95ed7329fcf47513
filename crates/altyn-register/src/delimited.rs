//! CSV: for Russian Excel, and for programs (RFC 4180).
//!
//! Rows go to the file as they come, so memory does not grow with them.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use csv::{Terminator, Writer, WriterBuilder};

use crate::text::{clean, defused};
use crate::value::{decimal, moscow};
use crate::{Cell, RegisterWriter, Table, WriteError};

/// What tells Excel that a text is UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();
/// The library gathers so many bytes before it asks for a write.
const BUFFER_BYTES: usize = 256 * 1024;

/// How numbers and moments look.
#[derive(Clone, Copy, Debug)]
struct Manner {
    separator: u8,
    point: char,
    date: &'static str,
}

/// `;` between fields, `1234,50`, `22.11.2026 17:05:03`.
const RUSSIAN: Manner = Manner { separator: b';', point: ',', date: "%d.%m.%Y %H:%M:%S" };
/// `,` between fields, `1234.50`, `2026-11-22T17:05:03+03:00`.
const PLAIN: Manner = Manner { separator: b',', point: '.', date: "%Y-%m-%dT%H:%M:%S+03:00" };

/// Writes CSV.
pub struct CsvWriter {
    out: Writer<File>,
    manner: Manner,
}

impl CsvWriter {
    /// As Russian Excel reads it: UTF-8 with a byte order mark.
    pub fn russian(path: &Path, table: &Table) -> Result<Self, WriteError> {
        let mut file = File::create(path)?;
        file.write_all(BYTE_ORDER_MARK)?;
        Self::on(file, RUSSIAN, table)
    }

    /// As programs read it.
    pub fn plain(path: &Path, table: &Table) -> Result<Self, WriteError> {
        Self::on(File::create(path)?, PLAIN, table)
    }

    fn on(file: File, manner: Manner, table: &Table) -> Result<Self, WriteError> {
        let mut out = WriterBuilder::new()
            .delimiter(manner.separator)
            .terminator(Terminator::CRLF)
            .buffer_capacity(BUFFER_BYTES)
            .from_writer(file);
        let headings = table.columns.iter().map(|column| column.heading.as_str());
        out.write_record(headings).map_err(io)?;
        Ok(Self { out, manner })
    }

    fn field(&mut self, cell: &Cell<'_>) -> Result<(), csv::Error> {
        let Manner { point, date, .. } = self.manner;
        match cell {
            Cell::Empty => self.out.write_field(""),
            Cell::Text(text) => self.out.write_field(defused(clean(text)).as_ref()),
            Cell::Number { minor, exponent } => {
                self.out.write_field(decimal(*minor, *exponent, point))
            }
            Cell::Integer(count) => self.out.write_field(count.to_string()),
            Cell::Date(at) => self.out.write_field(moscow(*at).strftime(date).to_string()),
        }
    }
}

impl RegisterWriter for CsvWriter {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        for cell in cells {
            self.field(cell).map_err(io)?;
        }
        // A record of no fields ends what was written field by field.
        self.out.write_record(None::<&[u8]>).map_err(io)
    }

    fn finish(mut self: Box<Self>, footer: &[Vec<Cell<'_>>]) -> Result<u64, WriteError> {
        for row in footer {
            self.row(row)?;
        }
        let file = self.out.into_inner().map_err(|error| error.into_error())?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

fn io(error: csv::Error) -> WriteError {
    WriteError::Io(error.into())
}
