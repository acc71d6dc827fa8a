"""How many people a plain mail says are coming; None where it does not say, or says two things. Pure."""

from __future__ import annotations

import re
from typing import Final

MOST: Final = 50
_NUMBERS: Final = {
    word: number
    for number, words in enumerate(
        (
            "en ett one", "två tva two", "tre three", "fyra four", "fem five", "sex six", "sju seven", "åtta eight",
            "nio nine", "tio ten", "elva eleven", "tolv twelve",
        ),
        1,
    )
    for word in words.split()
}  # fmt: skip
_N: Final = r"(?P<n>\d{1,2}|" + "|".join(sorted(_NUMBERS, key=len, reverse=True)) + r")"
_MONTHS: Final = r"(?:jan|feb|mar|apr|maj|may|jun|jul|aug|sep|okt|oct|nov|dec)"
_NOT_TIME: Final = (
    rf"(?!\d|\s?[:./]\s?\d|\s?[:.]?e\b|\s?%|\s{_MONTHS}|\s(?:minut|min\b|tim|dag|veck|kvart|halv|hour|day|"
    rf"week|o'clock|år|steg|gånger)|-\d)"
)
_PEOPLE: Final = (
    r"(?:st\b|stycken|pers\b|personer|person\b|people|persons|deltagare|vuxna|kollegor|medarbetare|"
    r"representanter|platser|seats|guests|gäster|of us|från oss)"
)
_COMPANION: Final = (
    r"(?:kollega|fru|make|maka|man|sambo|chef|vän|väninna|dotter|son|medarbetare|granne|partner|"
    r"respektive|person|gäst|bror|syster|mamma|pappa|"
    r"colleague|wife|husband|boss|manager|friend|daughter|guest|assistant|assistent|praktikant|kompis)"
)
_COMPANIONS: Final = (
    r"(?:kollegor|vänner|medarbetare|personer|barn|kompisar|colleagues|friends|people|guests|gäster|st\b|"
    r"stycken|till\b|others|andra)"
)

_COUNTED: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:vi|oss)\s(?:blir|är|kommer att bli|kommer att vara|kommer vara)\s(?:nog\s|då\s|totalt\s|"
        rf"sammanlagt\s|bara\s){{0,2}}{_N}\b{_NOT_TIME}",
        rf"\b(?:det\s)?blir\s(?:vi\s|då\s|totalt\s){{0,2}}{_N}\b{_NOT_TIME}(?=\s{_PEOPLE}|\s*(?:$|[,.!;\n]|"
        rf"\soch\b|\svarav\b|\ssom\b))",
        rf"\b(?:vi|oss)\s(?:\w{{1,12}}\s){{0,2}}(?:kommer|deltar|medverkar)\s(?:gärna\s|alla\s|"
        rf"då\s){{0,2}}(?P<n>[2-6]|två|tre|fyra|fem|sex|sju|åtta|nio|tio|elva|tolv)\b{_NOT_TIME}",
        rf"\bkommer\s(?:vi\s|gärna\s){{0,2}}(?P<n>[2-6]|två|tre|fyra|fem|sex|sju|åtta|nio|tio|elva|tolv)\b{_NOT_TIME}",
        rf"\b{_N}\s(?:st\b|stycken|pers\b|personer|person\b|people|persons|deltagare|vuxna|of us)",
        rf"\b(?:anmäler|anmäla|anmälan för|anmäl|register|sign up|räkna med|plats för|party of|seats for|"
        rf"for)\s(?:härmed\s|gärna\s|oss\s){{0,2}}{_N}\b{_NOT_TIME}(?!\s(?:diet|kost|veg))",
        rf"\b(?:we are|we're|we will be|we'll be|there will be|there are)\s{_N}\b{_NOT_TIME}",
        r"\b(?:vi|we)\s(?P<n>två|tre|fyra|fem|two|three|four|five)\s(?:kommer|deltar|will|are)\b",
    )
)
_BOTH: Final = re.compile(
    r"\b(?:vi|we|oss|us)\s(?:\w{1,12}\s){0,2}(?:båda|bägge|both)\b|\b(?:båda två|both of us)\b", re.IGNORECASE
)
_ME_AND: Final = re.compile(
    rf"\b(?:jag|mig|i|me|undertecknad)\s?(?:och|samt|\+|plus|and|tillsammans med|with|"
    rf"together with)\s?(?:(?:min|vår|my|our|a|en|ett|one)\s)(?:\w{{1,20}}\s)?{_COMPANION}\b"
    rf"|\b(?:min|vår|my|our)\s{_COMPANION}\s(?:och|and)\s(?:jag|i)\b",
    re.IGNORECASE,
)
_ME_AND_SOME: Final = re.compile(
    rf"\b(?:jag|mig|i|me|undertecknad)\s?(?:och|samt|\+|plus|and)\s?(?:mina\s|"
    rf"my\s)?{_N}\s(?:\w{{1,20}}\s)?{_COMPANIONS}",
    re.IGNORECASE,
)
_ME_AND_NAME: Final = re.compile(
    r"\b(?:[Jj]ag|I)\s(?:och|and)\s[A-ZÅÄÖ][a-zåäöé-]{1,20}(?:\s[A-ZÅÄÖ][a-zåäöé-]{1,25})?(?!\s?,|\s(?:och|and|samt)\s)"
)
_BRINGS: Final = re.compile(
    rf"\b(?:tar|ta|tager|har|bring|bringing|brings)\s(?:också\s|även\s|gärna\s|jag\s|"
    rf"along\s){{0,2}}(?:med\s(?:mig\s|oss\s)?)?(?:min\s|vår\s|my\s|a\s|en\s|ett\s|one\s){_COMPANION}\b"
    rf"|\b(?:jag|i)\s[^,.;!?\n]{{0,40}}?\b(?:tillsammans\s)?(?:med|with)\s(?:min|vår|my|a|en|one)\s{_COMPANION}\b",
    re.IGNORECASE,
)
_BRINGS_SOME: Final = re.compile(
    rf"\b(?:tar|ta|bring|bringing)\s(?:också\s|även\s|gärna\s|jag\s){{0,2}}(?:med\s(?:mig\s)?)?{_N}\s{_COMPANIONS}",
    re.IGNORECASE,
)
_PLUS: Final = re.compile(r"(?:\bplus|\+)\s?(?P<n>[1-9]|en|ett|one)\b(?!\d)", re.IGNORECASE)
_ALONE: Final = re.compile(
    r"\b(?:kommer|deltar|är|bara|endast|just|only|come|coming)\s(?:\w{1,8}\s)?(?:själv|ensam|jag|alone|me|by myself)\b",
    re.IGNORECASE,
)
_NOT_ALONE: Final = re.compile(r"\b(?:inte|not)\s(?:bara|ensam|själv|only|alone|just)\b", re.IGNORECASE)
_UNSURE: Final = re.compile(
    r"\b(?:kanske|eventuellt|möjligen|ev|maybe|perhaps|might|possibly|eller|or|alternativt|mellan|"
    r"till(?=\s\d)|några|flera|ett par|some|several)\b",
    re.IGNORECASE,
)
_OTHERS: Final = re.compile(
    r"\b(?:vi|oss|kollegor|kollega|fler|flera|båda|sällskap|med mig|fru|sambo|we|us|colleagues?|both|wife|"
    r"husband|partner|team|gäng|och [A-ZÅÄÖ]|and [A-Z])\b|\+\s?\d",
    re.IGNORECASE,
)
_AND_MORE: Final = re.compile(rf"\b(?:och|samt|and)\s(?!en\b|ett\b|one\b|1\b){_N}\b{_NOT_TIME}", re.IGNORECASE)
_FIRST_NAME: Final = re.compile(r"\b(?:och|and|samt|med|with)\s[A-ZÅÄÖ][a-zåäöé]")
_SINGLE: Final = re.compile(r"\b(?:jag|mig|i|i'm|i'll|me|undertecknad)\b", re.IGNORECASE)
_APART: Final = re.compile(
    r"\b(?:varav|where of|of which|av oss|of us)\b[^.!?\n]{0,60}|\b(?:\d{1,2}|en|ett|två|tre|fyra|fem|one|"
    r"two|three)\s(?:av oss\s|of us\s)?(?:är|äter|har|tål|is|are|has|have|eats?|needs?|vill ha|"
    r"behöver)\b[^,.!?\n]{0,60}"
    r"|\b(?:\d{1,2}|en|ett|två|tre|fyra|fem|one|two|three)\s(?:veg\w*|gluten\w*|laktos\w*|lactose\w*|"
    r"halal|kosher|nöt\w*)",
    re.IGNORECASE,
)
"""Numbers that count diets, not people."""


