"""An SMS provider's receipts: the address they come to, which names the message, and what they say of it.

46elks signs nothing. So the address itself carries our signature, and whoever does not know it can say nothing.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from services.notify.domain.delivery import State
from shared.signing import Signer

PURPOSE = "sms-receipt"
SIGNATURE_LENGTH = 26
"""Base32 characters: 130 bits."""
PATH = "/api/notify/v1/receipts/sms"


class Status(StrEnum):
    """What the provider says (https://46elks.se/docs/sms-delivery-reports)."""

    CREATED = "created"
    SENT = "sent"
    """Handed to the network."""
    DELIVERED = "delivered"
    FAILED = "failed"


def token(signer: Signer, notification_id: UUID) -> str:
    """What names a notification and shows that we gave it out."""
    return f"{notification_id.hex}{signer.token(PURPOSE, notification_id.hex, length=SIGNATURE_LENGTH)}"


def notification_of(signer: Signer, given: str) -> UUID | None:
    """The notification that a token names, or None where we did not make it."""
    name, signature = given[:32], given[32:]
    if len(signature) != SIGNATURE_LENGTH or not signer.verify(PURPOSE, name, signature):
        return None
    return UUID(hex=name)


def state_of(status: Status) -> State | None:
    """Where a notification stands after that word of the provider's; None where it says nothing new.

    A failure is final for this message alone: a telephone that was off for days says nothing against its number.
    """
    match status:
        case Status.CREATED | Status.SENT:
            return None
        case Status.DELIVERED:
            return State.DELIVERED
        case Status.FAILED:
            return State.PERMANENT_FAILURE
