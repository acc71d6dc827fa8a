"""A tour's plan: what each of its stops is made from, and how a stop differs from it.

It is kept as plain data beside the tour::

    {"values": {"programme": {"sv": "…"}, "capacity": 30, …}, "starts": "09:00", "ends": "12:00", "reply_days": 7,
     "contacts_mode": "both", "contacts": […], "proposals": [{"day": "2026-11-24", "starts": "09:00", "ends": "12:00"}],
     "applied": {"<event id>": {"programme": …}}}

``applied`` is what each stop was last given: what differs from it was changed by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from services.rsvp.domain.event_form import COMMON, Filled, common, new_values, write_common
from services.rsvp.domain.form_reader import Reader
from services.rsvp.domain.local_time import moments, read_day, read_time, zone_of
from shared.clock import STOCKHOLM
from shared.mail.addresses import canonical

MOST_PROPOSALS = 12
IN = {"sv": "i", "en": "in"}
"""Between the tour's title and the municipality's name."""
REPLY_TIME = time(23, 59)
FIELDS = (*(name for name in COMMON if name not in ("title", "zone")), "title", "contacts")
"""What a stop takes from the plan, besides the times of its day."""


class ContactsMode(StrEnum):
    """Who answers for a stop."""

    SLUICE = "sluice"
    """The hosting municipality's contacts."""
    FIXED = "fixed"
    """The same persons at every stop."""
    BOTH = "both"


def new_plan(languages: Sequence[str]) -> dict[str, Any]:
    """What a new tour's plan begins as."""
    values = new_values(languages, STOCKHOLM.key)
    return {
        "values": {name: values[name] for name in COMMON},
        "starts": "09:00",
        "ends": "12:00",
        "reply_days": 7,
        "contacts_mode": ContactsMode.BOTH.value,
        "contacts": [],
        "proposals": [],
        "applied": {},
    }


def read_plan(form: Mapping[str, str], languages: Sequence[str]) -> Filled:
    """The plan that a form means, without ``applied``; title and text lie in ``values`` too."""
    reader, values = common(form, languages)
    contacts = values.pop("contacts")
    for name in ("starts", "ends"):
        if read_time(form.get(name, "")) is None:
            reader.fail(name, "time")
    starts, ends = read_time(form.get("starts", "")), read_time(form.get("ends", ""))
    if starts and ends and ends <= starts:
        reader.fail("ends", "ends_before")
    plan = {
        "values": values,
        "starts": f"{starts:%H:%M}" if starts else "",
        "ends": f"{ends:%H:%M}" if ends else "",
        "reply_days": reader.number("reply_days", 0, 90, empty=0),
        "contacts_mode": reader.one_of("contacts_mode", [mode.value for mode in ContactsMode]),
        "contacts": contacts,
        "proposals": read_proposals(reader),
    }
    return Filled(plan, reader.faults)


def write_plan(plan: Mapping[str, Any], languages: Sequence[str]) -> dict[str, str]:
    """The plan's fields."""
    fields = write_common(plan["values"], plan["contacts"], languages)
    fields |= {name: str(plan[name]) for name in ("starts", "ends", "reply_days", "contacts_mode")}
    return fields | write_proposals(plan["proposals"])


def write_proposals(proposals: Sequence[Mapping[str, str]], *, rows: int = 0) -> dict[str, str]:
    """The fields of proposed half-days and of two empty rows (or at least ``rows`` rows)."""
    count = min(max(len(proposals) + 2, rows), MOST_PROPOSALS)
    fields = {"proposals_count": str(count)}
    for number in range(count):
        proposal = proposals[number] if number < len(proposals) else {}
        fields |= {f"p{number}-{name}": proposal.get(name, "") for name in ("day", "starts", "ends")}
    return fields


