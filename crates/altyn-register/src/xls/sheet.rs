//! A sheet: its cells as they come, and around them what is known when it ends
//! (MS-XLS 2.1.7.20.5).

use super::record::Field::{B, D, F, W};
use super::record::Records;
use super::strings::SharedStrings;
use super::workbook::{LOOK_HEADING, LOOK_PLAIN, begin, look};
use crate::text::clean;
use crate::value::{nearest, serial};
use crate::{Cell, Column, Part};

/// Rows of a sheet: a row's number has 16 bits.
pub const ROWS: u32 = 65_536;

/// A sheet being filled.
#[derive(Debug, Default)]
pub struct Sheet {
    cells: Records,
    rows: u32,
}

impl Sheet {
    /// One with its headings.
    pub fn with_headings(columns: &[Column], strings: &mut SharedStrings) -> Self {
        let mut sheet = Self::default();
        let row = sheet.begin_row(columns.len(), HEADING_HEIGHT);
        for (column, at) in columns.iter().zip(0..) {
            let text = strings.number(&clean(&column.heading));
            sheet.cells.add(LABELSST, &[W(row), W(at), W(LOOK_HEADING), D(text)]);
        }
        sheet
    }

    /// Whether so many rows more fit.
    pub fn has_room(&self, rows: u32) -> bool {
        self.rows.saturating_add(rows) <= ROWS
    }

    /// Adds a row; the caller has seen to it that there is room.
    pub fn add(&mut self, cells: &[Cell<'_>], part: Part, strings: &mut SharedStrings) {
        let row = self.begin_row(cells.len(), HEIGHT);
        for (cell, column) in cells.iter().zip(0..) {
            let head = [W(row), W(column), W(look(cell, part))];
            let number = match cell {
                Cell::Empty => continue,
                Cell::Text(text) => {
                    let text = strings.number(&clean(text));
                    let [row, column, look] = head;
                    self.cells.add(LABELSST, &[row, column, look, D(text)]);
                    continue;
                }
                Cell::Number { minor, exponent } => nearest(*minor, *exponent),
                Cell::Integer(count) => nearest((*count).into(), 0),
                Cell::Date(at) => serial(*at),
            };
            let [row, column, look] = head;
            self.cells.add(NUMBER, &[row, column, look, F(number)]);
        }
    }

    /// The whole of it. The first sheet of a workbook is the one that is shown.
    pub fn ended(&self, columns: &[Column], shown: Shown) -> Records {
        let mut records = Records::default();
        begin(&mut records, 0x0010);
        for (column, at) in columns.iter().zip(0..) {
            let width = u16::from(column.width) * 256;
            let info = [W(at), W(at), W(width), W(LOOK_PLAIN), W(0), W(0)];
            records.add(0x007D, &info);
        }
        let width = u16::try_from(columns.len()).unwrap_or(u16::MAX);
        records.add(0x0200, &[D(0), D(self.rows), W(0), W(width), W(0)]); // DIMENSIONS
        records.append(&self.cells);
        let options = match shown {
            Shown::First => 0x07BE,
            Shown::Behind => 0x01BE,
        };
        let window = [W(options), W(0), W(0), W(AUTOMATIC_GRID), W(0), W(0), W(0), D(0)];
        records.add(0x023E, &window);
        records.add(0x0041, &[W(0), W(1), W(1), W(0), W(u16::from(BOTTOM_LEFT))]); // PANE
        let first = [W(1), W(0), W(0), W(1)];
        let area = [W(1), W(1), B(0), B(0)];
        let selection = [[B(BOTTOM_LEFT)].as_slice(), &first, &area].concat();
        records.add(0x001D, &selection);
        records.add(0x000A, &[]);
        records
    }

    fn begin_row(&mut self, cells: usize, (height, options): (u16, u32)) -> u16 {
        let row = u16::try_from(self.rows).unwrap_or(u16::MAX);
        let width = u16::try_from(cells).unwrap_or(u16::MAX);
        let fields = [W(row), W(0), W(width), W(height), W(0), W(0), D(options)];
        self.cells.add(0x0208, &fields);
        self.rows += 1;
        row
    }
}

/// Which sheet the reader sees first.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// This one.
    First,
    /// Another.
    Behind,
}

/// A row's height, twentieths of a point, and its options: as high as its font asks for.
const HEIGHT: (u16, u32) = (255, 0x000F_0100);
/// Two lines, whatever the font asks for.
const HEADING_HEIGHT: (u16, u32) = (600, 0x000F_0140);

const LABELSST: u16 = 0x00FD;
const NUMBER: u16 = 0x0203;
const AUTOMATIC_GRID: u16 = 0x40;
/// The pane below the frozen headings.
const BOTTOM_LEFT: u8 = 2;
