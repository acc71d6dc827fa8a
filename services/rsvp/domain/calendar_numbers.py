"""SEQUENCE of what one guest's calendar is sent, so that the newest object always has the highest number.

An event's own number rises with a change of time, place or existence, and only then. But one guest may be sent a CANCEL
(they said no) and, when they change their mind, a REQUEST for the same time again: each must be higher than the one
before (RFC 5546 §2.1.4). So the number that is sent is the event's, a thousand apart, and the thousands between count
the guest's own turns: even a REQUEST, odd a CANCEL. Both can be read out of it, and a new time is above them all.
"""

from __future__ import annotations

from typing import Final

STEP: Final = 1_000
"""Numbers for one state of the event: 500 changes of mind."""


def of_request(event_sequence: int, last: int | None) -> int:
    """The number of a REQUEST: the last one's where that was a REQUEST for the same state of the event."""
    least = event_sequence * STEP
    if last is None or last < least:
        return least
    return last + 1 if is_cancel(last) and last % STEP < STEP - 1 else last


def of_cancel(event_sequence: int, last: int | None) -> int | None:
    """The number of a CANCEL; None where there is nothing to withdraw: no REQUEST went out, or a CANCEL after it."""
    if last is None or is_cancel(last):
        return None
    return max(last, event_sequence * STEP) + 1


def is_cancel(sequence: int) -> bool:
    """True where a CANCEL was sent under that number."""
    return sequence % 2 == 1


def event_sequence_of(sequence: int) -> int:
    """Which state of the event an object of that number told of."""
    return sequence // STEP
