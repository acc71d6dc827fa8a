"""What rsvp knows of sluices: what intake told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.rsvp.store.tables import Sluice
from shared.errors import NotFound


def find(session: Session, slug: str) -> Sluice:
    """A sluice by its slug.

    :raises NotFound: nobody has told of it (yet).
    """
    found = session.get(Sluice, slug)
    if found is None:
        raise NotFound(f"sluice {slug}")
    return found


def list_all(session: Session) -> Sequence[Sluice]:
    """Every sluice, by name."""
    return session.scalars(select(Sluice).order_by(Sluice.name)).all()


def facts(sluice: Sluice) -> dict[str, str]:
    """The sluice as messages carry it (``SluiceFacts``)."""
    return {"slug": sluice.slug, "name": sluice.name, "address": sluice.address, "language": sluice.language}


def keep(session: Session, told: Mapping[str, Any]) -> None:
    """Keep what ``sluice.changed.v1`` tells, unless something newer has been told."""
    values = {name: told[name] for name in ("slug", "name", "address", "language", "accent", "origins", "contacts")}
    values["told_at"] = told["at"]
    statement = insert(Sluice).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["slug"],
            set_={name: value for name, value in values.items() if name != "slug"},
            where=Sluice.told_at <= told["at"],
        )
    )
