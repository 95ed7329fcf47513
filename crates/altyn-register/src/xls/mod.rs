//! XLS: BIFF8 records (MS-XLS) in an OLE container, as Excel 97 and everything since reads them.
//!
//! A sheet has 65,536 rows, so the whole is made in memory (some 60 MB at most) and written when it
//! ends: where a sheet begins and which texts there are must stand before the sheets.

mod record;
mod sheet;
mod strings;
mod workbook;

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;

use cfb::{CompoundFile, Version};

use crate::{Cell, Part, RegisterWriter, Table, WriteError, sheet_name};
use sheet::{Sheet, Shown};
use strings::SharedStrings;

/// The most rows of a register: what a sheet holds below its headings.
pub const ROWS_MAX: u32 = sheet::ROWS - 1;

/// Writes XLS.
pub struct XlsWriter {
    file: File,
    table: Table,
    strings: SharedStrings,
    sheet: Sheet,
}

impl XlsWriter {
    /// Begins a workbook at `path`.
    pub fn create(path: &Path, table: Table) -> Result<Self, WriteError> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        let mut strings = SharedStrings::new();
        let sheet = Sheet::with_headings(&table.columns, &mut strings);
        Ok(Self { file, table, strings, sheet })
    }

    /// The sheets: a footer that has no room below the rows gets one of its own.
    fn sheets(&mut self, footer: &[Vec<Cell<'_>>]) -> Vec<Sheet> {
        let columns = &self.table.columns;
        let mut sheets = vec![std::mem::take(&mut self.sheet)];
        let rows = u32::try_from(footer.len()).unwrap_or(u32::MAX);
        if sheets.iter().any(|sheet| !sheet.has_room(rows)) {
            sheets.push(Sheet::with_headings(columns, &mut self.strings));
        }
        if let Some(last) = sheets.last_mut() {
            footer.iter().for_each(|row| last.add(row, Part::Footer, &mut self.strings));
        }
        sheets
    }
}

impl RegisterWriter for XlsWriter {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        if !self.sheet.has_room(1) {
            return Err(WriteError::TooManyRows { most: ROWS_MAX });
        }
        self.sheet.add(cells, Part::Body, &mut self.strings);
        Ok(())
    }

    fn finish(mut self: Box<Self>, footer: &[Vec<Cell<'_>>]) -> Result<u64, WriteError> {
        let sheets = self.sheets(footer);
        let shown = std::iter::once(Shown::First).chain(std::iter::repeat(Shown::Behind));
        let columns = &self.table.columns;
        let sheets: Vec<_> =
            sheets.iter().zip(shown).map(|(sheet, shown)| sheet.ended(columns, shown)).collect();
        let named: Vec<(String, usize)> = (1..)
            .zip(&sheets)
            .map(|(number, sheet)| (sheet_name(&self.table.title, number), sheet.bytes().len()))
            .collect();
        let globals = workbook::globals(&named, &self.strings);
        let mut container = CompoundFile::create_with_version(Version::V3, &self.file)?;
        let mut stream = BufWriter::new(container.create_stream("Workbook")?);
        stream.write_all(globals.bytes())?;
        for sheet in &sheets {
            stream.write_all(sheet.bytes())?;
        }
        stream.into_inner().map_err(|error| error.into_error())?.flush()?;
        container.flush()?;
        self.file.sync_all()?;
        Ok(self.file.metadata()?.len())
    }
}