def party_of(text: str) -> int | None:
    """How many people the mail says come, the writer included."""
    words = _APART.sub(" ", " ".join(text.split(" ")))
    counts = {_number(match["n"]) for pattern in _COUNTED for match in pattern.finditer(words)}
    together: set[int] = set()
    if _BOTH.search(words):
        together.add(2)
    for match in _ME_AND_SOME.finditer(words):
        together.add(1 + _number(match["n"]))
    for match in _BRINGS_SOME.finditer(words):
        together.add(1 + _number(match["n"]))
    if _ME_AND.search(words) or _BRINGS.search(words) or _ME_AND_NAME.search(words):
        together.add(2)
    for match in _PLUS.finditer(words):
        together.add(1 + _number(match["n"]))
    if not together and not counts:
        return _alone(words)
    if counts and together:
        # "Jag och två kollegor, vi blir tre": said twice, and alike.
        counts = {each for each in counts if each >= max(together)} or counts
    for pattern in (_ME_AND_SOME, _BRINGS_SOME):
        words = pattern.sub(" ", words)
    if _AND_MORE.search(words):
        return None
    found = counts or together
    if len(found) != 1 or _is_unsure(words):
        return None
    [size] = found
    if together and not together <= {size}:
        return None
    return size if 1 <= size <= MOST else None


def _alone(words: str) -> int | None:
    """1 where somebody says "I" and nothing of others."""
    if _ALONE.search(words) and not _NOT_ALONE.search(words):
        return 1
    if _OTHERS.search(words) or _FIRST_NAME.search(words) or not _SINGLE.search(words):
        return None
    return 1


def _is_unsure(words: str) -> bool:
    """True where a number stands in doubt: "två, kanske tre"."""
    numbers = re.compile(rf"\b{_N}\b", re.IGNORECASE)
    for match in _UNSURE.finditer(words):
        near = words[match.end() : match.end() + 25]
        if numbers.search(near) or re.match(
            r"\s(?:\w{1,10}\s){0,3}(?:fler|till|kolleg\w*|more|någon)", near, re.IGNORECASE
        ):
            return True
    return re.search(r"\b\d{1,2}\s?[-–]\s?\d{1,2}\s(?:st|pers|person|people)", words) is not None


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _NUMBERS[word.lower()]
