"""What notify knows of sluices: what intake told, and how their mails present themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.notify.store.tables import Sluice


def find(session: Session, slug: str) -> Sluice | None:
    """A sluice by its slug, or None where nobody has told of it yet."""
    return session.get(Sluice, slug)


def list_all(session: Session) -> Sequence[Sluice]:
    """Every sluice, by name."""
    return session.scalars(select(Sluice).order_by(Sluice.name)).all()


def keep(session: Session, told: Mapping[str, Any]) -> None:
    """Keep what ``sluice.changed.v1`` tells, unless something newer has been told; its own choices stay."""
    values = {name: told[name] for name in ("slug", "name", "address", "language")} | {
        "contacts": json.dumps(told["contacts"], ensure_ascii=False),
        "told_at": told["at"],
    }
    statement = insert(Sluice).values(values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["slug"],
            set_={name: value for name, value in values.items() if name != "slug"},
            where=Sluice.told_at <= told["at"],
        )
    )
