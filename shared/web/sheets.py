"""Tables as files for a spreadsheet, whose cells are text and nothing else: CSV as Swedish Excel reads it, and XLSX."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Final

import xlsxwriter  # type: ignore[import-untyped] # it has none
from flask import Response

from shared.cells import harmless

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS: Final = 1_000_000
"""Rows of a file; a sheet holds few more. What is beyond is found by a narrower filter."""
_PIECE: Final = 64 * 1024
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_date_format": "yyyy-mm-dd",
}

Cell = str | int | None


def csv_response(name: str, rows: Iterable[Sequence[Cell]]) -> Response:
    """The rows as CSV, sent while they are read: with a byte order mark and semicolons, as Swedish Excel expects."""
    return _download(_csv(rows), "text/csv; charset=utf-8", f"{name}.csv")


def xlsx_response(name: str, title: str, rows: Iterable[Sequence[Cell]]) -> Response:
    """The rows as a workbook of one sheet, built in a temporary file: its memory does not grow with the list."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - it lives until it has been sent
    book = xlsxwriter.Workbook(file, _OPTIONS)
    sheet = book.add_worksheet(title[:31])
    bold = book.add_format({"bold": True})
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, int):
                sheet.write_number(number, column, cell)
            elif cell:
                sheet.write_string(number, column, harmless(cell), bold if number == 0 else None)
        if number >= MAX_ROWS:
            break
    sheet.freeze_panes(1, 0)
    book.close()
    file.seek(0)
    response = _download(_pieces(file), XLSX, f"{name}.xlsx")
    response.call_on_close(file.close)
    return response


def _csv(rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    held = io.StringIO(newline="")
    writer = csv.writer(held, delimiter=";", lineterminator="\r\n")
    held.write("\ufeff")
    for number, row in enumerate(rows):
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in row])
        if held.tell() >= _PIECE:
            yield held.getvalue().encode()
            held.seek(0)
            held.truncate()
        if number >= MAX_ROWS:
            break
    yield held.getvalue().encode()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _download(content: Iterable[bytes], kind: str, name: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
