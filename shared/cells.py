"""Cells of tables that leave the house: words of strangers that a spreadsheet must never run. Pure."""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_CELL: Final = 32_767
"""Characters that a spreadsheet keeps in one cell."""
_STARTS_FORMULA: Final = frozenset("=+-@\t\r\n＝＋－＠")
"""What a spreadsheet may begin a formula or a command with; some read the full-width signs alike."""
_CUT: Final = " […]"


def harmless(words: str) -> str:
    """The words as a cell that is text in every spreadsheet: one that would begin a formula gets a leading ``'``.

    Blanks and unseen signs before such a sign count as nothing, for some programs strip them. NUL and other control
    signs but TAB and line ends go, for no file of this kind may hold them; what is too long for a cell is cut, and
    says so.
    """
    clean = "".join(sign for sign in words if sign >= " " or sign in "\t\r\n")
    seen = next((sign for sign in clean if sign in _STARTS_FORMULA or not _is_blank(sign)), "")
    cell = f"'{clean}" if seen in _STARTS_FORMULA and seen else clean
    return cell if len(cell) <= MAX_CELL else cell[: MAX_CELL - len(_CUT)] + _CUT


def _is_blank(sign: str) -> bool:
    """A blank, or a sign that nobody sees, such as a byte order mark."""
    return sign.isspace() or unicodedata.category(sign) == "Cf"
