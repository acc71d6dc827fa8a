"""The lifecycle of a notification: its states and the moves between them, in one table.

A final state never changes back, whatever comes late or twice: a report, a resumed worker, a retry.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class State(StrEnum):
    """Where a notification is."""

    CREATED = "created"
    SENDING = "sending"
    """A worker has claimed it; it may or may not have left."""
    SENT = "sent"
    """The relay took it. Unless a report comes, this is the last we hear."""
    DELIVERED = "delivered"
    TEMPORARY_FAILURE = "temporary-failure"
    """Did not go now. Tried again where ``next_try`` is set."""
    PERMANENT_FAILURE = "permanent-failure"
    TECHNICAL_FAILURE = "technical-failure"
    """Our own fault, not the recipient's nor the relay's."""
    SUPPRESSED = "suppressed"
    """Not sent on purpose; the reason says why."""
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """How one attempt ended."""

    SENT = "sent"
    TEMPORARY_FAILURE = "temporary-failure"
    PERMANENT_FAILURE = "permanent-failure"
    TECHNICAL_FAILURE = "technical-failure"
    INTERRUPTED = "interrupted"
    """Nobody knows whether the relay took it, so it is submitted again under the same Message-ID."""


MOVES: Mapping[State, frozenset[State]] = {
    State.CREATED: frozenset(
        {State.SENDING, State.SUPPRESSED, State.CANCELLED, State.PERMANENT_FAILURE, State.TECHNICAL_FAILURE}
    ),
    State.SENDING: frozenset(
        {
            State.SENT,
            State.DELIVERED,
            State.TEMPORARY_FAILURE,
            State.PERMANENT_FAILURE,
            State.TECHNICAL_FAILURE,
        }
    ),
    State.SENT: frozenset({State.DELIVERED, State.TEMPORARY_FAILURE, State.PERMANENT_FAILURE}),
    State.TEMPORARY_FAILURE: frozenset(
        {
            State.SENDING,
            State.DELIVERED,
            State.PERMANENT_FAILURE,
            State.TECHNICAL_FAILURE,
            State.SUPPRESSED,
            State.CANCELLED,
        }
    ),
    State.DELIVERED: frozenset(),
    State.PERMANENT_FAILURE: frozenset(),
    State.TECHNICAL_FAILURE: frozenset(),
    State.SUPPRESSED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""From → every state it may move to."""


def settle(current: State, to: State) -> State:
    """The state after something that may come late or twice: moved where that is legal, else as it was."""
    return to if to in MOVES[current] else current


def may_send(current: State) -> bool:
    """True where a worker may (again) submit it: new, failed for now, or left behind by a worker that died."""
    return current in (State.CREATED, State.TEMPORARY_FAILURE, State.SENDING)


def reported(current: State, *, action: str | None, bounce_class: str, permanent: bool) -> State:
    """The state after a delivery report (RFC 3464 §2.3.3), which may come before we recorded the sending.

    A delay, a relaying or an expansion says nothing final. A refusal that is not permanent (mailbox full, we are
    blocked) is a temporary failure: it says nothing against writing to the person another time.
    """
    if action in ("delayed", "relayed", "expanded") or bounce_class == "delayed":
        return current
    if action == "delivered" or bounce_class == "delivered":
        return settle(current, State.DELIVERED)
    return settle(current, State.PERMANENT_FAILURE if permanent else State.TEMPORARY_FAILURE)
