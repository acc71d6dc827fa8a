"""UIDs of calendar objects (RFC 5545 §3.8.4.7, RFC 7986 §5.3): stable, and a guest's is a secret between them and us.

A calendar reply has force by its UID: only somebody who was sent the invitation knows it. It names no host, since an
object keeps its UID when a municipality changes its domain. It is made with the oldest of our keys, so that a new key
in front of it changes no UID that stands in people's calendars.
"""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from shared.mail.message_ids import decode, encode
from shared.signing import Signer

PURPOSE: Final = "calendar-uid"
SECRET_LENGTH: Final = 26
"""Base32 characters: 130 bits."""
_FORM: Final = re.compile(r"traff-([a-z2-7]{26})\.([a-z2-7]{26})@ideslussen", re.IGNORECASE | re.ASCII)


def uid_of(signer: Signer, guest_id: UUID) -> str:
    """The UID of one guest's invitation."""
    name = encode(guest_id)
    oldest = Signer(signer.keys[-1:])
    return f"traff-{name}.{oldest.token(PURPOSE, name, length=SECRET_LENGTH)}@ideslussen"


def guest_of_uid(signer: Signer, uid: str) -> UUID | None:
    """The guest whose invitation that is, or None where we did not make the UID."""
    match = _FORM.fullmatch(uid.strip())
    identity = decode(match[1]) if match else None
    if match is None or identity is None:
        return None
    return identity if signer.verify(PURPOSE, encode(identity), match[2]) else None


def public_uid(event_id: UUID) -> str:
    """The UID of an event in feeds and files, which everybody may know: never a guest's."""
    return f"traff-{event_id}@ideslussen"
