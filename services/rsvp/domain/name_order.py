"""Names in the order of a Swedish list: å, ä and ö last, accents as if they were not there. Pure.

In Python and not by the database's collation: an embedded server and a managed one do not know the same ones.
"""

from __future__ import annotations

import unicodedata

_LAST = str.maketrans({"å": "{", "ä": "|", "æ": "|", "ö": "}", "ø": "}", "ü": "y", "ß": "ss", "ð": "d", "þ": "th"})
"""Signs that stand after ``z`` in ASCII, for the letters that stand after it in Swedish."""


def name_key(name: str) -> str:
    """What a list of names is sorted by."""
    lasting = unicodedata.normalize("NFC", name).casefold().translate(_LAST)
    bare = unicodedata.normalize("NFD", lasting)
    return " ".join("".join(sign for sign in bare if not unicodedata.combining(sign)).split())
