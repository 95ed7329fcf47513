//! Writes a table in every format, has it read by others, and says what they should have read.

use std::path::Path;
use std::process::Command;

use altyn_domain::time::Timestamp;
use altyn_register::{Cell, Column, CsvWriter, RegisterWriter, Table, XlsWriter, XlsxWriter};
use serde_json::{Value, json};

/// What a reader says of a sheet: rows of cells.
pub type Sheet = Vec<Vec<Value>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    CsvRussian,
    CsvPlain,
    Xlsx,
    Xls,
}

pub const FORMATS: [Format; 4] = [Format::CsvRussian, Format::CsvPlain, Format::Xlsx, Format::Xls];

const HEADINGS: [&str; 5] = ["№", "Клиент", "Сумма", "Количество", "Создан (МСК)"];

pub fn table(headings: &[&str]) -> Table {
    let column = |heading: &&str| Column { heading: (*heading).to_owned(), width: 20 };
    Table { title: "Платежи".to_owned(), columns: headings.iter().map(column).collect() }
}

/// What the readers say of a file.
pub fn read(path: &Path) -> Vec<Sheet> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = here.join("../../.local/venv/bin/python");
    assert!(python.exists(), "the readers are not installed: run scripts/setup.sh");
    let output =
        Command::new(python).arg(here.join("tests/readers.py")).arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut files: Vec<Vec<Sheet>> = serde_json::from_slice(&output.stdout).unwrap();
    let mut sheets = files.pop().unwrap();
    for cell in sheets.iter_mut().flatten().flatten() {
        if let Some(number) = cell.get_mut("number") {
            *number = json!(bits(number.as_str().unwrap()));
        }
    }
    sheets
}

/// Writes and reads back; every row has as many cells as there are headings.
pub fn said(
    format: Format,
    headings: &[&str],
    rows: &[Vec<Cell<'_>>],
    footer: &[Vec<Cell<'_>>],
) -> Vec<Sheet> {
    let folder = tempfile::tempdir().unwrap();
    let extension = match format {
        Format::CsvRussian | Format::CsvPlain => "csv",
        Format::Xlsx => "xlsx",
        Format::Xls => "xls",
    };
    let path = folder.path().join(format!("register.{extension}"));
    let table = table(headings);
    let mut writer: Box<dyn RegisterWriter> = match format {
        Format::CsvRussian => Box::new(CsvWriter::russian(&path, &table).unwrap()),
        Format::CsvPlain => Box::new(CsvWriter::plain(&path, &table).unwrap()),
        Format::Xlsx => Box::new(XlsxWriter::create(&path, table).unwrap()),
        Format::Xls => Box::new(XlsWriter::create(&path, table).unwrap()),
    };
    for row in rows {
        writer.row(row).unwrap();
    }
    let bytes = writer.finish(footer).unwrap();
    assert_eq!(bytes, std::fs::metadata(&path).unwrap().len());
    read(&path)
}

/// Writes rows of five cells in every format and compares what the readers say.
pub fn in_all(rows: &[Vec<Cell<'_>>], footer: &[Vec<Cell<'_>>]) {
    for format in FORMATS {
        let [sheet] = said(format, &HEADINGS, rows, footer).try_into().unwrap();
        let headings = HEADINGS.map(Cell::text).to_vec();
        let all = std::iter::once(&headings).chain(rows).chain(footer);
        let expected: Sheet = all.map(|row| expected(format, row)).collect();
        assert_eq!(sheet.len(), expected.len(), "{format:?}");
        for (said, expected) in sheet.iter().zip(expected) {
            assert_eq!(said, &expected, "{format:?}");
        }
    }
}

/// What a reader should say of a row.
pub fn expected(format: Format, row: &[Cell<'_>]) -> Vec<Value> {
    row.iter().map(|cell| expected_cell(format, cell)).collect()
}

fn expected_cell(format: Format, cell: &Cell<'_>) -> Value {
    let is_sheet = matches!(format, Format::Xlsx | Format::Xls);
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) if text.is_empty() => Value::Null,
        Cell::Text(text) => {
            if is_sheet {
                json!(text)
            } else {
                json!(defused(text))
            }
        }
        Cell::Integer(count) if is_sheet => number(&count.to_string(), "0"),
        Cell::Integer(count) => json!(count.to_string()),
        Cell::Number { minor, exponent } => {
            let decimal = decimal(*minor, *exponent as usize);
            match format {
                Format::CsvRussian => json!(decimal.replace('.', ",")),
                Format::CsvPlain => json!(decimal),
                Format::Xlsx | Format::Xls => {
                    let looks = ["#,##0", "#,##0.0", "#,##0.00", "#,##0.000", "#,##0.0000"];
                    number(&decimal, looks[*exponent as usize])
                }
            }
        }
        Cell::Date(at) => date(format, *at),
    }
}

fn number(decimal: &str, look: &str) -> Value {
    json!({ "number": bits(decimal), "format": look })
}

/// With an apostrophe before whatever some separator would make a formula of.
fn defused(text: &str) -> String {
    let mut parts = text.split_inclusive([';', ',', '|', '\t', '\n']);
    let first = parts.next().unwrap_or_default();
    let lead = if first.starts_with(|c| "=+-@\t\n＝＋－＠".contains(c)) { "'" } else { "" };
    let mut safe = format!("{lead}{first}");
    for part in parts {
        let bare = part.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
        let skipped = part.strip_suffix(bare).unwrap();
        let lead = if bare.starts_with(|c| "=+-@＝＋－＠".contains(c)) { "'" } else { "" };
        safe.push_str(&format!("{skipped}{lead}{bare}"));
    }
    safe
}

/// The binary fraction that a decimal is read as: one can be written in several ways.
fn bits(decimal: &str) -> u64 {
    decimal.parse::<f64>().unwrap().to_bits()
}

/// Digits put together by hand: shares nothing with the writers.
fn decimal(minor: i128, exponent: usize) -> String {
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = exponent + 1);
    let (whole, part) = digits.split_at(digits.len() - exponent);
    let sign = if minor < 0 { "-" } else { "" };
    if exponent == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

fn date(format: Format, at: Timestamp) -> Value {
    let seconds = at.as_seconds() + 3 * 3_600;
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let time = format!("{:02}:{:02}:{:02}", of_day / 3_600, of_day / 60 % 60, of_day % 60);
    match format {
        Format::CsvRussian => json!(format!("{day:02}.{month:02}.{year:04} {time}")),
        Format::CsvPlain => json!(format!("{year:04}-{month:02}-{day:02}T{time}+03:00")),
        Format::Xlsx | Format::Xls => json!({
            "date": format!("{year:04}-{month:02}-{day:02}T{time}"),
            "format": "dd.mm.yyyy hh:mm:ss",
        }),
    }
}

/// The Gregorian date of a day after 1970-01-01, counted year by year and month by month.
fn civil(mut days: i64) -> (i64, i64, i64) {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |year: i64| if is_leap(year) { 366 } else { 365 };
    let mut year = 1970;
    while days < 0 {
        year -= 1;
        days += length(year);
    }
    while days >= length(year) {
        days -= length(year);
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}
