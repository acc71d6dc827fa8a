"""What an automatic reply tells of its writer's absence: that there is one, and its last day. Pure.

Only what is said plainly counts, in Swedish or English: a function mailbox that thanks for every mail is not away,
and a date that could be read in two ways is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

LONGEST: Final = timedelta(days=400)
"""A later end is a slip of the pen, or somebody who will not come back: no absence that a deputy bridges."""
_LOOKED_AT: Final = 4_000
"""Characters of a reply."""

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "januari january jan",
            "februari february feb",
            "mars march mar",
            "april apr",
            "maj may",
            "juni june jun",
            "juli july jul",
            "augusti august aug",
            "september sept sep",
            "oktober october okt oct",
            "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}
_WEEKDAYS: Final = {
    name: number
    for number, names in enumerate(
        (
            "måndag monday",
            "tisdag tuesday",
            "onsdag wednesday",
            "torsdag thursday",
            "fredag friday",
            "lördag saturday",
            "söndag sunday",
        )
    )
    for name in names.split()
}
_MONTH: Final = "|".join(sorted(_MONTHS, key=len, reverse=True))
_WEEKDAY: Final = "|".join(_WEEKDAYS)
_DATE: Final = re.compile(
    rf"""(?P<iso>(?P<iy>20\d\d)-(?P<im>\d\d)-(?P<id>\d\d))(?!\d)
      | (?P<dm>(?P<d>\d{{1,2}})(?::?[ea]|st|nd|rd|th)?[ ](?:of[ ])?(?P<m>{_MONTH})\b\.?(?:,?[ ](?P<y>20\d\d))?)
      | (?P<md>(?P<m2>{_MONTH})\.?[ ](?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?[ ](?P<y2>20\d\d))?)
      | (?P<slash>(?P<d3>\d{{1,2}})/(?P<m3>\d{{1,2}})(?:[ /-](?P<y3>20\d\d))?)(?![\d/])
      | (?P<week>(?:vecka|week|v\.?)[ ]?(?P<w>\d{{1,2}}))(?!\d)
      | (?P<day>(?:nästa[ ]|next[ ])?(?P<wd>{_WEEKDAY})(?:en)?\b)
      | (?P<morrow>i[ ]?morgon|tomorrow)\b""",
    re.VERBOSE | re.IGNORECASE,
)
# Between the word and the date: a few words without another number or a new sentence.
_BETWEEN: Final = rf"(?:[ ,:]+(?!(?:{_WEEKDAY}|{_MONTH}|i[ ]?morgon|tomorrow|vecka|week|v)\b)[a-zåäö'’]+){{0,6}}[ ,:]*"
_ON: Final = rf"(?:(?:{_WEEKDAY})(?:en)?,?[ ](?:den[ ]|the[ ])?(?=\d|{_MONTH}))?"
_BACK: Final = re.compile(
    rf"\b(?:åter|tillbaka|återkommer|återvänder|börjar jobba igen|back|return|returning)\b{_BETWEEN}{_ON}",
    re.IGNORECASE,
)
_UNTIL: Final = re.compile(
    r"(?:\b(?:till och med|till|tom|until|til|through|thru|to)|\bt\.? ?o\.? ?m\.?|\bt/m|[–-])"
    rf"(?:[ ](?:och med|and including|den|the|torsdag))?[ ]?(?:(?:den|the)[ ])?{_ON}",
    re.IGNORECASE,
)
_AWAY: Final = re.compile(
    r"\b(?:frånvaro\w*|frånvarande|ledig|tjänstledig|föräldraledig|sjukskriven|bortrest|semester\w*|på resande fot"
    r"|borta(?! från)|(?:inte|ej) (?:på (?:plats|kontoret|jobbet)|i tjänst|anträffbar|tillgänglig)"
    r"|out[ -]of[ -](?:the[ -])?office(?! hours)|ooo|not in the office"
    r"|away(?! from the)|away from (?:the|my) (?:office|desk)"
    r"|on (?:\w+ )?(?:leave|holiday|vacation)|annual leave|maternity leave|parental leave|absent|absence"
    r"|(?:åter|tillbaka) (?:i tjänst|på (?:kontoret|jobbet|plats)|den \d|\d)|(?:back|return\w*) (?:on|in|to))\b",
    re.IGNORECASE,
)


def tells_of_absence(subject: str, text: str) -> bool:
    """True where it says that its writer is not there, and does more than confirm that a mail has come."""
    return _AWAY.search(subject[:300]) is not None or _AWAY.search(text[:_LOOKED_AT]) is not None


def last_day(subject: str, text: str, today: date) -> date | None:
    """The last day of the absence, as the reply plainly tells; None where it does not, or where that day is past.

    A day without a year is the next such day. "Back on Monday" makes Sunday the last day.
    """
    for words in (_one_spaced(text[:_LOOKED_AT]), _one_spaced(subject[:300])):
        found = [day - timedelta(days=1) for day in _days_after(_BACK, words, today, begins=True)]
        found = found or list(_days_after(_UNTIL, words, today, begins=False))
        for day in found:
            if today <= day <= today + LONGEST:
                return day
    return None


def _one_spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _days_after(lead: re.Pattern[str], words: str, today: date, *, begins: bool) -> Iterator[date]:
    for match in lead.finditer(words):
        found = _DATE.match(words, match.end())
        day = _day(found, today, begins=begins) if found else None
        if day is not None:
            yield day


def _day(found: re.Match[str], today: date, *, begins: bool) -> date | None:
    match found.lastgroup and next(name for name in _FORMS if found[name]):
        case "iso":
            return _made(int(found["iy"]), int(found["im"]), int(found["id"]))
        case "dm":
            return _next(int(found["d"]), _MONTHS[found["m"].lower()], found["y"], today)
        case "md":
            return _next(int(found["d2"]), _MONTHS[found["m2"].lower()], found["y2"], today)
        case "slash":
            return _next(int(found["d3"]), int(found["m3"]), found["y3"], today)
        case "week":
            return _week(int(found["w"]), today, begins=begins)
        case "day":
            ahead = (_WEEKDAYS[found["wd"].lower()] - today.weekday() - 1) % 7 + 1
            return today + timedelta(days=ahead)
        case _:
            return today + timedelta(days=1)


_FORMS: Final = ("iso", "dm", "md", "slash", "week", "day", "morrow")


def _made(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _next(day: int, month: int, year: str | None, today: date) -> date | None:
    """That day in its year, or the next such day from yesterday on."""
    if year is not None:
        return _made(int(year), month, day)
    here = _made(today.year, month, day)
    if here is not None and here >= today:
        return here
    ahead = _made(today.year + 1, month, day)
    # Half a year ahead it is rather a day of this year that is past: a reply that nobody has turned off.
    return ahead if ahead is not None and ahead - today < timedelta(days=183) else None


def _week(number: int, today: date, *, begins: bool) -> date | None:
    """Monday of the next week of that number, or its Sunday where it is the last one of the absence."""
    for year in (today.isocalendar().year, today.isocalendar().year + 1):
        try:
            day = date.fromisocalendar(year, number, 1 if begins else 7)
        except ValueError:
            continue
        if day >= today:
            return day if day - today < timedelta(days=183) else None
    return None
