"""Comment on an idea on the board: written, shown to be of the address that it says, then held for a contact or shown.

A link goes to an address once a day at most for each idea; the page behind it shows every comment that waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.intake.domain import personal_data
from services.intake.domain.written_address import fault_in
from services.intake.store import board, sluices
from services.intake.store.public_tables import Comment
from services.intake.store.tables import Idea, Sluice
from services.intake.usecases import acts
from services.intake.usecases.access import own_sluices
from services.intake.usecases.ask_to_confirm import ASKED_AGAIN_AFTER, ask_to_confirm
from services.intake.usecases.sayings import spoken
from shared import logs
from shared.clock import now
from shared.db import hold
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical
from shared.settings import Settings
from shared.viewer import Viewer
from shared.web import links
from shared.web.own_links import without_tokens
from shared.words import clean, one_line

log = logs.get(__name__)

MAX_TEXT: Final = 2000
MAX_NAME: Final = 80
MOST_WAITING: Final = 5
"""Comments of one address on one idea that may wait for their link: more cannot be sensible."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The comments behind one link, and the idea that they are about."""

    reference: str
    slug: str
    sluice_name: str
    title: str
    unconfirmed: Sequence[Comment]
    confirmed: Sequence[Comment]


@dataclass(frozen=True, slots=True)
class Held:
    """A comment that a contact decides on."""

    id: UUID
    at: datetime
    name: str
    address: str
    text: str
    language: str
    state: str
    reference: str
    title: str
    slug: str
    sluice_name: str


def write(
    session: Session,
    settings: Settings,
    slug: str,
    reference: str,
    *,
    name: str,
    address: str,
    text: str,
    language: str,
) -> None:
    """Keep a comment that nobody sees before its writer's address is shown to be theirs.

    :raises NotFound: no such idea stands on that board, or it takes no comments.
    :raises Rejected: name, address or text cannot be taken.
    """
    idea = board.idea(session, slug, reference)
    if idea.comments == "off":
        raise NotFound("no comments here")
    name, text, address = one_line(name, MAX_NAME * 4), clean(without_tokens(text)).strip(), address.strip()
    _check(name, address, text)
    moment, language = now(), spoken(language)
    known = canonical(address)
    hold(session, f"comment {idea.id} {known}")
    mine = (Comment.idea_id == idea.id, Comment.address == known)
    waiting, newest = session.execute(
        select(func.count().filter(Comment.confirmed_at.is_(None)), func.max(Comment.at)).where(*mine)
    ).one()
    if waiting >= MOST_WAITING:
        return
    comment = Comment(
        id=new_id(),
        idea_id=idea.id,
        name=name,
        address=known,
        text=text,
        language=language,
        at=moment,
        state="held",
    )
    session.add(comment)
    if newest is None or newest <= moment - ASKED_AGAIN_AFTER:
        ask_to_confirm(
            session,
            settings,
            "comment",
            links.comment_url(settings, comment.id),
            about=comment.id,
            address=address,
            language=language,
            sluice=sluices.profile_by_slug(session, slug),
        )
    log.info("comment_written", idea_id=str(idea.id))


def look(session: Session, comment_id: UUID) -> Waiting:
    """The comments of the same writer on the same idea.

    :raises NotFound: the comment is gone, or the idea is no longer on the board.
    """
    row = session.execute(
        select(Comment, Idea.reference, Sluice.slug)
        .join(Idea, Idea.id == Comment.idea_id)
        .join(Sluice, Sluice.id == Idea.sluice_id)
        .where(Comment.id == comment_id)
    ).one_or_none()
    if row is None:
        raise NotFound("no such comment")
    comment, reference, slug = row
    idea = board.idea(session, slug, reference)
    every = session.scalars(
        select(Comment)
        .where(Comment.idea_id == comment.idea_id, Comment.address == comment.address)
        .order_by(Comment.at.desc(), Comment.id)
        .limit(20)
    ).all()
    return Waiting(
        reference=reference,
        slug=slug,
        sluice_name=idea.sluice_name,
        title=idea.title,
        unconfirmed=[one for one in every if one.confirmed_at is None],
        confirmed=[one for one in every if one.confirmed_at is not None],
    )


