"""What ``Deliver`` needs of a way out: one attempt for one claimed notification, with the channel's three failures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session

from services.notify.domain.kinds import Reason
from services.notify.store.notifications import Claimed


class SetAside(Exception):
    """Not now, and nobody knows when: whoever changes that puts a new ``notification.due.v1`` in line for it.

    ``still`` says in the transaction that records it, with what it depends on locked, whether it is so even then.
    """

    def __init__(self, reason: Reason, still: Callable[[Session], bool]) -> None:
        super().__init__(reason)
        self.reason = reason
        self.still = still


@dataclass(frozen=True, slots=True)
class Taken:
    """The other side took it."""

    reply: str
    """Its words, for a person to read."""
    provider_id: str | None = None
    """What it calls the message, where receipts name that."""


class Outlet(Protocol):
    """One way out. Safe to use from several threads."""

    def send(self, claimed: Claimed) -> Taken:
        """Write the message and hand it over. No transaction is open meanwhile.

        :raises RelayAway, RelayBusy, Unanswered: try again later (see ``channels.base``).
        :raises Refused: do not.
        :raises SetAside: not until somebody asks for it again.
        """
        ...

    def close(self) -> None:
        """Let go of what is kept open."""
        ...
