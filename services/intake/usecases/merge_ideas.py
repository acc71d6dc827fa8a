"""Make one idea of two that say the same: everybody who sent one hears of it, and hears what becomes of it."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage
from services.intake.store import board, sluices
from services.intake.store.public_tables import Follower
from services.intake.store.tables import Idea
from services.intake.usecases import acts, official
from services.intake.usecases.access import own_idea
from services.intake.usecases.acts import Done
from services.intake.usecases.announce import Announcer
from services.intake.usecases.ask_for_mail import Recipient, ask_for_mail
from services.intake.usecases.move_idea import hindered
from services.intake.usecases.receive import note
from services.intake.usecases.sayings import say, spoken
from shared import logs
from shared.clock import now
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.mail import reply_addresses
from shared.mail.addresses import canonical
from shared.viewer import Viewer
from shared.web import links
from shared.web.own_links import without_tokens
from shared.words import clean, one_line

log = logs.get(__name__)


def merge_ideas(
    session: Session,
    announcer: Announcer,
    viewer: Viewer,
    reference: str,
    *,
    into: str,
    answer: str = "",
    version: int | None,
) -> Done:
    """Close the idea as part of another one; its submitter and followers follow that one from now on.

    Its words, files and timeline stay with it, and the other one shows the way to them. Mails cannot be undone.

    :param into: the reference of the idea that goes on.
    :param answer: words to the submitter, if any.
    :raises NotFound: either is none, for them to act on.
    :raises Conflict: somebody else has changed the idea since ``version``.
    :raises Rejected: it is the same idea, or one of them is held or merged already.
    """
    into = one_line(into).upper()
    # In the order of their ids, so that two people who merge them crosswise wait for each other and do not lock.
    session.execute(select(Idea.id).where(Idea.reference.in_((reference, into))).order_by(Idea.id).with_for_update())
    idea = own_idea(session, viewer, reference, version=version)
    other = _other(session, viewer, into)
    if idea.id == other.id:
        raise Rejected("into", "same_idea")
    hindered(idea)
    if other.held is not None or other.merged_into is not None:
        raise Rejected("into", "into_is_held" if other.held is not None else "into_is_merged")
    words = clean(answer).strip()
    if len(words) > official.MAX_ANSWER:
        raise Rejected("answer", "answer_is_too_long")
    name = acts.name_of(session, viewer, idea.sluice_id)
    _close(session, idea, other, name, words)
    _follow(session, idea, other)
    _tell(session, announcer, idea, other, name, words)
    log.info("ideas_merged", idea_id=str(idea.id), into=str(other.id))
    return Done(idea)


def _other(session: Session, viewer: Viewer, reference: str) -> Idea:
    try:
        return own_idea(session, viewer, reference)
    except NotFound as error:
        raise Rejected("into", "no_such_idea") from error


def _close(session: Session, idea: Idea, other: Idea, name: str, words: str) -> None:
    moment = now()
    before = idea.stage
    language = spoken(sluices.profile(session, idea.sluice_id).language)
    idea.merged_into = other.id
    idea.stage = Stage.CLOSED.value
    idea.close_reason = say("merged_because", language, reference=other.reference)
    idea.answered_at = idea.answered_at or moment
    idea.asked_at = None
    idea.published_at = None
    for one in (idea, other):
        one.version += 1
        one.updated_at = moment
    # No chains: what was part of this idea is part of the other one now.
    session.execute(update(Idea).where(Idea.merged_into == idea.id).values(merged_into=other.id))
    facts: dict[str, object] = {"from": before, "to": Stage.CLOSED.value, "into": other.reference}
    note(session, idea, event="merged", at=moment, actor=name, actor_kind="contact", text=words, facts=facts)
    joined: dict[str, object] = {"from_idea": idea.reference}
    note(session, other, event="joined", at=moment, actor=name, actor_kind="contact", facts=joined, public=False)


def _follow(session: Session, idea: Idea, other: Idea) -> None:
    """Let the submitter and the followers of the one idea follow the other."""
    moment = now()
    submitter = canonical(other.submitter_address or "")
    there = {
        canonical(one.address): one for one in session.scalars(select(Follower).where(Follower.idea_id == other.id))
    }
    for follower in session.scalars(select(Follower).where(Follower.idea_id == idea.id)).all():
        known = there.get(canonical(follower.address))
        if canonical(follower.address) == submitter:
            session.delete(follower)
        elif known is None:
            follower.idea_id = other.id
            there[canonical(follower.address)] = follower
        else:
            known.confirmed_at = known.confirmed_at or follower.confirmed_at
            session.delete(follower)
    mine = canonical(idea.submitter_address or "")
    if mine and mine != submitter:
        known = there.get(mine)
        if known is None:
            session.add(
                Follower(
                    id=new_id(),
                    idea_id=other.id,
                    address=mine,
                    name=idea.submitter_name,
                    language=idea.language,
                    why="merged",
                    supports=True,
                    asked_at=moment,
                    confirmed_at=moment,
                )
            )
        else:
            # They have had our mails about their own idea: the address is theirs.
            known.confirmed_at, known.why, known.ended_at = known.confirmed_at or moment, "merged", None
    session.flush()
    idea.supporters = 0
    board.recount(session, other)


def _tell(session: Session, announcer: Announcer, idea: Idea, other: Idea, name: str, words: str) -> None:
    if idea.submitter_address is None:
        return
    settings = announcer.settings
    sluice = sluices.profile(session, idea.sluice_id)
    ask_for_mail(
        session,
        settings,
        "merged",
        about=idea.id,
        to=Recipient(idea.submitter_name, idea.submitter_address, idea.language),
        sluice=sluice,
        facts={
            "idea": {"reference": idea.reference, "title": idea.title, "text": without_tokens(idea.text)},
            "into": {"reference": other.reference, "title": other.public_title if other.published_at else None},
            "answer": without_tokens(words),
            "signed_by": name,
            "follow_url": links.follow_url(settings, idea.reference),
        },
        idea=idea,
        reply_to=reply_addresses.make(settings.signer, sluice.address, reply_addresses.SUBMITTER, idea.reference),
    )
