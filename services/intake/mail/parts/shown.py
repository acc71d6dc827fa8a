"""Which parts of a mail are its words, and those words as text (RFC 2046 §5.1, and what clients make of it).

Both forms are kept where the mail has both, plain text and HTML: whoever divides the text decides which
tells more. Depth is bounded by ``mime``'s limits, so the tree is walked by recursion here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

from services.intake.mail.model import Part
from services.intake.mail.parts import charsets, flowed, signed, transfer
from services.intake.mail.parts.attachments import MESSAGE_TYPES
from services.intake.mail.words import html, markup

MAX_PLAIN = 400_000
MAX_MARKUP = 600_000
"""Characters that are shown of all parts together; a part that is cut stays whole as a file."""
_MARKUP = ("text/html", "application/xhtml+xml", "text/enriched", "text/richtext", "text/watch-html")
_PLAIN = ("text/plain", "text/markdown")
# Whole HTML documents are sent as text/plain too, and nobody wants to read their tags.
_DOCUMENT = re.compile(r"\s{0,200}<(?:!doctype html|html)[\s>]", re.IGNORECASE)
_UNWANTED = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f\\ufeff]+")


@dataclass(slots=True)
class Words:
    """A mail's words in the forms it has."""

    plain: str | None = None
    html: str | None = None
    parts: set[int] = field(default_factory=set)
    """``id()`` of every part that is shown, or is another form of what is shown."""
    files: list[tuple[str, bytes]] = field(default_factory=list)
    """Files that were uuencoded inside the text."""
    reasons: list[str] = field(default_factory=list)
    room: dict[bool, int] = field(default_factory=lambda: {False: MAX_PLAIN, True: MAX_MARKUP})
    """Characters that may still be read: of plain text, and of markup (True)."""


@dataclass(slots=True)
class _Block:
    """A stretch of words: plain text, HTML, or one and the same in both."""

    plain: str | None = None
    html: str | None = None


def words(tree: Part) -> Words:
    """Choose and read the parts that carry the words."""
    found = Words()
    blocks = _blocks(tree, found, root=tree)
    if not blocks and (only := _first_named_text(tree)) is not None:
        blocks = [_leaf(only, found)]  # some clients name the body itself
    joined = _join(blocks)
    found.plain, found.html = joined.plain, joined.html
    return found


def _blocks(part: Part, found: Words, root: Part, *, is_form: bool = False) -> list[_Block]:
    """The words in a part and below it; ``is_form``: it is one of several forms of the same words."""
    if not part.children:
        return [_leaf(part, found)] if _is_words(part, is_form=is_form or part is root) else []
    if part.type in MESSAGE_TYPES:
        return []
    if part.type == "multipart/alternative":
        return _alternative([_blocks(child, found, root, is_form=True) for child in part.children])
    if part.type == "multipart/related":
        main = _main_of_related(part)
        beside = [child for child in part.children if child is main or not child.headers.get("Content-ID")]
        return [block for child in beside for block in _blocks(child, found, root, is_form=child is main)]
    if part.type == "multipart/signed":
        return _blocks(part.children[0], found, root)
    return _without_doubles([block for child in part.children for block in _blocks(child, found, root)])


def _without_doubles(blocks: list[_Block]) -> list[_Block]:
    """Plain text and then the same words in HTML are two forms of one: some clients call that mixed."""
    kept: list[_Block] = []
    for block in blocks:
        before = kept[-1] if kept else None
        if (
            before is not None
            and before.html is None
            and block.plain is None
            and block.html is not None
            and html.to_text(block.html).split() == (before.plain or "").split()
        ):
            kept[-1] = _Block(plain=before.plain, html=block.html)
        else:
            kept.append(block)
    return kept


def _is_words(part: Part, *, is_form: bool) -> bool:
    """Whether a leaf is text to show: neither attached nor named. Where it can be nothing else, it may be named."""
    if part.type not in _PLAIN and part.type not in _MARKUP:
        return False
    if part.disposition == "attachment":
        return is_form and not part.filename
    return is_form or not part.filename


def _first_named_text(tree: Part) -> Part | None:
    for part in tree.walk():
        if part.type in MESSAGE_TYPES:
            return None
        if part.type in ("text/plain", "text/html") and part.disposition != "attachment" and part.content:
            return part
    return None


