"""An address that somebody typed into a form: what is wrong with it, by a name that has a text of its own."""

from __future__ import annotations

from typing import Final

from shared.mail.addresses import MAX_ADDRESS, is_automatic, is_sendable

EMPTY: Final = "empty"
NO_AT: Final = "no_at"
NO_DOMAIN: Final = "no_domain"
WRONG: Final = "wrong"
AUTOMATIC: Final = "automatic"


def fault_in(address: str) -> str | None:
    """Why we cannot write to that address, or None where we can."""
    if not address:
        return EMPTY
    local, at, domain = address.rpartition("@")
    if not at or not local:
        return NO_AT
    if "." not in domain.strip("."):
        return NO_DOMAIN
    if len(address) > MAX_ADDRESS or not is_sendable(address):
        return WRONG
    return AUTOMATIC if is_automatic(address) else None
