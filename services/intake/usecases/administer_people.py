"""Who answers for a sluice, and who administers all: added, changed and removed, never the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.intake.domain.sluice_settings import state_of
from services.intake.store import sluices
from services.intake.store.people_tables import Administrator
from services.intake.store.tables import Contact, Idea, Sluice
from services.intake.usecases.announce_sluice import announce_sluice
from services.intake.usecases.changes import record_change
from services.intake.usecases.known_people import find_person
from services.intake.usecases.sessions import end_sessions
from shared.clock import now
from shared.contracts.facts import LANGUAGES
from shared.db import hold
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import is_automatic, is_sendable

ROLES = ("contact", "coach")
LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class PersonValues:
    """What an administrator says of a contact or coach."""

    name: str
    address: str
    language: str
    role: str
    deputy_id: UUID | None = None


def look_at_person(session: Session, slug: str, identity: UUID) -> tuple[PersonValues, str]:
    """A contact or coach as they are, and the state that a form must carry.

    :raises NotFound: nobody of that sluice.
    """
    row = _own(session, slug, identity)
    return PersonValues(row.name, row.address, row.language, row.role, row.deputy_id), state_of(_values(row))


def add_person(session: Session, actor: str, slug: str, values: PersonValues) -> None:
    """Make somebody a contact or coach; who was one before and was removed is one again.

    :raises Rejected: a field is wrong, or they are one already.
    """
    sluice = sluices.profile_by_slug(session, slug)
    checked = _checked(values)
    hold(session, f"people {slug}")
    row = session.scalar(select(Contact).where(Contact.sluice_id == sluice.id, Contact.address == checked.address))
    if row is not None and row.removed_at is None:
        raise Rejected("address", "admin.fault.person_taken")
    if row is None:
        row = Contact(id=new_id(), sluice_id=sluice.id)
        session.add(row)
    _set(session, row, checked)
    row.removed_at = row.away_until = None
    session.flush()
    record_change(session, actor, f"{checked.role}.added", sluice_id=sluice.id, after=_values(row))
    announce_sluice(session, sluice.id)


def change_person(session: Session, actor: str, slug: str, identity: UUID, values: PersonValues, state: str) -> None:
    """Change what is known of a contact or coach.

    :raises Conflict: somebody else has changed it meanwhile.
    :raises Rejected: a field is wrong, or the address is another one's of that sluice.
    """
    hold(session, f"people {slug}")
    row = _own(session, slug, identity)
    before = _values(row)
    if state_of(before) != state:
        raise Conflict("somebody else has changed this person meanwhile")
    checked = _checked(values)
    taken = select(Contact.id).where(
        Contact.sluice_id == row.sluice_id, Contact.address == checked.address, Contact.id != row.id
    )
    if session.scalar(taken) is not None:
        raise Rejected("address", "admin.fault.person_taken")
    if row.role == "contact" != checked.role:
        _keep_one(session, row)
    former = row.address
    _set(session, row, checked)
    session.flush()
    if _values(row) != before:
        record_change(session, actor, "person.changed", sluice_id=row.sluice_id, before=before, after=_values(row))
        announce_sluice(session, row.sluice_id)
    _let_out(session, former)


def remove_person(session: Session, actor: str, slug: str, identity: UUID) -> None:
    """Somebody answers for that sluice no more. Their ideas are nobody's own; what they did stays theirs.

    :raises Rejected: they are the sluice's last contact.
    """
    hold(session, f"people {slug}")
    row = _own(session, slug, identity)
    if row.role == "contact":
        _keep_one(session, row)
    row.removed_at, row.deputy_id = now(), None
    session.execute(update(Contact).where(Contact.deputy_id == row.id).values(deputy_id=None))
    session.execute(update(Idea).where(Idea.assigned_to == row.id).values(assigned_to=None, version=Idea.version + 1))
    record_change(session, actor, f"{row.role}.removed", sluice_id=row.sluice_id, before=_values(row))
    announce_sluice(session, row.sluice_id)
    _let_out(session, row.address)


def administrators(session: Session) -> Sequence[Administrator]:
    """Everybody who may change everything, by name."""
    statement = select(Administrator).where(Administrator.removed_at.is_(None)).order_by(Administrator.name)
    return session.scalars(statement).all()


def add_administrator(session: Session, actor: str, *, name: str, address: str, language: str = "sv") -> None:
    """Let somebody see and change everything.

    :raises Rejected: a field is wrong, or they may already.
    """
    checked = _checked(PersonValues(name, address, language, ROLES[0]))
    hold(session, "administrators")
    row = session.get(Administrator, checked.address)
    if row is not None and row.removed_at is None:
        raise Rejected("address", "admin.fault.person_taken")
    row = session.merge(Administrator(address=checked.address, name=checked.name, language=checked.language))
    row.removed_at = None
    record_change(session, actor, "administrator.added", after={"name": row.name, "address": row.address})


def remove_administrator(session: Session, actor: str, address: str) -> None:
    """Let somebody administer no more, and end their sessions.

    :raises NotFound: they do not.
    :raises Rejected: they are the last.
    """
    hold(session, "administrators")
    row = session.get(Administrator, address)
    if row is None or row.removed_at is not None:
        raise NotFound("no such administrator")
    if len(administrators(session)) == 1:
        raise Rejected("administrator", "admin.fault.last_administrator")
    row.removed_at = now()
    record_change(session, actor, "administrator.removed", before={"name": row.name, "address": row.address})
    session.flush()
    end_sessions(session, address, now())  # what they may still do they do after signing in anew


def checked_address(address: str, *, field: str = "address") -> str:
    """The address of somebody who gets mail, folded.

    :raises Rejected: it is none, or a program's.
    """
    wanted = address.strip().lower()
    if not is_sendable(wanted):
        raise Rejected(field, "admin.fault.address")
    if is_automatic(wanted):
        raise Rejected(field, "admin.fault.automatic")
    return wanted


def _checked(values: PersonValues) -> PersonValues:
    name = " ".join(values.name.split())
    if not name:
        raise Rejected("name", "admin.fault.person_name")
    if len(name) > LONGEST_NAME:
        raise Rejected("name", "admin.fault.person_long")
    if values.language not in LANGUAGES:
        raise Rejected("language", "admin.fault.choose")
    if values.role not in ROLES:
        raise Rejected("role", "admin.fault.choose")
    return PersonValues(name, checked_address(values.address), values.language, values.role, values.deputy_id)


def _set(session: Session, row: Contact, values: PersonValues) -> None:
    deputy = session.get(Contact, values.deputy_id) if values.deputy_id else None
    if values.deputy_id and (deputy is None or deputy.sluice_id != row.sluice_id or deputy.id == row.id):
        raise Rejected("deputy", "admin.fault.deputy")
    row.name, row.address, row.language, row.role = values.name, values.address, values.language, values.role
    row.deputy_id = values.deputy_id


def _keep_one(session: Session, row: Contact) -> None:
    others = session.scalar(
        select(func.count())
        .select_from(Contact)
        .where(
            Contact.sluice_id == row.sluice_id,
            Contact.role == "contact",
            Contact.removed_at.is_(None),
            Contact.id != row.id,
        )
    )
    if not others:
        raise Rejected("person", "admin.fault.last_contact")


def _let_out(session: Session, address: str) -> None:
    """End the sessions of somebody with no role left; whoever has others loses this one when the cookie is renewed."""
    session.flush()
    if find_person(session, address) is None:
        end_sessions(session, address, now())


def _own(session: Session, slug: str, identity: UUID) -> Contact:
    row = session.scalar(
        select(Contact)
        .join(Sluice, Sluice.id == Contact.sluice_id)
        .where(Sluice.slug == slug, Contact.id == identity, Contact.removed_at.is_(None))
        # Whoever assigns an idea to them holds the idea and looks at this row: it must not have to wait for us.
        .with_for_update(of=Contact, key_share=True)
    )
    if row is None:
        raise NotFound("nobody of that sluice")
    return row


def _values(row: Contact) -> Mapping[str, Any]:
    return {
        "name": row.name,
        "address": row.address,
        "language": row.language,
        "role": row.role,
        "deputy": str(row.deputy_id) if row.deputy_id else None,
    }
