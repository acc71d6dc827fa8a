"""The text part of a mail: 72 columns, somebody's words set apart by blanks, links whole on lines of their own."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from services.notify.domain.markup import Block, Document, Line, Mark, Paragraph, Run

COLUMNS = 72
INDENT = "  "
SIGNATURE = "-- "
"""What divides a text from what is below it, with its blank (RFC 3676 §4.3)."""


def set_text(document: Document, signature: Iterable[str], links: Iterable[Run] = ()) -> str:
    """A mail's text part: the body, and below the signature's mark who signs, the foot, and its links."""
    above = [_block(block) for block in document.blocks]
    lines = [line for paragraph in document.foot for line in paragraph]
    below = [*map(filled, signature), *map(_filled, [*lines, *((link,) for link in links)])]
    return "\n\n".join(above) + "\n\n" + "\n".join([SIGNATURE, *below]) + "\n"


def filled(text: str, first: str = "", rest: str = "") -> str:
    """One line in 72 columns; a link is never cut."""
    return textwrap.fill(
        text.strip(),
        COLUMNS,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _block(block: Block) -> str:
    if block.mark is Mark.BUTTON:
        return f"{block.run.text}:\n\n{INDENT}{block.run.url}"
    if block.mark is Mark.HEADING:
        return "\n".join(_filled(line) for line in block.paragraphs[0]) + ":"
    if block.mark is Mark.LIST:
        return "\n\n".join(_entry(*each) for each in block.paragraphs)
    indent = INDENT if block.mark in (Mark.WORDS, Mark.OURS) else ""
    return "\n\n".join(_paragraph(each, indent) for each in block.paragraphs)


def _entry(line: Line) -> str:
    """One entry of a list, and the link that ends it on a line of its own."""
    *before, last = line
    if last.url is None or not before:
        return _filled(line, "* ", INDENT)
    return f"{_filled(tuple(before), '* ', INDENT)}\n{_filled((last,), INDENT, INDENT)}"


def _paragraph(paragraph: Paragraph, indent: str) -> str:
    return "\n".join(_filled(each, indent, indent) for line in paragraph for each in _links_apart(line))


def _links_apart(line: Line) -> Iterable[Line]:
    """A line of nothing but links with dots between them as lines of one link each; any other as it is."""
    links = [run for run in line if run.url is not None]
    between = "".join(run.text for run in line if run.url is None)
    return [(link,) for link in links] if len(links) > 1 and not between.strip(" ·") else [line]


def _filled(line: Line, first: str = "", rest: str = "") -> str:
    return filled("".join(_plain(run.text, run.url) for run in line), first, rest)


def _plain(text: str, url: str | None) -> str:
    return text if url is None or url == text else f"{text}: {url}"
