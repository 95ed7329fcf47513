"""Reads registers with programs that are not ours and prints what they say, as JSON.

Usage: readers.py FILE...  Each file gives a list of sheets, each a list of rows; a cell is a text,
null when it is empty, {"number": …, "format": …} or {"date": …, "format": …}. CSV has texts only
and is one sheet.
"""

import csv
import datetime
import json
import sys

import openpyxl
import xlrd


def of_xlsx(path):
    book = openpyxl.load_workbook(path, read_only=True)

    def read(cell):
        assert cell.data_type != "f", "a formula"
        if isinstance(cell.value, datetime.datetime):
            return {"date": cell.value.isoformat(), "format": cell.number_format}
        if isinstance(cell.value, (int, float)):
            return {"number": repr(float(cell.value)), "format": cell.number_format}
        return cell.value or None

    return [[[read(cell) for cell in row] for row in sheet.rows] for sheet in book]


def of_xls(path):
    book = xlrd.open_workbook(path, formatting_info=True)

    def read(cell):
        look = book.format_map[book.xf_list[cell.xf_index].format_key].format_str
        if cell.ctype == xlrd.XL_CELL_DATE:
            date = xlrd.xldate_as_datetime(cell.value, book.datemode)
            return {"date": date.isoformat(), "format": look}
        if cell.ctype == xlrd.XL_CELL_NUMBER:
            return {"number": repr(cell.value), "format": look}
        assert cell.ctype in (xlrd.XL_CELL_TEXT, xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK), cell
        return cell.value or None

    return [[[read(cell) for cell in row] for row in sheet.get_rows()] for sheet in book.sheets()]


def of_csv(path):
    with open(path, "rb") as file:
        is_russian = file.read(3) == b"\xef\xbb\xbf"
    encoding, separator = ("utf-8-sig", ";") if is_russian else ("utf-8", ",")
    with open(path, encoding=encoding, newline="") as file:
        rows = csv.reader(file, delimiter=separator, strict=True)
        return [[[value or None for value in row] for row in rows]]


READERS = {".csv": of_csv, ".xlsx": of_xlsx, ".xls": of_xls}

if __name__ == "__main__":
    said = [READERS[path[path.rindex(".") :]](path) for path in sys.argv[1:]]
    json.dump(said, sys.stdout)
