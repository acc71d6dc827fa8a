"""winmail.dat opened, one level ([MS-OXTNEF]): its files, and its text for mails that have no other.

tnefparse was read and left: it copies the rest of the file for every attribute (quadratic), recurses into
what is embedded, raises on any faulty property and loses all the others. This reader is one pass; what is
faulty ends the reading, and what was read until then counts. Names in it are text, never paths
(CVE-2000-0614): whoever stores them makes them safe.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from services.intake.mail.parts import charsets, rtf

SIGNATURE = b"\x78\x9f\x3e\x22"
MAX_FILES = 1000
_MAX_PROPERTIES = 20_000
_ATTACHMENT_BEGINS = 0x9002
_ATTACHMENT_TITLE = 0x8010
_ATTACHMENT_DATA = 0x800F
_ATTACHMENT_PROPERTIES = 0x9005
_MESSAGE_PROPERTIES = 0x9003
_BODY = 0x800C
_CODE_PAGE = 0x9007
# MAPI properties ([MS-OXPROPS]).
_PR_BODY = 0x1000
_PR_RTF = 0x1009
_PR_HTML = 0x1013
_PR_INTERNET_CODE_PAGE = 0x3FDE
_PR_DATA = 0x3701
_PR_FILENAME = 0x3704
_PR_LONG_FILENAME = 0x3707
_PR_MIME_TYPE = 0x370E
_PR_CONTENT_ID = 0x3712
_FIXED_SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_VARIABLE = (0x0D, 0x1E, 0x1F, 0x102)
_UNICODE = 0x1F
_OBJECT = 0x0D


@dataclass(slots=True)
class File:
    """A file in winmail.dat. A message embedded in it stays a winmail.dat of its own."""

    name: str = ""
    content: bytes = b""
    type: str = ""
    content_id: str = ""


@dataclass(slots=True)
class Opened:
    """What winmail.dat holds."""

    files: list[File] = field(default_factory=list)
    text: str | None = None
    html: str | None = None


def open_(data: bytes) -> Opened | None:
    """Read a TNEF stream; None where the bytes are none. Never raises."""
    if not data.startswith(SIGNATURE):
        return None
    opened = Opened()
    rich: bytes | None = None
    html: bytes | None = None
    code_page = "cp1252"
    for name, value in _attributes(data):
        if name == _CODE_PAGE and len(value) >= 4:
            code_page = _code_page(value) or code_page
        elif name == _BODY:
            opened.text = _text(value, code_page)
        elif name == _MESSAGE_PROPERTIES:
            for tag, kind, content in _properties(value):
                if tag == _PR_INTERNET_CODE_PAGE:
                    code_page = _code_page(content) or code_page
                elif tag == _PR_BODY:
                    opened.text = _string(content, kind, code_page) or opened.text
                elif tag == _PR_HTML:
                    html = content if kind != _UNICODE else content.decode("utf_16_le", "replace").encode()
                elif tag == _PR_RTF:
                    rich = content
        elif name == _ATTACHMENT_BEGINS:
            if len(opened.files) >= MAX_FILES:
                break
            opened.files.append(File())
        elif opened.files:
            _add_to_file(opened.files[-1], name, value, code_page)
    if html:
        opened.html = charsets.decode(html, charsets.of_html(html) or code_page).rstrip("\x00")
    if not opened.text and not opened.html and rich and (plain := rtf.decompress(rich)):
        opened.text = rtf.to_text(plain)
    opened.files = [file for file in opened.files if file.content or file.name]
    return opened


def _add_to_file(file: File, name: int, value: bytes, code_page: str) -> None:
    if name == _ATTACHMENT_TITLE:
        file.name = file.name or _text(value, code_page)
    elif name == _ATTACHMENT_DATA:
        file.content = value
    elif name == _ATTACHMENT_PROPERTIES:
        for tag, kind, content in _properties(value):
            if tag == _PR_LONG_FILENAME:
                file.name = _string(content, kind, code_page) or file.name
            elif tag == _PR_FILENAME:
                file.name = file.name or _string(content, kind, code_page)
            elif tag == _PR_MIME_TYPE:
                file.type = _string(content, kind, code_page).strip().lower()
            elif tag == _PR_CONTENT_ID:
                file.content_id = _string(content, kind, code_page).strip("<> ")
            elif tag == _PR_DATA and not file.content:
                # An object begins with the 16 bytes of its interface's identifier.
                file.content = content[16:] if kind == _OBJECT else content


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each attribute's name and value (level, name, type, length, value, checksum). A cut one is the last."""
    position = 6
    while position + 9 <= len(data):
        _, name, _, length = struct.unpack_from("<BHHI", data, position)
        position += 9
        yield name, data[position : position + length]
        position += length + 2


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each MAPI property's tag, type and first value ([MS-OXTNEF] §2.1.3.4); ends at the first faulty one."""
    try:
        (count,) = struct.unpack_from("<I", data)
        position = 4
        for _ in range(min(count, _MAX_PROPERTIES)):
            kind, tag = struct.unpack_from("<HH", data, position)
            position += 4
            if tag >= 0x8000:
                position = _past_name(data, position)
            values = 1
            if kind & 0x1000 or kind in _VARIABLE:
                (values,) = struct.unpack_from("<I", data, position)
                position += 4
            kind &= 0x0FFF
            for number in range(min(values, _MAX_PROPERTIES)):
                size = _FIXED_SIZES.get(kind)
                if size is None:
                    if kind not in _VARIABLE:
                        return
                    (size,) = struct.unpack_from("<I", data, position)
                    position += 4
                if number == 0:
                    yield tag, kind, data[position : position + size]
                position += size + (-size % 4)
                if position > len(data):
                    return
    except struct.error:
        return


def _past_name(data: bytes, position: int) -> int:
    """Past the GUID and the number or string that name a property."""
    (kind,) = struct.unpack_from("<I", data, position + 16)
    position += 20
    (length,) = struct.unpack_from("<I", data, position)
    return position + 4 + (length + (-length % 4) if kind == 1 else 0)


def _code_page(value: bytes) -> str | None:
    number = int.from_bytes(value[:4], "little")
    name = "utf-8" if number == 65001 else {28591: "iso-8859-1", 20127: "us-ascii"}.get(number, f"cp{number}")
    return name if charsets.is_known(name) else None


def _string(content: bytes, kind: int, code_page: str) -> str:
    if kind == _UNICODE:
        return content.decode("utf_16_le", "replace").rstrip("\x00")
    return _text(content, code_page)


def _text(content: bytes, code_page: str) -> str:
    return charsets.decode(content.rstrip(b"\x00"), code_page)
