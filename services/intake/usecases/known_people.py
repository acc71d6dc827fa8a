"""Who is known to us: contacts and coaches of sluices, and administrators. Nobody else can sign in."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.store.people_tables import Administrator
from services.intake.store.tables import Contact, Sluice


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Somebody who may sign in."""

    address: str
    """Folded."""
    name: str
    language: str
    roles: frozenset[str]
    """As ``shared.web.session`` writes them: ``contact:krokom``, ``coach:berg``, ``administrator``."""
    sluice_id: UUID | None
    """Whose mail a letter to them is; None where there is no sluice at all."""


def fold(address: str) -> str:
    """The one spelling under which a person's address is kept.

    A sign beyond ASCII never becomes a letter of ASCII (U+212A would be ``k``): it is somebody else's address.
    """
    return "".join(sign.lower() if sign.lower().isascii() == sign.isascii() else sign for sign in address.strip())


def find_person(session: Session, address: str) -> KnownPerson | None:
    """Whoever has that address, with all their roles as they are now; None where they have none (any more)."""
    wanted = fold(address)
    rows = session.execute(
        select(Contact.name, Contact.language, Contact.role, Sluice.slug, Sluice.id)
        .join(Sluice, Sluice.id == Contact.sluice_id)
        .where(Contact.address == wanted, Contact.removed_at.is_(None))
        .order_by(Contact.role.desc(), Sluice.name)
    ).all()
    administrator = session.scalar(
        select(Administrator).where(Administrator.address == wanted, Administrator.removed_at.is_(None))
    )
    roles = {f"{row.role}:{row.slug}" for row in rows} | ({"administrator"} if administrator else set())
    if not roles:
        return None
    first = rows[0] if rows else administrator
    assert first is not None
    sluice_id = rows[0].id if rows else session.scalar(select(Sluice.id).order_by(Sluice.name).limit(1))
    return KnownPerson(wanted, first.name, first.language, frozenset(roles), sluice_id)
