"""The few marks that a news post may have, read into plain data: paragraphs, headings, lists and links.

Nothing here makes HTML: the template does, and escapes every word. What is no mark of ours is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

_LINK = re.compile(r"\[(?P<label>[^\[\]\n]{1,200})\]\((?P<to>[^()\s]{1,500})\)|(?P<bare>https?://[^\s<>\"]{1,500})")
_LATER = ".,;:!?)»”'"
"""Signs at the end of a bare address that belong to the sentence."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Words, and where they lead if they are a link."""

    words: str
    to: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph's lines, a heading's one line, or a list's items."""

    kind: Literal["paragraph", "heading", "list"]
    lines: tuple[tuple[Piece, ...], ...]


def read(text: str) -> tuple[Block, ...]:
    """The blocks of a text: an empty line parts them, ``## `` begins a heading, ``- `` an item, ``[x](y)`` a link."""
    return tuple(block for part in re.split(r"\n[ \t]*\n", text.strip()) for block in _blocks(part.splitlines()))


def plain(text: str) -> str:
    """The text for a mail: links written out, headings on a line of their own."""
    return "\n\n".join(
        "\n".join(
            ("- " if block.kind == "list" else "")
            + "".join(
                f"{piece.words} ({piece.to})" if piece.to not in ("", piece.words) else piece.words for piece in line
            )
            for line in block.lines
        )
        for block in read(text)
    )


def summary(text: str, limit: int = 220) -> str:
    """The first paragraph on one line, cut between words."""
    first = next((block for block in read(text) if block.kind == "paragraph"), None)
    words = " ".join("".join(piece.words for piece in line) for line in first.lines) if first else ""
    return words if len(words) <= limit else words[:limit].rsplit(" ", 1)[0].rstrip(" ,.;:") + " …"


def _blocks(lines: list[str]) -> Iterator[Block]:
    kind: Literal["paragraph", "list"] = "paragraph"
    gathered: list[tuple[Piece, ...]] = []
    for line in lines:
        if line.startswith("## "):
            if gathered:
                yield Block(kind, tuple(gathered))
            gathered = []
            yield Block("heading", (tuple(_pieces(line[3:].strip())),))
            continue
        now: Literal["paragraph", "list"] = "list" if re.match(r"[-*] ", line) else "paragraph"
        if gathered and now != kind:
            yield Block(kind, tuple(gathered))
            gathered = []
        kind = now
        gathered.append(tuple(_pieces(line[2:].strip() if now == "list" else line.strip())))
    if gathered:
        yield Block(kind, tuple(gathered))


def _pieces(line: str) -> Iterator[Piece]:
    position = 0
    for found in _LINK.finditer(line):
        words, to, end = found["label"], found["to"], found.end()
        if found["bare"]:
            to = words = found["bare"].rstrip(_LATER)
            end = found.start() + len(to)
        if not _is_web(to):
            continue
        if found.start() > position:
            yield Piece(line[position : found.start()])
        yield Piece(words, to)
        position = end
    if position < len(line) or not line:
        yield Piece(line[position:])


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
