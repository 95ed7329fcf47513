//! Registers read back by programs that share nothing with ours: Python's csv, openpyxl, xlrd.
#![cfg(test)]

mod readers;

use altyn_domain::time::Timestamp;
use altyn_register::{
    Cell, Column, CsvWriter, RegisterWriter, Table, WriteError, XLS_ROWS_MAX, XlsWriter,
};
use proptest::prelude::*;
use readers::{FORMATS, Format, expected, in_all, said};

fn text(text: &str) -> Cell<'_> {
    Cell::text(text)
}

fn rub(minor: i128) -> Cell<'static> {
    Cell::Number { minor, exponent: 2 }
}

/// 2026-11-22 14:05:03.700 UTC.
const AT: Timestamp = Timestamp::from_millis(1_795_356_303_700);

#[test]
fn every_reader_says_the_same() {
    let rows = vec![
        vec![text("1"), text("Иванов Пётр"), rub(123_450), Cell::Integer(3), Cell::Date(AT)],
        vec![text("0007"), text("a;b,\"c\"\nd"), rub(0), Cell::Empty, Cell::Empty],
        vec![text("смех 😂"), text(" blanks "), rub(-5), Cell::Integer(0), Cell::Date(AT)],
        vec![
            text("=HYPERLINK(\"http://x\")"),
            text("+79991234567"),
            Cell::Number { minor: 900, exponent: 0 },
            Cell::Integer(1),
            Cell::Date(Timestamp::from_millis(0)),
        ],
        vec![
            text("-1"),
            text("@x"),
            Cell::Number { minor: 1_005, exponent: 3 },
            Cell::Integer(i64::from(u32::MAX)),
            Cell::Date(AT),
        ],
    ];
    let footer = vec![
        vec![text("Итого"), text("RUB"), rub(123_445), Cell::Integer(3), Cell::Empty],
        vec![text("Итого"), text("ALL"), rub(10_i128.pow(21) + 1), Cell::Integer(2), Cell::Empty],
    ];
    in_all(&rows, &footer);
}

#[test]
fn what_a_merchant_sends_is_held_or_removed() {
    let forbidden = "a\u{0}\u{8}\u{B}\u{1F}b\u{FFFE}\u{FFFF}c\r\nd\re";
    let long = "я".repeat(40_000);
    let held: String = long.chars().take(32_767).collect();
    let rows = vec![vec![text(forbidden)], vec![text(&long)], vec![text("_x0041_ &amp; <b>]]>")]];
    for format in FORMATS {
        let [sheet] = said(format, &["A"], &rows, &[]).try_into().unwrap();
        assert_eq!(sheet[1][0], "abc\nd\ne", "{format:?}");
        assert_eq!(sheet[2][0], held.as_str(), "{format:?}");
        // openpyxl leaves an escape of its own dialect in place for texts inside cells.
        let says = sheet[3][0].as_str().unwrap().replace("_x005F_", "_");
        assert_eq!(says, "_x0041_ &amp; <b>]]>", "{format:?}");
    }
}

#[test]
fn csv_is_exact_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let table = || readers::table(&["№", "Сумма", "Создан"]);
    let row = vec![text("=1;2"), rub(123_450), Cell::Date(AT)];
    let write = |writer: CsvWriter| {
        let mut writer = Box::new(writer);
        writer.row(&row).unwrap();
        let bytes = writer.finish(&[vec![text("a\"b"), rub(-5), Cell::Empty]]).unwrap();
        let written = std::fs::read(&path).unwrap();
        assert_eq!(bytes, written.len() as u64);
        String::from_utf8(written).unwrap()
    };
    assert_eq!(
        write(CsvWriter::russian(&path, &table()).unwrap()),
        "\u{FEFF}№;Сумма;Создан\r\n\"'=1;2\";1234,50;22.11.2026 17:05:03\r\n\"a\"\"b\";-0,05;\r\n"
    );
    assert_eq!(
        write(CsvWriter::plain(&path, &table()).unwrap()),
        "№,Сумма,Создан\r\n'=1;2,1234.50,2026-11-22T17:05:03+03:00\r\n\"a\"\"b\",-0.05,\r\n"
    );
}

