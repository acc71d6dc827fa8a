"""Double entry: everything asked for is sent, has failed, was held back on purpose, or waits.

``asked`` and the three closed accounts are kept by entries made with each change; what waits is counted from the
rows themselves. Where the two disagree, a row was lost or changed behind our back.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from services.notify.domain.delivery import State


class Account(StrEnum):
    """Where a notification is booked."""

    ASKED = "asked"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    """Held back on purpose, or cancelled."""
    WAITING = "waiting"


def account_of(state: State, *, tried_again: bool) -> Account:
    """Where a notification in that state stands; ``tried_again``: a time for the next attempt is set."""
    match state:
        case State.CREATED | State.SENDING:
            return Account.WAITING
        case State.SENT | State.DELIVERED:
            return Account.SENT
        case State.TEMPORARY_FAILURE:
            return Account.WAITING if tried_again else Account.FAILED
        case State.PERMANENT_FAILURE | State.TECHNICAL_FAILURE:
            return Account.FAILED
        case State.SUPPRESSED | State.CANCELLED:
            return Account.SUPPRESSED


def difference(booked: Mapping[Account, int], waiting: int) -> int:
    """Asked, less what is closed, less what waits: 0 where the books balance."""
    closed = sum(booked.get(account, 0) for account in (Account.SENT, Account.FAILED, Account.SUPPRESSED))
    return booked.get(Account.ASKED, 0) - closed - waiting
