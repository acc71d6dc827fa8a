"""Slots for mails to a relay or a domain that takes only so many a minute, shared by all workers."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notify.domain.pace import next_slot
from services.notify.store.tables import Pace
from shared.mail.domains import ascii_domain


def relay_key(host: str, port: int) -> str:
    """The key of a relay's rate."""
    return f"relay:{host}:{port}"


def domain_key(address: str) -> str:
    """The key of the rate to a recipient's domain, one for all its spellings."""
    domain = address.rpartition("@")[2]
    return f"domain:{(ascii_domain(domain) or domain).lower()}"


def reserve(
    session: Session, key: str, per_minute: int, now: datetime, *, burst: int, overtakes: bool = False
) -> timedelta:
    """Take the next slot of ``key`` and say how long to wait for it; zero: go now.

    The slot is taken with the transaction, so a mail asks once and comes back when its slot has come. The key's row
    is locked until then: commit soon, and take a relay's key before a domain's, as everybody does.

    :param overtakes: a mail that somebody waits for: it takes a slot and does not wait, those behind it wait longer.
    :raises ValueError: ``per_minute`` or ``burst`` is less than 1.
    """
    # Also where nothing changes: one statement that makes, locks and reads the row.
    taken = insert(Pace).values(key=key, next_free=now)
    next_free = session.execute(
        taken.on_conflict_do_update(index_elements=[Pace.key], set_={"next_free": Pace.next_free}).returning(
            Pace.next_free
        )
    ).scalar_one()
    slot = next_slot(next_free, now, per_minute=per_minute, burst=burst)
    session.execute(update(Pace).where(Pace.key == key).values(next_free=slot.next_free))
    return timedelta() if overtakes else slot.wait
