"""The errors that our own code raises on purpose, as one small tree.

IdeslussenError
├── Rejected            the caller's fault; names the field and the message to show
├── NotFound            what was asked for does not exist (or not for this caller)
├── Conflict            somebody else was first
├── TemporaryFailure    the same call may succeed later; may say when
├── PermanentFailure    the same call will never succeed
└── MisconfiguredError  a setting is wrong; names the variable and how to mend it

Edges translate these once: HTTP problem+json, an SMTP reply, a retry or a parked message.
The domain never knows a status code.
"""

from __future__ import annotations

from datetime import timedelta


class IdeslussenError(Exception):
    """Anything that our own code raises on purpose."""


class Rejected(IdeslussenError):
    """The caller sent something that cannot be taken. ``field`` and ``message_key`` tell what to show where."""

    def __init__(self, field: str, message_key: str) -> None:
        super().__init__(f"{field}: {message_key}")
        self.field = field
        self.message_key = message_key


class NotFound(IdeslussenError):
    """What was asked for does not exist, or not for this caller."""


class Conflict(IdeslussenError):
    """The state has moved on: already done, taken, or decided otherwise."""


class TemporaryFailure(IdeslussenError):
    """The same call may succeed later, ``retry_after`` from now where that is known."""

    def __init__(self, reason: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class PermanentFailure(IdeslussenError):
    """The same call will never succeed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MisconfiguredError(IdeslussenError):
    """A setting is wrong. The text names the variable and says how to mend it."""
