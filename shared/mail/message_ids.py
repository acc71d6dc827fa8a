"""Message-IDs of our own making: they name an idea or a notification, and only we can make one that verifies."""

from __future__ import annotations

import base64
import re
from uuid import UUID

from shared.mail.domains import ascii_domain
from shared.signing import Signer

PURPOSE = "message-id"
SIGNATURE_LENGTH = 10

_FORM = re.compile(r"<idesluss\.([a-z2-7]{26})\.([a-z2-7]{10})@[^\s@<>]{1,255}>", re.IGNORECASE | re.ASCII)


def make(signer: Signer, identity: UUID, sluice_address: str) -> str:
    """The Message-ID of an idea's thread or of a notification: the same each time it is asked for.

    Its domain is the sluice's (RFC 5322 §3.6.4 advises one's own), in ASCII, since identifiers know no SMTPUTF8.
    """
    domain = ascii_domain(sluice_address.rpartition("@")[2]) or "idesluss.invalid"
    return f"<idesluss.{encode(identity)}.{_sign(signer, identity)}@{domain}>"


def identity_of(signer: Signer, message_id: str) -> UUID | None:
    """What a Message-ID of ours names, or None where it is not of our making."""
    match = _FORM.fullmatch(message_id.strip())
    identity = decode(match[1]) if match else None
    if match is None or identity is None:
        return None
    return identity if signer.verify(PURPOSE, encode(identity), match[2]) else None


def encode(identity: UUID) -> str:
    """A UUID as 26 letters and digits that survive any change of case: lower-case base32."""
    return base64.b32encode(identity.bytes).decode("ascii").rstrip("=").lower()


def decode(text: str) -> UUID | None:
    """The UUID that ``encode`` wrote as ``text`` (in any letter case), or None where it wrote none such."""
    try:
        identity = UUID(bytes=base64.b32decode(f"{text.upper()}======"))
    except ValueError:
        return None
    return identity if encode(identity) == text.lower() else None


def _sign(signer: Signer, identity: UUID) -> str:
    return signer.token(PURPOSE, encode(identity), length=SIGNATURE_LENGTH)
