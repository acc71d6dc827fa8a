"""Write down what happened: to a guest, and to an event or tour. What guests and contacts must hear follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.rsvp.domain.states import ActorKind
from services.rsvp.store.guest_tables import Guest, GuestEntry
from services.rsvp.store.tables import Change
from shared.bus import outbox
from shared.contracts.registry import GUEST_DUE
from shared.ids import new_id

VERSION = "version"
"""The fact of a step that is told which says which of two came later: the guest's version after it."""


def note_guest(
    session: Session,
    guest: Guest,
    what: str,
    *,
    actor: str,
    actor_kind: ActorKind,
    moment: datetime,
    facts: Mapping[str, Any] | None = None,
    tells: bool = True,
) -> GuestEntry:
    """Add a step to a guest's history.

    :param facts: plain data (JSON).
    :param tells: the mails that follow from it are due (``guest.due.v1``); a worker writes them, so that whoever
        answers waits for none.
    """
    numbered = {VERSION: guest.version} if tells else {}
    entry = step(guest, what, actor=actor, actor_kind=actor_kind, moment=moment, facts={**(facts or {}), **numbered})
    session.add(entry)
    if tells:
        tell(session, entry)
    return entry


def step(
    guest: Guest,
    what: str,
    *,
    actor: str,
    actor_kind: ActorKind,
    moment: datetime,
    facts: Mapping[str, Any] | None = None,
) -> GuestEntry:
    """A step that is not written down yet."""
    return GuestEntry(
        id=new_id(),
        guest_id=guest.id,
        at=moment,
        actor=actor,
        actor_kind=actor_kind.value,
        what=what,
        facts=dict(facts or {}),
    )


def tell(session: Session, entry: GuestEntry) -> None:
    """The mails that follow from a step are due."""
    outbox.put(session, GUEST_DUE, due(entry))


def due(entry: GuestEntry) -> dict[str, Any]:
    """What ``guest.due.v1`` says of a step."""
    return {"guest_id": entry.guest_id, "entry_id": entry.id}


def note_change(
    session: Session,
    what: str,
    *,
    actor: str,
    moment: datetime,
    event_id: UUID | None = None,
    tour_id: UUID | None = None,
    before: Any = None,
    after: Any = None,
) -> None:
    """Add a step to an event's or a tour's history; ``before`` and ``after`` are plain data."""
    session.add(
        Change(
            id=new_id(),
            event_id=event_id,
            tour_id=tour_id,
            at=moment,
            actor=actor,
            what=what,
            before=before,
            after=after,
        )
    )
