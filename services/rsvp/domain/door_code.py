"""The short code that a guest shows at the door. It opens nothing but the door's page, for somebody signed in.

It is no link to answer by: who sees it over a shoulder, or in a photograph, can do nothing with it. So it may be short
enough to be typed: 40 bits, looked for among one event's guests alone.
"""

from __future__ import annotations

from uuid import UUID

from shared.signing import Signer

PURPOSE = "door-code"
LENGTH = 8
_MISREAD = str.maketrans({"0": "o", "1": "l", "8": "b"})
"""Digits that base32 has not, and what was meant."""


def code_of(signer: Signer, guest_id: UUID) -> str:
    """The guest's code."""
    return signer.token(PURPOSE, guest_id.hex, length=LENGTH)


def codes_of(signer: Signer, guest_id: UUID) -> frozenset[str]:
    """Every code that the guest may show: under an older secret key too, for it may have been printed."""
    return frozenset(code_of(Signer([key]), guest_id) for key in signer.keys)


def typed(code: str) -> str:
    """A code as somebody typed it, as we write it."""
    return "".join(code.split()).replace("-", "").lower().translate(_MISREAD)


def in_groups(code: str) -> str:
    """A code as people read it: "k3x7 q2mf"."""
    return f"{code[:4]} {code[4:]}"
