"""What is held for a person to look at: ideas, and mails that became no idea. Let go, or set aside as junk, quietly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage
from services.intake.domain.inbox import Group
from services.intake.store import inbox
from services.intake.store.tables import Idea, InboundEmail, Sluice
from services.intake.usecases import acts, undo
from services.intake.usecases.access import own_idea, own_sluices
from services.intake.usecases.acts import Done
from services.intake.usecases.announce import Announcer
from services.intake.usecases.inbox import Item, item
from services.intake.usecases.receive import note
from shared.clock import STOCKHOLM, now
from shared.errors import Conflict, NotFound
from shared.viewer import Viewer

MOST: Final = 100
"""How many of each are shown; what is beyond comes when these are seen to."""


@dataclass(frozen=True, slots=True)
class HeldMail:
    """A mail that became no idea."""

    mail: InboundEmail
    sluice_name: str

    @property
    def subject(self) -> str:
        """As its sender wrote it."""
        return str((self.mail.reading or {}).get("subject") or "")

    @property
    def sender(self) -> str:
        """Who it says it is from."""
        return str((self.mail.reading or {}).get("sender") or self.mail.envelope_from)

    @property
    def beginning(self) -> str:
        """The first of its words."""
        return str((self.mail.reading or {}).get("text") or "")[: inbox.BEGINNING]


def held(session: Session, viewer: Viewer) -> tuple[Sequence[Item], Sequence[HeldMail]]:
    """Held ideas and held mails of the viewer's own sluices, the newest first."""
    today = now().astimezone(STOCKHOLM).date()
    is_held = inbox.groups(viewer.address, today)[Group.HELD]
    own = Idea.sluice_id.in_(select(Sluice.id).where(own_sluices(viewer)))
    rows = inbox.find(session, own, [is_held], group=Group.HELD, sort=None, limit=MOST)
    mails = session.execute(
        select(InboundEmail, Sluice.name)
        .join(Sluice, Sluice.id == InboundEmail.sluice_id)
        .where(
            own_sluices(viewer),
            InboundEmail.held.is_not(None),
            InboundEmail.idea_id.is_(None),
            InboundEmail.duplicate_of.is_(None),
        )
        .order_by(InboundEmail.received_at.desc(), InboundEmail.id.desc())
        .limit(MOST)
    )
    return [item(row, viewer, today) for row in rows[:MOST]], [HeldMail(mail, name) for mail, name in mails]


def discard_idea(session: Session, viewer: Viewer, reference: str, *, version: int | None) -> Done:
    """Close a held idea as junk: nobody is told, and it can be undone. Twice changes nothing more.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``, or it is not held (any more).
    """
    idea = own_idea(session, viewer, reference, version=version)
    if idea.held is None:
        raise Conflict("it is not held")
    if idea.stage == Stage.CLOSED:
        return Done(idea)
    before = {"stage": idea.stage}
    idea.stage = Stage.CLOSED.value
    idea.version += 1
    idea.updated_at = now()
    note(
        session,
        idea,
        event="discarded",
        at=idea.updated_at,
        actor=acts.name_of(session, viewer, idea.sluice_id),
        actor_kind="contact",
        facts={"from": before["stage"], "to": idea.stage},
        public=False,
    )
    return Done(idea, acts.record(session, viewer, "discarded", idea, before))


def discard_mail(session: Session, viewer: Viewer, inbound_email_id: UUID) -> None:
    """Say that a held mail is junk: it is kept as it came, and listed no more.

    :raises NotFound: there is none, for them.
    """
    mail = _own_mail(session, viewer, inbound_email_id)
    if mail.held is not None:
        mail.held = None
        mail.reasons = [*mail.reasons, f"set aside as junk by {viewer.address}"]


def mail_to_idea(session: Session, announcer: Announcer, viewer: Viewer, inbound_email_id: UUID, reason: str) -> Idea:
    """Make a held mail an idea.

    :raises NotFound: there is none, for them.
    :raises Conflict: it cannot be one: it is one already, or was never read.
    """
    mail = _own_mail(session, viewer, inbound_email_id)
    return undo.detach(session, announcer, mail.id, actor=viewer.address, reason=reason)


def _own_mail(session: Session, viewer: Viewer, inbound_email_id: UUID) -> InboundEmail:
    """A mail to a sluice of theirs that has become no idea, or one that is theirs too: it may have been passed on."""
    theirs = select(Idea.id).where(Idea.sluice_id.in_(select(Sluice.id).where(own_sluices(viewer))))
    found = session.scalar(
        select(InboundEmail)
        .join(Sluice, Sluice.id == InboundEmail.sluice_id)
        .where(
            InboundEmail.id == inbound_email_id,
            own_sluices(viewer),
            or_(InboundEmail.idea_id.is_(None), InboundEmail.idea_id.in_(theirs)),
        )
        .with_for_update(of=InboundEmail)
    )
    if found is None:
        raise NotFound("no such inbound email")
    return found
