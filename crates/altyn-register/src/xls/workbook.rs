//! What stands before the sheets: fonts, formats, looks of cells, the list of sheets
//! (MS-XLS 2.1.7.20.3).

use super::record::Field::{B, D, LongText, ShortText, W};
use super::record::Records;
use super::strings::SharedStrings;
use crate::{Cell, EXPONENT_MAX, Part};

/// Cells of this look are empty, or in columns without one.
pub const LOOK_PLAIN: u16 = 15;
/// A heading.
pub const LOOK_HEADING: u16 = 16;
/// Looks of the rows follow, then those of the footer.
const LOOK_FIRST: u16 = 17;
/// Looks of rows: text, count, moment, and a number for each number of decimals.
const LOOKS: u16 = 3 + EXPONENT_MAX as u16 + 1;

/// Formats of ours begin here; those below are Excel's own.
const FORMAT_FIRST: u16 = 164;
const FORMAT_TEXT: u16 = 49;
const FORMAT_COUNT: u16 = 1;
/// The moment, then numbers by decimals.
const FORMATS: [&str; 2 + EXPONENT_MAX as usize] =
    ["dd.mm.yyyy hh:mm:ss", "#,##0", "#,##0.0", "#,##0.00", "#,##0.000", "#,##0.0000"];

const FONT_PLAIN: u16 = 0;
const FONT_BOLD: u16 = 1;
/// Twentieths of a point.
const FONT_HEIGHT: u16 = 200;
/// Light gray of Excel's palette, behind headings.
const HEADING_COLOR: u16 = 22;
const AUTOMATIC_FORE: u16 = 0x40;
const AUTOMATIC_BACK: u16 = 0x41;

/// The look of a cell.
pub fn look(cell: &Cell<'_>, part: Part) -> u16 {
    let base = match part {
        Part::Body => LOOK_FIRST,
        Part::Footer => LOOK_FIRST + LOOKS,
    };
    match cell {
        Cell::Empty => LOOK_PLAIN,
        Cell::Text(_) => base,
        Cell::Integer(_) => base + 1,
        Cell::Date(_) => base + 2,
        Cell::Number { exponent, .. } => {
            base + 3 + u16::try_from(*exponent.min(&EXPONENT_MAX)).unwrap_or_default()
        }
    }
}

/// Begins a substream: the workbook's globals or a sheet.
pub fn begin(records: &mut Records, substream: u16) {
    // BIFF8, as Excel 97 wrote it.
    records.add(0x0809, &[W(0x0600), W(substream), W(0x0DBB), W(0x07CC), D(0x41), D(0x06)]);
}

/// The globals, for sheets of these names and lengths.
pub fn globals(sheets: &[(String, usize)], strings: &SharedStrings) -> Records {
    // Where sheets begin is known when the globals' length is: it does not depend on the places.
    let length = with_places(sheets, strings, 0).bytes().len();
    with_places(sheets, strings, length)
}

fn with_places(sheets: &[(String, usize)], strings: &SharedStrings, length: usize) -> Records {
    let mut records = Records::default();
    begin(&mut records, 0x0005);
    records.add(0x0042, &[W(1200)]); // CODEPAGE: UTF-16.
    let window = [0, 0, 0x5000, 0x3000, 0x0038, 0, 0, 1, 600].map(W);
    records.add(0x003D, &window);
    records.add(0x0022, &[W(0)]); // DATEMODE: days are counted from 1900.
    fonts(&mut records);
    for (format, number) in FORMATS.iter().zip(FORMAT_FIRST..) {
        records.add(0x041E, &[W(number), LongText(format)]);
    }
    looks(&mut records);
    records.add(0x0293, &[W(0x8000), B(0), B(0xFF)]); // STYLE: the first look is «Normal».
    let mut place = length;
    for (name, size) in sheets {
        let at = u32::try_from(place).unwrap_or(u32::MAX);
        records.add(0x0085, &[D(at), B(0), B(0), ShortText(name)]);
        place += size;
    }
    strings.write(&mut records);
    records.add(0x000A, &[]);
    records
}

fn fonts(records: &mut Records) {
    // Excel expects four.
    for weight in [400, 700, 400, 400] {
        let head = [W(FONT_HEIGHT), W(0), W(0x7FFF), W(weight), W(0)];
        let tail = [B(0), B(0), B(204), B(0), ShortText("Arial")];
        records.add(0x0031, &[head.as_slice(), tail.as_slice()].concat());
    }
}

fn looks(records: &mut Records) {
    // Excel expects fifteen looks that styles are made of, and after them the plain one.
    for _ in 0..LOOK_PLAIN {
        look_record(records, (FONT_PLAIN, 0, 0xFFF5), BY_KIND);
    }
    look_record(records, (FONT_PLAIN, 0, OF_CELL), BY_KIND);
    heading_record(records);
    for font in [FONT_PLAIN, FONT_BOLD] {
        look_record(records, (font, FORMAT_TEXT, OF_CELL), BY_KIND);
        look_record(records, (font, FORMAT_COUNT, OF_CELL), CENTERED);
        for (_, format) in FORMATS.iter().zip(FORMAT_FIRST..) {
            let align = if format == FORMAT_FIRST { CENTERED } else { BY_KIND };
            look_record(records, (font, format, OF_CELL), align);
        }
    }
}

const XF: u16 = 0x00E0;
/// Locked, as every cell of an unprotected sheet is, and made from the first style.
const OF_CELL: u16 = 0x0001;
/// Every property is the look's own, none the style's.
const OWN: u8 = 0xFC;
/// At the bottom of the cell, and by kind (words left, numbers right) or in the middle.
const BY_KIND: u8 = 0x20;
const CENTERED: u8 = 0x22;

fn look_record(records: &mut Records, (font, format, kind): (u16, u16, u16), align: u8) {
    let colors = AUTOMATIC_FORE | AUTOMATIC_BACK << 7;
    let head = [W(font), W(format), W(kind), B(align), B(0), B(0), B(OWN)];
    records.add(XF, &[head.as_slice(), &[D(0), D(0), W(colors)]].concat());
}

/// Bold on gray, wrapped, in the middle both ways.
fn heading_record(records: &mut Records) {
    let solid = 1 << 26;
    let colors = HEADING_COLOR | AUTOMATIC_BACK << 7;
    let head = [W(FONT_BOLD), W(FORMAT_TEXT), W(OF_CELL)];
    let tail = [B(0x1A), B(0), B(0), B(OWN), D(0), D(solid), W(colors)];
    records.add(XF, &[head.as_slice(), &tail].concat());
}
