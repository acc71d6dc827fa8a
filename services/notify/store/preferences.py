"""How often a person wants what. An address is a person here: ``shared.mail.addresses.canonical``, ``+tag`` and all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notify.domain.kinds import Category, Rhythm
from services.notify.store.tables import Preference
from shared.db import hold


def lock_person(session: Session, address: str) -> None:
    """Wait until nobody else collects, writes a digest or changes choices for that person, and hold them off."""
    hold(session, f"notify collects for {address}")


def rhythm(session: Session, address: str, category: Category) -> Rhythm:
    """What the person chose for mails of that category; at once where they chose nothing."""
    chosen = select(Preference.rhythm).where(Preference.address == address, Preference.category == category)
    return Rhythm(session.scalars(chosen).one_or_none() or Rhythm.AT_ONCE)


def save(session: Session, address: str, category: Category, rhythm: Rhythm, *, by: str, now: datetime) -> None:
    """Keep a choice, with when and by what it was made."""
    values = {"rhythm": rhythm, "changed_at": now, "changed_by": by}
    statement = insert(Preference).values(address=address, category=category, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["address", "category"], set_=values))
