"""Swedish, English or neither, told by the small words that every text is full of.

Why not a library: lingua and langid tell a hundred languages apart and hold tens to hundreds of megabytes for
it; a confirmation is written in one of two. Words of the nearest neighbours (Norwegian, Danish, German, Dutch,
French, Spanish, Finnish) count against both, so that their texts become ``None`` and get the sluice's default.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from services.intake.mail.words.wordlists import word_set

MAX_SIGNS = 20_000
"""A text's language shows in its beginning."""

_SWEDISH = word_set(
    """
    och att det är som en ett på för med av till inte jag vi den har om kan ska från eller men så man vill
    skulle också när där här finns borde hej alla mer vår vårt våra er ert era mig oss dem denna detta dessa
    dig sig sin vara blir blev bli varit var vad vem hur varför mycket många få får fått gör göra gjort gå
    går kommer måste bara bättre mellan under över utan efter innan redan kanske gärna tack hälsningar mvh
    nej ja mot vid sedan ingen inga något någon några andra annan samma både dock samt genom hela hos åt ju
    väl nu då vore låt bygg sätt fler kommunen förslag idé skola cykel barn snälla behöver tycker önskar
    föreslår våran eftersom enligt ni de han hon finnas kunna ha tar ta ge ger öppna ordna inför varje gång
    dag ny nya gamla stor stora billigare dagar ut in upp ned mera sluta börja
    """
)
_ENGLISH = word_set(
    """
    the and of to is in that it for on with as at this are be we you have not from or by an will would
    should could can our your my their there which what when where how why who please thanks thank hello hi
    yes no but they them was were has had been do does did more all some any about into than then so if only
    also very just like need want let us make build great idea think suggest suggestion people every new
    would've it's don't i'd a open add use put me he she his her its because before after over under between
    through each other good better could've up stop buy try
    """
)
_OTHERS = word_set(
    """
    og ikke jeg er af å eller der das und ist nicht ich wir sie mit auf für dem zu ein eine einen von bei le
    la les des du et est pas nous vous que qui dans pour sur avec une el los las del es por para con como
    più che di il della non per sono het een van niet met voor zijn wij ik nei hvad hvor vil skal også ogsaa
    på paa blir bliver meget bør mellem ei off ovat olla että mutta hän kanssa tämä voi minä jest nie się na
    czy ale dla sehr auch noch wenn werden haben sind kann mais sont cette muy pero este esta está hay dere
    vår vores noen hva noe være mer mere bedre til fra jo efter etter før gjøre kommune sich nach uns wird
    flere busser åpent åbent trenger hvorfor felles fælles koska joka mitä kun
    """
)
_SHARED_WITH_NORWEGIAN = word_set(
    """
    det som en på med av den har om kan vi så man de han hon mer få får hos var ny er
    """
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_STRONG = 2.0
_WEAK = 0.6


def detect(text: str) -> str | None:
    """``"sv"``, ``"en"`` or ``None`` for a person's own words; quotes and signatures must be gone already.

    None where nothing tells: no words, another language, or both in equal parts.
    """
    written = _WORD.findall(_own_lines(text[:MAX_SIGNS]))
    words = [word.casefold().replace("’", "'") for word in written]
    # The preposition "i" and the pronoun "I" differ in their case alone.
    swedish = _score(words, _SWEDISH) + _letters(words) + written.count("i")
    english = _score(words, _ENGLISH) + written.count("I")
    others = sum(_STRONG for word in words if word in _OTHERS and word not in _SWEDISH and word not in _ENGLISH)
    others += sum(1.0 for word in words if any(sign in "øæßñçłþü" for sign in word) or "ää" in word or "yy" in word)
    best, second = max(swedish, english), min(swedish, english)
    if best < 0.3 or best <= 1.3 * second or best <= others:
        return None
    return "sv" if swedish > english else "en"


def _own_lines(text: str) -> str:
    """The text without quoted lines and without addresses, which are in no language."""
    lines = (line for line in text.split("\n") if not line.lstrip().startswith(">"))
    return " ".join(token for line in lines for token in line.split() if "@" not in token and "://" not in token)


def _score(words: Iterable[str], known: frozenset[str]) -> float:
    return sum(_WEAK if word in _SHARED_WITH_NORWEGIAN else 1.0 for word in words if word in known)


def _letters(words: Iterable[str]) -> float:
    """Swedish letters: å is seldom anything but Nordic, ä and ö are German and Finnish too."""
    return sum(0.5 if "å" in word else 0.3 for word in words if "å" in word or "ä" in word or "ö" in word)
