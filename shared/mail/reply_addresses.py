"""Signed reply addresses: who writes there adds to that idea, or answers it as that contact.

``ide+svar.kro-2026-0042.<16 base32>@krokom.example``: a tag on the sluice's own address, so that no
mail system needs to be told of it; lower case, since some fold the local part; under 64 octets.
A valid signature shows only that we once mailed this address to somebody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.signing import Signer

SUBMITTER = "svar"
CONTACT = "kontakt"
TOKEN_LENGTH = 16

_FORM = re.compile(r"[^@+]*\+(svar|kontakt)\.([a-z]{2,8}-\d{4}-\d{4,9})\.([a-z2-7]{16})@.+", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """A reply address taken apart; not yet verified."""

    purpose: str
    reference: str
    token: str

    def is_signed(self, signer: Signer, owner: str = "") -> bool:
        """True if we made it; ``owner`` is the contact's id where the purpose is ``kontakt``."""
        return signer.verify(f"reply-address-{self.purpose}", _value(self.reference, owner), self.token)


def make(signer: Signer, base: str, purpose: str, reference: str, owner: str = "") -> str:
    """The signed reply address for an idea, made from the sluice's address ``base``."""
    local, _, domain = base.rpartition("@")
    token = signer.token(f"reply-address-{purpose}", _value(reference, owner), length=TOKEN_LENGTH)
    return f"{local}+{purpose}.{reference.lower()}.{token}@{domain}"


def parse(address: str) -> ReplyAddress | None:
    """The parts of a well-formed reply address, or None."""
    match = _FORM.fullmatch(address) if len(address) < 400 else None
    if match is None:
        return None
    return ReplyAddress(match[1].lower(), match[2].upper(), match[3].lower())


def _value(reference: str, owner: str) -> str:
    return f"{reference.upper()} {owner}"
