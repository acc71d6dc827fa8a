"""What a channel is: the way out for one finished message, and the ways in which it may fail."""

from __future__ import annotations

from typing import Protocol

from services.notify.domain.mail import Submission
from shared.errors import PermanentFailure, TemporaryFailure


class RelayAway(TemporaryFailure):
    """No word from the relay: refused, lost, timed out, or it closes (421). Nothing was wrong with the mail."""


class RelayFull(RelayAway):
    """The relay, or our own share of its connections, has no room for one more right now. It is not at fault."""


class NeedsAPerson(RelayAway):
    """Only a person can mend what is wrong between the relay and us, such as its certificate; the mails wait."""


class SignInRefused(NeedsAPerson):
    """The relay refuses our account (RFC 4954 §6)."""


class Unanswered(RelayAway):
    """The whole mail was handed over, but the answer never came: the relay may have taken it."""


class RelayBusy(TemporaryFailure):
    """The relay said 4xx about this mail."""


class Refused(PermanentFailure):
    """The relay said 5xx about this mail, or cannot carry it at all."""


class SenderRefused(Refused):
    """The relay said 5xx to MAIL: to our own return path, which says nothing of the recipient."""


class CannotCarry(Refused):
    """The relay lacks an extension that this mail needs. Nothing was said to it; another relay may have it."""


class Channel(Protocol):
    """A way out. Safe to use from several threads."""

    def submit(self, submission: Submission) -> str:
        """Hand the mail over and return the relay's reply.

        :raises RelayAway, RelayBusy: try again later.
        :raises Refused: do not.
        """
        ...

    def close(self) -> None:
        """Let go of what is kept open."""
        ...
