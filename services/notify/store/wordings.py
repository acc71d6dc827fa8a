"""Every question asked of saved wordings. A version is never changed: to change is to add the next one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from services.notify.domain.kinds import Channel, Kind
from services.notify.domain.wording import LAST_VERSION, Place, Wording
from services.notify.store import tables
from services.notify.store.tables import Notification
from shared.db import hold
from shared.errors import Conflict
from shared.ids import new_id

Row = tables.Wording

_SLUG = func.coalesce(Row.sluice_slug, text("''"))
"""As the unique index has it, so that the index serves."""

TRIAL = "trial:"
"""How the keys of mails begin that were sent to try a wording."""
LOOKS_BACK = timedelta(days=90)
"""How old a mail may be whose facts show what a wording looks like."""


def active(session: Session, place: Place) -> Row | None:
    """The version that is written in now: the sluice's own, else the general one, else None for the built-in one."""
    newest_of_both = (
        select(Row)
        .ext(distinct_on(_SLUG))
        .where(Row.kind == place.kind, Row.language == place.language, _SLUG.in_({"", place.slug or ""}))
        .order_by(_SLUG.desc(), Row.version.desc())
    )
    return next((row for row in session.scalars(newest_of_both) if row.body is not None), None)


def newest(session: Session, place: Place) -> Row | None:
    """The newest version for exactly that place, also where it only leads back."""
    return session.scalars(_of(place).limit(1)).first()


def versions(session: Session, place: Place, *, limit: int, before: int | None = None) -> Sequence[Row]:
    """The versions for exactly that place, newest first, one more than ``limit`` where there are more."""
    found = _of(place).limit(limit + 1)
    return session.scalars(found if before is None else found.where(Row.version < before)).all()


def version(session: Session, place: Place, number: int) -> Row | None:
    """One version, or None where it is not there."""
    if not 0 < number <= LAST_VERSION:
        return None
    return session.scalars(_of(place).where(Row.version == number)).first()


def read(session: Session, identity: UUID) -> Wording | None:
    """The words of a version, or None where it is not there."""
    row = session.get(Row, identity)
    return words(row) if row is not None else None


def words(row: Row) -> Wording | None:
    """A version's words, or None where it leads back to what stands above it."""
    return Wording(row.subject, row.body) if row.subject is not None and row.body is not None else None


def append(
    session: Session,
    place: Place,
    wording: Wording | None,
    *,
    seen: int | None,
    author: str,
    comment: str,
    at: datetime,
) -> Row:
    """Add the next version. Whoever adds to the same place waits for this transaction.

    :param seen: the number of the version that its author started from, 0 for none; None does not ask.
    :raises Conflict: somebody has saved since.
    """
    hold(session, f"notify wording {place.kind} {place.language} {place.slug}")
    before = newest(session, place)
    number = before.version if before is not None else 0
    if seen is not None and seen != number:
        raise Conflict(f"Version {number} was saved meanwhile.")
    row = Row(
        id=new_id(),
        kind=place.kind,
        language=place.language,
        sluice_slug=place.slug,
        version=number + 1,
        subject=None if wording is None else wording.subject,
        body=None if wording is None else wording.body,
        comment=comment,
        author=author,
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row


def latest_facts(session: Session, kind: Kind, language: str, slug: str | None, now: datetime) -> str | None:
    """The facts (JSON) of the newest mail of that kind, of that sluice, if there is one; best in that language."""
    latest = (
        select(Notification.facts)
        .where(
            Notification.kind == kind,
            Notification.channel == Channel.EMAIL,
            Notification.created_at > now - LOOKS_BACK,
            func.left(Notification.idempotency_key, len(TRIAL)) != TRIAL,
        )
        .order_by(Notification.created_at.desc(), Notification.id.desc())
        .limit(1)
    )
    if slug is not None:
        latest = latest.where(Notification.sluice_slug == slug)
    same = session.scalars(latest.where(Notification.language == language)).first()
    return same if same is not None else session.scalars(latest).first()


def _of(place: Place) -> Select[Row]:
    return (
        select(Row)
        .where(Row.kind == place.kind, Row.language == place.language, _SLUG.in_([place.slug or ""]))
        .order_by(Row.version.desc())
    )
