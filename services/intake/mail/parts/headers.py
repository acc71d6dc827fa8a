"""Header fields and what stands in them: RFC 5322, 2047, 2231, 6532, and how real mail breaks them.

Every function is one pass over its input: the standard library's structured header parser needs 40 s for
a hostile field of 40 KB (THREATS.md), so nothing here backtracks or recurses.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from services.intake.mail.model import Address
from services.intake.mail.parts import charsets

MAX_ADDRESSES = 1000
MAX_MESSAGE_IDS = 200
_CONTROLS = dict.fromkeys((*range(0x20), 0x7F, *range(0x80, 0xA0), 0x2028, 0x2029), " ")
_UNPRINTABLE_IN_NAME = bytes(code for code in range(256) if not 0x21 <= code <= 0x7E or code == 0x3A)
_HEX = frozenset("0123456789abcdefABCDEF")
# An encoded word in one piece inside an address list, so that a comma in it separates nothing.
_WHOLE_WORD = re.compile(r"=\?[^?\s]{1,60}\?[bBqQ]\?[^?\s]{0,500}\?=")
_TEXT_UNTIL_SPECIAL = re.compile(r"[^\"(<,;:\[=\\]+")
_TOKEN_TYPE = re.compile(r"[!#$%&'*+.^_`{|}~0-9A-Za-z-]{1,127}/[!#$%&'*+.^_`{|}~0-9A-Za-z-]{1,127}", re.ASCII)


def field_of(line: bytes) -> tuple[str, bytes] | None:
    """Name and rest of a line that begins a header field (RFC 5322 §2.2), or None where it is none.

    Blanks before the colon are accepted (obsolete syntax, §4.5).
    """
    name, colon, rest = line.partition(b":")
    name = name.rstrip(b" \t")
    if not colon or not name or len(name) > 200 or name.translate(None, _UNPRINTABLE_IN_NAME) != name:
        return None
    return name.decode("ascii"), rest


def value_of(data: bytes) -> str:
    """An unfolded value as text, without NUL, line breaks and other controls (they become blanks)."""
    return charsets.decode(data.replace(b"\0", b" ")).translate(_CONTROLS).strip()


def decode_words(value: str) -> str:
    """Undo RFC 2047's encoded words wherever they stand; what is broken beyond reading stays as it is.

    Blanks between adjacent words vanish (§6.2), and neighbours in one charset are joined as bytes first, as
    many mailers split a sign's bytes over two words. Blanks and question marks inside a word are accepted.
    """
    if "=?" not in value:
        return value
    out: list[str] = []
    pending = b""
    pending_charset = ""
    position = 0
    for start, end, charset, data in _encoded_words(value):
        between = value[position:start]
        if pending and between.strip():
            out.append(charsets.decode(pending, pending_charset))
            pending = b""
        if pending and charset != pending_charset:
            out.append(charsets.decode(pending, pending_charset))
            pending = b""
        if between.strip() or position == 0:
            out.append(between)
        pending, pending_charset, position = pending + data, charset, end
    if pending:
        out.append(charsets.decode(pending, pending_charset))
    out.append(value[position:])
    return "".join(out).translate(_CONTROLS)


def _encoded_words(value: str) -> Iterator[tuple[int, int, str, bytes]]:
    """Each encoded word: where it starts and ends, its charset in lower case, its bytes."""
    position = 0
    look_further = True
    while (start := value.find("=?", position)) >= 0:
        charset_end = value.find("?", start + 2, start + 80)
        encoding = value[charset_end + 1 : charset_end + 3].lower() if charset_end > 0 else ""
        if encoding not in ("b?", "q?"):
            position = start + 2
            continue
        begin = charset_end + 3
        end = value.find("?=", begin)
        if end >= 0 and encoding == "q?" and look_further and _is_hex_pair(value, end + 2):
            # "?" and then "=20" inside the word: its end is further on, if there is one.
            further = end
            while further >= 0 and _is_hex_pair(value, further + 2):
                further = value.find("?=", further + 2)
            look_further = further >= 0
            end = further if further >= 0 else end
        if end < 0:
            if " " in value[begin:] or "=?" in value[begin:]:
                return
            end = len(value.rstrip("?"))  # cut off in the middle: read what is there
        text = value[begin:end]
        data = _undo_q(text) if encoding == "q?" else undo_base64(text.encode("ascii", "ignore"))
        yield start, min(end + 2, len(value)), value[start + 2 : charset_end].lower(), data
        position = end + 2


def _is_hex_pair(value: str, at: int) -> bool:
    pair = value[at : at + 2]
    return len(pair) == 2 and _HEX.issuperset(pair)


def _undo_q(text: str) -> bytes:
    """RFC 2047 §4.2: underscore is a blank, =XX a byte; anything else stands for itself."""
    return binascii.a2b_qp(text.replace(" ", "_").encode("utf_8", "replace"), header=True)


def undo_base64(data: bytes) -> bytes:
    """As many whole bytes as are there; signs outside the alphabet are skipped, padding is mended."""
    letters = data.translate(None, _NOT_BASE64).replace(b"-", b"+").replace(b"_", b"/")
    if len(letters) % 4 == 1:
        letters = letters[:-1]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_NOT_BASE64 = bytes(code for code in range(256) if code not in _BASE64)


def unstructured(value: str | None) -> str | None:
    """A field for people to read, such as Subject: words decoded, blanks collapsed; None where empty."""
    return " ".join(decode_words(value).split()) or None if value else None


# --- addresses -------------------------------------------------------------------------------------------


def addresses(value: str) -> list[Address]:
    """Every mailbox of an address list (RFC 5322 §3.4), at most ``MAX_ADDRESSES``; those without @ are left out.

    The angle brackets decide: ``alice@example.org <bob@evil.com>`` is bob (CVE-2023-27043). Groups give
    their members, routes and ``mailto:`` are dropped, a comma in an unquoted name splits nothing.
    """
    if "&lt;" in value:  # escaped by a web mailer for its own page
        value = value.replace("&lt;", "<").replace("&gt;", ">")
    found = _mailboxes(value)
    if not found and "=?" in value and "@" in (decoded := decode_words(value)):
        found = _mailboxes(decoded)  # the whole list inside encoded words: forbidden, and sent all the same
    return found


def _mailboxes(value: str) -> list[Address]:
    found: list[Address] = []
    name: list[str] = []  # pieces of text since the last mailbox
    comment = ""
    angle: str | None = None

    def close(*, keep_name: bool = False) -> None:
        nonlocal name, comment, angle
        text = " ".join("".join(name).split())
        if angle is not None:
            if address := _address(angle):
                found.append(Address(_phrase(text.strip(" ,")) or _phrase(comment), address))
        elif "@" in text:
            text = _joined(text)
            word = text if text.startswith('"') else next(word for word in text.split() if "@" in word)
            bare = word.removeprefix("[").removesuffix("]") if word.startswith("[") else word
            if not word.startswith("=?") and (address := _address(bare)):
                rest = text.replace(word, "", 1).strip()
                found.append(Address(_phrase(rest) or _phrase(comment), address))
        elif keep_name and text.strip(" ,") and len(name) < 8:
            name.append(", ")  # "Svensson, Anna <anna@…>": the comma was not a separator
            return
        name, comment, angle = [], "", None

    for kind, text in _tokens(value):
        if len(found) >= MAX_ADDRESSES:
            return found
        if kind == "angle":
            if angle is not None:
                close()
            angle = text
        elif kind == "comment":
            comment = comment or text
        elif kind == "comma":
            close(keep_name=True)
        elif kind == "end":
            close()
        elif kind == "colon":
            if angle is None and "".join(name).strip().lower() != "mailto":
                close()
            name = []
        else:
            if angle is not None and text.strip():
                close()  # a comma is missing
            name.append(text)
    close()
    return found


def _tokens(value: str) -> Iterator[tuple[str, str]]:
    """An address list cut into angle, comment, comma, end (semicolon), colon and text.

    One pass: what is found to be unclosed is not looked for a second time.
    """
    position = 0
    length = len(value)
    last_bracket = value.rfind(">")
    comments = quotes = True
    while position < length:
        sign = value[position]
        end = position + 1
        if sign == '"' and quotes:
            end = _quoted_end(value, position)
            quotes = end > position + 1
            yield "text", value[position:end] if quotes else ""
        elif sign == "(" and comments:
            end = _comment_end(value, position)
            comments = end > position + 1
            if comments:
                yield "comment", value[position + 1 : end - 1]
            else:
                yield "text", sign
        elif sign == "<":
            end = _angle_end(value, position, last_bracket)
            yield "angle", value[position + 1 : end].rstrip(">")
        elif sign in _SEPARATORS:
            yield _SEPARATORS[sign], sign
        elif sign == "[" and (closing := value.find("]", position, position + 100)) > 0:
            end = closing + 1
            yield "text", value[position:end]
        elif sign == "=" and (word := _WHOLE_WORD.match(value, position)):
            end = word.end()
            yield "text", value[position:end]
        elif plain := _TEXT_UNTIL_SPECIAL.match(value, position):
            end = plain.end()
            yield "text", value[position:end]
        else:
            end = position + (2 if sign == "\\" else 1)
            yield "text", value[position:end]
        position = end


_SEPARATORS = {",": "comma", ";": "end", ":": "colon"}


def _quoted_end(value: str, start: int) -> int:
    """Just past a quoted string, or past its first quote where it is never closed."""
    position = start + 1
    while (quote := value.find('"', position)) >= 0:
        if not _is_escaped(value, quote, start + 1):
            return quote + 1
        position = quote + 1
    return start + 1


def _is_escaped(value: str, at: int, floor: int) -> bool:
    """Whether an odd number of backslashes stands directly before."""
    backslashes = 0
    while at - 1 - backslashes >= floor and value[at - 1 - backslashes] == "\\":
        backslashes += 1
    return backslashes % 2 == 1


def _comment_end(value: str, start: int) -> int:
    """Just past a comment and those nested in it, or past its first bracket where it is never closed."""
    depth = 0
    position = start
    while position < len(value):
        sign = value[position]
        if sign == "\\":
            position += 1
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    return start + 1


def _angle_end(value: str, start: int, last_bracket: int) -> int:
    """Just past the closing bracket; where it is missing, at the next comma or the end."""
    position = start + 1
    if value.startswith('"', position):
        position = _quoted_end(value, position)
    if position <= last_bracket:
        return value.find(">", position) + 1
    comma = value.find(",", position)
    return comma if comma >= 0 else len(value)


def _address(text: str) -> str | None:
    """The address in the brackets or in a bare word, domain in lower case; None where it is none."""
    text = " ".join(text.strip().strip("<>").split())
    text = text[7:] if text[:7].lower() == "mailto:" else text
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2]
    if " " in text and not text.startswith('"'):
        text = _joined(text)
        text = next((word for word in text.split() if "@" in word), "")
    if "=?" in text:
        text = decode_words(text)
    local, at, domain = text.strip("'").rpartition("@")
    domain = domain.strip().rstrip(".").lower()
    if not at or not local or not domain or any(sign <= " " for sign in domain):
        return None
    return f"{local}@{domain}"


def _joined(text: str) -> str:
    """Blanks around @ and dots taken out (obsolete syntax, RFC 5322 §4.4)."""
    return text.replace(" @", "@").replace("@ ", "@").replace(" .", ".").replace(". ", ".")


def _phrase(text: str) -> str:
    """A display name: quotes taken off, encoded words undone, blanks collapsed."""
    text = text.strip()
    if '"' in text:
        text = _unquote(text)
    return " ".join(decode_words(text).split()).strip("'").strip()


def _unquote(text: str) -> str:
    """Drop the quotes of quoted strings and their escapes."""
    out: list[str] = []
    escaped = False
    for sign in text:
        if escaped or sign not in '\\"':
            out.append(sign)
            escaped = False
        elif sign == "\\":
            escaped = True
    return "".join(out)


# --- message identifiers ---------------------------------------------------------------------------------


def message_ids(value: str | None) -> tuple[str, ...]:
    """Every identifier of Message-ID, In-Reply-To or References, with its brackets, each once, in order.

    Blanks inside the brackets are folding and dropped; ``<>`` is none; a value without brackets that is one
    word with @ is taken as one (RFC 5322 §3.6.4). At most the first and last hundred, as real threads grow
    without end and both ends carry meaning.
    """
    if not value:
        return ()
    found: dict[str, None] = {}
    position = 0
    while (start := value.find("<", position)) >= 0 and (end := value.find(">", start)) >= 0:
        inner = "".join(value[start + 1 : end].split()).lstrip("<")
        if inner and len(inner) <= 998:
            found[f"<{inner}>"] = None
        position = end + 1
    if not found and "<" not in value:
        found = {f"<{word}>": None for word in value.split() if "@" in word and len(word) <= 998}
    ids = tuple(found)
    half = MAX_MESSAGE_IDS // 2
    return ids if len(ids) <= MAX_MESSAGE_IDS else ids[:half] + ids[-half:]


# --- parameters ------------------------------------------------------------------------------------------


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """The leading word (in lower case) and the parameters of Content-Type or Content-Disposition.

    RFC 2231 pieces are joined as bytes and decoded, also where wrongly quoted; RFC 2047 words in a value are
    undone though the RFC forbids them; an unquoted value runs to the next semicolon, blanks included; of two
    parameters with one name the first counts.
    """
    pieces = _split_parameters(value)
    first, *rest = pieces or [""]
    word = " ".join(first.split()).lower()
    if "=" in word.partition(" ")[0]:
        word = ""  # "filename=x": the word is missing
        rest.insert(0, first)
    elif " " in word:
        word = word.partition(" ")[0]  # "text/plain charset=utf-8": a semicolon is missing
        rest.insert(0, first.strip().partition(" ")[2])
    plain: dict[str, str] = {}
    extended: dict[str, list[tuple[int, bool, str]]] = {}
    for piece in rest:
        name, equals, raw = piece.partition("=")
        name = name.strip().lower()
        if not equals or not name:
            continue
        text = _parameter_value(raw)
        base, star, tail = name.partition("*")
        if not star:
            plain.setdefault(name, " ".join(decode_words(text).split()) if "=?" in text else text)
            continue
        number = tail.removesuffix("*")
        if number and not (number.isascii() and number.isdigit() and len(number) <= 4):
            continue
        extended.setdefault(base, []).append((int(number or 0), name.endswith("*"), text))
    # RFC 2231 wins over the plain form (RFC 6266 §4.3 says the same for the web).
    return word, {**plain, **{name: decode_words(_join_extended(parts)) for name, parts in extended.items()}}


_UNTIL_QUOTE_OR_SEMICOLON = re.compile(r'[^;"]+')
# A quote closes a value where the parameter ends; others are part of a name that was quoted carelessly.
_CLOSING_QUOTE = re.compile(r'(?<!\\)"(?=\s*(?:;|\Z)|\s{1,9}[A-Za-z0-9*_-]{1,30}=)')


def _split_parameters(value: str) -> list[str]:
    """Cut at the semicolons that stand outside quoted values."""
    pieces: list[str] = []
    begin = position = 0
    after_equals = False
    closable = True
    while position < len(value):
        if run := _UNTIL_QUOTE_OR_SEMICOLON.match(value, position):
            position = run.end()
            after_equals = run[0].rstrip().endswith("=")
        elif value[position] == ";":
            pieces.append(value[begin:position])
            begin = position = position + 1
            after_equals = False
        else:
            closing = _CLOSING_QUOTE.search(value, position + 1) if after_equals and closable else None
            closable = closable and (closing is not None or not after_equals)
            position = closing.end() if closing else position + 1
            after_equals = False
    pieces.append(value[begin:])
    return [piece for piece in pieces if piece.strip()]


def _parameter_value(raw: str) -> str:
    """One value without its quotes; a backslash escapes only a quote or itself, as Windows paths hold many."""
    text = raw.strip()
    if not text.startswith('"'):
        return text.rstrip('"')
    closing = _CLOSING_QUOTE.search(text, 1)
    text = text[1 : closing.start()] if closing else text[1:].rstrip('"')
    return text.replace('\\"', '"').replace("\\\\", "\\")


def _join_extended(parts: list[tuple[int, bool, str]]) -> str:
    """RFC 2231 §3 and §4: pieces in the order of their numbers, the first may name a charset."""
    charset = ""
    data = b""
    for index, (_, is_encoded, text) in enumerate(sorted(parts, key=lambda part: part[0])):
        if not is_encoded:
            data += text.encode("utf_8", "replace")
            continue
        if index == 0 and text.count("'") >= 2:
            charset, _, text = text.split("'", 2)
        data += unquote_to_bytes(text)
    return charsets.decode(data, charset)
