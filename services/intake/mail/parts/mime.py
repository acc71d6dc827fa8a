"""Raw mail → tree of parts (RFC 5322, 2045, 2046). One pass over the bytes, no recursion, never raises.

The standard library's ``email`` was measured and left: its structured fields take quadratic time, depth is
recursion, and 53 of 1,407 real mails make it raise. What this splitter must know fits one page, and its
bounds limit the reading only: what lies beyond them is kept in one raw part, and said in the reasons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from services.intake.mail.model import Headers, Part
from services.intake.mail.parts import headers as fields
from services.intake.mail.parts import transfer


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the reading. Postfix's are 100 for depth and 102,400 octets for the header."""

    depth: int = 100
    parts: int = 1000
    header_bytes: int = 256 * 1024
    """Of one entity's header section; the rest of it is skipped."""
    header_fields: int = 2000
    encoded_messages: int = 5
    """How many times a message may be base64-encoded inside a message (RFC 2046 §5.2.1 forbids it)."""


DEFAULT_LIMITS = Limits()

_LINE = re.compile(rb"([^\r\n]*)(\r*\n|\r|\Z)")
_LINE_BREAKS = re.compile(rb"[\r\n]+")
# A line of two hyphens and more, with the line break before it, which belongs to the delimiter; the one after
# it is only looked at, as it may be the one before the next.
_DELIMITER = {
    has_bare_cr: re.compile(rb"%s--([^\r\n]*)(?=\r*\n|\r|\Z)" % (rb"[\r\n]" if has_bare_cr else rb"\n"))
    for has_bare_cr in (False, True)
}
_LINE_BREAK = re.compile(rb"\r*\n|\r|\Z")
_LONG_HEADER = "the header section is too long: the rest of it was left unread"
_MESSAGE_TYPES = frozenset(("message/rfc822", "message/global", "message/news"))
_TYPE = re.compile(r"[a-z0-9!#$&^_.+{}'*%`|~-]{1,127}/[a-z0-9!#$&^_.+{}'*%`|~-]{1,127}", re.ASCII)
# A line without a colon between two fields is a continuation that lost its blank, if one of these follows.
_USUAL_FIELDS = """
arc-authentication-results arc-message-signature arc-seal authentication-results auto-submitted bcc cc
content-disposition content-id content-language content-transfer-encoding content-type date delivered-to
dkim-signature errors-to from importance in-reply-to list-id list-unsubscribe message-id mime-version
precedence priority received received-spf references reply-to return-path sender subject thread-index
thread-topic to user-agent
""".split()  # noqa: SIM905 (a word list reads better as words)


@dataclass(slots=True)
class _Entity:
    """A part while it is being read."""

    headers: Headers
    type: str
    params: dict[str, str]
    start: int
    """Where its body begins."""
    is_container: bool = False
    boundary: bytes | None = None
    shadowed: int | None = None
    """Where the same boundary stood on the stack before."""
    seen_delimiter: bool = False
    children: list[Part] = field(default_factory=list)


