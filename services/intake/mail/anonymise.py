"""A mail made anonymous, to be kept as a regression case: whom it is from and about is gone, how it is built stays.

What is between the parts (boundaries, line ends, encodings, faults) stays byte for byte, and what is replaced keeps its
form, so that the mail is read as the original is. The same address, name, host or identifier becomes the same
replacement everywhere in it. Nothing is random. What only a person can see in the words stays: read it before it is
handed on.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import Protocol

from services.intake.mail import stand_ins
from services.intake.mail.model import Headers, Part
from services.intake.mail.parts import charsets, mime, sniff, transfer

_SIGNATURES = frozenset(
    """dkim-signature domainkey-signature arc-seal arc-message-signature x-google-dkim-signature x-gm-message-state
    x-google-smtp-source thread-index x-eopattributedmessage x-ms-exchange-organization-network-message-id
    x-forefront-antispam-report x-microsoft-antispam x-microsoft-antispam-message-info face x-face autocrypt
    openpgp""".split()  # noqa: SIM905 (a word list reads better as words)
)
"""Fields that nothing is read from, and that hold signatures or sealed facts: taken out whole."""
_FIELD = re.compile(rb"[^\r\n]*(?:\r*\n|\r|\Z)(?:[ \t][^\r\n]*(?:\r*\n|\r|\Z))*")
_FIELD_NAME = re.compile(rb"[!-9;-~]{1,200}(?=[ \t]*:)")
_ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,2000})\?=")
_FILE_NAME = re.compile(
    r"""(?i)(?P<key>\b(?:file)?name(?:\*[0-9]{0,3}\*?)?[ \t]*=[ \t]*)(?P<value>"[^"]{0,2000}"|[^\s;"]{1,2000})"""
)
_TAG = re.compile(r"<[^<>]{0,5000}>")
_LINE_END = re.compile(rb"\r*\n|\r")
_TEXT = ("text/", "message/")
_MAX_TEXT = 2 * 1024 * 1024
"""A longer text part loses its words: nobody reads it as a case."""


class Found(Protocol):
    """A mark of the finder of personal data."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def kind(self) -> str: ...


Finder = Callable[[str], Sequence[Found]]


def anonymous(raw: bytes, find: Finder) -> bytes:
    """The mail without whom it is from and about.

    Args:
        raw: a mail as it was received; any bytes at all.
        find: finds personal data in a text (``domain.personal_data.find``).
    """
    names = stand_ins.StandIns(find)
    _Rewriter(raw, names, learning=True).written()
    return _Rewriter(raw, names, learning=False).written()


class _Map(mime._Reader):
    """The splitter that reading uses, noting where header sections and bodies lie."""

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw, mime.DEFAULT_LIMITS, {}, encoded=0, depth=0, parts=[0])
        self.headers: list[tuple[int, int]] = []
        self.bodies: list[tuple[int, int, Headers, str, str]] = []

    def _header_section(self, position: int) -> tuple[Headers, int]:
        headers, end = super()._header_section(position)
        self.headers.append((position, end))
        return headers, end

    def _leaf_content(self, entity: mime._Entity, end: int) -> bytes:
        part = Part(headers=entity.headers, type=entity.type, params=entity.params)
        disposition, _ = self._disposition(entity)
        self.bodies.append((entity.start, end, part.headers, _described(part), disposition))
        return b""


def _described(part: Part) -> str:
    return f"{part.type};{part.params.get('charset', '')}"


