"""All that a contact sees of one idea beside its own words: who has it, what belongs to it, what resembles it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.intake.domain.sluice import ContactPerson, SluiceProfile
from services.intake.store import sluices
from services.intake.store.public_tables import Follower
from services.intake.store.tables import Contact, Idea, Sluice
from services.intake.store.work_tables import IdeaSluice, Tag
from services.intake.usecases.access import own_sluices, seen_idea
from services.intake.usecases.similar import SimilarIdea, similar
from services.intake.usecases.tag_idea import known_tags, tags_of
from shared.errors import NotFound
from shared.viewer import Viewer

MOST_SIMILAR = 5


class May(StrEnum):
    """What somebody may do with an idea that they see."""

    ACT = "act"
    NOTE = "note"
    """It is shared with a sluice of theirs."""
    READ = "read"


@dataclass(frozen=True, slots=True)
class Seen:
    """An idea as one person may see it."""

    idea: Idea
    sluice: SluiceProfile
    may: May
    mends: bool = False
    """May they mend the address of a message that did not arrive: they answer for it, signed in or by their link."""
    until: datetime | None = None
    """They passed it on then, and see nothing that was written later for contacts alone; None where they see all."""
    assigned: ContactPerson | None = None
    shared: Sequence[Sluice] = ()
    former: Sequence[Sluice] = ()
    others: Sequence[Sluice] = ()
    """Every sluice but its own: whom it may be passed on to or shared with."""
    followers: int = 0
    joined: Sequence[Idea] = ()
    """Ideas that have become part of this one."""
    into: str | None = None
    """The reference of the idea that this one has become part of."""
    tags: Sequence[Tag] = ()
    more_tags: Sequence[Tag] = ()
    similar: Sequence[SimilarIdea] = ()


def look_at_idea(session: Session, viewer: Viewer, reference: str) -> Seen:
    """The idea for somebody signed in.

    :raises NotFound: there is none, for them.
    """
    idea = seen_idea(session, viewer, reference)
    sluice = sluices.profile(session, idea.sluice_id)
    if viewer.answers_for(sluice.slug):
        return _all(session, idea, sluice)
    links = _links(session, idea.id)
    ids = set(session.scalars(select(Sluice.id).where(own_sluices(viewer))))
    is_shared = any(link == "shared" and one.id in ids for one, link in links)
    if is_shared:
        return Seen(idea, sluice, May.NOTE)
    return Seen(idea, sluice, May.READ, until=_passed_on(session, idea.id, ids))


def look_by_link(session: Session, reference: str, contact_id: UUID) -> Seen:
    """The idea for the holder of a contact's link, which shows that one idea and does nothing.

    :raises NotFound: there is none, or that person answers for none of its sluices (any more).
    """
    idea = session.scalar(select(Idea).where(Idea.reference == reference))
    if idea is None:
        raise NotFound(f"idea {reference}")
    known_at = [idea.sluice_id, *(one.id for one, _ in _links(session, idea.id))]
    holder = session.scalar(
        select(Contact.sluice_id).where(
            Contact.id == contact_id, Contact.sluice_id.in_(known_at), Contact.removed_at.is_(None)
        )
    )
    if holder is None:
        raise NotFound(f"idea {reference}")
    owns = holder == idea.sluice_id
    until = None if owns else _passed_on(session, idea.id, {holder})
    return Seen(idea, sluices.profile(session, idea.sluice_id), May.READ, mends=owns, until=until)


def _all(session: Session, idea: Idea, sluice: SluiceProfile) -> Seen:
    links = _links(session, idea.id)
    tags = tags_of(session, idea.id)
    on_it = {tag.id for tag in tags}
    return Seen(
        idea,
        sluice,
        May.ACT,
        mends=True,
        assigned=next((person for person in sluice.people if person.id == idea.assigned_to), None),
        shared=[one for one, link in links if link == "shared"],
        former=[one for one, link in links if link == "passed_on"],
        others=session.scalars(select(Sluice).where(Sluice.id != sluice.id).order_by(Sluice.name)).all(),
        followers=_followers(session, idea.id),
        joined=session.scalars(select(Idea).where(Idea.merged_into == idea.id).order_by(Idea.reference)).all(),
        into=session.scalar(select(Idea.reference).where(Idea.id == idea.merged_into)) if idea.merged_into else None,
        tags=tags,
        more_tags=[tag for tag in known_tags(session, sluice.id) if tag.id not in on_it],
        similar=similar(
            session, sluice.id, idea.title, idea.text, limit=MOST_SIMILAR, public_only=False, exclude=idea.id
        ),
    )


def _links(session: Session, idea_id: UUID) -> list[tuple[Sluice, str]]:
    rows = session.execute(
        select(Sluice, IdeaSluice.link)
        .join(IdeaSluice, IdeaSluice.sluice_id == Sluice.id)
        .where(IdeaSluice.idea_id == idea_id)
        .order_by(Sluice.name)
    )
    return [(row[0], row[1]) for row in rows]


def _passed_on(session: Session, idea_id: UUID, sluices: Collection[UUID]) -> datetime | None:
    """When the last of these sluices passed it on; None where one of them did not."""
    asked = select(func.max(IdeaSluice.at)).where(
        IdeaSluice.idea_id == idea_id, IdeaSluice.sluice_id.in_(sluices), IdeaSluice.link == "passed_on"
    )
    return session.scalar(asked)


def _followers(session: Session, idea_id: UUID) -> int:
    asked = select(func.count()).where(Follower.idea_id == idea_id, Follower.hears)
    return session.scalar(asked) or 0
