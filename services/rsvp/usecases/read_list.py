"""What a pasted text or an uploaded file holds, as rows of cells.

A workbook is read by a library in a process of its own, with limits: a few octets of a hostile one unpack to
gigabytes, or name a cell in the last row and column, and whatever they exhaust must not be ours.

python -m services.rsvp.usecases.read_list < list.xlsx > rows.json
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from services.rsvp.domain import list_text
from services.rsvp.domain.list_text import MAX_BYTES, MAX_CELL, MAX_CELLS, MAX_ROWS, Cells
from shared.errors import Rejected

_MODULE: Final = "services.rsvp.usecases.read_list"
_ROOT: Final = Path(__file__).resolve().parents[3]
WALL_SECONDS: Final = 30.0
_CPU_SECONDS: Final = 20
_MEMORY_BYTES: Final = 768 * 1024 * 1024
MAX_UNPACKED: Final = 256 * 1024 * 1024
"""Octets that a workbook may say that it unpacks to; one of 100,000 rows takes a tenth."""
MAX_TEXT: Final = 32 * 1024 * 1024
"""Characters of all cells together: one long text that many cells share takes little in a workbook, and much out of
it. A hundred thousand people take a third."""
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"
"""How workbooks from before 2007 begin, and those that are locked by a password."""
_TOO_MANY: Final = 3
_LOCKED: Final = 4
_TOO_LONG: Final = 5


def read_file(content: bytes) -> Sequence[Cells]:
    """The rows of an uploaded file: a workbook's first sheet with anything in it, or text.

    :raises Rejected: ``file`` is ``empty``, ``too_large``, ``too_many``, ``no_text``, ``locked`` or ``unreadable``.
    """
    if not content.strip():
        raise Rejected("file", "empty")
    if len(content) > MAX_BYTES:
        raise Rejected("file", "too_large")
    if content.startswith((_ZIP, _OLE)):
        return _workbook(content)
    return list_text.rows_of(list_text.decoded(content))


def _workbook(content: bytes) -> Sequence[Cells]:
    if content.startswith(_ZIP):
        _see_that_it_is_small(content)
    try:
        done = subprocess.run(  # noqa: S603 (nothing in it comes from outside)
            [sys.executable, "-m", _MODULE],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WALL_SECONDS,
            check=False,
            env={"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1", "PATH": os.defpath},
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError) as fault:
        raise Rejected("file", "unreadable") from fault
    if done.returncode == _TOO_MANY:
        raise Rejected("file", "too_many")
    if done.returncode == _LOCKED:
        raise Rejected("file", "locked")
    if done.returncode == _TOO_LONG:
        raise Rejected("file", "too_large")
    if done.returncode != 0:
        raise Rejected("file", "unreadable")
    rows: Sequence[Cells] = json.loads(done.stdout)
    return rows


def _see_that_it_is_small(content: bytes) -> None:
    """Go on where a workbook says that it unpacks to little: what lies about it meets the other process' limits.

    :raises Rejected: it does not, or is no archive.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, ValueError, OSError) as fault:
        raise Rejected("file", "unreadable") from fault
    if size > MAX_UNPACKED:
        raise Rejected("file", "too_large")


# --- the other process


def _main() -> int:
    import resource

    from python_calamine import CalamineWorkbook, PasswordError

    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read())) as book:
            rows = _first_filled(book.get_sheet_by_name(name).iter_rows() for name in book.sheet_names)
    except PasswordError:
        return _LOCKED
    except OverflowError:
        return _TOO_LONG
    if len(rows) > MAX_ROWS:
        return _TOO_MANY
    json.dump(rows, sys.stdout, ensure_ascii=True)
    return 0


def _first_filled(sheets: Iterable[Iterable[Sequence[Any]]]) -> list[list[str]]:
    """The rows of the first sheet with anything in it.

    :raises OverflowError: there is more text in it than is read.
    """
    for sheet in sheets:
        rows: list[list[str]] = []
        filled = length = 0
        for row in sheet:
            cells = [_words(cell) for cell in row[:MAX_CELLS]]
            rows.append(cells)
            length += sum(map(len, cells))
            if length > MAX_TEXT:
                raise OverflowError
            if any(cells):
                filled = len(rows)
            if filled > MAX_ROWS:
                break
        if filled:
            return rows[:filled]
    return []


def _words(cell: object) -> str:
    """A cell as people see it; of a formula, what it last gave."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, datetime | date):
        return cell.isoformat()
    return str(cell)[:MAX_CELL]


if __name__ == "__main__":
    sys.exit(_main())
