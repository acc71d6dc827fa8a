"""Somebody new who answers: looked up and written down in few journeys to the database.

This is what happens most when thousands answer at once, and the event's row is held meanwhile. So what has to be known
is read in one statement, and event, guest and history are written in one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from services.rsvp.store.guest_tables import Guest, GuestEntry
from services.rsvp.store.seats import Standing
from services.rsvp.store.tables import Event
from shared.bus import outbox

JSON_COLUMNS = frozenset({"party", "answers", "facts"})


@dataclass(frozen=True, slots=True)
class Look:
    """What has to be known of somebody who answers."""

    guest_id: UUID | None
    """The event's guest with that address."""
    standing: Standing
    """All who wait, and the seats that are taken; zeros where there is room for all."""
    sha256: bytes | None
    """Of what was sent under that Idempotency-Key before."""
    told: Any
    """What it was told then."""


def look(session: Session, event: Event, *, address_key: str | None, key: str | None = None) -> Look:
    """Look up an address and a key in an event that is held, and count its seats."""
    row = session.execute(
        _LOOK,
        {"event": event.id, "address": address_key, "key": key, "counts": event.capacity is not None},
    ).one()
    return Look(row.guest_id, Standing(row.taken, row.waiting, row.waiting_people), row.sha256, row.told)


_LOOK = text("""
    SELECT coalesce(sum(party_size) FILTER (WHERE state <> 'waiting'), 0) AS taken,
           count(*) FILTER (WHERE state = 'waiting') AS waiting,
           coalesce(sum(party_size) FILTER (WHERE state = 'waiting'), 0) AS waiting_people,
           (SELECT id FROM rsvp.guest WHERE event_id = :event AND address_key = :address) AS guest_id,
           (SELECT sha256 FROM rsvp.sent_reply WHERE event_id = :event AND key = :key) AS sha256,
           (SELECT told FROM rsvp.sent_reply WHERE event_id = :event AND key = :key) AS told
      FROM rsvp.guest
     WHERE event_id = :event AND state IN ('coming', 'offered', 'waiting') AND :counts
""")


@dataclass(frozen=True, slots=True)
class Told:
    """What is kept of a reply that was sent under a key."""

    key: str
    sha256: bytes
    told: Any
    """Plain data (JSON)."""


def add(
    session: Session,
    event: Event,
    guest: Guest,
    entry: GuestEntry,
    message: Mapping[str, Any],
    told: Told | None = None,
) -> None:
    """Write down a guest of whom every column is set, and all that goes with them.

    That is the first step of their history, the number they drew, the message of it (``outbox.parameters``), and what
    is told of a reply that was sent under a key.
    """
    values = {f"g_{name}": _plain(name, value) for name, value in _set(guest).items()}
    values |= {f"e_{name}": _plain(name, value) for name, value in _set(entry).items()}
    kept = _kept(told) if told else {"key": None, "sha256": None, "told": None}
    session.execute(_ADD, {**values, **kept, **message})
    if guest.arrival is not None:
        set_committed_value(event, "arrivals", guest.arrival)
    make_transient_to_detached(guest)
    session.add(guest)


def _kept(told: Told) -> dict[str, Any]:
    return {"key": told.key, "sha256": told.sha256, "told": json.dumps(told.told, ensure_ascii=False)}


def _set(row: Guest | GuestEntry) -> Mapping[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}


def _plain(name: str, value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if name in JSON_COLUMNS else value


def _insert(table: Any, prefix: str) -> str:
    """An INSERT of every column, from parameters with that prefix."""
    names = [column.name for column in table.columns]
    values = [f"CAST(:{prefix}{name} AS jsonb)" if name in JSON_COLUMNS else f":{prefix}{name}" for name in names]
    return f"INSERT INTO {table.fullname} ({', '.join(names)}) VALUES ({', '.join(values)})"  # noqa: S608 - our own


# One journey to the server: the event is held until the commit.
_ADD = outbox.statement(
    "drawn AS (UPDATE rsvp.event SET arrivals = CAST(:g_arrival AS bigint)"  # noqa: S608 - of our own tables
    " WHERE id = :g_event_id AND CAST(:g_arrival AS bigint) IS NOT NULL),"
    f" new AS ({_insert(Guest.__table__, 'g_')}), step AS ({_insert(GuestEntry.__table__, 'e_')}),"
    " kept AS (INSERT INTO rsvp.sent_reply (event_id, key, sha256, guest_id, told, at)"
    " SELECT :g_event_id, CAST(:key AS text), CAST(:sha256 AS bytea), :g_id, CAST(:told AS jsonb), :e_at"
    " WHERE CAST(:key AS text) IS NOT NULL),"
)


def keep_told(session: Session, event: Event, guest: Guest, told: Told, moment: datetime) -> None:
    """Keep what was told for a reply of somebody who is no newcomer."""
    session.execute(_KEEP, {"event": event.id, "guest": guest.id, "at": moment, **_kept(told)})


_KEEP = text(
    "INSERT INTO rsvp.sent_reply (event_id, key, sha256, guest_id, told, at)"
    " VALUES (:event, :key, :sha256, :guest, CAST(:told AS jsonb), :at)"
)
