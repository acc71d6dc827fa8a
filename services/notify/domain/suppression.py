"""When an address is not written to: for which cause, for how long, and what goes there all the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from services.notify.domain.kinds import Category, Reason
from shared.mail.addresses import canonical


def unnamed(address: str) -> str:
    """What stands on the list for somebody who was erased: it still holds back, and tells nobody their address.

    :param address: in its one spelling, as the list is kept in.
    """
    return f"sha256:{hashlib.sha256(canonical(address).encode()).hexdigest()}"


class Cause(StrEnum):
    """Why an address is on the list."""

    RECIPIENT_GONE = "recipient-gone"
    """A server said that there is nobody at that address, or that its domain is gone."""
    COMPLAINT = "complaint"
    """The person marked a mail of ours as spam (RFC 5965)."""
    BY_HAND = "by-hand"
    """Somebody put it there."""

    @property
    def reason(self) -> Reason:
        """What a message that is held back for it says."""
        return _REASONS[self]

    @property
    def life(self) -> timedelta | None:
        """How long it holds; None is until somebody releases it."""
        return _LIVES[self]

    def holds_back(self, category: Category) -> bool:
        """True where messages of that category do not go out.

        Whoever complained still gets what follows from what they did, and what the service itself must say.
        """
        return self is not Cause.COMPLAINT or category in _UNASKED


_REASONS = {
    Cause.RECIPIENT_GONE: Reason.ADDRESS_GONE,
    Cause.COMPLAINT: Reason.COMPLAINED,
    Cause.BY_HAND: Reason.WITHHELD_BY_HAND,
}
_LIVES = {
    # Mailboxes are opened again, and given to a successor: after a while one message may show.
    Cause.RECIPIENT_GONE: timedelta(days=90),
    Cause.COMPLAINT: timedelta(days=365),
    Cause.BY_HAND: None,
}
_UNASKED = frozenset(
    {
        Category.IDEAS,
        Category.DUTIES,
        Category.REMINDERS,
        Category.NEWS,
        Category.INVITATIONS,
        Category.AFTERWARDS,
        Category.EVENT_CONTACTS,
    }
)

HELD_BACK = frozenset(_REASONS.values())
"""The reasons of what was held back because of the list."""


def expiry(cause: Cause, moment: datetime) -> datetime | None:
    """When what begins at that moment ends by itself."""
    return moment + cause.life if cause.life is not None else None


def deciding(causes: Iterable[Cause], category: Category) -> Cause | None:
    """The cause for which a message is held back, of those in force for its address; None where it may go."""
    found = set(causes)
    return next((cause for cause in Cause if cause in found and cause.holds_back(category)), None)