#[test]
fn an_empty_register_is_a_heading() {
    in_all(&[], &[]);
    in_all(&[], &[vec![text("Итого"), Cell::Empty, Cell::Empty, Cell::Integer(0), Cell::Empty]]);
}

#[test]
fn xls_holds_what_a_sheet_holds_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xls");
    let columns = ["A", "B"].map(|heading| Column { heading: heading.to_owned(), width: 9 });
    let table = Table { title: "Платежи".to_owned(), columns: columns.into() };
    let mut writer = Box::new(XlsWriter::create(&path, table).unwrap());
    for row in 0..XLS_ROWS_MAX {
        let name = format!("заказ {row}");
        writer.row(&[Cell::text(name), rub(row.into())]).unwrap();
    }
    let refused = writer.row(&[Cell::Empty, Cell::Empty]).unwrap_err();
    assert!(matches!(refused, WriteError::TooManyRows { most: XLS_ROWS_MAX }), "{refused}");
    let sum = i128::from(XLS_ROWS_MAX) * i128::from(XLS_ROWS_MAX - 1) / 2;
    writer.finish(&[vec![text("Итого"), rub(sum)]]).unwrap();
    let [rows, footer] = readers::read(&path).try_into().unwrap();
    assert_eq!(rows.len(), 65_536);
    for (row, number) in rows.iter().skip(1).zip(0..) {
        let name = Cell::text(format!("заказ {number}"));
        assert_eq!(row, &expected(Format::Xls, &[name, rub(number)]));
    }
    assert_eq!(footer[1..], [expected(Format::Xls, &[text("Итого"), rub(sum)])]);
}

#[test]
fn a_folder_that_is_not_there_is_an_error_of_the_file() {
    let path = std::path::Path::new("/nowhere/at/all.xls");
    let table = readers::table(&["A"]);
    assert!(matches!(XlsWriter::create(path, table.clone()), Err(WriteError::Io(_))));
    assert!(matches!(CsvWriter::plain(path, &table), Err(WriteError::Io(_))));
    let begun = altyn_register::XlsxWriter::create(path, table);
    assert!(matches!(begun, Err(WriteError::Io(_))), "{:?}", begun.err());
}

fn any_text() -> impl Strategy<Value = String> {
    let held = |character: &char| !matches!(character, '\0'..='\u{8}' | '\u{B}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
    let character =
        prop_oneof![any::<char>(), "[ -~]".prop_map(|text| text.chars().next().unwrap())];
    let body = proptest::collection::vec(character.prop_filter("held", held), 0..40);
    let lead = prop_oneof![3 => Just(""), 1 => Just("="), 1 => Just("+"), 1 => Just("@\""), 1 => Just(";"), 1 => Just("a,=1;+2\t- \n@")];
    let long = prop_oneof![9 => Just(1_usize), 1 => Just(300)];
    (lead, body, long)
        .prop_map(|(lead, body, times)| format!("{lead}{}", String::from_iter(body).repeat(times)))
        .prop_filter("openpyxl reads escapes in its own way", |text| !text.contains("_x"))
}

fn any_cell() -> impl Strategy<Value = Cell<'static>> {
    let number = (any::<i64>(), 0..=4_u32)
        .prop_map(|(minor, exponent)| Cell::Number { minor: minor.into(), exponent });
    // Python's clock has the years up to 9999, and Excel's begins in March 1900 without a doubt.
    let date = (-2_200_000_000_000..=250_000_000_000_000_i64)
        .prop_map(|millis| Cell::Date(Timestamp::from_millis(millis)));
    prop_oneof![
        4 => any_text().prop_map(Cell::text),
        2 => number,
        1 => date,
        1 => any::<u32>().prop_map(|count| Cell::Integer(count.into())),
        1 => Just(Cell::Empty),
    ]
}

proptest! {
    // Each case starts Python; the rows are many instead.
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 60, ..ProptestConfig::default() })]
    #[test]
    fn anything_comes_back_from_every_format(
        rows in proptest::collection::vec(proptest::collection::vec(any_cell(), 5), 1..150),
    ) {
        let (footer, rows) = rows.split_last().unwrap();
        in_all(rows, std::slice::from_ref(footer));
    }
}
