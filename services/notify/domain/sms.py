"""A text message: which signs it may hold, how many SMS it takes, and how it is made to fit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum

from services.notify.domain.words import cleaned

ELLIPSIS = "..."

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""3GPP TS 23.038 §6.2.1, without its escape sign."""
_EXTENSION = frozenset("\f^{}\\[~]|€")
"""3GPP TS 23.038 §6.2.1.1: each is sent as two, the escape sign and one more."""
_GSM = _BASIC | _EXTENSION

_PLAIN = str.maketrans(
    dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‘’‚‛‹›′´`", "'")
    | dict.fromkeys("‐‑‒–—―−•", "-")
    | dict.fromkeys("\t\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000", " ")
    | {"…": "...", "\u00ad": "", "\u200c": "", "\u200d": ""}
)
_BLANK_ENDS = re.compile(r" +$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")


class Encoding(StrEnum):
    """How a text goes over the air. One sign outside the alphabet turns the whole text to UCS-2."""

    GSM = "gsm-03.38"
    UCS2 = "ucs-2"


_WHOLE = {Encoding.GSM: 160, Encoding.UCS2: 70}
_PART = {Encoding.GSM: 153, Encoding.UCS2: 67}
"""Units in each part of a text of several: seven septets or three code units go to its header (TS 23.040 §9.2.3.24)."""


@dataclass(frozen=True, slots=True)
class Sms:
    """One message to one telephone."""

    to: str
    """E.164."""
    sender: str
    """What the telephone shows: a name of up to 11 letters and digits, or a number in E.164."""
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs: providers charge for each segment."""

    encoding: Encoding
    units: int
    """Septets in GSM 03.38, UTF-16 code units in UCS-2."""
    count: int
    left_in_last: int
    """Units that fit into the last segment without making one more."""


def encoding_of(text: str) -> Encoding:
    """GSM 03.38 where every sign is in its alphabet (å, ä, ö and é are), else UCS-2."""
    return Encoding.GSM if _GSM.issuperset(text) else Encoding.UCS2


def segments(text: str) -> Segments:
    """How many SMS a text takes. What needs two units is never divided between two segments."""
    encoding = encoding_of(text)
    sizes = [_size(sign, encoding) for sign in text]
    units = sum(sizes)
    if units <= _WHOLE[encoding]:
        return Segments(encoding, units, 1, _WHOLE[encoding] - units)
    room, count, used = _PART[encoding], 1, 0
    for size in sizes:
        if used + size > room:
            count, used = count + 1, 0
        used += size
    return Segments(encoding, units, count, room - used)


def _size(sign: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM:
        return 2 if sign in _EXTENSION else 1
    return 2 if ord(sign) > 0xFFFF else 1


def tidy(text: str) -> str:
    """``text`` cleaned, with quotes, dashes, dots and blanks of the printer's as those of the GSM alphabet.

    Only where that makes the whole text GSM, and no longer; else it stays as it was written. Letters are
    never changed: a name is spelt as it is spelt.
    """
    whole = _trimmed(unicodedata.normalize("NFC", cleaned(text)))
    plain = _trimmed(whole.translate(_PLAIN))
    costs_less = encoding_of(plain) is Encoding.GSM and segments(plain).count <= segments(whole).count
    return plain if costs_less else whole


def _trimmed(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", _BLANK_ENDS.sub("", text)).strip()


def fitted(text: str, ending: str, most: int) -> str:
    """``text`` and ``ending`` in at most ``most`` segments, where the ending alone fits into so many.

    Where both are too long, the text is cut at a word, with three dots; the ending, which holds the link to the
    whole, stays.
    """
    if segments(text + ending).count <= most:
        return text + ending
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if segments(_cut(text, middle) + ending).count <= most:
            fits = middle
        else:
            too_long = middle
    at_word = max(text.rfind(blank, 0, fits + 1) for blank in " \n")
    return _cut(text, at_word if at_word > fits // 2 else fits) + ending


def _cut(text: str, length: int) -> str:
    return text[:length].rstrip() + ELLIPSIS