def confirm(session: Session, link_id: UUID, comment_id: UUID) -> None:
    """Take a comment for its writer's: held for a contact, or shown at once where the board is open.

    What points at a person is held even there.

    :param link_id: the comment that the link was made for; both are of one writer, on one idea.
    :raises NotFound: they are not, or the idea is no longer on the board.
    """
    board_idea = look(session, link_id)
    link = session.get_one(Comment, link_id)
    comment = session.scalar(
        select(Comment)
        .where(Comment.id == comment_id, Comment.idea_id == link.idea_id, Comment.address == link.address)
        .with_for_update()
    )
    if comment is None:
        raise NotFound("no such comment")
    if comment.confirmed_at is not None:
        return
    comment.confirmed_at = now()
    is_open = session.scalar(select(Sluice.comments).where(Sluice.slug == board_idea.slug)) == "open"
    if is_open and not personal_data.find(comment.text):
        comment.state = "shown"
    log.info("comment_confirmed", idea_id=str(comment.idea_id), state=comment.state)


def listed(session: Session, viewer: Viewer, *, state: str = "held", limit: int = 100) -> list[Held]:
    """The confirmed comments in that state on ideas of the viewer's sluices: the oldest held, or the newest decided."""
    order = Comment.at if state == "held" else Comment.at.desc()
    rows = session.execute(
        select(Comment, Idea.reference, Idea.public_title, Sluice.slug, Sluice.name)
        .join(Idea, Idea.id == Comment.idea_id)
        .join(Sluice, Sluice.id == Idea.sluice_id)
        .where(own_sluices(viewer), Comment.state == state, Comment.confirmed_at.is_not(None))
        .order_by(order, Comment.id)
        .limit(limit)
    )
    return [
        Held(
            id=one.id,
            at=one.at,
            name=one.name,
            address=one.address,
            text=without_tokens(one.text),
            language=one.language,
            state=one.state,
            reference=reference,
            title=title or "",
            slug=slug,
            sluice_name=name,
        )
        for one, reference, title, slug, name in rows
    ]


def count_held(session: Session, viewer: Viewer) -> int:
    """How many comments wait for the viewer."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Comment)
            .join(Idea, Idea.id == Comment.idea_id)
            .join(Sluice, Sluice.id == Idea.sluice_id)
            .where(own_sluices(viewer), Comment.state == "held", Comment.confirmed_at.is_not(None))
        )
        or 0
    )


def decide(session: Session, viewer: Viewer, comment_id: UUID, *, state: str, was: str) -> None:
    """Show or hide a comment. Deciding otherwise later undoes it.

    :param was: the state in which the viewer saw it.
    :raises NotFound: there is no such comment, for them.
    :raises Conflict: somebody else has decided meanwhile.
    """
    comment = session.scalar(
        select(Comment)
        .join(Idea, Idea.id == Comment.idea_id)
        .join(Sluice, Sluice.id == Idea.sluice_id)
        .where(own_sluices(viewer), Comment.id == comment_id, Comment.confirmed_at.is_not(None))
        .with_for_update(of=Comment)
    )
    if comment is None or state not in ("shown", "hidden"):
        raise NotFound("no such comment")
    if comment.state == state:
        return
    if comment.state != was:
        raise Conflict("somebody else has decided on the comment meanwhile")
    idea = session.get_one(Idea, comment.idea_id)
    comment.state, comment.decided_by = state, acts.name_of(session, viewer, idea.sluice_id)


def _check(name: str, address: str, text: str) -> None:
    if not name:
        raise Rejected("name", "empty")
    if len(name) > MAX_NAME:
        raise Rejected("name", "too_long")
    if (fault := fault_in(address)) is not None:
        raise Rejected("address", fault)
    if not text:
        raise Rejected("text", "empty")
    if len(text) > MAX_TEXT:
        raise Rejected("text", "too_long")
