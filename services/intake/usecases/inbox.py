"""Read the contacts' inbox: what a person may see, told apart by what it waits for. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from services.intake.domain.idea import Reference
from services.intake.domain.inbox import Due, Group, Wanted, due
from services.intake.store import inbox, search
from services.intake.store.inbox import MOST_COUNTED, Row
from services.intake.store.tables import Contact, Idea, Sluice
from services.intake.store.work_tables import Tag
from services.intake.usecases import comment_idea
from services.intake.usecases.access import own_sluices, visible
from shared.clock import STOCKHOLM, now
from shared.viewer import Viewer
from shared.web.paging import Position
from shared.words import one_line

SHOWN: Final = {Group.LATE: 40, Group.NEW: 40, Group.WAITING: 20, Group.HELD: 10, Group.ANSWERED: 10}
"""How many of each group the inbox begins with."""
PAGE: Final = 50
"""How many a page of one group holds."""


@dataclass(frozen=True, slots=True)
class Item:
    """A row, and how far it is from its promise where it has had no answer."""

    row: Row
    due: Due | None
    mine: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A group with its first ideas."""

    group: Group
    count: int
    items: Sequence[Item]
    next: str | None = None
    """Where the group goes on, on a page of its own."""

    @property
    def uncounted(self) -> bool:
        """True where there are more than were counted."""
        return self.count > MOST_COUNTED


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer."""

    sluices: Sequence[tuple[str, str]]
    """Slug and name of those that the person answers for, by name."""
    people: Sequence[tuple[str, str]]
    """Contacts of these: id and name."""
    tags: Sequence[tuple[UUID, str, bool]]
    """Id, name, and whether it is a theme."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """The whole page."""

    parts: Sequence[Part]
    choices: Choices
    only: Group | None = None
    """The group that the page is about, where it is about one."""
    cut_at: int = 0
    """How many of the newest hits were gone through, where the words have so many; else 0."""
    comments: int = 0
    """Comments on the board that wait for the person."""

    @property
    def total(self) -> int:
        """Ideas that fit, as far as they were counted."""
        return sum(part.count for part in self.parts)

    @property
    def uncounted(self) -> bool:
        """True where there are more than were counted."""
        return any(part.uncounted for part in self.parts)


def show(
    session: Session,
    viewer: Viewer,
    wanted: Wanted,
    *,
    only: Group | None = None,
    after: Position | None = None,
) -> Inbox:
    """The inbox as ``viewer`` may see it: every group, or a page of one."""
    today = now().astimezone(STOCKHOLM).date()
    seen = visible(viewer)
    found = hits(session, viewer, wanted)
    filters = inbox.conditions(wanted, viewer.address, today, found)
    every = inbox.groups(viewer.address, today)
    asked = every if only is None else {only: every[only]}
    counts = inbox.counts(session, seen, filters, asked)
    parts = []
    for group, is_in in asked.items():
        limit = SHOWN[group] if only is None else PAGE
        rows = []
        if counts[group]:
            rows = inbox.find(session, seen, [*filters, is_in], group=group, sort=wanted.sort, limit=limit, after=after)
        shown = rows[:limit]
        more = str(inbox.position(shown[-1], group, wanted.sort)) if len(rows) > limit else None
        parts.append(Part(group, counts[group], [item(row, viewer, today) for row in shown], more))
    cut_at = len(found) if found is not None and len(found) >= search.MAX_FOUND else 0
    return Inbox(parts, choices(session, viewer), only, cut_at, comment_idea.count_held(session, viewer))


def hits(session: Session, viewer: Viewer, wanted: Wanted) -> list[UUID] | None:
    """The newest ideas with the words looked for that this person may see; None where no words are."""
    if not wanted.q:
        return None
    numbered = registered_as(session, viewer, wanted.q)
    if numbered:
        return numbered
    own = select(Sluice.id).where(own_sluices(viewer))
    asked = own if wanted.sluice is None else own.where(Sluice.slug == wanted.sluice)
    is_all = viewer.is_administrator and wanted.sluice is None
    return search.newest(
        session,
        wanted.q,
        None if is_all else session.scalars(asked).all(),
        linked_to=() if viewer.is_administrator else session.scalars(own).all(),
    )


def registered_as(session: Session, viewer: Viewer, number: str) -> list[UUID]:
    """The ideas with exactly that registry number, in any case of letters, that this person may see."""
    words = one_line(number).lower()
    return list(session.scalars(select(Idea.id).where(func.lower(Idea.registry_number) == words, visible(viewer))))


def chosen(session: Session, viewer: Viewer, references: Sequence[str]) -> list[Item]:
    """The ideas with these references that the person may see, in that order."""
    today = now().astimezone(STOCKHOLM).date()
    return [item(row, viewer, today) for row in inbox.chosen(session, visible(viewer), references)]


def named(session: Session, viewer: Viewer, words: str) -> str | None:
    """The reference that was typed instead of a search, where there is such an idea for this person."""
    found = Reference.parse(words.strip().upper())
    if found is None:
        return None
    return session.scalar(select(Idea.reference).where(Idea.reference == str(found), visible(viewer)))


def choices(session: Session, viewer: Viewer) -> Choices:
    """What the filters offer to this person."""
    own = own_sluices(viewer)
    sluices = session.execute(select(Sluice.slug, Sluice.name).where(own).order_by(Sluice.name)).all()
    people = session.execute(
        select(Contact.id, Contact.name)
        .join(Sluice, Sluice.id == Contact.sluice_id)
        .where(own, Contact.removed_at.is_(None))
        .order_by(Contact.name, Contact.id)
    ).all()
    tags = session.execute(
        select(Tag.id, Tag.name, Tag.is_theme)
        .where(or_(Tag.sluice_id.is_(None), Tag.sluice_id.in_(select(Sluice.id).where(own))))
        .order_by(Tag.is_theme.desc(), Tag.name, Tag.id)
    ).all()
    return Choices(
        [(slug, name) for slug, name in sluices],
        [(str(identity), name) for identity, name in people],
        [(identity, name, theme) for identity, name, theme in tags],
    )


def item(row: Row, viewer: Viewer, today: date) -> Item:
    """A row as this person sees it on that day."""
    waits = row.answered_at is None and not row.merged and row.stage != "closed"
    promise = row.answer_by.astimezone(STOCKHOLM).date()
    return Item(row, due(promise, today) if waits else None, row.assigned_address == viewer.address.lower())


def every_sluice(session: Session) -> list[tuple[str, str]]:
    """Slug and name of every sluice, by name: an idea may be shared with any."""
    return [(slug, name) for slug, name in session.execute(select(Sluice.slug, Sluice.name).order_by(Sluice.name))]
