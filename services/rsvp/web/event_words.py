"""What templates say of an event: its texts in the page's language, and when it is, in its own time zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_time
from flask import Flask

from services.rsvp.domain.said import said
from services.rsvp.store.tables import Event
from shared import i18n
from shared.clock import STOCKHOLM
from shared.web.language import spoken

END_OF_DAY = time(23, 59)
"""From this minute on a deadline is the day's end."""


def install(app: Flask) -> None:
    """Give every template ``said`` (a text by language, in the page's) and ``event_when`` (when an event is).

    ``event_clock`` says the hours alone, ``zoned`` any moment in an event's zone, ``until`` a deadline there,
    ``half_day`` a proposal to its host.
    """
    app.jinja_env.globals.update(
        said=_said, event_when=event_when, event_clock=event_clock, zoned=_zoned, until=_until, half_day=_half_day
    )


def _said(words: Mapping[str, str]) -> str:
    _, language = spoken()
    return said(words, language)


def event_when(event: Event) -> str:
    """ "tisdag 1 december 09.00–12.00", with the zone where it is not Sweden's; empty where there is no day yet."""
    _, language = spoken()
    if event.starts_at is None or event.ends_at is None:
        return ""
    return when(event.starts_at, event.ends_at, event.zone, language)


def event_clock(event: Event) -> str:
    """ "09.00–12.00", where the event is held; empty where there is no time yet."""
    _, language = spoken()
    times = [at.astimezone(ZoneInfo(event.zone)) for at in (event.starts_at, event.ends_at) if at is not None]
    return "–".join(_clock(at, language) for at in times)


def _zoned(moment: datetime, zone: str) -> str:
    _, language = spoken()
    return moment_words(moment, zone, language)


def _until(moment: datetime, zone: str) -> str:
    """The day alone where the whole of it is left, as for most deadlines; otherwise with the hour."""
    _, language = spoken()
    local = moment.astimezone(ZoneInfo(zone))
    return i18n.day(local.date(), language) if local.time() >= END_OF_DAY else moment_words(moment, zone, language)


def _half_day(proposal: Mapping[str, str], zone: str) -> str:
    _, language = spoken()
    starts_at, ends_at = (datetime.fromisoformat(proposal[name]) for name in ("starts_at", "ends_at"))
    return when(starts_at, ends_at, zone, language)


def when(starts_at: datetime, ends_at: datetime, zone: str, language: str) -> str:
    """The same for any two times."""
    there = ZoneInfo(zone)
    start, end = starts_at.astimezone(there), ends_at.astimezone(there)
    first = f"{i18n.day(start.date(), language)} {_clock(start, language)}"
    rest = _clock(end, language)
    words = f"{first}–{rest}" if start.date() == end.date() else f"{first} – {i18n.day(end.date(), language)} {rest}"
    return words if there.key == STOCKHOLM.key else f"{words} ({there.key})"


def moment_words(moment: datetime, zone: str, language: str) -> str:
    """ "tisdag 1 december 09.00", with the zone where it is not Sweden's."""
    there = ZoneInfo(zone)
    local = moment.astimezone(there)
    words = f"{i18n.day(local.date(), language)} {_clock(local, language)}"
    return words if there.key == STOCKHOLM.key else f"{words} ({there.key})"


def _clock(moment: datetime, language: str) -> str:
    return format_time(moment, "HH.mm" if language == "sv" else "HH:mm", locale=Locale.parse(language))
