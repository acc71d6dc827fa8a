"""What is wrong with an address that somebody typed into a form, said so closely that they can mend it. Pure."""

from __future__ import annotations

from shared.mail.addresses import is_sendable


def address_fault(address: str) -> str | None:
    """``missing``, ``no_at``, ``no_domain``, ``no_dot`` or ``wrong``; None where mail can be sent to it."""
    address = address.strip()
    local, at, domain = address.rpartition("@")
    if not address:
        return "missing"
    if not at:
        return "no_at"
    if not domain:
        return "no_domain"
    if local and "." not in domain.strip("."):
        return "no_dot"
    return None if is_sendable(address) else "wrong"
