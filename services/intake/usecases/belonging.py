"""Which idea a mail belongs to, if any, and by what right.

A valid signed reply address lets anybody add to that idea. References, and a number in the subject, join only
where the sender is vouched for and is that idea's submitter or contact (zammad#5064).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.idea import Reference
from services.intake.domain.sluice import ContactPerson
from services.intake.store.tables import Idea, InboundEmail
from services.intake.usecases.letter import Letter
from services.intake.usecases.receive import idea_with_reference, is_known_to
from shared.mail import message_ids, reply_addresses
from shared.mail.reply_addresses import ReplyAddress
from shared.signing import Signer
from shared.words import one_line


@dataclass(frozen=True, slots=True)
class Belonging:
    """Looks for a mail's idea; says through ``because`` what it saw on the way."""

    session: Session
    signer: Signer
    letter: Letter
    because: Callable[[str], None]

    def addressed(self) -> tuple[Idea | None, ReplyAddress | None]:
        """The idea whose signed reply address this mail was sent to, and that address."""
        for candidate in (self.letter.mail.recipient, *self.letter.reading.recipients):
            address = reply_addresses.parse(candidate)
            if address is None:
                continue
            idea = idea_with_reference(self.session, self.letter.sluice.id, address.reference)
            if idea is None:
                self.because(f"reply address for {address.reference}, which this sluice does not know")
            elif address.purpose == reply_addresses.CONTACT:
                if self.holder_of(address) is not None:
                    return idea, address
                self.because(f"reply address for {address.reference} is not one that we signed")
            elif address.is_signed(self.signer):
                return idea, address
            else:
                self.because(f"reply address for {address.reference} is not one that we signed")
        return None, None

    def holder_of(self, address: ReplyAddress) -> ContactPerson | None:
        """The contact or coach of the mail's sluice whose reply address this is, or None."""
        if address.purpose != reply_addresses.CONTACT:
            return None
        return next(
            (person for person in self.letter.sluice.people if address.is_signed(self.signer, str(person.id))),
            None,
        )

    def contact_of(self, idea: Idea, address: ReplyAddress) -> ContactPerson | None:
        """The same person, where they answer the idea: not where it was passed on, or is only shared with them."""
        return self.holder_of(address) if idea.sluice_id == self.letter.sluice.id else None

    def referred(self) -> tuple[Idea | None, str]:
        """The idea that References or the subject name, if its sender may join it; else a hint."""
        idea, how = self._named()
        if idea is None:
            return None, ""
        author = (self.letter.address or "").lower()
        belongs = author and author == (idea.submitter_address or "").lower()
        if self.letter.check.vouched and (belongs or self.letter.sluice.contact_with(author)):
            return idea, f"part of idea {idea.reference} because of {how} and a sender who is vouched for"
        why = "the sender is not that idea's" if self.letter.check.vouched else "nobody vouches for the sender"
        self.because(f"an idea of its own although {how} names {idea.reference}: {why}")
        return None, idea.reference

    def _named(self) -> tuple[Idea | None, str]:
        referred = (*self.letter.reading.in_reply_to, *self.letter.reading.references)[:100]
        for message_id in referred:
            identity = message_ids.identity_of(self.signer, message_id)
            if identity is not None:
                idea = self.session.get(Idea, identity)
                if idea is not None and is_known_to(self.session, idea, self.letter.sluice.id):
                    return idea, "its References"
        if referred:
            idea = self.session.scalar(
                select(Idea)
                .join(InboundEmail, InboundEmail.idea_id == Idea.id)
                .where(
                    InboundEmail.sluice_id == self.letter.sluice.id,
                    InboundEmail.message_id.in_([one_line(name, 998) for name in referred]),
                )
                .limit(1)
            )
            if idea is not None:
                return idea, "its References"
        reference = Reference.find(self.letter.reading.subject or "")
        if reference is not None:
            idea = idea_with_reference(self.session, self.letter.sluice.id, str(reference))
            if idea is not None:
                return idea, "the reference in its subject"
        return None, ""
