"""Sluices, their addresses and contacts: read as profiles, written by the command line and the demo data."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.orm import Session

from services.intake.domain.sluice import ContactPerson, SluiceProfile
from services.intake.store.tables import Contact, Sluice, SluiceAddress
from shared.errors import NotFound
from shared.ids import new_id


def profile(session: Session, sluice_id: UUID) -> SluiceProfile:
    """Everything that must be known of a sluice.

    :raises NotFound: there is no such sluice.
    """
    found = _profiles(session, _PROFILE.where(Sluice.id == sluice_id))
    if not found:
        raise NotFound(f"sluice {sluice_id}")
    return found[0]


def profile_by_slug(session: Session | Connection, slug: str) -> SluiceProfile:
    """The same, by slug. A bare connection will do, for whoever needs no more than that.

    :raises NotFound: there is no such sluice.
    """
    found = _profiles(session, _BY_SLUG, slug=slug)
    if not found:
        raise NotFound(f"sluice {slug}")
    return found[0]


def profiles(session: Session) -> list[SluiceProfile]:
    """Every sluice, by name."""
    return _profiles(session, _PROFILE.order_by(Sluice.name))


def save(
    session: Session,
    *,
    slug: str,
    code: str,
    name: str,
    address: str,
    language: str = "sv",
    open_to: str = "everybody",
    staff_domains: list[str] | None = None,
    answer_days: int = 10,
) -> UUID:
    """Make a sluice, or change the one with that slug; ``address`` becomes its primary address."""
    values = {
        "code": code,
        "name": name,
        "language": language,
        "open_to": open_to,
        "staff_domains": staff_domains or [],
        "answer_days": answer_days,
    }
    sluice_id = session.execute(
        insert(Sluice)
        .values(id=new_id(), slug=slug, **values)
        .on_conflict_do_update(index_elements=[Sluice.slug], set_=values)
        .returning(Sluice.id)
    ).scalar_one()
    add_address(session, sluice_id, address, is_primary=True)
    return sluice_id


def add_address(session: Session, sluice_id: UUID, address: str, *, is_primary: bool = False) -> None:
    """Let mail to ``address`` come to this sluice; an address belongs to one sluice at a time."""
    if is_primary:
        for other in session.scalars(select(SluiceAddress).where(SluiceAddress.sluice_id == sluice_id)):
            other.is_primary = False
        session.flush()
    values = {"sluice_id": sluice_id, "is_primary": is_primary}
    session.execute(
        insert(SluiceAddress)
        .values(address=address.lower(), **values)
        .on_conflict_do_update(index_elements=[SluiceAddress.address], set_=values)
    )
    _changed(session, sluice_id)


def add_contact(
    session: Session, sluice_id: UUID, *, name: str, address: str, language: str = "sv", role: str = "contact"
) -> None:
    """Make somebody a contact or coach of a sluice, or change the name, language and role of one."""
    values = {"name": name, "language": language, "role": role, "removed_at": None}
    session.execute(
        insert(Contact)
        .values(id=new_id(), sluice_id=sluice_id, address=address.lower(), **values)
        .on_conflict_do_update(index_elements=[Contact.sluice_id, Contact.address], set_=values)
    )
    _changed(session, sluice_id)


def _changed(session: Session, sluice_id: UUID) -> None:
    """What others were told of it no longer holds, until they are told anew."""
    session.execute(update(Sluice).where(Sluice.id == sluice_id).values(announced_at=None))


_ADDRESSES = (
    select(
        func.array_agg(
            aggregate_order_by(SluiceAddress.address, SluiceAddress.is_primary.desc(), SluiceAddress.address)
        )
    )
    .where(SluiceAddress.sluice_id == Sluice.id)
    .scalar_subquery()
)
_PERSON = func.jsonb_build_array(
    Contact.role, Contact.id, Contact.name, Contact.address, Contact.language, Contact.deputy_id, Contact.away_until
)
_PEOPLE = (
    select(func.jsonb_agg(aggregate_order_by(_PERSON, Contact.created_at, Contact.id)))
    .where(Contact.sluice_id == Sluice.id, Contact.removed_at.is_(None))
    .scalar_subquery()
)
_COLUMNS = (
    Sluice.id,
    Sluice.slug,
    Sluice.code,
    Sluice.name,
    Sluice.language,
    Sluice.open_to,
    Sluice.staff_domains,
    Sluice.answer_days,
    Sluice.accent,
    Sluice.origins,
    Sluice.board,
    Sluice.comments,
    Sluice.form_texts,
    Sluice.questions,
    Sluice.escalate_days,
    Sluice.registry_default,
)
"""What a profile takes from its row as it stands there."""
# One journey to the server: mail, forms and pages all begin with this.
_PROFILE = select(*_COLUMNS, _ADDRESSES, _PEOPLE)
_BY_SLUG = _PROFILE.where(Sluice.slug == bindparam("slug"))


def _profiles(session: Session | Connection, asked: Select[Any], **values: object) -> list[SluiceProfile]:
    return [_profile(*row) for row in session.execute(asked, values)]


def _profile(*columns: Any) -> SluiceProfile:
    values = dict(zip((column.key for column in _COLUMNS), columns, strict=False))
    addresses, people = columns[-2], [(row[0], _person(*row[1:])) for row in columns[-1] or ()]
    return SluiceProfile(
        **values | {"staff_domains": tuple(values["staff_domains"]), "origins": tuple(values["origins"])},
        address=addresses[0],
        addresses=tuple(addresses),
        contacts=tuple(person for role, person in people if role == "contact"),
        coaches=tuple(person for role, person in people if role == "coach"),
    )


def _person(
    identity: str, name: str, address: str, language: str, deputy: str | None, away_until: str | None
) -> ContactPerson:
    return ContactPerson(
        UUID(identity),
        name,
        address,
        language,
        UUID(deputy) if deputy else None,
        date.fromisoformat(away_until) if away_until else None,
    )