def _main_of_related(part: Part) -> Part:
    """The root of multipart/related: by start=, else the first that may hold words (RFC 2387 §3.2)."""
    start = part.params.get("start", "").strip("<> ")
    for child in part.children:
        if start and (child.headers.get("Content-ID") or "").strip("<> ") == start:
            return child
    worded = (child for child in part.children if child.children or child.type.startswith("text/"))
    return next(worded, part.children[0])


def _alternative(alternatives: list[list[_Block]]) -> list[_Block]:
    """One block of the first plain form and the last HTML form, as the later is the richer (§5.1.4)."""
    plain: list[str] = []
    rich: _Block | None = None
    for blocks in alternatives:
        block = _join(blocks)
        if block.html is not None:
            rich = block
        elif block.plain is not None and block.plain.strip() not in "\n".join(plain):
            plain.append(block.plain)
    if rich is None:
        return [_Block(plain="\n\n".join(plain))] if alternatives else []
    own = "\n\n".join(plain) if plain else rich.plain
    return [_settle(_Block(plain=own, html=rich.html))]


def _settle(block: _Block) -> _Block:
    """Drop the form that says nothing: an empty one, or plain text that only asks for an HTML reader."""
    assert block.html is not None
    plain = (block.plain or "").strip()
    has_words = any(isinstance(token, markup.Text) and token.text.strip() for token in markup.scan(block.html))
    if plain and not has_words:
        return _Block(plain=block.plain)
    if has_words and (not plain or _is_placeholder(plain, block.html)):
        return _Block(html=block.html)
    return block


def _is_placeholder(plain: str, rich: str) -> bool:
    """Short, speaks of HTML, and its words are not in the HTML form, which has more to say."""
    if len(plain) > 400 or "html" not in plain.lower():
        return False
    return not set(plain.split()) <= set(html.to_text(rich).split())


def _join(blocks: list[_Block]) -> _Block:
    """Several stretches as one. HTML stays HTML if any is: what is plain beside it is marked up."""
    if len(blocks) <= 1:
        return blocks[0] if blocks else _Block()
    if all(block.html is None for block in blocks):
        return _Block(plain="\n".join(block.plain or "" for block in blocks))
    rich = "\n<br>\n".join(block.html if block.html is not None else _marked_up(block.plain) for block in blocks)
    if all(block.plain is None for block in blocks):
        return _Block(html=rich)
    plain = (block.plain if block.plain is not None else html.to_text(block.html or "") for block in blocks)
    return _Block(plain="\n".join(plain), html=rich)


def _marked_up(plain: str | None) -> str:
    return f"<div>{escape(plain or '').replace(chr(10), '<br>' + chr(10))}</div>"


def _leaf(part: Part, found: Words) -> _Block:
    """One part read as text."""
    found.parts.add(id(part))
    content = part.content
    if part.type not in _MARKUP:
        files, content = transfer.uuencoded_files(content)
        found.files.extend((charsets.decode(name), data) for name, data in files)
    charset = part.params.get("charset")
    if charset and not charsets.is_known(charset):
        found.reasons.append(f"unknown charset {charset[:40]!r}: guessed")
    if part.type in _MARKUP and not (charset and charsets.is_known(charset)):
        charset = charsets.of_html(content)
    text = clean(charsets.decode(content, charset))
    room = found.room[part.type in _MARKUP]
    if len(text) > room:
        found.reasons.append(f"the text is too long to be shown whole: {len(text) - room} characters are in a file")
        found.parts.discard(id(part))
        text = text[:room]
    found.room[part.type in _MARKUP] -= len(text)
    if part.type in _MARKUP or _DOCUMENT.match(text):
        return _Block(html=text)
    if part.params.get("format", "").lower() == "flowed":
        text = flowed.unflow(text, delete_space=part.params.get("delsp", "").lower() == "yes")
    if signed.PGP_ENCRYPTED in text:
        found.reasons.append("encrypted with OpenPGP: could not be read")
    return _Block(plain=signed.without_pgp_armour(text))


def clean(text: str) -> str:
    """LF for every line break, no control signs but the tab, no lone surrogates."""
    text = text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").replace("\x0c", "\n")
    return _UNWANTED.sub("", text).encode("utf_8", "replace").decode("utf_8")
