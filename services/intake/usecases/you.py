"""What somebody signed in sees and says of themselves: sessions, roles, language, and who stands in for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.sluice import ContactPerson
from services.intake.store import sluices
from services.intake.store.people_tables import Administrator, SignedIn
from services.intake.store.tables import Contact, Sluice
from services.intake.usecases.announce_sluice import announce_sluice
from services.intake.usecases.sessions import sessions_of
from shared.contracts.facts import LANGUAGES
from shared.errors import NotFound, Rejected


@dataclass(frozen=True, slots=True)
class OwnRole:
    """What somebody is in one sluice."""

    slug: str
    sluice: str
    role: str
    away_until: date | None
    deputy_id: UUID | None
    others: Sequence[ContactPerson]
    """Who may stand in for them."""


@dataclass(frozen=True, slots=True)
class You:
    """Somebody signed in, as their own page shows them."""

    name: str
    language: str
    is_administrator: bool
    roles: Sequence[OwnRole]
    sessions: Sequence[SignedIn]


def about(session: Session, address: str, moment: datetime) -> You | None:
    """Everything about the person with that address; None where it is nobody's (somebody came by an API token)."""
    rows = _contacts(session, address)
    administrator = session.scalar(
        select(Administrator).where(Administrator.address == address, Administrator.removed_at.is_(None))
    )
    first = rows[0] if rows else administrator
    if first is None:
        return None
    roles = []
    for row in rows:
        sluice = sluices.profile(session, row.sluice_id)
        others = [person for person in sluice.people if person.id != row.id]
        roles.append(OwnRole(sluice.slug, sluice.name, row.role, row.away_until, row.deputy_id, others))
    return You(first.name, first.language, administrator is not None, roles, sessions_of(session, address, moment))


def set_language(session: Session, address: str, language: str) -> None:
    """Choose the language of mails to somebody.

    :raises Rejected: there is no such language.
    """
    if language not in LANGUAGES:
        raise Rejected("language", "you.fault.language")
    for row in _contacts(session, address):
        row.language = language
        announce_sluice(session, row.sluice_id)
    administrator = session.get(Administrator, address)
    if administrator is not None:
        administrator.language = language


def set_away(
    session: Session, address: str, slug: str, *, until: date | None, deputy_id: UUID | None, today: date
) -> None:
    """Say until which day somebody is away from a sluice, and who stands in; no day means that they are there.

    :raises NotFound: they are no contact of that sluice.
    :raises Rejected: the day is past, or the deputy is nobody of that sluice.
    """
    row = next((row for row in _contacts(session, address) if _slug(session, row) == slug), None)
    if row is None:
        raise NotFound("not a contact there")
    if until is not None and until < today:
        raise Rejected("until", "you.fault.past")
    others = {person.id for person in sluices.profile(session, row.sluice_id).people} - {row.id}
    if deputy_id is not None and deputy_id not in others:
        raise Rejected("deputy", "you.fault.deputy")
    row.away_until, row.deputy_id = until, deputy_id


def _contacts(session: Session, address: str) -> Sequence[Contact]:
    statement = (
        select(Contact)
        .join(Sluice, Sluice.id == Contact.sluice_id)
        .where(Contact.address == address, Contact.removed_at.is_(None))
        .order_by(Sluice.name)
    )
    return session.scalars(statement).all()


def _slug(session: Session, row: Contact) -> str:
    return session.get_one(Sluice, row.sluice_id).slug
