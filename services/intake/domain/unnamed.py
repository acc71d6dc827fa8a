"""Official answers as everybody may read them: without the name and address of whoever sent the idea.

A contact writes to a person ("Hej Åsa!"), and the answer stands on the public board as well.
"""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "…"


def without_person(text: str, name: str, address: str | None) -> str:
    """The text with every word of that person's name, and their address, replaced by ``…``.

    A part of a name that begins with a small letter ("av", "kommun") is no name by itself and stays.
    """
    wanted = [re.escape(address)] if address else []
    whole = name.strip()
    if whole:
        wanted.append(re.escape(whole).replace(r"\ ", r"\s+"))
    pieces = [part.strip(".,;:()\"'") for part in re.split(r"[\s-]+", whole)]
    names = [re.escape(part) for part in pieces if len(part) > 1 and part[0].isupper()]
    for pattern, flags in ((wanted, re.IGNORECASE), (names, 0)):
        if pattern:
            either = "|".join(sorted(pattern, key=len, reverse=True))
            text = re.sub(rf"(?<!\w)(?:{either})s?(?!\w)", HIDDEN, text, flags=flags)
    return re.sub(rf"{HIDDEN}(?:[ -]{HIDDEN})+", HIDDEN, text)
