"""Make sluices and change them; each change is kept, and whoever saves an old form is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.sluice import SluiceProfile
from services.intake.domain.sluice_settings import FIELDS, Part, state_of
from services.intake.store import sluices
from services.intake.store.tables import Idea, Sluice
from services.intake.usecases.administer_addresses import checked_sluice_address
from services.intake.usecases.administer_people import checked_address
from services.intake.usecases.announce_sluice import announce_sluice
from services.intake.usecases.changes import record_change
from shared.db import hold
from shared.errors import Conflict, Rejected


@dataclass(frozen=True, slots=True)
class PartLook:
    """One part of a sluice's settings, as a form shows it."""

    sluice: SluiceProfile
    values: Mapping[str, Any]
    state: str
    """What a form must carry: by it a change made meanwhile is seen."""
    is_code_fixed: bool
    """True once there are ideas: their references bear the code."""


def look_at_part(session: Session, slug: str, part: Part) -> PartLook:
    """How that part stands.

    :raises NotFound: there is no such sluice.
    """
    sluice = sluices.profile_by_slug(session, slug)
    values = _values(session.get_one(Sluice, sluice.id), part)
    return PartLook(sluice, values, state_of(values), _has_ideas(session, sluice))


def change_part(session: Session, actor: str, slug: str, part: Part, values: Mapping[str, Any], state: str) -> None:
    """Set the fields of one part.

    :param state: that of the form, from ``look_at_part``.
    :raises Conflict: somebody changed that part since the form was opened.
    :raises Rejected: the code is another sluice's, or cannot be changed any more.
    """
    sluice = sluices.profile_by_slug(session, slug)
    row = session.get_one(Sluice, sluice.id, with_for_update=True, populate_existing=True)
    before = _values(row, part)
    if state_of(before) != state:
        raise Conflict("somebody else has changed these settings meanwhile")
    if values.get("code", row.code) != row.code:
        _check_code(session, values["code"])
        if _has_ideas(session, sluice):
            raise Rejected("code", "admin.fault.code_fixed")
    changed = {name: values[name] for name in FIELDS[part] if values[name] != before[name]}
    for name, value in changed.items():
        setattr(row, name, value)
        record_change(session, actor, f"sluice.{name}", sluice_id=row.id, before=before[name], after=value)
    if changed:
        announce_sluice(session, row.id)


def create_sluice(session: Session, actor: str, values: Mapping[str, Any]) -> str:
    """A new sluice with an address and a first contact; its slug.

    :raises Rejected: the slug, code or address is taken, or an address is none.
    """
    slug = str(values["slug"])
    hold(session, "sluices")
    if session.scalar(select(Sluice.id).where(Sluice.slug == slug)) is not None:
        raise Rejected("slug", "admin.fault.slug_taken")
    _check_code(session, values["code"])
    address = checked_sluice_address(session, values["address"], field="address")
    person = checked_address(values["contact_address"], field="contact_address")
    sluice_id = sluices.save(
        session,
        slug=slug,
        code=values["code"],
        name=values["name"],
        address=address,
        language=values["language"],
        staff_domains=[address.rpartition("@")[2]],
    )
    sluices.add_contact(session, sluice_id, name=values["contact_name"], address=person, language=values["language"])
    record_change(session, actor, "sluice.created", sluice_id=sluice_id, after=dict(values))
    announce_sluice(session, sluice_id)
    return slug


def _check_code(session: Session, code: str) -> None:
    hold(session, "sluices")
    if session.scalar(select(Sluice.id).where(Sluice.code == code)) is not None:
        raise Rejected("code", "admin.fault.code_taken")


def _values(row: Sluice, part: Part) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS[part]}


def _has_ideas(session: Session, sluice: SluiceProfile) -> bool:
    return session.scalar(select(Idea.id).where(Idea.sluice_id == sluice.id).limit(1)) is not None
