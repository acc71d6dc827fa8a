"""What notify writes about: one kind per template folder."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Kind(StrEnum):
    """The mails there are."""

    CONFIRMATION = "confirmation"
    """To the submitter: we have your idea."""
    NOTICE = "notice"
    """To a contact: an idea came in."""
    NOTICE_HELD = "notice-held"
    """To a contact: an idea came in and waits for their decision."""
    ADDED = "added"
    """To a contact: somebody added to an idea."""
    ANSWER_DRAFT = "answer-draft"
    """To a contact: confirm the answer you mailed."""
    ANSWER = "answer"
    """To the submitter: the official answer."""


class Reason(StrEnum):
    """Why a notification is in its state, where the state alone does not say it.

    A ``no_confirmation`` of intake's is kept in intake's own words beside these.
    """

    RATE = "rate"
    AUTOMATIC_ADDRESS = "automatic-address"
    BAD_ADDRESS = "bad-address"
    RELAY_AWAY = "relay-away"
    RELAY_BUSY = "relay-busy"
    RELAY_REFUSED = "relay-refused"
    EXPIRED = "expired"
    OWN_FAULT = "own-fault"


class Priority(IntEnum):
    """What leaves first where much waits."""

    AWAITED = 0
    """Somebody waits for it: a confirmation, an answer, a link to confirm."""
    ORDINARY = 10


PRIORITIES = {
    Kind.CONFIRMATION: Priority.AWAITED,
    Kind.ANSWER: Priority.AWAITED,
    Kind.ANSWER_DRAFT: Priority.AWAITED,
    Kind.NOTICE: Priority.ORDINARY,
    Kind.NOTICE_HELD: Priority.ORDINARY,
    Kind.ADDED: Priority.ORDINARY,
}
