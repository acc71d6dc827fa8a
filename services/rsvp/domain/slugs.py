"""The last part of an event's or a tour's address, made from its title."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

RESERVED = frozenset({"ny", "turne", "bild", "kalender", "api", "adressbocker", "ide"})
"""What stands in the same place of an address and is no event."""
LONGEST = 60


def slug_of(title: str) -> str:
    """The title in small letters a to z, digits and hyphens: "Kreativa byråkrater" is ``kreativa-byrakrater``."""
    plain = unicodedata.normalize("NFKD", title.lower().replace("ø", "o").replace("æ", "ae"))
    words = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode("ascii")).strip("-")
    return words[:LONGEST].rstrip("-") or "traff"


def free_slug(wanted: str, is_taken: Callable[[str], bool]) -> str:
    """That slug, or the first of ``-2``, ``-3`` … that nobody has."""
    found, number = wanted, 1
    while found in RESERVED or is_taken(found):
        number += 1
        found = f"{wanted}-{number}"
    return found
