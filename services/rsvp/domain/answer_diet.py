"""Which special food a plain mail asks for, in the words that kitchens know. Pure, and nothing is guessed."""

from __future__ import annotations

import re
from typing import Final

_ALWAYS: Final = (
    ("vegan", re.compile(r"\bvegan", re.IGNORECASE)),
    ("vegetarian", re.compile(r"\b(?:laktoovo|lakto-ovo-)?veg(?:etari(?:an|sk)|o\b|\b)|\bveggie", re.IGNORECASE)),
    ("pescetarian", re.compile(r"\bpes[ck]etari", re.IGNORECASE)),
    ("gluten", re.compile(r"\bgluten|\bceliaki|\bco?eliac", re.IGNORECASE)),
    ("laktos", re.compile(r"\blaktos", re.IGNORECASE)),
    ("lactose", re.compile(r"\blactose", re.IGNORECASE)),
    ("halal", re.compile(r"\bhalal", re.IGNORECASE)),
    ("kosher", re.compile(r"\bkosh?er", re.IGNORECASE)),
    ("nötter", re.compile(r"\b(?:jord|hassel|val|cashew)?nötallerg|\bnötfri", re.IGNORECASE)),
    ("nuts", re.compile(r"\bnut[- ](?:allerg|free)|\bpeanut allerg", re.IGNORECASE)),
    ("mjölkprotein", re.compile(r"\bmjölk(?:protein)?allerg|\bmjölkprotein", re.IGNORECASE)),
    ("fisk", re.compile(r"\bfiskallerg", re.IGNORECASE)),
    ("skaldjur", re.compile(r"\bskaldjursallerg", re.IGNORECASE)),
    ("ägg", re.compile(r"\bäggallerg", re.IGNORECASE)),
)
_WITHOUT: Final = (
    ("nötter", re.compile(r"\b(?:nöt(?:ter)?|jordnöt\w{0,4}|hasselnöt\w{0,4}|mandel)\b", re.IGNORECASE)),
    ("nuts", re.compile(r"\b(?:pea)?nuts?\b", re.IGNORECASE)),
    ("mjölk", re.compile(r"\bmjölk\b", re.IGNORECASE)),
    ("ägg", re.compile(r"\bägg\b", re.IGNORECASE)),
    ("eggs", re.compile(r"\beggs?\b", re.IGNORECASE)),
    ("fisk", re.compile(r"\bfisk\b", re.IGNORECASE)),
    ("skaldjur", re.compile(r"\bskaldjur\b", re.IGNORECASE)),
    ("shellfish", re.compile(r"\bshellfish\b", re.IGNORECASE)),
    ("fläsk", re.compile(r"\b(?:fläsk|griskött|fläskkött)\b", re.IGNORECASE)),
    ("pork", re.compile(r"\bpork\b", re.IGNORECASE)),
    ("soja", re.compile(r"\bsoja\b", re.IGNORECASE)),
    ("sesam", re.compile(r"\bsesam\w{0,4}\b", re.IGNORECASE)),
)
"""What is a diet only where somebody says that they do not eat it."""
_CANNOT: Final = re.compile(
    r"\b(?:allergi\w{0,6}|tål (?:inte|ej)|(?:inte|ej) tål|äter (?:inte|ej|inget|ingen)|(?:inte|ej) äter?|"
    r"utan|fritt? från|överkänslig\w{0,2}|"
    r"intoleran\w{0,2}|allergic|allergy|allergies|do(?:es)? ?n[o']t eat|can ?n[o']t eat|can't eat|without|"
    r"intolerant|no)\b",
    re.IGNORECASE,
)
_NOT_SO: Final = re.compile(
    r"\b(?:inte|ej|ingen|inga|inget|varken|not|none|neither)\s(?:av oss\s|of us\s)?(?:\w{1,12}\s){0,2}$", re.IGNORECASE
)
_AVOIDS: Final = re.compile(r"\b(?:tål|äter|eat|ha)\s(?:inte|ej|not)\s(?:\w{1,12}\s){0,2}$", re.IGNORECASE)
_COUNT: Final = re.compile(
    r"\b(?P<n>\d{1,2}|två|tre|fyra|fem|sex|two|three|four|five|six)\s(?:av oss\s|of us\s)?(?:är\s|äter\s|"
    r"are\s|eat\s|vill ha\s|behöver\s)?$",
    re.IGNORECASE,
)
_NUMBERS: Final = {
    "två": 2,
    "two": 2,
    "tre": 3,
    "three": 3,
    "fyra": 4,
    "four": 4,
    "fem": 5,
    "five": 5,
    "sex": 6,
    "six": 6,
}
_PIECE: Final = re.compile(r"[^.!?;\n]{1,300}[.!?;\n]?")
_ASKED: Final = re.compile(r"[^,]*\?$")
_AVOIDED: Final = frozenset(("gluten", "laktos", "lactose"))
MOST: Final = 8


def diet_of(text: str) -> str:
    """The diets that are asked for, apart by commas, in the order of the mail; empty where there are none.

    Where several people are said to have one, their number stands before it: ``2 vegetarian``.
    """
    found: dict[str, int] = {}
    for sentence in _PIECE.findall(text):
        piece = _ASKED.sub("", sentence) if sentence.endswith("?") else sentence
        seen: list[tuple[int, str]] = []
        for name, pattern in _ALWAYS:
            seen += (
                (match.start(), name) for match in pattern.finditer(piece) if not _denied(name, piece[: match.start()])
            )
        avoids = _CANNOT.search(piece)
        if avoids is not None:
            for name, pattern in _WITHOUT:
                seen += (
                    (match.start(), name)
                    for match in pattern.finditer(piece)
                    if _CANNOT.search(piece[max(0, match.start() - 60) : match.end() + 25])
                )
        for at, name in sorted(seen):
            counted = _COUNT.search(piece[max(0, at - 40) : at])
            number = 0 if counted is None else _number(counted["n"])
            found.setdefault(name, number)
    shown = (f"{number} {name}" if number > 1 else name for name, number in list(found.items())[:MOST])
    return ", ".join(shown)


def _denied(name: str, before: str) -> bool:
    """True for "ingen av oss är vegetarian", and not for "tål inte gluten" or "inget gluten"."""
    near = before[-40:]
    if name in _AVOIDED or _AVOIDS.search(near):
        return False
    return _NOT_SO.search(near) is not None


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word.lower()]
