"""Transfer encodings undone: base64, quoted-printable, uuencode (RFC 2045 §6), and what real mail makes of them.

Every function is one pass over its input and never raises; a fault is told in words, in the second value.
"""

from __future__ import annotations

import binascii
import re

from services.intake.mail.parts.headers import undo_base64

_BASE64_AND_BLANKS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/= \t\r\n"
# Padding at the end of a line; a text with "2 + 2 = 4" in it has none.
_BASE64_END = re.compile(rb"={1,2}(?=[ \t]?(?:[\r\n]|\Z))")
# Lines of base64 with something else below them: a list's footer below a body that needed no padding.
_BASE64_LINES = re.compile(
    rb"[\r\n]*(?:[A-Za-z0-9+/]{40,1000}\r?\n)*[A-Za-z0-9+/]{4,1000}\r?\n(?=\r?\n|[^A-Za-z0-9+/=])"
)
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?$", re.MULTILINE)


def undo(data: bytes, encoding: str) -> tuple[bytes, str | None]:
    """The bytes meant, and a reason where they could be had only by guessing.

    An unknown encoding is read as it stands, as 8bit (RFC 2045 §6.2 asks for application/octet-stream; a
    person's words would be lost by that).
    """
    encoding = encoding.strip(" \t\"';").lower()
    match encoding.partition(" ")[0].partition(";")[0]:
        case "base64" | "base-64":
            return undo_base64_body(data)
        case "quoted-printable" | "quoted_printable" | "quotedprintable":
            return undo_quoted_printable(data), None
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            files, _ = uuencoded_files(data)
            return (files[0][1], None) if files else (data, "a part said to be uuencoded was not")
        case "" | "7bit" | "8bit" | "binary" | "7-bit" | "8-bit" | "none" | "7bits" | "8bits":
            return data, None
        case _:
            return data, f"unknown transfer encoding {encoding[:40]!r}: read as it stands"


def undo_base64_body(data: bytes) -> tuple[bytes, str | None]:
    """Base64, also with faulty padding, in several padded pieces, or with a list's footer after its end."""
    padded = _BASE64_END.search(data)
    body, rest = (data[: padded.start()], data[padded.end() :].strip()) if padded else (data, b"")
    strange = len(body.translate(None, _BASE64_AND_BLANKS))
    if strange and not padded and (whole := _BASE64_LINES.match(data)) and _is_whole(whole.group()):
        return undo_base64(whole.group()), "text after the end of base64 was left out"
    if strange * 8 > len(body) or body.count(b" ") * 20 > len(body) > 40:
        return data, "a part said to be base64 was not: read as it stands"
    if not rest:
        return undo_base64(body), "base64 with signs outside its alphabet" if strange else None
    if len(rest.translate(None, _BASE64_AND_BLANKS)) or b" " in rest:
        return undo_base64(body), "text after the end of base64 was left out"
    pieces = [piece for piece in data.split(b"=") if piece.strip()]
    return b"".join(undo_base64(piece) for piece in pieces), None


def _is_whole(lines: bytes) -> bool:
    """True for at least 40 signs in groups of four: a text's first word is not taken for base64."""
    signs = len(lines.translate(None, b"\r\n"))
    return signs >= 40 and signs % 4 == 0


def undo_quoted_printable(data: bytes) -> bytes:
    """RFC 2045 §6.7; what is no escape stands for itself, blanks after a soft line break are dropped."""
    if b"= " in data or b"=\t" in data:
        lines = data.split(b"\n")
        for number, line in enumerate(lines):
            if line.endswith((b" ", b"\t", b" \r", b"\t\r")) and line.rstrip().endswith(b"="):
                lines[number] = line.rstrip()
        data = b"\n".join(lines)
    return binascii.a2b_qp(data)


def uuencoded_files(data: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The files between ``begin 644 name`` and ``end`` (name, bytes), and the text around them.

    A block counts only where it is closed and its lines are uuencoded: an idea may well hold the words
    "begin 100 …".
    """
    files: list[tuple[bytes, bytes]] = []
    around: list[bytes] = []
    position = 0
    refused = 0
    last_end = data.rfind(b"\nend")
    while refused < 3 and (begin := _UU_BEGIN.search(data, position)) and begin.end() <= last_end:
        end = data.find(b"\nend", begin.end())
        first_line = data[begin.end() + 1 : begin.end() + 80].partition(b"\n")[0]
        content = None
        if _undo_uu_lines([first_line]) is not None:
            content = _undo_uu_lines(data[begin.end() : end].split(b"\n")[1:])
        if content is None:
            around.append(data[position : begin.end()])
            position = begin.end()
            refused += 1
            continue
        files.append((begin[1].strip(), content))
        around.append(data[position : begin.start()])
        position = end + 4
    return (files, b"".join(around) + data[position:].lstrip(b"\r")) if files else ([], data)


def _undo_uu_lines(lines: list[bytes]) -> bytes | None:
    """The bytes of uuencoded lines, or None where a line is no such line."""
    out: list[bytes] = []
    for line in lines:
        line = line.rstrip(b"\r")
        if not line or line in (b"`", b" "):
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # Trailing blanks were lost, or a count says less than is there: take what the count names.
            count = (line[0] - 32) & 63
            wanted = (count + 2) // 3 * 4 + 1
            try:
                out.append(binascii.a2b_uu(line[:wanted].ljust(wanted, b" ")))
            except binascii.Error:
                return None
    return b"".join(out)