def parse(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[Part, tuple[str, ...]]:
    """Read a mail. Gives its tree, and in words what could not be read as it stands.

    ``message/rfc822`` has its message as only child, and its own bytes as ``content`` unless it stands
    inside another one (so that memory stays within twice the mail). Every other ``message/*`` is a leaf.
    """
    reasons: dict[str, None] = {}
    part = _Reader(raw, limits, reasons, encoded=0, depth=0, parts=[0]).read()
    return part, tuple(reasons)


def header_of(raw: bytes, limits: Limits = DEFAULT_LIMITS) -> Headers:
    """The mail's own header fields alone: what can be said of a mail whose body must not be touched."""
    return _Reader(raw[: limits.header_bytes], limits, {}, encoded=0, depth=0, parts=[0]).header()


class _Reader:
    """One buffer being read. A message found encoded inside it is read by a reader of its own."""

    def __init__(
        self,
        raw: bytes,
        limits: Limits,
        reasons: dict[str, None],
        *,
        encoded: int,
        depth: int,
        parts: list[int],
    ) -> None:
        if b"\n" not in raw:
            raw = raw.replace(b"\r", b"\n")
        self._raw = raw
        self._limits = limits
        self._reasons = reasons
        self._encoded = encoded
        self._base_depth = depth
        self._parts = parts  # a count shared with the readers inside
        self._stack: list[_Entity] = []
        self._open: dict[bytes, int] = {}  # boundary → its innermost place on the stack
        self._messages = encoded
        self._multiparts = 0
        self._delimiter = _DELIMITER[b"\r--" in raw]

    def read(self) -> Part:
        """The whole buffer as one entity."""
        root = self._enter(self._top_of_message(0), default="text/plain")
        position = root.start
        while self._open:
            found = self._next_delimiter(position)
            if found is None:
                break
            before, after, level, closes = found
            while len(self._stack) > level + 1:
                self._leave(before)
            multipart = self._stack[level]
            if not closes and self._parts[0] >= self._limits.parts:
                self._keep_rest_raw(after)
                break
            multipart.seen_delimiter = True
            if closes:
                # What follows is an epilogue, until an outer boundary: this one opens nothing any more.
                self._forget_boundary(multipart)
                position = after
                continue
            default = "message/rfc822" if multipart.type == "multipart/digest" else "text/plain"
            position = self._enter(after, default=default).start
        if self._open and not self._parts[0] >= self._limits.parts:
            self._reasons["a multipart is not closed: the mail may be cut off"] = None
        while len(self._stack) > 1:
            self._leave(len(self._raw))
        return self._finish(self._stack[0], len(self._raw))

    def header(self) -> Headers:
        """The first header section of the buffer."""
        return self._header_section(self._top_of_message(0))[0]

    # --- finding delimiters

    def _next_delimiter(self, position: int) -> tuple[int, int, int, bool] | None:
        """Where the body before ends, where the next part begins, the boundary's level, and if it closes."""
        raw = self._raw
        if raw.startswith(b"--", position):
            line = _LINE.match(raw, position)
            assert line is not None
            if (match := self._match_boundary(line[1][2:])) is not None:
                return position, line.end(), *match
        for line in self._delimiter.finditer(raw, max(position - 1, 0)):
            if (match := self._match_boundary(line[1])) is not None:
                before = line.start()
                if raw[before : before + 1] == b"\n" and raw[before - 1 : before] == b"\r":
                    before -= 1
                after = _LINE_BREAK.match(raw, line.end())
                assert after is not None
                return max(before, position), after.end(), *match
        return None

    def _match_boundary(self, text: bytes) -> tuple[int, bool] | None:
        """The level of the boundary after a line's two hyphens, and whether it closes (RFC 2046 §5.1.1)."""
        text = text.rstrip(b" \t\r")
        if (level := self._open.get(text)) is not None:
            return level, False
        if text.endswith(b"--") and (level := self._open.get(text[:-2].rstrip(b" \t"))) is not None:
            return level, True
        return None

    # --- the stack

    def _enter(self, position: int, default: str) -> _Entity:
        """Read a header section and put its entity on the stack; for a message, the one inside as well."""
        while True:
            self._parts[0] += 1
            headers, start = self._header_section(position)
            entity = self._entity(headers, start, default)
            self._stack.append(entity)
            if not self._may_hold_more(entity):
                return entity
            if entity.type.startswith("multipart/"):
                boundary = self._boundary(entity)
                if boundary is not None:
                    entity.is_container = True
                    entity.boundary = boundary
                    entity.shadowed = self._open.get(boundary)
                    self._open[boundary] = len(self._stack) - 1
                return entity
            entity.is_container = True
            self._messages += 1
            position = self._top_of_message(start)
            default = "text/plain"

    def _may_hold_more(self, entity: _Entity) -> bool:
        """Whether to look for parts inside: a multipart, or a message that is not encoded, within limits."""
        is_message = entity.type in _MESSAGE_TYPES
        if not is_message and not entity.type.startswith("multipart/"):
            return False
        if self._base_depth + len(self._stack) > self._limits.depth:
            self._reasons[f"nested deeper than {self._limits.depth}: what lies deeper was left unread"] = None
            return False
        if is_message and self._parts[0] >= self._limits.parts:
            self._reasons[f"more than {self._limits.parts} parts: the rest was left unread"] = None
            return False
        encoding = (entity.headers.get("Content-Transfer-Encoding") or "").strip().lower()
        return not (is_message and encoding in ("base64", "quoted-printable"))

    def _leave(self, end: int) -> None:
        """Take the innermost entity off the stack and give it to the one that holds it."""
        entity = self._stack.pop()
        self._forget_boundary(entity)
        part = self._finish(entity, end)
        self._stack[-1].children.append(part)

    def _forget_boundary(self, entity: _Entity) -> None:
        if entity.boundary is None:
            return
        if entity.shadowed is None:
            self._open.pop(entity.boundary, None)
        else:
            self._open[entity.boundary] = entity.shadowed
        entity.boundary = None

    def _finish(self, entity: _Entity, end: int) -> Part:
        """The entity as a part, its body ending at ``end``."""
        disposition, filename = self._disposition(entity)
        content = b""
        if entity.type in _MESSAGE_TYPES and entity.is_container:
            self._messages -= 1
            content = self._raw[entity.start : end] if self._messages == 0 else b""
        elif not entity.children:
            if entity.is_container or entity.type.startswith("multipart/"):
                self._reasons[f"{entity.type} with no part in it: read as text"] = None
                entity.type = "text/plain"
            content = self._leaf_content(entity, end)
        return Part(
            headers=entity.headers,
            type=entity.type,
            params=entity.params,
            disposition=disposition,
            filename=filename,
            content=content,
            children=tuple(entity.children),
        )

    def _leaf_content(self, entity: _Entity, end: int) -> bytes:
        """The body with its transfer encoding undone; a message found inside an encoding is read as well."""
        encoding = entity.headers.get("Content-Transfer-Encoding") or ""
        content, reason = transfer.undo(self._raw[entity.start : end], encoding)
        if reason:
            self._reasons[reason] = None
        if (
            entity.type in _MESSAGE_TYPES
            and self._encoded < self._limits.encoded_messages
            and self._base_depth + len(self._stack) < self._limits.depth
            and self._parts[0] < self._limits.parts
        ):
            inner = _Reader(
                content,
                self._limits,
                self._reasons,
                encoded=self._encoded + 1,
                depth=self._base_depth + len(self._stack) + 1,
                parts=self._parts,
            )
            entity.children.append(inner.read())
            return content if self._messages == 0 else b""
        return content

    def _keep_rest_raw(self, position: int) -> None:
        """Too many parts: everything from here on becomes one part, as it came."""
        self._reasons[f"more than {self._limits.parts} parts: the rest was left unread"] = None
        self._stack[-1].children.append(
            Part(Headers(), "application/octet-stream", disposition="attachment", content=self._raw[position:])
        )

    # --- reading one header section

    def _top_of_message(self, position: int) -> int:
        """Past blank lines and an mbox "From " line that come before a message's header."""
        raw = self._raw
        if blank := _LINE_BREAKS.match(raw, position):
            line = _LINE.match(raw, blank.end())
            assert line is not None
            if fields.field_of(line[1]) is not None or line[1].startswith(b"From "):
                position = blank.end()
        if raw.startswith((b"From ", b">From "), position):
            line = _LINE.match(raw, position)
            assert line is not None
            position = line.end()
        return position

    def _header_section(self, position: int) -> tuple[Headers, int]:
        """The fields from here on, and where the body begins."""
        raw = self._raw
        limit = position + self._limits.header_bytes
        found: list[tuple[str, list[bytes]]] = []
        while position < len(raw):
            line = _LINE.match(raw, position)
            assert line is not None
            text = line[1]
            if not text:
                return self._headers(found), line.end()
            if position + len(text) > limit >= position:
                self._reasons[_LONG_HEADER] = None
                text = text[: limit - position]
            if position > limit or len(found) > self._limits.header_fields:
                self._reasons[_LONG_HEADER] = None
                return self._headers(found), self._end_of_header(position)
            if text.startswith(b"--") and self._open and self._match_boundary(text[2:]) is not None:
                return self._headers(found), position
            if text[:1] in (b" ", b"\t") and found:
                if not text.strip() and not self._continues_header(line.end()):
                    return self._headers(found), line.end()
                found[-1][1].append(text)
            elif (named := fields.field_of(text)) is not None:
                found.append((named[0], [named[1]]))
            elif found and self._is_usual_field(line.end()):
                found[-1][1].append(b" " + text)
            elif not self._is_usual_field(line.end()):
                if found or text.strip():
                    self._reasons["no blank line between header and text"] = None
                return self._headers(found), position
            position = line.end()
        return self._headers(found), len(raw)

    def _headers(self, found: list[tuple[str, list[bytes]]]) -> Headers:
        return Headers(tuple((name, fields.value_of(b"".join(lines))) for name, lines in found))

    def _continues_header(self, position: int) -> bool:
        """Whether a field or a folded line stands here."""
        line = _LINE.match(self._raw, position)
        if line is None or not line[1].strip():
            return False
        return line[1][:1] in (b" ", b"\t") or fields.field_of(line[1]) is not None

    def _is_usual_field(self, position: int) -> bool:
        """Whether a field stands here that no sentence begins with."""
        line = _LINE.match(self._raw, position)
        named = fields.field_of(line[1]) if line is not None else None
        return named is not None and (named[0].lower() in _USUAL_FIELDS or named[0][:2] in ("X-", "x-"))

    def _end_of_header(self, position: int) -> int:
        """Past the next blank line, or the end."""
        ends = [
            at + len(blank) for blank in (b"\n\r\n", b"\n\n", b"\r\r") if (at := self._raw.find(blank, position)) >= 0
        ]
        return min(ends, default=len(self._raw))

    # --- reading the fields that describe a part

    def _entity(self, headers: Headers, start: int, default: str) -> _Entity:
        value = headers.get("Content-Type")
        if value is None:
            return _Entity(headers, default, {}, start)
        word, params = fields.parameters(value)
        word = word.strip(" \"'<>,")
        if not _TYPE.fullmatch(word):
            # RFC 2045 §5.2: what cannot be understood is plain text. A boundary still says multipart.
            word = "multipart/mixed" if params.get("boundary") and word.startswith("multipart") else "text/plain"
        return _Entity(headers, word, params, start)

    def _boundary(self, entity: _Entity) -> bytes | None:
        """The boundary as bytes; a line that looks like one where the field names none, or one never used."""
        named = entity.params.get("boundary", "").rstrip().encode("utf_8", "replace")
        self._multiparts += 1
        if named and (self._multiparts > 10 or self._raw.find(b"--" + named, entity.start) >= 0):
            return named
        position = entity.start
        for _ in range(20):
            line = _LINE.match(self._raw, position)
            assert line is not None
            guess = line[1][2:].rstrip()
            if line[1].startswith(b"--") and len(guess) > 4 and self._continues_header(line.end()):
                self._reasons[f"{entity.type} names no boundary that is used: one was guessed"] = None
                return guess
            position = line.end()
        return named or None

    def _disposition(self, entity: _Entity) -> tuple[str, str]:
        """``inline``, ``attachment`` or nothing, and the file's name (RFC 2183; the older name= as well)."""
        word, params = "", dict[str, str]()
        if (value := entity.headers.get("Content-Disposition")) is not None:
            word, params = fields.parameters(value)
            if word not in ("inline", "attachment"):
                word = "attachment" if word else ""  # RFC 2183 §2.8: an unknown one is an attachment
        name = params.get("filename") or params.get("name") or entity.params.get("name") or ""
        return word, name or entity.params.get("filename", "")
