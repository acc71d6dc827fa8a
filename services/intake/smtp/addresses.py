"""When two mail addresses are the same one to us. Pure."""

from __future__ import annotations

import unicodedata

import idna


def fold(local: str, domain: str) -> str:
    """The form in which addresses are compared: letter case undone, composed signs, the domain in A-labels.

    A domain that IDNA does not know keeps its letters folded: it then matches nothing but itself.
    """
    if local.isascii() and domain.isascii():
        return f"{local}@{domain}".lower()
    return f"{unicodedata.normalize('NFC', local.casefold())}@{_a_labels(domain)}"


def without_tag(local: str) -> str:
    """The local part before its ``+tag``; itself where there is none or nothing stands before it."""
    base, plus, _ = local.partition("+")
    return base if plus and base else local


def _a_labels(domain: str) -> str:
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return domain.casefold()
