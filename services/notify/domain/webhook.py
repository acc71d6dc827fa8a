"""What a webhook says and how it is signed: Standard Webhooks 1.0, so that any receiver's library can check it.

Nothing here tells who sent an idea in, what stands in it, or who answered an invitation: an address of ours that leaks
tells where to sign in.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from shared.signing import Signer

PREFIX = "whsec_"
VERSION = "v1"
TOLERANCE = timedelta(minutes=5)
"""How far a receiver lets the timestamp be from its own clock: what was listened to cannot be sent again later."""


class Event(StrEnum):
    """What an endpoint can hear of."""

    IDEA_RECEIVED = "idea.received"
    IDEA_ADDED = "idea.added"
    IDEA_ANSWERED = "idea.answered"
    EVENT_CHANGED = "event.changed"
    REPLY_RECEIVED = "reply.received"
    NOTIFICATION_SENT = "notification.sent"
    NOTIFICATION_FAILED = "notification.failed"
    NOTIFICATION_SUPPRESSED = "notification.suppressed"
    NOTIFICATION_DELIVERED = "notification.delivered"
    TEST = "webhook.test"
    """Sent when an administrator asks for it, to that endpoint alone, whatever it subscribes to."""


SUBSCRIBABLE = tuple(event for event in Event if event is not Event.TEST)


class Format(StrEnum):
    """Who reads it: a program (Standard Webhooks), or people in a chat."""

    STANDARD = "standard"
    SLACK = "slack"
    TEAMS = "teams"
    MATTERMOST = "mattermost"


class EndpointState(StrEnum):
    """Whether events leave for it. What comes while it is paused waits."""

    ACTIVE = "active"
    PAUSED = "paused"


class PausedReason(StrEnum):
    """Why an endpoint is paused."""

    BY_HAND = "by-hand"
    FAILING = "failing"
    """Nothing has got through for a whole day."""
    GONE = "gone"
    """The receiver said that nobody is there any more (410)."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One event, before anybody is told of it."""

    event: Event
    sluice_slug: str | None
    data: Mapping[str, object]
    """Plain data (JSON), cleaned; ``path`` is a page of ours."""
    key: str
    """Told again under the same key, it is the same event."""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """One POST, ready to leave."""

    url: str = field(repr=False)
    """Secret for chats: whoever knows it may write there."""
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def payload(event: Event, at: datetime, data: Mapping[str, object]) -> bytes:
    """The body that programs get: ``{"type", "timestamp", "data"}`` in UTF-8, the same bytes for the same values."""
    whole = {"type": event, "timestamp": at.isoformat().replace("+00:00", "Z"), "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


def secrets_of(signer: Signer, endpoint: str, generation: int) -> list[str]:
    """The secrets that an endpoint's webhooks are signed with, the one to hand out first.

    They are derived, so none is stored. The generation before goes along: a receiver that has yet to change its
    secret still verifies, and one that has changed looks at the new one alone, whoever knows the old. The same holds
    for every secret key that IDESLUSS_SECRET_KEY names.
    """
    generations = (generation, generation - 1) if generation > 1 else (generation,)
    return [
        PREFIX + base64.b64encode(_derived(Signer([key]), f"webhook:{endpoint}:{each}")).decode("ascii")
        for each in generations
        for key in signer.keys
    ]


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """One signature as it stands in ``webhook-signature``: ``v1,`` and base64 of HMAC-SHA-256 of id.timestamp.body.

    :raises ValueError: the secret is not ``whsec_`` and base64.
    """
    return f"{VERSION},{base64.b64encode(_mac(secret, message_id, timestamp, body)).decode('ascii')}"


def signed_headers(secrets: Iterable[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of Standard Webhooks, with one signature for each secret."""
    timestamp = int(at.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(sign(secret, message_id, timestamp, body) for secret in secrets),
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """What a receiver does: true if one signature is right and the timestamp is within ``TOLERANCE`` of ``now``.

    :param headers: names in lower case.
    """
    try:
        message_id, timestamp = headers["webhook-id"], int(headers["webhook-timestamp"])
        given = headers["webhook-signature"].split(" ")
    except (KeyError, ValueError):
        return False
    if abs(now.timestamp() - timestamp) > TOLERANCE.total_seconds():
        return False
    right = sign(secret, message_id, timestamp, body).encode()
    matches = [hmac.compare_digest(right, one.encode("utf-8", "replace")) for one in given]
    return any(matches)


def _mac(secret: str, message_id: str, timestamp: int, body: bytes) -> bytes:
    if not secret.startswith(PREFIX):
        raise ValueError("a webhook's secret begins with whsec_")
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("after whsec_ a webhook's secret is base64") from error
    return hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)


def _derived(signer: Signer, purpose: str) -> bytes:
    """32 bytes: what the signer's 52 characters of base32 stand for."""
    return base64.b32decode(signer.derive(purpose).upper() + "====")
