"""Whoever sent an idea that somebody had before follows that one, by a link in their confirmation.

The link went to an address that is vouched for, so nothing needs to be confirmed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.domain.sluice import SluiceProfile
from services.intake.store import board, sluices
from services.intake.store.board import PublicAnswer, PublicIdea
from services.intake.store.public_tables import Follower
from services.intake.store.tables import Idea
from services.intake.usecases.receive import note
from shared import logs
from shared.clock import now
from shared.errors import NotFound
from shared.ids import new_id
from shared.mail.addresses import canonical

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class SameIdea:
    """What the link shows: the other idea as everybody may see it."""

    own_reference: str
    sluice: SluiceProfile
    other: PublicIdea
    answer: PublicAnswer | None
    is_followed: bool


def look(session: Session, idea_id: UUID, other_id: UUID) -> SameIdea:
    """The other idea, and whether the submitter follows it.

    :raises NotFound: it stands on no board any more, or the own idea is gone or has no sender any more.
    """
    mine, other = _both(session, idea_id, other_id)
    sluice = sluices.profile(session, other.sluice_id)
    shown = board.idea(session, sluice.slug, other.reference)
    assert mine.submitter_address is not None
    follower = session.scalar(
        select(Follower).where(Follower.idea_id == other.id, Follower.address == canonical(mine.submitter_address))
    )
    answers = board.answers(session, other.id)
    return SameIdea(
        mine.reference,
        sluice,
        shown,
        answers[0] if answers else None,
        follower is not None and follower.hears,
    )


def follow(session: Session, idea_id: UUID, other_id: UUID) -> None:
    """Let the submitter of the one idea follow the other, and tell the contacts that they think it is the same.

    Pressing twice changes nothing more.

    :raises NotFound: see ``look``.
    """
    if look(session, idea_id, other_id).is_followed:
        return
    mine, _ = _both(session, idea_id, other_id)
    assert mine.submitter_address is not None
    other = session.scalars(
        select(Idea).where(Idea.id == other_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    moment = now()
    facts = {"confirmed_at": moment, "why": "same_idea", "supports": True, "ended_at": None}
    session.execute(
        insert(Follower)
        .values(
            id=new_id(),
            idea_id=other.id,
            address=canonical(mine.submitter_address),
            name=mine.submitter_name,
            language=mine.language,
            asked_at=moment,
            **facts,
        )
        .on_conflict_do_update(index_elements=[Follower.idea_id, Follower.address], set_=facts)
    )
    board.recount(session, other)
    note(
        session,
        mine,
        event="same_as",
        at=moment,
        actor=mine.submitter_name or mine.submitter_address,
        actor_kind="submitter",
        facts={"to": other.reference},
    )
    log.info("same_idea_followed", idea_id=str(mine.id), other_id=str(other.id))


def _both(session: Session, idea_id: UUID, other_id: UUID) -> tuple[Idea, Idea]:
    mine, other = session.get(Idea, idea_id), session.get(Idea, other_id)
    if mine is None or other is None or mine.submitter_address is None:
        raise NotFound("no such page")
    return mine, other
