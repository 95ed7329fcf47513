//! XLSX by `rust_xlsxwriter`, a row at a time: rows wait in a nameless file beside the register, not
//! in memory, and are packed when it ends.
//!
//! Texts are written as texts, in the format «text», so that not even editing a cell makes it a
//! formula. What a sheet cannot hold goes on in a further one.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Color, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use crate::text::clean;
use crate::value::{nearest, serial};
use crate::{Cell, EXPONENT_MAX, Part, RegisterWriter, Table, WriteError, sheet_name};

/// Rows of a sheet, its heading among them.
const SHEET_ROWS: u32 = 1_048_576;
/// A tenth longer than what the usual 6 gives, for a fifth less work.
const COMPRESSION: u8 = 3;
/// Two lines, points.
const HEADING_HEIGHT: u16 = 30;

/// Writes XLSX.
pub struct XlsxWriter {
    workbook: Workbook,
    path: PathBuf,
    table: Table,
    body: Looks,
    footer: Looks,
    sheets: usize,
    /// The next free row of the last sheet.
    row: u32,
    sheet_rows: u32,
}

/// How cells of each kind look.
struct Looks {
    text: Format,
    integer: Format,
    date: Format,
    /// By number of decimals.
    numbers: Vec<Format>,
}

impl Looks {
    fn of(base: &Format) -> Self {
        let format = |code: &str| base.clone().set_num_format(code);
        let decimals = |exponent: u32| match exponent {
            0 => format("#,##0"),
            more => format(&format!("#,##0.{}", "0".repeat(more as usize))),
        };
        Self {
            text: format("@"),
            integer: format("0").set_align(FormatAlign::Center),
            date: format("dd.mm.yyyy hh:mm:ss").set_align(FormatAlign::Center),
            numbers: (0..=EXPONENT_MAX).map(decimals).collect(),
        }
    }

    fn number(&self, exponent: u32) -> &Format {
        self.numbers.get(exponent as usize).unwrap_or(&self.integer)
    }
}

impl XlsxWriter {
    /// Begins a workbook that will be at `path`.
    pub fn create(path: &Path, table: Table) -> Result<Self, WriteError> {
        Self::with_sheets_of(SHEET_ROWS, path, table)
    }

    fn with_sheets_of(sheet_rows: u32, path: &Path, table: Table) -> Result<Self, WriteError> {
        let mut workbook = Workbook::new();
        workbook.set_zip_compression_level(COMPRESSION);
        let folder = path.parent().unwrap_or(Path::new("."));
        workbook.set_tempdir(folder).map_err(refused)?;
        let mut writer = Self {
            workbook,
            path: path.to_owned(),
            table,
            body: Looks::of(&Format::new()),
            footer: Looks::of(&Format::new().set_bold()),
            sheets: 0,
            row: 0,
            sheet_rows,
        };
        writer.begin_sheet().map_err(refused)?;
        Ok(writer)
    }

    fn begin_sheet(&mut self) -> Result<(), XlsxError> {
        self.sheets += 1;
        let heading = Format::new()
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::Center)
            .set_align(FormatAlign::VerticalCenter)
            .set_background_color(Color::RGB(0xE8_EC_F1));
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(sheet_name(&self.table.title, self.sheets))?;
        sheet.set_freeze_panes(1, 0)?;
        sheet.set_row_height(0, HEADING_HEIGHT)?;
        for (column, at) in self.table.columns.iter().zip(0..) {
            sheet.set_column_width(at, column.width)?;
            sheet.write_string_with_format(0, at, clean(&column.heading), &heading)?;
        }
        self.row = 1;
        Ok(())
    }

    /// Sees to it that so many rows fit on the sheet.
    fn make_room(&mut self, rows: u32) -> Result<(), XlsxError> {
        if self.row.saturating_add(rows) > self.sheet_rows { self.begin_sheet() } else { Ok(()) }
    }

    fn put(&mut self, cells: &[Cell<'_>], part: Part) -> Result<(), XlsxError> {
        let looks = match part {
            Part::Body => &self.body,
            Part::Footer => &self.footer,
        };
        let sheet = self.workbook.worksheet_from_index(self.sheets - 1)?;
        for (cell, column) in cells.iter().zip(0..) {
            put(sheet, (self.row, column), cell, looks)?;
        }
        self.row += 1;
        Ok(())
    }
}

fn put(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell<'_>,
    looks: &Looks,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => return Ok(()),
        Cell::Text(text) => {
            sheet.write_string_with_format(row, column, clean(text), &looks.text)?
        }
        Cell::Number { minor, exponent } => {
            let format = looks.number(*exponent);
            sheet.write_number_with_format(row, column, nearest(*minor, *exponent), format)?
        }
        Cell::Integer(count) => sheet.write_number_with_format(
            row,
            column,
            nearest((*count).into(), 0),
            &looks.integer,
        )?,
        Cell::Date(at) => sheet.write_number_with_format(row, column, serial(*at), &looks.date)?,
    };
    Ok(())
}

impl RegisterWriter for XlsxWriter {
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), WriteError> {
        self.make_room(1).and_then(|()| self.put(cells, Part::Body)).map_err(refused)
    }

    fn finish(mut self: Box<Self>, footer: &[Vec<Cell<'_>>]) -> Result<u64, WriteError> {
        self.make_room(u32::try_from(footer.len()).unwrap_or(u32::MAX)).map_err(refused)?;
        for row in footer {
            self.put(row, Part::Footer).map_err(refused)?;
        }
        let mut out = BufWriter::new(File::create(&self.path)?);
        self.workbook.save_to_writer(&mut out).map_err(refused)?;
        out.flush()?;
        let file = out.into_inner().map_err(|error| error.into_error())?;
        file.sync_all()?;
        Ok(file.metadata()?.len())
    }
}

fn refused(error: XlsxError) -> WriteError {
    if let XlsxError::IoError(error) | XlsxError::TempFileError(_, error) = error {
        return WriteError::Io(error);
    }
    WriteError::Workbook(error)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::Column;

    #[test]
    fn what_a_sheet_cannot_hold_goes_on_in_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.xlsx");
        let columns = vec![Column { heading: "A".to_owned(), width: 9 }];
        let table = Table { title: "Платежи".to_owned(), columns };
        let mut writer = Box::new(XlsxWriter::with_sheets_of(4, &path, table).unwrap());
        for row in 1..=8 {
            writer.row(&[Cell::Integer(row)]).unwrap();
        }
        writer.finish(&vec![vec![Cell::text("Σ")]; 2]).unwrap();
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = "import openpyxl, sys\nfor sheet in openpyxl.load_workbook(sys.argv[1]): \
                    print(sheet.title, *[value for row in sheet.values for value in row])";
        let python = Command::new(here.join("../../.local/venv/bin/python"));
        let output = { python }.args(["-c", read]).arg(&path).output().unwrap();
        let says = String::from_utf8(output.stdout).unwrap();
        let expected = "Платежи A 1 2 3\nПлатежи 2 A 4 5 6\nПлатежи 3 A 7 8\nПлатежи 4 A Σ Σ\n";
        assert_eq!(says, expected);
        // The nameless files are gone.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
