"""Names of persons in running text, by lists of names common in Sweden and by what stands around them.

A given name and a surname together are a name. One alone is a name where the words before say so ("jag heter", "min
chef", "hälsningar"). Places, streets and words that only begin a sentence are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_LISTS = Path(__file__).parent / "names"
_WORD = re.compile(r"[^\W\d_]+(?:['’‑-][^\W\d_]+)*")
_BETWEEN = frozenset((" ", "\u00a0", "  "))
_ENDINGS = (
    *("sson", "sdotter", "datter", "berg", "bergh", "borg", "blad", "blom", "dahl", "dal", "fors", "gren", "feldt"),
    *("hielm", "hjelm", "holm", "kvist", "qvist", "quist", "lund", "löf", "löv", "man", "mark", "stedt", "strand"),
    *("ström", "sten", "sjö", "vall", "wall", "ell", "én", "elius", "enius", "ander", "sen", "nen", "vić", "vic"),
    *("vich", "ski", "ska", "enko", "oğlu", "oglu", "zadeh"),
)
_MOST_WORDS = 4
_STREETS = frozenset(
    """väg vägen gata gatan plats torg torget park parken skola skolan gränd gränden allé allén plan stig stigen kyrka
    kyrkan kapell sjukhus backe bro bron hus gård gården minne stiftelse stipendium stipendiefond street road
    school""".split()  # noqa: SIM905 (a word list reads better as words)
)
_PERSONS = frozenset(
    """chef chefen enhetschef enhetschefen avdelningschef områdeschef gruppchef handläggare handläggaren rektor rektorn
    lärare läraren läkare läkaren doktor dr sjuksköterska sjuksköterskan undersköterska undersköterskan kurator kuratorn
    kollega kollegan kollegor vaktmästare vaktmästaren samordnare samordnaren sekreterare assistent assistenten
    socialsekreterare biståndshandläggare projektledare projektledaren utvecklare strateg kommunalråd politikern
    mamma mamman pappa pappan mor far mormor farmor morfar farfar dotter dottern son sonen syster bror systern brodern
    make maken maka fru man sambo sambon barnbarn vän vännen väninna kompis kompisen granne grannen grannarna
    brukare brukaren patient patienten elev eleven barnet pojken flickan herr fröken tant farbror
    manager boss colleague doctor nurse teacher principal mother father brother sister daughter husband wife friend
    neighbour mr mrs ms""".split()  # noqa: SIM905
)
_GREETINGS = frozenset(
    """hälsningar hälsning hälsar mvh vh hej hejsan kära käre tack hello hi dear regards cheers sincerely
    vänligen""".split()  # noqa: SIM905
)
_CALLED = re.compile(
    r"(?i)\b(?:jag heter|mitt namn är|jag är|my name is|i am|i’m|i'm|undertecknad|undertecknat|signera[dt]|signed)"
    r"[\s:,]{0,3}\Z"
)
_CLOSING = re.compile(
    r"(?i)(?:hälsningar|hälsning|hälsar|mvh|vh|vänligen|regards|cheers|sincerely|/{1,2}|[-–—])[ ,.!:]{0,3}\s{0,4}\Z"
)


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    text: str
    is_capital: bool


@cache
def _list(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """A list's names in lower case, and those of them that are ordinary words as well."""
    lines = (_LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    words = [word for line in lines if not line.startswith("#") for word in line.split()]
    return frozenset(word.rstrip("*").lower() for word in words), frozenset(
        word.rstrip("*").lower() for word in words if word.endswith("*")
    )


def find(text: str) -> Iterator[tuple[int, int, bool]]:
    """Where each name begins and ends, and whether it is one for certain."""
    words = [_word(found) for found in _WORD.finditer(text)]
    place = 0
    while place < len(words):
        word = words[place]
        if _is_initial(text, words, place):
            yield word.start, _without_genitive(text, words[place + 1], is_first=False), False
            place += 2
            continue
        if not word.is_capital or not (_is_given(word.text) or _is_surname(word.text) or _is_called(text, word)):
            place += 1
            continue
        count = _together(text, words, place)
        found = _name(text, words, place, count)
        if found is None:
            place += 1
            continue
        taken, is_certain = found
        yield word.start, _without_genitive(text, words[place + taken - 1], is_first=taken == 1), is_certain
        place += taken


def _word(found: re.Match[str]) -> _Word:
    text = found[0]
    is_capital = text[0].isupper() and (text[1:].islower() or "-" in text or "’" in text or "'" in text or not text[1:])
    is_capital = is_capital or (text.isupper() and len(text) > 2) or text.startswith(("Mc", "Mac"))
    return _Word(found.start(), found.end(), text, is_capital and len(text) < 60)


def _together(text: str, words: list[_Word], place: int) -> int:
    """How many words with capitals stand beside each other from here, initials between them left out."""
    count = 1
    while count < _MOST_WORDS and place + count < len(words):
        word, before = words[place + count], words[place + count - 1]
        between = text[before.end : word.start]
        is_initial = len(word.text) == 1 and text[word.end : word.end + 1] == "."
        after_initial = len(before.text) == 1 and between in (". ", ".")
        if not word.is_capital or not (between in _BETWEEN or after_initial):
            break
        if len(word.text) == 1 and not is_initial:
            break
        count += 1
    return count


def _name(text: str, words: list[_Word], place: int, count: int) -> tuple[int, bool] | None:
    """How many of the words are a name, and whether for certain; None where none of them are."""
    first = words[place]
    given = 0
    while given < count and (_is_given(words[place + given].text) or (given and len(words[place + given].text) == 1)):
        given += 1
    if given:
        for last in range(count - 1, 0, -1):
            word = words[place + last].text
            if last >= given - 1 and _is_surname(word) and last - given <= 1:
                if _is_street(words, place + last + 1) and _has_genitive(word):
                    return None
                return last + 1, True
    if _is_street(words, place + count) and (count > 1 or _has_genitive(first.text)):
        return None
    if given and count > given and not _is_ordinary(first.text) and not _is_place(words[place + given].text):
        return given + 1, False
    told = _is_told(text, words, place)
    if given > 1 and (told or not _is_ordinary(first.text)):
        return given, told
    if not told:
        return _turned(text, words, place)
    if given or (_is_surname(first.text) and not _is_place(first.text)):
        return max(given, 1), True
    if _is_called(text, first) and not _is_place(first.text):
        return (2 if count > 1 and not _is_place(words[place + 1].text) else 1), False
    return None


def _is_initial(text: str, words: list[_Word], place: int) -> bool:
    """``K. Lindgren``."""
    if len(words[place].text) != 1 or not words[place].is_capital or place + 1 >= len(words):
        return False
    surname = words[place + 1]
    between = text[words[place].end : surname.start]
    return between in (". ", ".") and surname.is_capital and _is_surname(surname.text) and not _is_place(surname.text)


def _turned(text: str, words: list[_Word], place: int) -> tuple[int, bool] | None:
    """``Svensson, Anna``: as registers write it."""
    if place + 1 >= len(words) or text[words[place].end : words[place + 1].start] != ", ":
        return None
    surname, given = words[place], words[place + 1]
    if not given.is_capital or surname.text.lower() not in _list("surnames")[0] or _is_place(surname.text):
        return None
    if not _is_given(given.text) or _is_ordinary(given.text) or _is_given(surname.text):
        return None
    return 2, False


def _is_told(text: str, words: list[_Word], place: int) -> bool:
    """True where the words before say that a name comes."""
    word = words[place]
    before = text[max(0, word.start - 40) : word.start]
    if _CALLED.search(before) or (_CLOSING.search(before) and _ends_line(text, words, place)):
        return True
    if not place:
        return False
    earlier = words[place - 1]
    between = text[earlier.end : word.start]
    said = earlier.text.lower()
    if said in _PERSONS:
        return between in (" ", ": ", ", ", ". ") and (between != ". " or said in ("dr", "mr", "mrs", "ms"))
    return said in _GREETINGS and not between.strip(" ,!.\r\n:") and len(between) < 6


def _ends_line(text: str, words: list[_Word], place: int) -> bool:
    """True where at most a surname follows on the line: a signature is short."""
    end = text.find("\n", words[place].end, words[place].end + 60)
    rest = text[words[place].end : end if end >= 0 else words[place].end + 60]
    return len(rest) < 60 and len(rest.split()) <= 2


def _is_called(text: str, word: _Word) -> bool:
    before = text[max(0, word.start - 20) : word.start]
    return "\n" not in before and re.search(r"(?i)\b(?:jag heter|mitt namn är|my name is) \Z", before) is not None


def _is_given(word: str) -> bool:
    names = _list("given")[0]
    bare = word.lower().replace("‑", "-")
    if any(form in names for form in _forms(bare)):
        return True
    parts = bare.split("-")
    return len(parts) > 1 and all(any(form in names for form in _forms(part)) for part in parts)


def _is_surname(word: str) -> bool:
    names = _list("surnames")[0]
    return any(
        form in names or (_has_ending(form) and not _is_place(form))
        for part in word.lower().split("-")[-1:]
        for form in _forms(part)
    )


def _has_ending(word: str) -> bool:
    return word.endswith(_ENDINGS) and len(word) > 5


def _forms(word: str) -> tuple[str, ...]:
    """The word, and without a genitive's s."""
    if word.endswith(("'s", "’s")):
        return word, word[:-2]
    return (word, word[:-1]) if word.endswith("s") and len(word) > 3 else (word,)


def _has_genitive(word: str) -> bool:
    return word.lower().endswith("s")


def _is_ordinary(word: str) -> bool:
    return word.lower() in _list("given")[1]


def _is_place(word: str) -> bool:
    return any(form in _list("places")[0] for form in _forms(word.lower()))


def _is_street(words: list[_Word], place: int) -> bool:
    return place < len(words) and words[place].text.lower() in _STREETS


def _without_genitive(text: str, word: _Word, *, is_first: bool) -> int:
    """Where the name ends: a genitive's s stays outside, as it belongs to the sentence."""
    lower = word.text.lower()
    names = _list("given")[0] if is_first else _list("surnames")[0]
    if lower in names or not lower.endswith("s"):
        return word.end
    if lower.endswith(("'s", "’s")):
        return word.end - 2
    bare = lower[:-1]
    is_name = bare in names or bare in _list("surnames")[0] or _has_ending(bare)
    return word.end - 1 if is_name or _is_given(bare) else word.end
