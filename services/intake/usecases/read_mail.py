"""Read one received mail and act on what it is: the worker's side of the way in by email.

Reading (in a child process) and checking the sender (DNS) come first and outside any transaction;
then everything that follows from them is stored at once, with the delivery marked done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.domain.idea import Reference
from services.intake.domain.sluice import ContactPerson, SluiceProfile
from services.intake.domain.words import clean, one_line
from services.intake.mail.authentication import SenderCheck
from services.intake.mail.model import Address, Kind, Reading
from services.intake.store import sluices
from services.intake.store.tables import Idea, InboundEmail, MailIdentity, RawMail
from services.intake.usecases import answer
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import Addition, NewIdea, add_to_idea, idea_with_reference, note, open_idea
from services.intake.usecases.sayings import say
from shared import logs
from shared.bus import outbox
from shared.bus.inbox import Task
from shared.clock import now
from shared.contracts import registry
from shared.mail import addresses, message_ids, reply_addresses
from shared.mail.reply_addresses import ReplyAddress

log = logs.get(__name__)

MAX_RECEIVED = 50
"""Received fields beyond which a mail is going round in a loop (Postfix's hopcount_limit)."""


class Reader(Protocol):
    """Reads a mail within limits; never raises for what a mail holds."""

    def read(self, raw: bytes, *, envelope_from: str | None, recipient: str | None) -> Reading: ...


class Checker(Protocol):
    """Says whether a mail's visible sender is vouched for, within two seconds; never raises."""

    def check(
        self,
        raw: bytes,
        *,
        peer_ip: str | None,
        helo: str | None,
        envelope_from: str | None,
        from_addresses: Sequence[Address],
        authentication_results: Sequence[str],
        trusted_peer: bool,
    ) -> SenderCheck: ...


@dataclass(frozen=True, slots=True)
class ReadMail:
    """The use case with its parts. Each thread has a reader and a checker of its own."""

    announcer: Announcer
    reader: Callable[[], Reader]
    checker: Callable[[], Checker]

    def __call__(self, task: Task) -> None:
        """Handle ``mail.received.v1``."""
        inbound_email_id: UUID = task.payload["inbound_email_id"]
        with task.database.transaction() as session:
            mail, raw = session.execute(
                select(InboundEmail, RawMail.raw)
                .join(RawMail, RawMail.id == InboundEmail.raw_id)
                .where(InboundEmail.id == inbound_email_id)
            ).one()
        reading = self.reader().read(raw, envelope_from=mail.envelope_from, recipient=mail.recipient)
        check = self.checker().check(
            raw,
            peer_ip=mail.peer_ip,
            helo=mail.helo,
            envelope_from=mail.envelope_from,
            from_addresses=reading.senders,
            authentication_results=reading.authentication_results,
            trusted_peer=mail.trusted_peer,
        )
        with task.transaction() as session:
            mail = session.get_one(InboundEmail, inbound_email_id, with_for_update=True)
            sluice = sluices.profile(session, mail.sluice_id)
            _Decision(session, self.announcer, mail, sluice, reading, check).take(raw)


@dataclass(slots=True)
class _Decision:
    """What is decided about one mail, step by step, each step with its reason."""

    session: Session
    announcer: Announcer
    mail: InboundEmail
    sluice: SluiceProfile
    reading: Reading
    check: SenderCheck

    def take(self, raw: bytes) -> None:
        mail, reading = self.mail, self.reading
        mail.read_at = now()
        mail.kind = reading.kind.value
        mail.message_id = one_line(reading.message_id, 998) if reading.message_id else None
        mail.vouched = self.check.vouched
        mail.reading = _kept(reading, self.check)
        mail.reasons = []
        for reason in (*reading.reasons, *self.check.reasons):
            self.because(reason)
        if self._is_duplicate(raw):
            return
        match reading.kind:
            case Kind.DELIVERY_REPORT:
                self._delivery_report()
            case Kind.COMPLAINT:
                self.because("complaint recorded; nothing is answered")
            case Kind.CALENDAR_REPLY:
                self._calendar_reply()
            case Kind.AUTOMATIC_REPLY:
                self._automatic_reply()
            case Kind.IDEA | Kind.REPLY:
                self._idea_or_reply()

    def because(self, reason: str) -> None:
        """Keep the reason for a decision with the mail."""
        self.mail.reasons = [*self.mail.reasons, one_line(reason, 500)]

    def _is_duplicate(self, raw: bytes) -> bool:
        """True where the same mail (sluice, Message-ID, body) is here already, by another route or again."""
        message_id = self.mail.message_id or f"sha256:{hashlib.sha256(raw).hexdigest()}"
        body = hashlib.sha256(_body_of(raw)).digest()
        first = self.session.execute(
            insert(MailIdentity)
            .values(
                sluice_id=self.sluice.id,
                message_id=message_id,
                body_sha256=body,
                inbound_email_id=self.mail.id,
            )
            .on_conflict_do_nothing()
            .returning(MailIdentity.inbound_email_id)
        ).scalar()
        if first is None:
            known = self.session.execute(
                select(InboundEmail)
                .join(MailIdentity, MailIdentity.inbound_email_id == InboundEmail.id)
                .where(
                    MailIdentity.sluice_id == self.sluice.id,
                    MailIdentity.message_id == message_id,
                    MailIdentity.body_sha256 == body,
                )
            ).scalar_one()
            self.mail.duplicate_of = known.id
            self.mail.idea_id = known.idea_id
            self.because("the same mail is here already: same sluice, Message-ID and body")
            return True
        namesake = self.session.scalar(
            select(MailIdentity.inbound_email_id)
            .where(
                MailIdentity.sluice_id == self.sluice.id,
                MailIdentity.message_id == message_id,
                MailIdentity.body_sha256 != body,
            )
            .limit(1)
        )
        if namesake is not None:
            self.because("its Message-ID is known with another body: treated as a mail of its own")
        return False

    def _delivery_report(self) -> None:
        token = addresses.reported_notification(self.announcer.settings.signer, self.mail.recipient)
        if token is None:
            self.because("delivery report without a return path that we signed: recorded only")
            return
        for report in self.reading.delivery_reports:
            outbox.put(
                self.session,
                registry.DELIVERY_REPORT,
                {
                    "inbound_email_id": self.mail.id,
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

    def _calendar_reply(self) -> None:
        calendar = self.reading.calendar
        assert calendar is not None
        outbox.put(
            self.session,
            registry.CALENDAR_REPLY,
            {
                "inbound_email_id": self.mail.id,
                "uid": calendar.uid,
                "sequence": calendar.sequence,
                "attendee": calendar.attendee,
                "partstat": calendar.partstat,
                "sender": self.reading.sender.address if self.reading.sender else None,
                "vouched": self.check.vouched,
            },
        )

    def _automatic_reply(self) -> None:
        self.because(f"automatic: {self.reading.automatic or 'recorded, never answered'}")
        idea, _ = self._addressed_idea()
        if idea is None:
            return
        self.mail.idea_id = idea.id
        note(
            self.session,
            idea,
            event="automatic_reply",
            at=self.mail.received_at,
            actor=self._author(),
            actor_kind="other",
            text=clean(self.reading.text),
            public=False,
            inbound_email_id=self.mail.id,
        )

    def _idea_or_reply(self) -> None:
        idea, address = self._addressed_idea()
        if idea is not None and address is not None:
            contact = self._contact_of(address)
            if contact is not None:
                answer.draft(
                    self.session,
                    self.announcer,
                    self.sluice,
                    idea,
                    contact,
                    self.mail,
                    text=self.reading.text,
                    message_id=self.mail.message_id,
                )
                self.because(
                    f"draft answer to idea {idea.reference} because of its reply address for a contact;"
                    " it waits for that contact to confirm it"
                )
                return
            self._add(idea, f"part of idea {idea.reference} because of its reply address")
            return
        idea, hint = self._referred_idea()
        if idea is not None:
            self._add(idea, hint)
            return
        self._open(hint)

    def _addressed_idea(self) -> tuple[Idea | None, ReplyAddress | None]:
        """The idea whose signed reply address this mail was sent to, and that address."""
        signer = self.announcer.settings.signer
        for candidate in (self.mail.recipient, *self.reading.recipients):
            address = reply_addresses.parse(candidate)
            if address is None:
                continue
            idea = idea_with_reference(self.session, self.sluice.id, address.reference)
            if idea is None:
                self.because(f"reply address for {address.reference}, which this sluice does not know")
            elif address.purpose == reply_addresses.CONTACT:
                if self._contact_of(address) is not None:
                    return idea, address
                self.because(f"reply address for {address.reference} is not one that we signed")
            elif address.is_signed(signer):
                return idea, address
            else:
                self.because(f"reply address for {address.reference} is not one that we signed")
        return None, None

    def _contact_of(self, address: ReplyAddress) -> ContactPerson | None:
        if address.purpose != reply_addresses.CONTACT:
            return None
        signer = self.announcer.settings.signer
        return next((contact for contact in self.sluice.contacts if address.is_signed(signer, str(contact.id))), None)

    def _referred_idea(self) -> tuple[Idea | None, str]:
        """The idea that References or the subject name, if its sender may join it; else a hint."""
        idea, how = self._named_idea()
        if idea is None:
            return None, ""
        author = (self._address() or "").lower()
        belongs = author and author == (idea.submitter_address or "").lower()
        if self.check.vouched and (belongs or self.sluice.contact_with(author)):
            return idea, f"part of idea {idea.reference} because of {how} and a sender who is vouched for"
        why = "the sender is not that idea's" if self.check.vouched else "nobody vouches for the sender"
        self.because(f"an idea of its own although {how} names {idea.reference}: {why}")
        return None, idea.reference

    def _named_idea(self) -> tuple[Idea | None, str]:
        signer = self.announcer.settings.signer
        referred = (*self.reading.in_reply_to, *self.reading.references)[:100]
        for message_id in referred:
            identity = message_ids.identity_of(signer, message_id)
            if identity is not None:
                idea = self.session.get(Idea, identity)
                if idea is not None and idea.sluice_id == self.sluice.id:
                    return idea, "its References"
        if referred:
            idea = self.session.scalar(
                select(Idea)
                .join(InboundEmail, InboundEmail.idea_id == Idea.id)
                .where(
                    InboundEmail.sluice_id == self.sluice.id,
                    InboundEmail.message_id.in_([one_line(name, 998) for name in referred]),
                )
                .limit(1)
            )
            if idea is not None:
                return idea, "its References"
        reference = Reference.find(self.reading.subject or "")
        if reference is not None:
            idea = idea_with_reference(self.session, self.sluice.id, str(reference))
            if idea is not None:
                return idea, "the reference in its subject"
        return None, ""

    def _add(self, idea: Idea, reason: str) -> None:
        self.because(reason)
        author = (self._address() or "").lower()
        if author and author == (idea.submitter_address or "").lower():
            kind = "submitter"
        else:
            kind = "contact" if self.check.vouched and self.sluice.contact_with(author) else "other"
        self.mail.idea_id = idea.id
        add_to_idea(
            self.session,
            self.announcer,
            self.sluice,
            idea,
            Addition(
                text=self._words(),
                at=self.mail.received_at,
                author=self._author(),
                author_kind=kind,
                set_apart=_set_apart(self.reading),
                files=self.reading.attachments,
                inbound_email_id=self.mail.id,
                facts={"vouched": self.check.vouched},
            ),
        )

    def _open(self, hint: str) -> None:
        reading, sluice = self.reading, self.sluice
        text = self._words()
        language = reading.language or sluice.language
        address = self._address()
        kind = sluice.kind_of(address, vouched=self.check.vouched)
        held = self._held()
        silent = self._no_confirmation(held)
        if silent:
            self.because(f"no confirmation because {silent}")
        if held:
            self.because(f"held for the contact: {held}")
        self.mail.held = held
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
                received_at=self.mail.received_at,
                language=language,
                kind=kind,
                submitter_name=reading.sender.name if reading.sender else "",
                submitter_address=address,
                vouched=self.check.vouched,
                held=held,
                no_confirmation=silent,
                set_apart=_set_apart(reading),
                html=reading.html,
                files=reading.attachments,
                inbound_email_id=self.mail.id,
                original_message_id=self.mail.message_id,
                notes=self._notes(hint),
            ),
        )
        self.mail.idea_id = idea.id
        self.because(f"a new idea: {idea.reference}")

    def _held(self) -> str | None:
        if self.check.suspected_forged:
            return "forged"
        # A filter's word counts only from a front that we trust: anybody can write the header.
        if self.reading.spam and self.mail.trusted_peer:
            return "spam"
        return None

    def _no_confirmation(self, held: str | None) -> str | None:
        address = self._address()
        if self.reading.automatic:
            return self.reading.automatic
        if held:
            return f"it is held ({held})"
        if address is None:
            return "it has no sender to write to"
        if self.reading.received_count > MAX_RECEIVED:
            return f"it has more than {MAX_RECEIVED} Received fields: a loop"
        base = address.partition("+")[0] + address[address.rfind("@") :]
        if base.lower() in self.sluice.addresses or address.lower() in self.sluice.addresses:
            return "its sender is this sluice itself"
        return None

    def _notes(self, hint: str) -> list[str]:
        """What the contact should know, in the sluice's language."""
        language = self.sluice.language
        notes = [say("vouched" if self.check.vouched else "unvouched", language)]
        if hint:
            notes.append(say("may_belong_to", language, reference=hint))
        if len(self.reading.senders) > 1:
            notes.append(say("several_senders", language))
        staff_only = self.sluice.open_to == "staff"
        if staff_only and not self.sluice.is_staff_address(self._address()):
            notes.append(say("not_staff", language))
        if self.reading.forwarded and self.reading.forwarded.sender:
            notes.append(say("forwarded_from", language, who=_shown(self.reading.forwarded.sender)))
        return notes

    def _address(self) -> str | None:
        """Whom to write to: the visible author, else the envelope's sender, else nobody."""
        if self.reading.sender is not None and "@" in self.reading.sender.address:
            return self.reading.sender.address
        return self.mail.envelope_from or None

    def _author(self) -> str:
        return _shown(self.reading.sender) if self.reading.sender else self.mail.envelope_from

    def _words(self) -> str:
        """What the person wrote; of a forwarded mail the original below it, so that no words are lost."""
        forwarded = self.reading.forwarded
        if forwarded is None or not forwarded.text:
            return self.reading.text
        heading = say("forwarded_heading", self.sluice.language, who=_shown(forwarded.sender))
        return f"{self.reading.text}\n\n{heading}\n{forwarded.text}".strip()


def _shown(address: Address | None) -> str:
    if address is None:
        return ""
    return f"{address.name} <{address.address}>" if address.name else address.address


def _set_apart(reading: Reading) -> str:
    return "\n\n".join(part for part in (reading.quoted, reading.signature) if part)


def _body_of(raw: bytes) -> bytes:
    """What follows the header; the header differs by route, the body does not."""
    ends = [(raw.find(mark), len(mark)) for mark in (b"\r\n\r\n", b"\n\n")]
    found = min(((at, length) for at, length in ends if at >= 0), default=None)
    return raw[sum(found) :] if found else raw


def _kept(reading: Reading, check: SenderCheck) -> dict[str, object]:
    """What reading gave, as kept with the mail; files and the idea's own text lie in their own tables."""
    forwarded = reading.forwarded
    return {
        "subject": one_line(reading.subject, 2000) if reading.subject else None,
        "sender": one_line(_shown(reading.sender)) if reading.sender else None,
        "text": clean(reading.text),
        "quoted": clean(reading.quoted),
        "signature": clean(reading.signature),
        "language": reading.language,
        "forwarded": (
            {
                "sender": one_line(_shown(forwarded.sender)),
                "subject": one_line(forwarded.subject or "", 2000),
                "text": clean(forwarded.text),
            }
            if forwarded
            else None
        ),
        "sender_check": {
            "vouched": check.vouched,
            "suspected_forged": check.suspected_forged,
            "spf": clean(check.spf) if check.spf else None,
            "dkim": clean(check.dkim) if check.dkim else None,
            "dmarc": clean(check.dmarc) if check.dmarc else None,
            "source": clean(check.source) if check.source else None,
        },
    }
