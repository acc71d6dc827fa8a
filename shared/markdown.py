"""Markdown of people who write for pages and mails, made into HTML that can do nothing but be read, or into plain text.

CommonMark, without its HTML and its pictures; a line break stays one, as people who are no programmers expect. Two
walls stand after each other: the parser makes no HTML of what was typed, and nh3 lets through the few tags below alone.
Links lead to http, https and mailto. Not for the light marks of news posts (``services.intake.domain.light_markup``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

LIMIT = 50_000
"""Characters that are read of one text: what stands after them is left out."""
LOWEST = 6
"""HTML has no heading below this level."""
SCHEMES = frozenset({"http", "https", "mailto"})
TAGS = frozenset(
    {"a", "blockquote", "br", "code", "em", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong", "ul"}
)
_LINK_CLASS = "ds-link"


def _is_safe(address: str) -> bool:
    """True for a whole address of a scheme of ours: a bare path would lead elsewhere from a mail than from a page."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return False
    return parts.scheme in SCHEMES and bool(parts.path if parts.scheme == "mailto" else parts.netloc)


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True, "typographer": False}).disable(["image"])
    reader.validateLink = _is_safe  # type: ignore[method-assign,assignment] # the library's own way to choose what a link may be
    return reader


_READER = _reader()


@lru_cache(maxsize=256)
def html(text: str, top: int = 3) -> Markup:
    """The text as HTML.

    :param top: the level of its first heading, 2 to 6, so that the page keeps its one h1; those under it follow without
        a gap, whatever number of signs somebody typed.
    """
    tokens = _READER.parse(text[:LIMIT])
    _level(tokens, top)
    made = _READER.renderer.render(tokens, _READER.options, {})
    return Markup(  # noqa: S704 - nh3 has just let through a few harmless tags alone
        nh3.clean(
            made,
            tags=set(TAGS),
            attributes={"a": {"href"}, "ol": {"start"}},
            allowed_classes={"a": {_LINK_CLASS}},
            url_schemes=set(SCHEMES),
            link_rel="noopener noreferrer nofollow",
        ).strip()
    )


def plain(text: str) -> str:
    """The text without its marks, for mails and calendars: paragraphs apart, ``– `` before items, links spelled out."""
    return "\n".join(_lines(_READER.parse(text[:LIMIT]))).strip("\n")


def _level(tokens: Sequence[Token], top: int) -> None:
    """Give headings the level of their place in the outline, and links their look."""
    open_levels: list[int] = []
    for token in tokens:
        if token.type == "heading_open":
            typed = int(token.tag[1:])
            while open_levels and open_levels[-1] >= typed:
                open_levels.pop()
            open_levels.append(typed)
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(top + len(open_levels) - 1, LOWEST)}"
        for inner in token.children or ():
            if inner.type == "link_open":
                inner.attrSet("class", _LINK_CLASS)


def _lines(tokens: Sequence[Token]) -> Iterator[str]:
    """The text's lines, an empty one between blocks, none between a list's items."""
    marks: list[str] = []
    numbers: list[int | None] = []
    pending = ""
    for token in tokens:
        match token.type:
            case "bullet_list_open":
                numbers.append(None)
            case "ordered_list_open":
                numbers.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                numbers.pop()
                if not numbers:
                    yield ""
            case "list_item_open":
                number = numbers[-1]
                pending = "– " if number is None else f"{number}. "
                numbers[-1] = None if number is None else number + 1
                marks.append(" " * len(pending))
            case "list_item_close":
                marks.pop()
            case "inline" | "fence" | "code_block":
                words = _words(token.children or ()) if token.type == "inline" else token.content.rstrip("\n")
                before = "".join(marks)
                first = before[: len(before) - len(pending)] + pending if pending else before
                for number, line in enumerate(words.split("\n")):
                    yield f"{first if number == 0 else before}{line}".rstrip()
                pending = ""
                if not numbers:
                    yield ""


def _words(pieces: Sequence[Token]) -> str:
    """A paragraph's words; a link's address follows its words, unless they say it already."""
    said: list[str] = []
    links: list[tuple[int, str]] = []
    for piece in pieces:
        match piece.type:
            case "text" | "code_inline":
                said.append(piece.content)
            case "softbreak" | "hardbreak":
                said.append("\n")
            case "link_open":
                links.append((len(said), str(piece.attrGet("href") or "")))
            case "link_close":
                begun, address = links.pop()
                words = "".join(said[begun:])
                bare = address.removeprefix("mailto:")
                if words not in (address, bare):
                    said.append(f" ({bare})")
    return "".join(said)
