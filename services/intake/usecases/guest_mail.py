"""What came to a guest's own address, or answers an invitation by its calendar: told on to the service of events.

The signature shows only that we once mailed the address to somebody. What a mail may do there is decided there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from services.intake.mail.model import Kind
from services.intake.mail.ours import is_guest_address
from services.intake.usecases.letter import Letter
from shared.bus import outbox
from shared.contracts import registry
from shared.mail import guest_addresses
from shared.signing import Signer
from shared.words import clean, one_line

LONGEST = 20_000
"""Characters of a mail that are told on; it is kept whole here."""


@dataclass(frozen=True, slots=True)
class GuestMail:
    """Looks whether a mail is a guest's, and tells it on with the reason."""

    session: Session
    signer: Signer
    letter: Letter
    because: Callable[[str], None]

    def guest(self) -> UUID | None:
        """The guest to whose signed address this mail came.

        The envelope counts. What its header names counts where the envelope has the sluice's plain address: a front
        that delivers all tags to one mailbox leaves the tag only there.
        """
        recipient = self.letter.mail.recipient
        has_tag = "+" in recipient.rpartition("@")[0]
        for candidate in (recipient,) if has_tag else (recipient, *self.letter.reading.recipients):
            guest_id = guest_addresses.guest_of(self.signer, candidate)
            if guest_id is not None:
                return guest_id
            if is_guest_address(candidate):
                self.because("a guest's address that we did not sign: treated as the sluice's own")
        return None

    def calendar_reply(self) -> None:
        """Tell on what a calendar program answered."""
        calendar, check = self.letter.reading.calendar, self.letter.check
        assert calendar is not None
        outbox.put(
            self.session,
            registry.CALENDAR_REPLY,
            {
                "inbound_email_id": self.letter.mail.id,
                "uid": _line(calendar.uid),
                "sequence": calendar.sequence,
                "attendee": _line(calendar.attendee),
                "partstat": _line(calendar.partstat),
                "sender": self._sender,
                "vouched": check.vouched,
                "forged": check.suspected_forged,
                "guest_id": self.guest(),
                "method": calendar.method or "REPLY",
                "stamp": calendar.stamp,
                "comment": clean(calendar.comment) if calendar.comment else None,
                "delegated_to": _line(calendar.delegated_to),
                "proposed_start": calendar.starts_at if calendar.method == "COUNTER" else None,
            },
        )
        self.because("told on to the service of events, which decides what it changes")

    def answer(self, guest_id: UUID) -> None:
        """Tell on what somebody wrote to a guest's address; it makes no idea, and nothing here answers it."""
        letter, reading = self.letter, self.letter.reading
        is_automatic = reading.kind is Kind.AUTOMATIC_REPLY or reading.automatic is not None
        outbox.put(
            self.session,
            registry.EVENT_ANSWER_RECEIVED,
            {
                "inbound_email_id": letter.mail.id,
                "guest_id": guest_id,
                "sender": self._sender,
                "vouched": letter.check.vouched,
                "is_automatic": is_automatic,
                "is_suspect": letter.held is not None,
                "files": len(reading.attachments),
                "subject": one_line(reading.subject or ""),
                "text": clean(letter.words[:LONGEST]),
                "received_at": letter.mail.received_at,
            },
        )
        self.because(
            "an answer to an invitation, by the guest's own signed address: told on to the service of events, no idea"
        )
        if is_automatic:
            self.because(f"automatic: {reading.automatic or 'recorded'}; never answered")
        if letter.held:
            letter.mail.held = letter.held
            self.because(f"held there for the event's contacts: {letter.held}")

    @property
    def _sender(self) -> str | None:
        sender = self.letter.reading.sender
        return _line(sender.address) if sender and sender.address else None


def _line(text: str | None) -> str | None:
    return one_line(text, 1_000) if text else None
