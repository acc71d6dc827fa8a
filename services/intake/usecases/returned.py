"""Which message of ours a mail comes back from, by what only we can have made.

Each message leaves with a signed return path and a signed Message-ID of its own. Programs answer to the first
(RFC 3834 §4), reports and complaints quote either. A signature shows that we once sent that message to somebody;
it says nothing about who writes now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.intake.domain.messages import TO_SUBMITTERS
from services.intake.mail.model import Complaint
from services.intake.store.tables import Idea, IdeaMessage
from services.intake.usecases.letter import Letter
from services.intake.usecases.receive import is_known_to
from shared.clock import now
from shared.errors import TemporaryFailure
from shared.mail import addresses, message_ids
from shared.signing import Signer

PATIENCE = timedelta(minutes=1)
"""How long after a mail came it waits to hear of the message that it answers: programs answer within a second."""
_RETRY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Origin:
    """The idea that a message of ours was about, and whether it went to its submitter and not to a contact."""

    idea: Idea
    went_to_submitter: bool
    recipient: str | None = None
    """Whom it went to, where notify has told of it."""


@dataclass(frozen=True, slots=True)
class Returned:
    """Looks for the message of ours that a mail comes back from."""

    session: Session
    signer: Signer
    letter: Letter

    @property
    def notification(self) -> UUID | None:
        """The message whose signed return path this mail was sent to, or None."""
        return addresses.reported_notification(self.signer, self.letter.mail.recipient)

    def origin(self) -> Origin | None:
        """What the message with that return path was about, or None where it was about no idea of this sluice.

        :raises TemporaryFailure: notify may not have told of the message yet.
        """
        known = self.session.get(IdeaMessage, self.notification)
        if known is None and now() - self.letter.mail.received_at < PATIENCE:
            raise TemporaryFailure("the message that it answers is not known yet", retry_after=_RETRY)
        if known is not None:
            idea = self.session.get(Idea, known.idea_id)
            went_to_submitter = known.kind in TO_SUBMITTERS
        else:
            idea, went_to_submitter = self._referred(), False
        if idea is None or not is_known_to(self.session, idea, self.letter.sluice.id):
            return None
        return Origin(idea, went_to_submitter, known.recipient if known is not None else None)

    def complained_about(self, complaint: Complaint) -> tuple[UUID, str] | None:
        """The message that a complaint is about, and what shows it; None where nothing of it was made by us.

        A return path stands in what its recipient's server keeps. A Message-ID is known to whoever got the mail
        passed on: by itself it shows nothing, unless the complaint names the recipient, whom notify then compares.
        """
        if (notification := self.notification) is not None:
            return notification, "the signed return path that it was sent to"
        for address in complaint.return_paths:
            if (notification := addresses.reported_notification(self.signer, address)) is not None:
                return notification, "the signed return path of the mail that it returns"
        for message_id in complaint.message_ids if complaint.recipient is not None else ():
            if (notification := message_ids.identity_of(self.signer, message_id)) is not None:
                return notification, "the signed Message-ID of the mail that it returns, to the recipient it names"
        return None

    def _referred(self) -> Idea | None:
        """The idea whose anchor, which every message about it refers to, this mail refers to as well."""
        for message_id in (*self.letter.reading.in_reply_to, *self.letter.reading.references)[:100]:
            identity = message_ids.identity_of(self.signer, message_id)
            idea = self.session.get(Idea, identity) if identity else None
            if idea is not None:
                return idea
        return None
