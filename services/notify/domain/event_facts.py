"""What the mails about events are written from: times, places and changes made of plain facts.

A time stands in the facts as ISO 8601 with the event's zone beside it, and is said in that zone: a guest in Helsinki
reads the hour that the clock on the wall in Krokom will show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from services.notify.domain.event_letters import BY_KIND, CALENDAR, PROPOSALS
from services.notify.domain.kinds import Kind

HOME = "Europe/Stockholm"
"""The zone that nobody need be told."""
_END_OF_DAY = time(23, 59)
"""A deadline at this time is said by its day alone."""
_WHOLE = ("place", "address")
"""What makes up where an event is, in this order."""


_SENSELESS_FROM = {Kind.REPLY_REMINDER: "reply_by", Kind.DAY_REMINDER: "starts_at"}
REMINDERS = frozenset(_SENSELESS_FROM)
"""The kinds of which nobody wants one that is late."""


def lapses_at(kind: Kind, facts: Mapping[str, Any]) -> datetime | None:
    """From when on a mail helps nobody any more: a reminder, once what it reminds of has come. None for all others."""
    name = _SENSELESS_FROM.get(kind)
    moment = facts["event"].get(name) if name is not None else None
    return datetime.fromisoformat(moment) if moment else None


def completed(kind: Kind, facts: dict[str, Any], *, lacking: bool) -> dict[str, Any]:
    """Sample facts with the times and places that variables are made from."""
    if kind not in BY_KIND:
        return facts
    event = {"starts_at": "2026-12-01T13:00:00+01:00", "ends_at": "2026-12-01T16:30:00+01:00", "place": "Kulturhuset"}
    where: dict[str, Any] = {"address": "Storgatan 1, Krokom", "reply_by": "2026-11-26T12:00:00+01:00"}
    nowhere: dict[str, Any] = {"place": "", "address": "", "starts_at": None, "ends_at": None, "reply_by": None}
    facts["event"] |= {"zone": HOME, "slug": "kreativa-byrakrater", **(nowhere if lacking else event | where)}
    facts["written_at"] = "2026-11-03T08:30:00+00:00"
    match kind:
        case Kind.SEAT_OFFERED:
            facts["until"] = "2026-11-04T12:00:00+01:00"
        case Kind.EVENT_CHANGED:
            earlier = {"starts_at": "2026-11-30T09:00:00+01:00", "ends_at": "2026-11-30T12:00:00+01:00"}
            facts["before"] = {} if lacking else earlier | {"place": "Biblioteket", "address": "Torget 2, Krokom"}
        case Kind.HOST_ANSWER:
            facts["picked"], facts["counter"] = None, None if lacking else PROPOSALS[0]
        case Kind.REPLY_NOTICE | Kind.GUEST_NOTE:
            facts.setdefault("guest", {"address": ""})["name"] = "" if lacking else "Gunilla Gäst"
            if kind is Kind.GUEST_NOTE:
                facts["wanted"]["starts_at"] = None if lacking else "2026-12-03T13:00:00+01:00"
        case _:
            pass
    return facts


def derived(kind: Kind, facts: Mapping[str, Any], say: Callable[[str], str]) -> dict[str, Any]:
    """What is made from the facts of such a mail.

    :raises KeyError: a fact that it is made from is missing.
    """
    if kind not in BY_KIND:
        return {}
    event = facts["event"]
    zone = event.get("zone") or HOME
    tell = _Tell(zone, say("clock.format"))
    found: dict[str, Any] = {"event": {**event, **_timed(event, tell), "where": _where(event)}}
    deadline = tell.at(event.get("reply_by"))
    found["event"]["reply_by"] = None if deadline is None else deadline.date().isoformat()
    at_the_end = deadline is None or deadline.time() >= _END_OF_DAY
    found["event"]["reply_by_hour"] = None if deadline is None or at_the_end else tell.clock(deadline)
    if CALENDAR in BY_KIND[kind]:
        found["has_calendar"] = bool(facts.get("calendar"))
    match kind:
        case Kind.REPLY_NOTICE | Kind.GUEST_NOTE:
            if kind is Kind.GUEST_NOTE:
                found["wanted"] = {**facts["wanted"], **_timed(facts["wanted"], tell)}
            guest = facts["guest"]
            found["who"] = guest["name"] or guest["address"] or say("guest.nobody")
        case Kind.SEAT_OFFERED:
            until = tell.at(facts["until"])
            assert until is not None  # at() gives None for nothing alone
            found |= {"until_day": until.date().isoformat(), "until_hour": tell.clock(until)}
        case Kind.EVENT_CHANGED:
            found |= _changes(facts["before"], found["event"], tell)
        case Kind.HOST_QUESTION:
            found["proposals"] = [_timed(each, tell) for each in facts["proposals"]]
        case Kind.HOST_ANSWER:
            found |= {name: _timed(facts[name] or {}, tell) for name in ("picked", "counter")}
        case _:
            pass
    return found


class _Tell:
    """Says moments in an event's zone, in the reader's way of writing the clock."""

    def __init__(self, zone: str, clock: str) -> None:
        self._zone, self._clock = ZoneInfo(zone), clock
        self.suffix = "" if zone == HOME else f" ({zone})"

    def at(self, moment: str | None) -> datetime | None:
        return None if not moment else datetime.fromisoformat(moment).astimezone(self._zone)

    def clock(self, moment: datetime) -> str:
        return moment.strftime(self._clock)


def _timed(times: Mapping[str, Any], tell: _Tell) -> dict[str, Any]:
    begins, ends = tell.at(times.get("starts_at")), tell.at(times.get("ends_at"))
    if begins is None:
        return dict.fromkeys(("day", "hours", "last_day", "last_hours"))
    hours = tell.clock(begins)
    if ends is None or ends.date() == begins.date():
        whole = hours if ends is None else f"{hours}–{tell.clock(ends)}"
        return {"day": begins.date().isoformat(), "hours": whole + tell.suffix, "last_day": None, "last_hours": None}
    return {
        "day": begins.date().isoformat(),
        "hours": hours,
        "last_day": ends.date().isoformat(),
        "last_hours": tell.clock(ends) + tell.suffix,
    }


def _where(event: Mapping[str, Any]) -> str | None:
    return ", ".join(_parts(event)) or None


def _parts(event: Mapping[str, Any]) -> Iterable[str]:
    return (str(event[name]) for name in _WHOLE if event.get(name))


def _changes(before: Mapping[str, Any], event: Mapping[str, Any], tell: _Tell) -> dict[str, Any]:
    """What was otherwise before; what is not known of it has not changed."""
    known = {**_timed(before, tell), "where": _where(before)}
    times = ("day", "hours", "last_day", "last_hours")
    moved = known["day"] is not None and any(known[name] != event[name] for name in times)
    return {
        "before": known,
        "has_moved": moved,
        "is_elsewhere": known["where"] is not None and known["where"] != event["where"],
    }
