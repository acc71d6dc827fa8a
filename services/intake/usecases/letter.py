"""One read mail, and what follows from it alone: who wrote it, its words, whether it is held or answered. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from services.intake.domain.sluice import SluiceProfile
from services.intake.mail.authentication import SenderCheck
from services.intake.mail.model import Address, Reading
from services.intake.store.tables import InboundEmail
from services.intake.usecases.sayings import say
from shared.words import clean, one_line

MAX_RECEIVED = 50
"""Received fields beyond which a mail is going round in a loop (Postfix's hopcount_limit)."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail with its envelope, what reading it gave, and whether its sender is vouched for."""

    mail: InboundEmail
    sluice: SluiceProfile
    reading: Reading
    check: SenderCheck

    @property
    def address(self) -> str | None:
        """Whom to write to: the visible author, else the envelope's sender, else nobody."""
        if self.reading.sender is not None and "@" in self.reading.sender.address:
            return self.reading.sender.address
        return self.mail.envelope_from or None

    @property
    def author(self) -> str:
        """The author as shown."""
        return shown(self.reading.sender) if self.reading.sender else self.mail.envelope_from

    @property
    def words(self) -> str:
        """What the person wrote; of a forwarded mail the original below it, so that no words are lost."""
        forwarded = self.reading.forwarded
        if forwarded is None or not forwarded.text:
            return self.reading.text
        heading = say("forwarded_heading", self.sluice.language, who=shown(forwarded.sender))
        return f"{self.reading.text}\n\n{heading}\n{forwarded.text}".strip()

    @property
    def set_apart(self) -> str:
        """Quoted history and signature."""
        return "\n\n".join(part for part in (self.reading.quoted, self.reading.signature) if part)

    @property
    def held(self) -> str | None:
        """Why it is held for the contact, or None."""
        if self.check.suspected_forged:
            return "forged"
        # A filter's word counts only from a front that we trust: anybody can write the header.
        if self.reading.spam and self.mail.trusted_peer:
            return "spam"
        return None

    @property
    def no_confirmation(self) -> str | None:
        """Why no automatic answer goes out, or None."""
        address = self.address
        if self.reading.automatic:
            return self.reading.automatic
        if self.held:
            return f"it is held ({self.held})"
        if address is None:
            return "it has no sender to write to"
        if self.reading.received_count > MAX_RECEIVED:
            return f"it has more than {MAX_RECEIVED} Received fields: a loop"
        base = address.partition("+")[0] + address[address.rfind("@") :]
        if base.lower() in self.sluice.addresses or address.lower() in self.sluice.addresses:
            return "its sender is this sluice itself"
        return None

    def notes(self, hint: str) -> list[str]:
        """What the contact should know, in the sluice's language."""
        language = self.sluice.language
        notes = [] if self.check.vouched else [say("unvouched", language)]
        if hint:
            notes.append(say("may_belong_to", language, reference=hint))
        if len(self.reading.senders) > 1:
            notes.append(say("several_senders", language))
        staff_only = self.sluice.open_to == "staff"
        if staff_only and not self.sluice.is_staff_address(self.address):
            notes.append(say("not_staff", language))
        if self.reading.forwarded and self.reading.forwarded.sender:
            notes.append(say("forwarded_from", language, who=shown(self.reading.forwarded.sender)))
        return notes

    def kept(self) -> dict[str, object]:
        """What reading gave, as kept with the mail; files and the idea's own text lie in their own tables."""
        reading, check = self.reading, self.check
        forwarded = reading.forwarded
        return {
            "subject": one_line(reading.subject, 2000) if reading.subject else None,
            "sender": one_line(shown(reading.sender)) if reading.sender else None,
            "text": clean(reading.text),
            "quoted": clean(reading.quoted),
            "signature": clean(reading.signature),
            "language": reading.language,
            "forwarded": (
                {
                    "sender": one_line(shown(forwarded.sender)),
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


def shown(address: Address | None) -> str:
    """An address as people read it."""
    if address is None:
        return ""
    return f"{address.name} <{address.address}>" if address.name else address.address
