"""The text of an RTF document, and RTF as winmail.dat compresses it ([MS-OXRTFCP], [MS-OXRTFEX]).

Text only: no font, picture, object or field of it is looked at. One pass, output bounded.
"""

from __future__ import annotations

import re

from services.intake.mail.parts import charsets

MAX_BYTES = 2 * 1024 * 1024
"""Of decompressed RTF. A letter is a few kilobytes."""
# What every compressed document may refer back to ([MS-OXRTFCP] §2.1.2.1).
_DICTIONARY = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_TOKEN = re.compile(
    rb"\\([a-z]{1,32})(-?[0-9]{1,10})? ?|\\'([0-9A-Fa-f]{2})|\\([^a-z'])|([{}])|([^\\{}\r\n]+)", re.DOTALL
)
_SIGNS = {
    b"par": "\n",
    b"line": "\n",
    b"row": "\n",
    b"sect": "\n",
    b"page": "\n",
    b"tab": "\t",
    b"cell": "\t",
    b"emdash": "—",
    b"endash": "–",
    b"bullet": "•",
    b"lquote": "‘",
    b"rquote": "’",
    b"ldblquote": "“",
    b"rdblquote": "”",
}
# Groups that hold no words of the document.
_SKIPPED = frozenset(
    (
        b"fonttbl",
        b"colortbl",
        b"stylesheet",
        b"info",
        b"pict",
        b"object",
        b"fldinst",
        b"header",
        b"footer",
        b"themedata",
        b"filetbl",
        b"generator",
    )
)


def decompress(data: bytes) -> bytes | None:
    """Undo LZFu, or take off the header of an uncompressed document; None where it is neither."""
    if len(data) < 16:
        return None
    kind = data[8:12]
    raw_size = min(int.from_bytes(data[4:8], "little"), MAX_BYTES)
    if kind == b"MELA":
        return data[16 : 16 + raw_size]
    if kind != b"LZFu":
        return None
    out = bytearray(_DICTIONARY)
    end = len(_DICTIONARY) + raw_size
    position = 16
    while position < len(data) and len(out) < end:
        control = data[position]
        position += 1
        for bit in range(8):
            if position >= len(data) or len(out) >= end:
                break
            if not control >> bit & 1:
                out.append(data[position])
                position += 1
                continue
            reference = int.from_bytes(data[position : position + 2], "big")
            position += 2
            # Places are counted in a ring of 4,096 bytes; one that names the writing place ends the text.
            back = (len(out) - (reference >> 4)) % 4096
            if back == 0 or back > len(out):
                return bytes(out[len(_DICTIONARY) :])
            for _ in range((reference & 15) + 2):
                out.append(out[-back])
    return bytes(out[len(_DICTIONARY) : end])


def to_text(data: bytes) -> str:
    """The words of an RTF document, HTML inside it taken off as well ([MS-OXRTFEX] §2.1.3)."""
    out: list[str] = []
    pending = bytearray()  # bytes in the document's code page, decoded together
    code_page = "cp1252"
    skip_depth = 0  # of the group being skipped, counted from 1; 0 outside any
    depth = 0
    is_markup = False
    skip_next = 0  # fallback signs after \u
    after_star = False
    for token in _TOKEN.finditer(data[:MAX_BYTES]):
        word, number, hexadecimal, symbol, brace, plain = token.groups()
        if brace == b"{":
            depth += 1
            skip_next = 0
            continue
        if brace == b"}":
            if skip_depth == depth:
                skip_depth = 0
            depth -= 1
            continue
        if symbol == b"*":
            after_star = True
            continue
        if word is not None and (after_star or word in _SKIPPED) and not skip_depth and depth > 1:
            skip_depth = depth
        after_star = False
        if word == b"htmlrtf":
            is_markup = number != b"0"
        if skip_depth or is_markup:
            continue
        if word == b"ansicpg" and number:
            code_page = f"cp{number.decode('ascii')}"
        elif hexadecimal or plain:
            some = bytes([int(hexadecimal, 16)]) if hexadecimal else plain
            pending += some[skip_next:]
            skip_next = max(skip_next - len(some), 0)
        else:
            sign = _sign(word, number, symbol)
            if sign:
                out.append(charsets.decode(bytes(pending), code_page))
                pending.clear()
                out.append(sign)
                skip_next = 1 if word == b"u" else 0
    out.append(charsets.decode(bytes(pending), code_page))
    text = "".join(out).encode("utf_16", "surrogatepass").decode("utf_16", "replace")
    return text.replace("\x00", "").strip()


def _sign(word: bytes | None, number: bytes | None, symbol: bytes | None) -> str:
    """The sign a control word or symbol stands for, or nothing."""
    if word == b"u" and number:
        return chr(int(number) % 65536)
    if word is not None:
        return _SIGNS.get(word, "")
    return {b"~": "\u00a0", b"_": "-", b"\n": "\n", b"\r": "\n"}.get(symbol or b"", (symbol or b"").decode("latin_1"))
