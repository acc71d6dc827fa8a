"""An event as a form: what its fields mean, what is wrong in them, and how it is written into them.

What a tour's plan has in common with an event (``common``) is read here for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.rsvp.domain.contact_list import read_contacts, write_contacts
from services.rsvp.domain.fault import Fault
from services.rsvp.domain.form_reader import Reader
from services.rsvp.domain.local_time import written, zone_of
from shared.clock import STOCKHOLM
from shared.question_list import read_questions, write_questions

TITLE_LIMIT = 150
TEXT_LIMIT = 20_000
LINE_LIMIT = 300
MOST_SEATS = 100_000
LONGEST = timedelta(days=14)
"""An event that lasts longer is a slip of the pen."""
OPEN, INVITED = "open", "invited"
OFFER_HOURS, MOST_PASSED, ANONYMISE_DAYS = 24, 3, 90
"""What an event begins with, and has where a field is left empty."""

WORDS = ("title", "text", "programme", "fika")
COMMON = (*WORDS, "languages", "zone", "capacity", "is_open", "questions", "asks_diet", "offer_hours", "most_passed")
"""Columns that an event and a tour's plan have in common."""
PLACE = ("place", "address", "map_url", "online_url")
TIMES = ("starts_at", "ends_at", "reply_by")
COLUMNS = (*COMMON, *PLACE, *TIMES, "anonymise_days")
"""What ``read_event`` gives besides ``contacts``."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a form means, and what is wrong in it by field."""

    values: Mapping[str, Any]
    faults: Mapping[str, Fault]


def read_event(form: Mapping[str, str], languages: Sequence[str]) -> Filled:
    """An event's columns and its ``contacts``."""
    reader, values = common(form, languages)
    values["anonymise_days"] = reader.number("anonymise_days", 1, 3650, empty=ANONYMISE_DAYS)
    for name in ("place", "address"):
        values[name] = reader.line(name, LINE_LIMIT)
    for name in ("map_url", "online_url"):
        values[name] = reader.url(name)
    zone = zone_of(values["zone"]) or STOCKHOLM
    starts_at = reader.moment("starts", zone)
    starts_day = form.get("starts_day", "").strip()
    ends_at = reader.moment("ends", zone, day=starts_day)
    reply_by = reader.moment("reply", zone, clock="23:59")
    values |= {"starts_at": starts_at, "ends_at": ends_at, "reply_by": reply_by}
    _check_order(reader, starts_at, ends_at, reply_by)
    return Filled(values, reader.faults)


def common(form: Mapping[str, str], languages: Sequence[str]) -> tuple[Reader, dict[str, Any]]:
    """What events and plans have in common, with ``contacts``, and the reader for the rest."""
    chosen = [language for language in languages if form.get(f"language-{language}") == "yes"]
    reader = Reader(form, chosen or languages[:1])
    if not chosen:
        reader.fail(f"language-{languages[0]}", "no_language")
    zone = reader.line("zone", LINE_LIMIT) or STOCKHOLM.key
    if zone_of(zone) is None:
        reader.fail("zone", "zone")
    questions, faults = read_questions(form, reader.languages)
    for name, key in faults.items():
        reader.fail(name, f"question_{key}")
    values = {
        "languages": list(reader.languages),
        "title": reader.words("title", TITLE_LIMIT, one_line=True, needed=True),
        "text": reader.words("text", TEXT_LIMIT),
        "programme": reader.words("programme", TEXT_LIMIT),
        "fika": reader.words("fika", LINE_LIMIT, one_line=True),
        "zone": zone,
        "capacity": reader.number("capacity", 1, MOST_SEATS),
        "is_open": reader.one_of("open_to", (INVITED, OPEN)) == OPEN,
        "questions": questions,
        "asks_diet": reader.yes("asks_diet"),
        "offer_hours": reader.number("offer_hours", 1, 336, empty=OFFER_HOURS),
        "most_passed": reader.number("most_passed", 0, 99, empty=MOST_PASSED),
        "contacts": read_contacts(reader, languages),
    }
    return reader, values


def _check_order(
    reader: Reader, starts_at: datetime | None, ends_at: datetime | None, reply_by: datetime | None
) -> None:
    form = reader.form
    if ends_at is not None and starts_at is None and not form.get("starts_day", "").strip():
        reader.fail("starts_day", "no_start")
    if starts_at is not None and not form.get("ends_time", "").strip():
        reader.fail("ends_time", "no_end")
    if starts_at is not None and ends_at is not None:
        if ends_at <= starts_at:
            reader.fail("ends_time", "ends_before")
        elif ends_at - starts_at > LONGEST:
            reader.fail("ends_day", "too_long_event")
    if reply_by is not None and starts_at is not None and reply_by > starts_at:
        reader.fail("reply_day", "reply_after")


def write_common(
    values: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]], languages: Sequence[str]
) -> dict[str, str]:
    """The fields of what events and plans have in common."""
    fields = {f"{name}-{language}": values[name].get(language, "") for name in WORDS for language in languages}
    fields |= {f"language-{language}": "yes" if language in values["languages"] else "" for language in languages}
    capacity = values["capacity"]
    fields |= {
        "zone": values["zone"],
        "capacity": "" if capacity is None else str(capacity),
        "open_to": OPEN if values["is_open"] else INVITED,
        "asks_diet": "yes" if values["asks_diet"] else "",
        "offer_hours": str(values["offer_hours"]),
        "most_passed": str(values["most_passed"]),
    }
    return fields | write_questions(values["questions"], languages) | write_contacts(contacts, languages[0])


def write_event(
    values: Mapping[str, Any], contacts: Sequence[Mapping[str, Any]], languages: Sequence[str]
) -> dict[str, str]:
    """The fields of an event."""
    zone = zone_of(values["zone"]) or STOCKHOLM
    fields = write_common(values, contacts, languages) | {name: values[name] for name in PLACE}
    fields["anonymise_days"] = str(values["anonymise_days"])
    for name, column in (("starts", "starts_at"), ("ends", "ends_at"), ("reply", "reply_by")):
        day, clock, which = written(values[column], zone)
        fields |= {f"{name}_day": day, f"{name}_time": clock, f"{name}_which": which}
    if fields["ends_day"] == fields["starts_day"]:
        fields["ends_day"] = ""  # it follows the first day when that is moved
    return fields


def new_values(languages: Sequence[str], zone: str) -> dict[str, Any]:
    """What a new event or plan begins as."""
    return {
        **{name: {} for name in WORDS},
        **dict.fromkeys(PLACE, ""),
        **dict.fromkeys(TIMES),
        "languages": list(languages[:1]),
        "zone": zone,
        "capacity": None,
        "is_open": False,
        "questions": [],
        "asks_diet": True,
        "offer_hours": OFFER_HOURS,
        "most_passed": MOST_PASSED,
        "anonymise_days": ANONYMISE_DAYS,
    }
