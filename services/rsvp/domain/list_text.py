"""A pasted or uploaded list as rows of cells, whatever program wrote it: which letters, which sign divides. Pure."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from shared.errors import Rejected

MAX_BYTES: Final = 10 * 1024 * 1024
"""Of a file; a hundred thousand people with names and workplaces take about as much."""
MAX_ROWS: Final = 100_000
MAX_CELLS: Final = 50
"""Columns that are read; whoever exports a whole register has the address among the first."""
MAX_CELL: Final = 2_000
"""Characters that are read of one cell."""

Cells = Sequence[str]

_DIVIDERS: Final = ("\t", ";", ",")
_SAMPLE: Final = 50
_NAMED: Final = re.compile(r"([^<>]*)<([^<>]*)>")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNDEFINED: Final = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
"""Octets that Windows-1252 has no sign for."""


def decoded(content: bytes) -> str:
    """The text of a file: by its byte order mark, else UTF-8, else UTF-16 by its zeros, else Windows-1252 (Excel).

    :raises Rejected: it is no text.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strictly(content, encoding)
    if b"\0" in content:
        zeros = content[:4096]
        little = zeros[1::2].count(0) > zeros[::2].count(0)
        return _strictly(content, "utf-16-le" if little else "utf-16-be")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        if _UNDEFINED.intersection(content):
            raise Rejected("file", "no_text") from None
        return content.decode("cp1252")


def rows_of(text: str) -> list[Cells]:
    """The rows, the first line being row 1; blank ones stay, so that numbers are those that people see.

    What is copied from a mail's address field, ``Kim Kontakt <kim@krokom.example>; …``, gives a row for each person's
    line, with a cell for each person.

    :raises Rejected: there are too many.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    sample = [line for line in lines[:20_000].split("\n")[:_SAMPLE] if line.strip()]
    named = sum(1 for line in sample if _NAMED.search(line) is not None)
    divider = _divider(sample)
    # Names with a comma in them stand before an address in angle brackets: there a comma divides nothing by itself.
    is_mail_field = 2 * named >= len(sample) > 0 and divider != "\t" and not _is_table(sample)
    if is_mail_field:
        return _few(map(_people, _lines(lines)))
    return [[cell[:MAX_CELL] for cell in row[:MAX_CELLS]] for row in _table(lines, divider)]


def split_named(words: str) -> tuple[str, str]:
    """Name and address in ``Kim Kontakt <kim@krokom.example>``; what has no angle brackets is an address alone."""
    found = _NAMED.search(words)
    if found is None:
        return "", words.strip()
    return found[1].strip().strip("\"'").strip(), found[2].strip()


def _strictly(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Rejected("file", "no_text") from error


def _divider(sample: Sequence[str]) -> str:
    """The sign that stands in most lines: TAB before semicolon before comma, as commas stand in names too."""
    most, found = 0, ","
    for sign in _DIVIDERS:
        count = sum(1 for line in sample if sign in line)
        if count > most:
            most, found = count, sign
    return found


def _is_table(sample: Sequence[str]) -> bool:
    """True where columns follow an address in angle brackets, as in ``Kim <kim@a.example>;Krokoms kommun;sv``."""
    tails = [line.rpartition(">")[2] for line in sample if ">" in line]
    return any("@" not in tail and tail.strip(" ;,") for tail in tails)


def _people(line: str) -> Cells:
    """Each person of a line from a mail's address field."""
    found: list[str] = []
    for part in line.split(";"):
        end = 0
        for match in _NAMED.finditer(part):
            *before, name = match[1].split(",") if "@" in match[1] else [match[1]]
            found += [words for words in before if words.strip()]
            found.append(f"{name.strip(' ,')} <{match[2]}>")
            end = match.end()
        found += [words.strip() for words in part[end:].split(",") if words.strip()]
    return found


def _table(text: str, divider: str) -> list[Cells]:
    """As CSV. Where a quote is never closed, and would swallow the people after it, quotes are signs like any other."""
    try:
        rows = _few(csv.reader(io.StringIO(text, newline=""), delimiter=divider))
    except csv.Error:  # a cell longer than the reader takes
        rows = None
    if rows is None or any("\n" in cell and "@" in cell for row in rows for cell in row):
        return _few([cell.strip().strip('"') for cell in line.split(divider)] for line in _lines(text))
    return rows


def _lines(text: str) -> Iterator[str]:
    """One at a time: millions of empty lines at once take gigabytes."""
    return (line.rstrip("\n") for line in io.StringIO(text, newline="\n"))


def _few(rows: Iterator[Cells]) -> list[Cells]:
    """As many rows as are read; more of them are blank.

    :raises Rejected: they are not.
    """
    found = list(islice(rows, MAX_ROWS))
    if any(cell.strip() for row in rows for cell in row):
        raise Rejected("file", "too_many")
    return found