def read_proposals(reader: Reader) -> list[dict[str, str]]:
    """Proposed half-days, in the order of their days; a row without a day is left out."""
    found: list[dict[str, str]] = []
    for number in reader.rows("proposals", MOST_PROPOSALS):
        row = f"p{number}"
        if not reader.form.get(f"{row}-day", "").strip():
            continue
        day = read_day(reader.form[f"{row}-day"])
        starts, ends = (
            read_time(reader.form.get(f"{row}-{name}", "") or reader.form.get(name, "")) for name in ("starts", "ends")
        )
        if day is None:
            reader.fail(f"{row}-day", "day")
        if starts is None:
            reader.fail(f"{row}-starts", "time")
        if ends is None:
            reader.fail(f"{row}-ends", "time")
        elif starts is not None and ends <= starts:
            reader.fail(f"{row}-ends", "ends_before")
        if day and starts and ends and ends > starts:
            found.append({"day": day.isoformat(), "starts": f"{starts:%H:%M}", "ends": f"{ends:%H:%M}"})
    return sorted(found, key=lambda proposal: (proposal["day"], proposal["starts"]))


def half_day(day: date, starts: str, ends: str, zone: str) -> tuple[datetime, datetime] | None:
    """A day's start and end as moments; None where clocks skip one of them. Of an hour that exists twice, the first."""
    there = zone_of(zone) or STOCKHOLM
    first, last = read_time(starts), read_time(ends)
    begin = moments(day, first, there) if first else ()
    end = moments(day, last, there) if last else ()
    return (begin[0], end[-1]) if begin and end and end[-1] > begin[0] else None


def reply_by(starts_at: datetime, days: int, zone: str) -> datetime:
    """The end of the day so many days before an event; its start where that is earlier."""
    there = zone_of(zone) or STOCKHOLM
    day = starts_at.astimezone(there).date() - timedelta(days=days)
    found = moments(day, REPLY_TIME, there)
    return min(found[0], starts_at) if found else starts_at


def stop_title(title: Mapping[str, str], municipality: str) -> dict[str, str]:
    """ "Kalasturné i Krokoms kommun"."""
    return {language: f"{words} {IN.get(language, '–')} {municipality}" for language, words in title.items()}


def stop_values(
    plan: Mapping[str, Any], municipality: str, own_contacts: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What a stop takes from the plan (``FIELDS``), plain data.

    :param own_contacts: the municipality's own, each with ``name``, ``address``, ``language``.
    """
    values = {name: plan["values"][name] for name in FIELDS if name in plan["values"]}
    values["title"] = stop_title(plan["values"]["title"], municipality)
    mode = ContactsMode(plan["contacts_mode"])
    fixed = list(plan["contacts"]) if mode is not ContactsMode.SLUICE else []
    own = (
        []
        if mode is ContactsMode.FIXED
        else [
            {
                "name": each["name"],
                "address": each["address"],
                "phone": "",
                "language": each["language"],
                "is_told": True,
            }
            for each in own_contacts
        ]
    )
    by_address = {canonical(contact["address"]): contact for contact in (*own, *fixed)}
    values["contacts"] = list(by_address.values())
    return values


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a stop is not as the plan now says."""

    field: str
    now: Any
    planned: Any
    by_hand: bool
    """Somebody changed it at the stop since the plan last gave it."""


def differences(planned: Mapping[str, Any], present: Mapping[str, Any], applied: Mapping[str, Any]) -> list[Difference]:
    """How a stop differs from what the plan says: what was changed by hand alone, with the plan as it was, is none."""
    found = []
    for field, wanted in planned.items():
        if present.get(field) == wanted:
            continue
        by_hand = field in applied and applied[field] != present.get(field)
        if by_hand and applied[field] == wanted:
            continue  # the plan has not changed here: the stop's own words stay
        found.append(Difference(field, present.get(field), wanted, by_hand))
    return found


def changed_by_hand(present: Mapping[str, Any], applied: Mapping[str, Any]) -> list[str]:
    """The fields that somebody changed at the stop since the plan last gave them."""
    return [field for field, given in applied.items() if present.get(field) != given]
