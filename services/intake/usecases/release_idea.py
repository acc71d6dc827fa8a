"""Hold an idea that looks wrong, and let go of one that is held, by whichever way it came."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.store import sluices
from services.intake.store.tables import Idea, InboundEmail, TimelineEntry
from services.intake.usecases import acts
from services.intake.usecases.access import own_idea
from services.intake.usecases.acts import Done
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import note
from shared.clock import now
from shared.errors import Rejected
from shared.viewer import Viewer
from shared.words import clean

BY_HAND = "by-hand"
"""Why an idea is held that a contact set apart."""


def release_idea(
    session: Session, announcer: Announcer, viewer: Viewer, reference: str, *, version: int | None
) -> Done:
    """Let go of a held idea: it counts from now on, and its submitter is confirmed. Twice changes nothing more.

    One that a contact had held by hand was confirmed when it came, and is not confirmed again.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    """
    idea = own_idea(session, viewer, reference, version=version)
    if idea.held is None:
        return Done(idea)
    before = {"held": idea.held}
    idea.held = None
    mail = _mail(session, idea)
    if mail is not None:
        mail.held = None
    _note(session, viewer, idea, "released")
    if before["held"] == BY_HAND:
        return Done(idea, acts.record(session, viewer, "released", idea, before))
    announcer.received(
        session,
        idea,
        sluices.profile(session, idea.sluice_id),
        no_confirmation=None,
        original_message_id=mail.message_id if mail is not None else None,
        to_contacts=False,
    )
    return Done(idea)


def hold_idea(session: Session, viewer: Viewer, reference: str, *, reason: str, version: int | None) -> Done:
    """Set an idea apart that looks like no idea; nobody is told. Twice changes nothing more.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    :raises Rejected: it has become part of another.
    """
    idea = own_idea(session, viewer, reference, version=version)
    if idea.merged_into is not None:
        raise Rejected("idea", "idea_is_merged")
    if idea.held is not None:
        return Done(idea)
    before = {"held": None}
    idea.held = BY_HAND
    _note(session, viewer, idea, "held", clean(reason).strip()[:2000])
    return Done(idea, acts.record(session, viewer, "held", idea, before))


def _note(session: Session, viewer: Viewer, idea: Idea, event: str, text: str = "") -> None:
    moment = now()
    idea.version += 1
    idea.updated_at = moment
    name = acts.name_of(session, viewer, idea.sluice_id)
    note(session, idea, event=event, at=moment, actor=name, actor_kind="contact", text=text, public=False)


def _mail(session: Session, idea: Idea) -> InboundEmail | None:
    """The mail that began the idea, or None where it came another way."""
    return session.scalar(
        select(InboundEmail)
        .join(TimelineEntry, TimelineEntry.inbound_email_id == InboundEmail.id)
        .where(TimelineEntry.idea_id == idea.id, TimelineEntry.event == "received")
        .limit(1)
    )
