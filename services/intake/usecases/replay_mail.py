"""Read a stored mail again with today's code, and mend what can be mended without anybody noticing twice.

Nothing is confirmed, announced or counted anew. Three things may happen: a mail that nobody has read gets its duty
again; a mail that made no idea and today would becomes one of its own; an idea whose mail could not be read then gets
its words and files. Everything else, above all what people have seen and answered, is left as it is and only told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import exists, select, text
from sqlalchemy.orm import Session

from services.intake.mail.model import Kind
from services.intake.store import files, sluices
from services.intake.store.tables import Attachment, Idea, InboundEmail, RawMail, Sluice, TimelineEntry
from services.intake.usecases import undo
from services.intake.usecases.announce import Announcer
from services.intake.usecases.letter import Letter
from services.intake.usecases.read_mail import Desk
from services.intake.usecases.receive import note
from services.intake.usecases.sayings import say
from shared.bus import outbox
from shared.clock import now
from shared.contracts import registry
from shared.db import Database
from shared.mentions import ERASED
from shared.words import clean, one_line

PORTION = 500


class Outcome(StrEnum):
    """What reading a mail again leads to."""

    RUNG = "rung"
    """It was never read, and nothing would read it: its duty is there again."""
    WAITS = "waits"
    """It was never read, but its duty is there: a worker reads it, or `idesluss queue retry`."""
    FILLED = "filled"
    """Its idea has its words and files now."""
    DETACHED = "detached"
    """It is an idea of its own now."""
    DIFFERS = "differs"
    """It would be read otherwise today, but people have seen it as it is: a contact may undo."""
    SAME = "same"
    GONE = "gone"
    """Its bytes were erased, or its sender was: the original that stays would bring them back."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One mail and what became of it."""

    inbound_email_id: UUID
    outcome: Outcome
    reference: str | None
    detail: str


def chosen(
    session: Session,
    *,
    sluice: str | None = None,
    identity: UUID | None = None,
    since: datetime | None = None,
    after: UUID | None = None,
) -> Sequence[UUID]:
    """The next stored mails that fit, in the order of their ids; copies of another mail are left out."""
    query = select(InboundEmail.id).where(InboundEmail.duplicate_of.is_(None)).order_by(InboundEmail.id).limit(PORTION)
    if identity is not None:
        query = query.where(InboundEmail.id == identity)
    if sluice is not None:
        query = query.join(Sluice, Sluice.id == InboundEmail.sluice_id).where(Sluice.slug == sluice)
    if since is not None:
        query = query.where(InboundEmail.received_at >= since)
    if after is not None:
        query = query.where(InboundEmail.id > after)
    return session.scalars(query).all()