class _Rewriter:
    """One pass over a mail: the first learns who is in it, the second replaces them."""

    def __init__(self, raw: bytes, names: stand_ins.StandIns, *, learning: bool) -> None:
        self._raw = raw
        self._names = names
        self._learning = learning
        self._files = 0

    def written(self) -> bytes:
        """The mail anew."""
        places = _Map(self._raw)
        places.read()
        regions: list[tuple[int, int, Callable[[], bytes]]] = []
        for start, end in places.headers:
            regions.append((start, end, lambda start=start, end=end: self._header(self._raw[start:end])))  # type: ignore[misc] # mypy knows no lambda defaults
        for start, end, headers, described, disposition in places.bodies:
            regions.append(
                (
                    start,
                    end,
                    lambda s=start, e=end, h=headers, k=described, d=disposition: self._body(self._raw[s:e], h, k, d),  # type: ignore[misc]
                )
            )
        pieces: list[bytes] = []
        position = 0
        for start, end, write in sorted(regions, key=lambda region: region[:2]):
            if start < position or end < start:
                continue
            pieces += (self._between(self._raw[position:start]), write())
            position = end
        return b"".join((*pieces, self._between(self._raw[position:])))

    def _text(self, text: str) -> str:
        if self._learning:
            self._names.learn(text)
            return text
        return self._names.replaced(text)

    # --- header sections

    def _header(self, section: bytes) -> bytes:
        return b"".join(self._field(found.group()) for found in _FIELD.finditer(section))

    def _field(self, field: bytes) -> bytes:
        named = _FIELD_NAME.match(field)
        name = named.group().decode("ascii").lower() if named else ""
        if name in _SIGNATURES:
            return b""
        codec = "utf-8" if _is_in(field, "utf-8") else "latin-1"
        head, colon, value = field.decode(codec).partition(":")
        if not named or not colon:
            return self._text(field.decode(codec)).encode(codec, "replace")
        if self._learning:
            self._names.learn_field(name, value)
            self._encoded_words(value)
            self._text(value)
            return field
        if name.startswith("content-") and name != "content-id":
            value = _FILE_NAME.sub(self._file_name, value)
        value = self._names.replaced_field(name, self._encoded_words(value))
        return f"{head}:{value}".encode(codec, "replace")

    def _encoded_words(self, value: str) -> str:
        """Each encoded word's text replaced, and encoded again as it was."""

        def again(found: re.Match[str]) -> str:
            charset, encoding, text = found.groups()
            data = _word_bytes(text, encoding)
            words = charsets.decode(data, charset)
            changed = self._text(words)
            if changed == words:
                return found.group()
            try:
                data = changed.encode(charset)
            except (LookupError, UnicodeError):
                data = changed.encode("ascii", "replace")
            return f"=?{charset}?{encoding}?{_word_text(data, encoding)}?="

        return _ENCODED_WORD.sub(again, value)

    def _file_name(self, found: re.Match[str]) -> str:
        """``fil1.pdf`` for any name, in the same notation; a name's further pieces (RFC 2231) become empty."""
        key, value = found["key"], found["value"]
        bare = value.strip('"')
        piece = re.search(r"\*([1-9][0-9]{0,2})\*?", key)
        if piece:
            return f'{key}""' if value.startswith('"') else f"{key}_"
        extension = re.search(r"\.([A-Za-z0-9]{1,8})(?:\?=)?\Z", bare)
        self._files += 1
        name = f"fil{self._files}{'.' + extension[1] if extension else ''}"
        if key.rstrip(" \t=").endswith("*"):
            name = f"utf-8''{name}"
        elif word := _ENCODED_WORD.match(bare):
            name = f"=?{word[1]}?{word[2]}?{_word_text(name.encode(), word[2])}?="
        return f'{key}"{name}"' if value.startswith('"') else f"{key}{name}"

    # --- bodies

    def _body(self, body: bytes, headers: Headers, described: str, disposition: str) -> bytes:
        kind, _, charset = described.partition(";")
        encoding = (headers.get("Content-Transfer-Encoding") or "").strip().lower()
        content, _ = transfer.undo(body, encoding)
        if content == body and encoding in ("base64", "quoted-printable"):
            encoding = ""  # it is not what it says, and is read as it stands
        if kind in ("message/rfc822", "message/global") and content.strip():
            changed = _Rewriter(content, self._names, learning=self._learning).written()
        elif _is_file(content, kind):
            changed = content if self._learning else stand_ins.dummy(content, kind)
        elif disposition == "attachment" and kind not in ("text/calendar", "message/delivery-status"):
            changed = content if self._learning else stand_ins.shape(content)
        elif len(content) > _MAX_TEXT:
            changed = stand_ins.shape(content)
        else:
            changed = self._words(content, charset, is_html=kind == "text/html")
        return body if changed == content else _encoded_again(body, content, changed, encoding)

    def _words(self, content: bytes, charset: str, *, is_html: bool) -> bytes:
        """A text's bytes with the words in them replaced; a text of no known charset is taken byte for byte."""
        codec = next((each for each in (charset, "utf-8") if each and _is_in(content, each)), "latin-1")
        text = content.decode(codec)
        changed = self._html(text) if is_html else self._text(text)
        return content if changed == text else changed.encode(codec, "replace")

    def _html(self, source: str) -> str:
        """Text and tags each for themselves; what is written with entities is read without them."""
        pieces: list[str] = []
        position = 0
        for tag in _TAG.finditer(source):
            pieces += (self._between_tags(source[position : tag.start()]), self._text(tag.group()))
            position = tag.end()
        return "".join((*pieces, self._between_tags(source[position:])))

    def _between_tags(self, text: str) -> str:
        if "&" not in text:
            return self._text(text)
        plain = stand_ins.without_entities(text)
        changed = self._text(plain)
        return text if changed == plain else stand_ins.with_entities(changed)

    def _between(self, data: bytes) -> bytes:
        """What lies between the parts: delimiters as they are, words before and after them replaced."""
        if not data.strip(b"\r\n -"):
            return data
        codec = "utf-8" if _is_in(data, "utf-8") else "latin-1"
        lines = data.decode(codec).splitlines(keepends=True)
        return "".join(line if line.startswith("--") else self._text(line) for line in lines).encode(codec, "replace")


