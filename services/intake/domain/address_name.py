"""The part of an address that names a post: made of its title, in letters that every address bar shows."""

from __future__ import annotations

import re
import unicodedata

_KEPT = str.maketrans({"ø": "o", "æ": "ae", "ð": "d", "þ": "th", "ß": "ss", "đ": "d", "ŋ": "n", "ŧ": "t"})


def address_name(title: str, *, limit: int = 60) -> str:
    """ "Ny cykelväg till Ås!" → ``ny-cykelvag-till-as``; empty where no letter or digit is left."""
    folded = unicodedata.normalize("NFKD", title.casefold().translate(_KEPT))
    words = re.sub(r"[^a-z0-9]+", "-", "".join(sign for sign in folded if not unicodedata.combining(sign))).strip("-")
    return words if len(words) <= limit else words[: limit + 1].rpartition("-")[0] or words[:limit]