@dataclass(frozen=True, slots=True)
class ReplayMail:
    """The use case with its parts."""

    announcer: Announcer
    desk: Desk
    actor: str
    dry_run: bool = False

    def __call__(self, database: Database, inbound_email_id: UUID) -> Replayed:
        """Read one mail again, and mend what can be: in one transaction that holds its row."""
        with database.transaction() as session:
            mail, raw = session.execute(
                select(InboundEmail, RawMail.raw)
                .join(RawMail, RawMail.id == InboundEmail.raw_id)
                .where(InboundEmail.id == inbound_email_id)
            ).one()
            was_read, is_gone = mail.read_at is not None, mail.removed_at is not None
        if is_gone or _has_erased_sender(mail):
            return Replayed(inbound_email_id, Outcome.GONE, None, "its bytes or its sender were erased")
        letter = self._letter(database, mail, raw) if was_read else None
        with database.transaction() as session:
            mail = session.get_one(InboundEmail, inbound_email_id, with_for_update=True)
            if letter is None or mail.read_at is None:
                return self._ring(session, mail)
            return self._compare(session, Letter(mail, letter.sluice, letter.reading, letter.check))

    def _letter(self, database: Database, mail: InboundEmail, raw: bytes) -> Letter:
        reading, check = self.desk.read(mail, raw)
        with database.transaction() as session:
            return Letter(mail, sluices.profile(session, mail.sluice_id), reading, check)

    def _ring(self, session: Session, mail: InboundEmail) -> Replayed:
        if _has_duty(session, mail.id):
            return Replayed(mail.id, Outcome.WAITS, None, "not read yet: see `idesluss queue list`")
        if not self.dry_run:
            outbox.put(session, registry.MAIL_RECEIVED, {"inbound_email_id": mail.id})
        return Replayed(mail.id, Outcome.RUNG, None, "nobody would have read it: its duty is there again")

    def _compare(self, session: Session, letter: Letter) -> Replayed:
        mail, reading = letter.mail, letter.reading
        idea = session.get(Idea, mail.idea_id, with_for_update=True) if mail.idea_id else None
        if idea is None:
            if mail.kind != reading.kind.value and reading.kind in (Kind.IDEA, Kind.REPLY):
                return self._detach(session, letter)
        elif _was_unread(session, idea, letter) and (letter.words or reading.attachments):
            return self._fill(session, idea, letter)
        other = _differences(mail, letter)
        outcome = Outcome.DIFFERS if other else Outcome.SAME
        return Replayed(mail.id, outcome, idea.reference if idea else None, ", ".join(other))

    def _detach(self, session: Session, letter: Letter) -> Replayed:
        mail = letter.mail
        detail = f"it was taken for {mail.kind}, and is {letter.reading.kind.value}"
        if self.dry_run:
            return Replayed(mail.id, Outcome.DETACHED, None, detail)
        self._keep(letter)
        idea = undo.detach(session, self.announcer, mail.id, actor=self.actor, reason=f"read again: {detail}")
        files.keep(session, idea.id, mail.id, letter.reading.attachments)
        return Replayed(mail.id, Outcome.DETACHED, idea.reference, detail)

    def _fill(self, session: Session, idea: Idea, letter: Letter) -> Replayed:
        reading = letter.reading
        detail = f"{len(letter.words)} characters and {len(reading.attachments)} files that could not be read before"
        if self.dry_run:
            return Replayed(letter.mail.id, Outcome.FILLED, idea.reference, detail)
        self._keep(letter)
        idea.title = one_line(reading.title or "", 300) or idea.title
        idea.text = clean(letter.words)
        idea.set_apart = clean(letter.set_apart)
        idea.version += 1
        idea.updated_at = now()
        files.keep(session, idea.id, letter.mail.id, reading.attachments)
        note(
            session,
            idea,
            event="reread",
            at=now(),
            actor=self.actor,
            actor_kind="system",
            public=False,
            inbound_email_id=letter.mail.id,
        )
        return Replayed(letter.mail.id, Outcome.FILLED, idea.reference, detail)

    def _keep(self, letter: Letter) -> None:
        """What reading gives today, and that it was read again."""
        mail, reading = letter.mail, letter.reading
        mail.kind, mail.reading, mail.vouched = reading.kind.value, letter.kept(), letter.check.vouched
        again = [f"read again by {self.actor}", *reading.reasons, *letter.check.reasons]
        mail.reasons = [*mail.reasons, *(one_line(reason, 500) for reason in again)]


def _has_duty(session: Session, inbound_email_id: UUID) -> bool:
    """Is there a delivery that is neither done nor discarded?"""
    return bool(
        session.scalar(
            text(
                "SELECT EXISTS (SELECT FROM bus.delivery AS d JOIN bus.message AS m ON m.id = d.message_id"
                " WHERE m.name = :name AND d.done_at IS NULL AND d.discarded IS NULL"
                " AND m.payload LIKE '%' || :id || '%')"
            ),
            {"name": registry.MAIL_RECEIVED.name, "id": str(inbound_email_id)},
        )
    )


def _has_erased_sender(mail: InboundEmail) -> bool:
    sender = (mail.reading or {}).get("sender") or ""
    return ERASED in (mail.envelope_from, sender) or f"<{ERASED}>" in sender


def _was_unread(session: Session, idea: Idea, letter: Letter) -> bool:
    """True where this mail began the idea, which still is as empty as reading had left it, and has no files."""
    titles = {say(word, letter.sluice.language) for word in ("unreadable", "untitled")}
    began = exists().where(
        TimelineEntry.idea_id == idea.id,
        TimelineEntry.event == "received",
        TimelineEntry.inbound_email_id == letter.mail.id,
    )
    has_files = exists().where(Attachment.idea_id == idea.id)
    return (
        not idea.text.strip()
        and (idea.title in titles or not letter.mail.reading or not letter.mail.reading.get("text"))
        and bool(session.scalar(select(began)))
        and not session.scalar(select(has_files))
    )


def _differences(mail: InboundEmail, letter: Letter) -> list[str]:
    """What today's reading says otherwise, in words."""
    then, today = mail.reading or {}, letter.kept()
    found = [
        f"{name} is another" for name in ("subject", "text", "quoted", "signature") if then.get(name) != today[name]
    ]
    if mail.kind != letter.reading.kind.value:
        found.insert(0, f"{mail.kind} then, {letter.reading.kind.value} now")
    return found
