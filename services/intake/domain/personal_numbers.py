"""Swedish personal identity numbers and co-ordination numbers in running text.

The form is SKV 704's: year, month, day (plus 60 in a co-ordination number), a three-figure birth number and a check
figure (Luhn, over ten figures). An organisation's number has at least 20 where a month would stand, so it is none; a
sole trader's is its owner's personal number, and is found.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator

from services.intake.domain.contact_details import is_filed

# Every part has a fixed length; between them at most one sign, so that the time grows as the text does.
_NUMBER = re.compile(
    r"""(?<![\w+])(?<![0-9][.,/:])(?<!\w[-–])
        (?P<century>1[89]|20)?(?P<year>[0-9]{2})(?P<inner>[-. ]?)(?P<month>[0-9]{2})(?P=inner)(?P<day>[0-9]{2})
        (?P<between>[ \u00a0]?[-+–−‐‑][ \u00a0]?|[ \u00a0]?)
        (?P<last>[0-9]{4}|[xX*]{4})
        (?![\w*])(?![-–.,/:][0-9])""",
    re.VERBOSE,
)
_SAID = re.compile(
    r"(?i)(?:(?:person|samordnings)(?:nummer|nr)|\bp\.?nr|\bfödd|personal (?:identity )?number|date of birth)"
    r"[^0-9\n]{0,20}\Z"
)
_LOOK_BACK = 45


def find(text: str) -> Iterator[tuple[int, int, bool]]:
    """Where each number begins and ends, and whether it is one for certain (its date exists, its check figure fits)."""
    for found in _NUMBER.finditer(text):
        if not _is_day(found["century"], found["year"], found["month"], found["day"]):
            continue
        before = text[max(0, found.start() - _LOOK_BACK) : found.start()]
        if is_filed(before):
            continue
        figures = found["year"] + found["month"] + found["day"] + found["last"]
        is_said = _SAID.search(before) is not None
        has_sign = bool(found["between"].strip())
        if found["inner"] and not (has_sign or is_said):
            continue  # a day and a time of day: 2026-03-05 1400
        if not found["last"].isdigit():
            yield found.start(), found.end(), False
        elif _check_figure_fits(figures):
            if not found["century"] and not has_sign and figures[0] == "0" and not is_said:
                continue  # 0701234567: a telephone number is likelier
            yield found.start(), found.end(), True
        elif has_sign or is_said or found["century"]:
            yield found.start(), found.end(), False


def _is_day(century: str | None, year: str, month: str, day: str) -> bool:
    """True where that day exists, in the century given or in one of the last two."""
    in_month = int(day) - 60 if int(day) > 60 else int(day)
    if not 1 <= int(month) <= 12 or in_month < 1:
        return False
    return any(
        in_month <= calendar.monthrange(int(hundreds + year), int(month))[1]
        for hundreds in ((century,) if century else ("19", "20"))
    )


def _check_figure_fits(figures: str) -> bool:
    """Luhn's formula over ten figures."""
    total = 0
    for place, figure in enumerate(figures):
        value = int(figure) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
