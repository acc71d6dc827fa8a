"""What people may not eat, as the kitchen wants it: how many portions of which kind, without a name. Pure.

People write freely: "Vegetarian", "vegetariskt, glutenfritt", "laktos + gluten". The words are taken apart, the common
ones are brought to one spelling, and equal sets of words are one kind. A number before a word is for how many of the
party: "2 vegetarian, 1 gluten" is three portions. What is not known stands as it was written: nothing is guessed about
somebody's allergy.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_BETWEEN = re.compile(r"[,;/+&\n]|\.(?=\s|$)|\b(?:och|samt|and)\b", re.IGNORECASE)
_SEVERAL = re.compile(r"(?P<number>[1-9]\d?) (?:st |stycken )?(?P<word>[^\W\d].*)")
_NOTHING = frozenset(
    ("-", "–", "0", "nej", "inga", "inget", "ingen", "ingenting", "no", "none", "nothing", "n/a", "allt", "äter allt")
)
_ONE_WORD = {
    "vegetariskt": ("vegetarian", "vegetarisk", "vegetariskt", "vegetarisk kost", "vegetarisk mat", "veg", "vego"),
    "veganskt": ("vegan", "vegansk", "veganskt", "vegansk kost", "vegansk mat"),
    "gluten": (
        *("gluten", "glutenfri", "glutenfritt", "glutenfri kost", "glutenallergi", "glutenallergiker", "celiaki"),
        *("glutenintolerant", "glutenintolerans", "gluten-free", "gluten free", "coeliac", "celiac", "ej gluten"),
    ),
    "laktos": (
        *("laktos", "laktosfri", "laktosfritt", "laktosfri kost", "laktosintolerant", "laktosintolerans"),
        *("lactose", "lactose-free", "lactose free", "lactose intolerant", "ej laktos"),
    ),
    "nötter": ("nöt", "nötter", "nötallergi", "nötallergiker", "nötfritt", "nuts", "nut allergy", "ej nötter"),
    "ägg": ("ägg", "äggallergi", "äggfritt", "egg", "eggs", "ej ägg"),
    "fisk": ("fisk", "fiskallergi", "fish", "ej fisk"),
    "skaldjur": ("skaldjur", "skaldjursallergi", "shellfish", "ej skaldjur"),
    "mjölkprotein": ("mjölkprotein", "mjölkallergi", "mjölkproteinallergi", "milk allergy", "milk protein"),
    "fläsk": ("fläsk", "ej fläsk", "inte fläsk", "inget fläsk", "pork", "no pork", "griskött"),
}
_KNOWN = {spelling: word for word, spellings in _ONE_WORD.items() for spelling in spellings}


@dataclass(frozen=True, slots=True)
class Portion:
    """One kind of special food, and for how many."""

    words: str
    """"gluten + laktos"."""
    number: int


def servings(diet: str) -> Counter[tuple[str, ...]]:
    """What one text asks for: sorted words in one spelling each, and for how many; nothing special is nothing."""
    found: Counter[tuple[str, ...]] = Counter()
    own = set()
    for part in _BETWEEN.split(diet):
        word = " ".join(part.split()).strip(" .!?\"'").casefold()
        if not word or word in _NOTHING:
            continue
        if (several := _SEVERAL.fullmatch(word)) is not None:
            found[(_KNOWN.get(several["word"], several["word"]),)] += int(several["number"])
        else:
            own.add(_KNOWN.get(word, word))
    if own:
        found[tuple(sorted(own))] += 1
    return found


def portions(diets: Iterable[str]) -> list[Portion]:
    """The diets of everybody, each person's one text, as numbers: the most wanted first."""
    counted: Counter[tuple[str, ...]] = Counter()
    for diet in diets:
        counted.update(servings(diet))
    rows = sorted(counted.items(), key=lambda row: (-row[1], row[0]))
    return [Portion(" + ".join(words), number) for words, number in rows]
