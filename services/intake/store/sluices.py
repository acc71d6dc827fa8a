"""Sluices, their addresses and contacts: read as profiles, written by the command line and the demo data."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.domain.sluice import ContactPerson, SluiceProfile
from services.intake.store.tables import Contact, Sluice, SluiceAddress
from shared.errors import NotFound
from shared.ids import new_id


def profile(session: Session, sluice_id: UUID) -> SluiceProfile:
    """Everything that must be known of a sluice.

    :raises NotFound: there is no such sluice.
    """
    sluice = session.get(Sluice, sluice_id)
    if sluice is None:
        raise NotFound(f"sluice {sluice_id}")
    return _profile(session, sluice)


def profile_by_slug(session: Session, slug: str) -> SluiceProfile:
    """The same, by slug.

    :raises NotFound: there is no such sluice.
    """
    sluice = session.scalar(select(Sluice).where(Sluice.slug == slug))
    if sluice is None:
        raise NotFound(f"sluice {slug}")
    return _profile(session, sluice)


def profiles(session: Session) -> list[SluiceProfile]:
    """Every sluice, by name."""
    return [_profile(session, sluice) for sluice in session.scalars(select(Sluice).order_by(Sluice.name))]


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


def add_contact(session: Session, sluice_id: UUID, *, name: str, address: str, language: str = "sv") -> None:
    """Make somebody a contact of a sluice, or change the name and language of one."""
    values = {"name": name, "language": language}
    session.execute(
        insert(Contact)
        .values(id=new_id(), sluice_id=sluice_id, address=address.lower(), **values)
        .on_conflict_do_update(index_elements=[Contact.sluice_id, Contact.address], set_=values)
    )
    _changed(session, sluice_id)


def _changed(session: Session, sluice_id: UUID) -> None:
    """What others were told of it no longer holds, until they are told anew."""
    session.execute(update(Sluice).where(Sluice.id == sluice_id).values(announced_at=None))


def _profile(session: Session, sluice: Sluice) -> SluiceProfile:
    addresses = session.scalars(
        select(SluiceAddress)
        .where(SluiceAddress.sluice_id == sluice.id)
        .order_by(SluiceAddress.is_primary.desc(), SluiceAddress.address)
    ).all()
    contacts = session.scalars(
        select(Contact).where(Contact.sluice_id == sluice.id).order_by(Contact.created_at, Contact.id)
    )
    return SluiceProfile(
        id=sluice.id,
        slug=sluice.slug,
        code=sluice.code,
        name=sluice.name,
        language=sluice.language,
        open_to=sluice.open_to,
        staff_domains=tuple(sluice.staff_domains),
        answer_days=sluice.answer_days,
        address=addresses[0].address,
        addresses=tuple(address.address for address in addresses),
        contacts=tuple(ContactPerson(c.id, c.name, c.address, c.language) for c in contacts),
    )