def _is_file(content: bytes, kind: str) -> bool:
    """True for bytes that are no text, whatever they are called."""
    found = sniff.media_type(content, declared=kind)
    if kind.startswith(_TEXT):
        return found.startswith(("image/", "audio/", "video/")) or found in ("application/pdf", "application/zip")
    return found not in ("text/plain", "text/html")


def _is_in(data: bytes, codec: str) -> bool:
    """True where the bytes are text in that charset, and come out of it as they went in."""
    try:
        return data.decode(codec).encode(codec) == data
    except (LookupError, UnicodeError, ValueError):
        return False


def _word_bytes(text: str, encoding: str) -> bytes:
    if encoding in "bB":
        try:
            return binascii.a2b_base64(text.encode("ascii", "ignore") + b"==")
        except binascii.Error:
            return b""
    return binascii.a2b_qp(text.encode("utf-8", "replace"), header=True)


def _word_text(data: bytes, encoding: str) -> str:
    if encoding in "bB":
        return base64.b64encode(data).decode()
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else "_" if byte == 32 else f"={byte:02X}" for byte in data
    )


def _encoded_again(body: bytes, content: bytes, changed: bytes, encoding: str) -> bytes:
    """The changed content in the body's own transfer encoding, with its line ends and, in base64, its line length."""
    end = (_LINE_END.search(body) or [b"\r\n"])[0]
    if encoding.startswith("base64"):
        lines = body.strip().split(end)
        width = max(4, len(lines[0].strip()) // 4 * 4)
        text = base64.b64encode(changed)
        after = body[len(body.rstrip()) :]
        return end.join(text[at : at + width] for at in range(0, len(text), width)) + after
    if encoding.startswith("quoted-printable"):
        return _quoted_printable(body, content, changed, end)
    return changed


def _quoted_printable(body: bytes, content: bytes, changed: bytes, end: bytes) -> bytes:
    """Line by line, so that a line without a change stays as it was written, soft breaks and all."""
    written: list[bytes] = []
    for line in body.split(b"\n"):
        if written and written[-1].rstrip(b"\r \t").endswith(b"="):
            written[-1] += b"\n" + line
        else:
            written.append(line)
    before, after = content.split(b"\n"), changed.split(b"\n")
    if not len(written) == len(before) == len(after):
        return _soft(binascii.b2a_qp(changed, istext=True), end)
    return b"\n".join(
        old
        if was == new
        else _soft(binascii.b2a_qp(new.rstrip(b"\r"), istext=True), end) + new[len(new.rstrip(b"\r")) :]
        for old, was, new in zip(written, before, after, strict=True)
    )


def _soft(encoded: bytes, end: bytes) -> bytes:
    """Soft line breaks with the mail's own line end."""
    return encoded.replace(b"=\n", b"=" + end)
