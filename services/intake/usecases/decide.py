"""Decide about one read mail, step by step, each step with its reason, and act on it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.mail.model import Kind
from services.intake.store import sluices
from services.intake.store.tables import Idea, InboundEmail, MailIdentity
from services.intake.usecases import answer
from services.intake.usecases.announce import Announcer
from services.intake.usecases.belonging import Belonging
from services.intake.usecases.guest_mail import GuestMail
from services.intake.usecases.letter import Letter
from services.intake.usecases.note_absence import NoteAbsence
from services.intake.usecases.receive import Addition, NewIdea, add_to_idea, note, open_idea
from services.intake.usecases.returned import Returned
from services.intake.usecases.sayings import say
from shared.bus import outbox
from shared.clock import now
from shared.contracts import registry
from shared.words import clean, one_line


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided about one mail. Its inbound row is locked by the caller's transaction."""

    session: Session
    announcer: Announcer
    letter: Letter

    def take(self, raw: bytes) -> None:
        """Decide, store what follows, and keep the reasons with the mail."""
        letter = self.letter
        mail, reading = letter.mail, letter.reading
        mail.read_at = now()
        mail.kind = reading.kind.value
        mail.message_id = one_line(reading.message_id, 998) if reading.message_id else None
        mail.vouched = self.letter.check.vouched
        mail.reading = letter.kept()
        mail.reasons = []
        for reason in (*reading.reasons, *letter.check.reasons):
            self.because(reason)
        if self._is_duplicate(raw):
            return
        match reading.kind:
            case Kind.DELIVERY_REPORT:
                self._delivery_report()
            case Kind.COMPLAINT:
                self._complaint()
            case Kind.CALENDAR_REPLY:
                self._guest_mail.calendar_reply()
            case Kind.AUTOMATIC_REPLY | Kind.IDEA | Kind.REPLY:
                guest_id = self._guest_mail.guest()
                if guest_id is not None:
                    self._guest_mail.answer(guest_id)
                elif reading.kind is Kind.AUTOMATIC_REPLY:
                    self._automatic_reply()
                elif self._returned.notification is None:
                    self._idea_or_reply()
                else:
                    self._to_return_path()

    def because(self, reason: str) -> None:
        """Keep the reason for a decision with the mail."""
        self.letter.mail.reasons = [*self.letter.mail.reasons, one_line(reason, 500)]

    @property
    def _belonging(self) -> Belonging:
        return Belonging(self.session, self.announcer.settings.signer, self.letter, self.because)

    @property
    def _guest_mail(self) -> GuestMail:
        return GuestMail(self.session, self.announcer.settings.signer, self.letter, self.because)

    @property
    def _returned(self) -> Returned:
        return Returned(self.session, self.announcer.settings.signer, self.letter)

    def _is_duplicate(self, raw: bytes) -> bool:
        """True where the same mail (sluice, Message-ID, body) is here already, by another route or again."""
        message_id = self.letter.mail.message_id or f"sha256:{hashlib.sha256(raw).hexdigest()}"
        body = hashlib.sha256(_body_of(raw)).digest()
        first = self.session.execute(
            insert(MailIdentity)
            .values(
                sluice_id=self.letter.sluice.id,
                message_id=message_id,
                body_sha256=body,
                inbound_email_id=self.letter.mail.id,
            )
            .on_conflict_do_nothing()
            .returning(MailIdentity.inbound_email_id)
        ).scalar()
        if first is None:
            known = self.session.execute(
                select(InboundEmail)
                .join(MailIdentity, MailIdentity.inbound_email_id == InboundEmail.id)
                .where(
                    MailIdentity.sluice_id == self.letter.sluice.id,
                    MailIdentity.message_id == message_id,
                    MailIdentity.body_sha256 == body,
                )
            ).scalar_one()
            self.letter.mail.duplicate_of = known.id
            self.letter.mail.idea_id = known.idea_id
            self.because("the same mail is here already: same sluice, Message-ID and body")
            return True
        namesake = self.session.scalar(
            select(MailIdentity.inbound_email_id)
            .where(
                MailIdentity.sluice_id == self.letter.sluice.id,
                MailIdentity.message_id == message_id,
                MailIdentity.body_sha256 != body,
            )
            .limit(1)
        )
        if namesake is not None:
            self.because("its Message-ID is known with another body: treated as a mail of its own")
        return False

    def _delivery_report(self) -> None:
        token = self._returned.notification
        if token is None:
            self.because("delivery report without a return path that we signed: recorded only")
            return
        for report in self.letter.reading.delivery_reports:
            outbox.put(
                self.session,
                registry.DELIVERY_REPORT,
                {
                    "inbound_email_id": self.letter.mail.id,
                    "notification_id": token,
                    "recipient": report.recipient,
                    "status": report.status,
                    "action": report.action,
                    "bounce_class": report.bounce_class.value,
                    "permanent": report.permanent,
                    "line": clean(report.line) if report.line else None,
                },
            )
        self.because("delivery report for a mail that we sent, by its signed return path")

    def _complaint(self) -> None:
        complaint = self.letter.reading.complaint
        found = self._returned.complained_about(complaint) if complaint else None
        if complaint is None or found is None:
            self.because("complaint that does not show which mail of ours it is about: recorded only, never answered")
            return
        notification, proof = found
        outbox.put(
            self.session,
            registry.COMPLAINT,
            {
                "inbound_email_id": self.letter.mail.id,
                "notification_id": notification,
                "feedback_type": clean(complaint.feedback_type),
                "recipient": clean(complaint.recipient) if complaint.recipient else None,
            },
        )
        self.because(f"complaint about a mail that we sent, by {proof}; nothing is answered")

    def _automatic_reply(self) -> None:
        self.because(f"automatic: {self.letter.reading.automatic or 'recorded, never answered'}")
        origin = self._returned.origin() if self._returned.notification else None
        if origin is not None:
            idea: Idea | None = origin.idea
            self.because(f"noted on idea {origin.idea.reference}, whose message it answers, by its signed return path")
        else:
            idea, _ = self._belonging.addressed()
        if idea is None:
            return
        self.letter.mail.idea_id = idea.id
        note(
            self.session,
            idea,
            event="automatic_reply",
            at=self.letter.mail.received_at,
            actor=self.letter.author,
            actor_kind="other",
            text=clean(self.letter.reading.text),
            public=False,
            inbound_email_id=self.letter.mail.id,
        )
        if origin is not None:
            NoteAbsence(self.session, self.announcer, self.letter, self.because)(origin)

    def _to_return_path(self) -> None:
        """Keep what looks as if a person wrote it, but came to where only programs answer (RFC 3834 §4).

        It is never confirmed and makes no idea, whatever it says. Contacts hear of it at most where the message that
        it answers went to the submitter: an autoresponder that does not say what it is answers their notices, too.
        """
        origin = self._returned.origin()
        if origin is None:
            self.letter.mail.held = "return-path"
            self.because("held for the contact: it came to a signed return path of a message about no idea")
            return
        tells = origin.went_to_submitter and self.letter.reading.automatic is None
        self._add(
            origin.idea,
            f"part of idea {origin.idea.reference} because of its signed return path; not confirmed"
            + ("" if tells else ", and no contact is told by mail"),
            tells=tells,
            public=False,
        )

    def _idea_or_reply(self) -> None:
        idea, address = self._belonging.addressed()
        if idea is not None and address is not None:
            contact = self._belonging.contact_of(idea, address)
            if contact is not None:
                answer.draft(
                    self.session,
                    self.announcer,
                    self.letter.sluice,
                    idea,
                    contact,
                    self.letter.mail,
                    text=self.letter.reading.text,
                    message_id=self.letter.mail.message_id,
                )
                self.because(
                    f"draft answer to idea {idea.reference} because of its reply address for a contact;"
                    " it waits for that contact to confirm it"
                )
                return
            if (holder := self._belonging.holder_of(address)) is not None:
                self._add(
                    idea,
                    f"a note on idea {idea.reference} because of the reply address of {holder.name},"
                    f" a contact of {self.letter.sluice.slug}, which does not answer it",
                    public=False,
                )
                return
            self._add(idea, f"part of idea {idea.reference} because of its reply address")
            return
        idea, hint = self._belonging.referred()
        if idea is not None:
            self._add(idea, hint)
            return
        self._open(hint)

    def _add(self, idea: Idea, reason: str, *, tells: bool = True, public: bool = True) -> None:
        self.because(reason)
        author = (self.letter.address or "").lower()
        if author and author == (idea.submitter_address or "").lower():
            kind = "submitter"
        else:
            kind = "contact" if self.letter.check.vouched and self.letter.sluice.contact_with(author) else "other"
        self.letter.mail.idea_id = idea.id
        add_to_idea(
            self.session,
            self.announcer,
            self.letter.sluice
            if idea.sluice_id == self.letter.sluice.id
            else sluices.profile(self.session, idea.sluice_id),
            idea,
            Addition(
                text=self.letter.words,
                at=self.letter.mail.received_at,
                author=self.letter.author,
                author_kind=kind,
                set_apart=self.letter.set_apart,
                files=self.letter.reading.attachments,
                inbound_email_id=self.letter.mail.id,
                facts={"vouched": self.letter.check.vouched},
                tells=tells,
                public=public,
            ),
        )

    def _open(self, hint: str) -> None:
        reading, sluice = self.letter.reading, self.letter.sluice
        text = self.letter.words
        language = reading.language or sluice.language
        address = self.letter.address
        kind = sluice.kind_of(address, vouched=self.letter.check.vouched)
        held = self.letter.held
        silent = self.letter.no_confirmation
        if silent:
            self.because(f"no confirmation because {silent}")
        if held:
            self.because(f"held for the contact: {held}")
        self.letter.mail.held = held
        unreadable = not (text or reading.title or reading.attachments)
        title = reading.title or say("unreadable" if unreadable else "untitled", sluice.language)
        idea = open_idea(
            self.session,
            self.announcer,
            sluice,
            NewIdea(
                title=title,
                text=text,
                via="email",
                received_at=self.letter.mail.received_at,
                language=language,
                kind=kind,
                submitter_name=reading.sender.name if reading.sender else "",
                submitter_address=address,
                vouched=self.letter.check.vouched,
                held=held,
                no_confirmation=silent,
                set_apart=self.letter.set_apart,
                html=reading.html,
                files=reading.attachments,
                inbound_email_id=self.letter.mail.id,
                original_message_id=self.letter.mail.message_id,
                notes=self.letter.notes(hint),
            ),
        )
        self.letter.mail.idea_id = idea.id
        self.because(f"a new idea: {idea.reference}")


def _body_of(raw: bytes) -> bytes:
    """What follows the header; the header differs by route, the body does not."""
    ends = [(raw.find(mark), len(mark)) for mark in (b"\r\n\r\n", b"\n\n")]
    found = min(((at, length) for at, length in ends if at >= 0), default=None)
    return raw[sum(found) :] if found else raw
