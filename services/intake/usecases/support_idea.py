"""Support an idea on the board: an address asks, shows that it is its own, is counted once, and hears what happens.

Whoever asks is answered alike, whether we know the address or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, not_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.domain.written_address import fault_in
from services.intake.store import board, sluices
from services.intake.store.public_tables import Follower
from services.intake.store.tables import Idea, Sluice
from services.intake.usecases.ask_to_confirm import ASKED_AGAIN_AFTER, ask_to_confirm
from services.intake.usecases.sayings import spoken
from shared import logs
from shared.clock import now
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical
from shared.settings import Settings
from shared.web import links

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Support:
    """Somebody's support of an idea, as their link shows it."""

    reference: str
    slug: str
    sluice_name: str
    title: str
    """Empty where the idea no longer stands on the board."""
    is_confirmed: bool
    has_ended: bool


def ask(session: Session, settings: Settings, slug: str, reference: str, *, address: str, language: str) -> None:
    """Write to that address with a link whose button is the support. Nothing counts before it is pressed.

    :raises NotFound: no such idea stands on that board.
    :raises Rejected: we cannot write to that address.
    """
    idea = board.idea(session, slug, reference)
    address = address.strip()
    if (fault := fault_in(address)) is not None:
        raise Rejected("address", fault)
    moment, language = now(), spoken(language)
    hears = and_(Follower.hears, Follower.supports)
    asked = session.execute(
        insert(Follower)
        .values(
            id=new_id(),
            idea_id=idea.id,
            address=canonical(address),
            language=language,
            why="supports",
            supports=True,
            asked_at=moment,
        )
        .on_conflict_do_update(
            index_elements=[Follower.idea_id, Follower.address],
            set_={"asked_at": moment, "language": language},
            where=and_(Follower.asked_at <= moment - ASKED_AGAIN_AFTER, not_(hears)),
        )
        .returning(Follower.id)
    ).scalar()
    if asked is None:
        return
    ask_to_confirm(
        session,
        settings,
        "support",
        links.support_url(settings, asked),
        about=f"{asked}:{moment:%Y%m%d%H%M%S}",
        address=address,
        language=language,
        sluice=sluices.profile_by_slug(session, slug),
    )
    log.info("support_asked", idea_id=str(idea.id))


def look(session: Session, follower_id: UUID) -> Support:
    """What somebody's link is about.

    :raises NotFound: nothing any more.
    """
    row = session.execute(
        select(Follower, Idea, Sluice)
        .join(Idea, Idea.id == Follower.idea_id)
        .join(Sluice, Sluice.id == Idea.sluice_id)
        .where(Follower.id == follower_id)
    ).one_or_none()
    if row is None:
        raise NotFound("no such follower")
    follower, idea, sluice = row
    is_on_board = sluice.board and idea.is_public
    return Support(
        reference=idea.reference,
        slug=sluice.slug,
        sluice_name=sluice.name,
        title=(idea.public_title or "") if is_on_board else "",
        is_confirmed=follower.confirmed_at is not None and follower.supports,
        has_ended=follower.ended_at is not None,
    )


def confirm(session: Session, follower_id: UUID) -> None:
    """Count the support, once, and let mails about the idea come. Pressing twice changes nothing more.

    :raises NotFound: the link, or the idea on the board, is gone.
    """
    follower, idea = _locked(session, follower_id)
    sluice = session.get_one(Sluice, idea.sluice_id)
    if not (sluice.board and idea.is_public):
        raise NotFound("the idea is no longer on the board")
    follower.confirmed_at = follower.confirmed_at or now()
    follower.ended_at = None
    follower.supports = True
    board.recount(session, idea)
    log.info("idea_supported", idea_id=str(idea.id))


def stop(session: Session, follower_id: UUID, *, withdraw: bool = False) -> None:
    """End mails about the idea; the support stays counted unless it is withdrawn as well.

    :raises NotFound: the link is of nobody.
    """
    follower, idea = _locked(session, follower_id)
    follower.ended_at = follower.ended_at or now()
    if withdraw:
        follower.supports = False
        board.recount(session, idea)


def _locked(session: Session, follower_id: UUID) -> tuple[Follower, Idea]:
    """The follower and their idea, whose row is held: supporters of one idea are counted one after the other."""
    idea_id = session.scalar(select(Follower.idea_id).where(Follower.id == follower_id))
    if idea_id is None:
        raise NotFound("no such follower")
    idea = session.scalars(select(Idea).where(Idea.id == idea_id).with_for_update()).one()
    return session.get_one(Follower, follower_id), idea
