"""The marks by which a wording says what a line is: lead, words of somebody's, a note, a list, a button.

``# `` the first line of the mail · ``## `` a heading · ``> `` somebody's words · ``>> `` our answer, or what a
program said · ``! `` a note · ``* `` a list · a link alone on its line is a button · ``--`` below it is the foot.
Within a line: ``**bold**`` and ``[label](address)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from services.notify.domain.template import Fault, Filled, FillError, Value
from services.notify.domain.variable import Form
from services.notify.domain.words import cut, one_line

LONGEST = {Form.LIST: 500, Form.LINK: 2000}
LONGEST_OTHER = 300
LONGEST_IN_SUBJECT = 120
"""Characters of a value that stands within a line."""


class Mark(StrEnum):
    """What a block is."""

    LEAD = "lead"
    HEADING = "heading"
    TEXT = "text"
    WORDS = "words"
    OURS = "ours"
    NOTE = "note"
    LIST = "list"
    BUTTON = "button"


@dataclass(frozen=True, slots=True)
class Run:
    """Words on one line that look the same."""

    text: str
    is_bold: bool = False
    url: str | None = None
    is_kept_together: bool = False


Line = tuple[Run, ...]
Paragraph = tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a mail, in paragraphs (a list's entries) of lines."""

    mark: Mark
    paragraphs: tuple[Paragraph, ...]

    @property
    def run(self) -> Run:
        """A button's only run."""
        return self.paragraphs[0][0][0]


@dataclass(frozen=True, slots=True)
class Document:
    """A mail's body and its foot."""

    blocks: tuple[Block, ...]
    foot: tuple[Paragraph, ...]


_MARKS = {
    "# ": Mark.LEAD,
    "## ": Mark.HEADING,
    ">> ": Mark.OURS,
    "> ": Mark.WORDS,
    "! ": Mark.NOTE,
    "* ": Mark.LIST,
}
_FOOT = "--"
_INLINE = re.compile(r"\*\*(?P<bold>[^*]+)\*\*|\[(?P<label>[^\[\]]+)\]\((?P<target>[^()\s]+)\)")
_ADDRESS = re.compile(r"https?://[^()\s]+")
_BLANK_LINES = re.compile(r"\n(?:[ \t]*\n)+")
# None looks past the next beginning: many that never end would take the square of their number.
_VARIABLE = re.compile(r"\{\{(?:(?!\{\{).)*?\}\}")
_INSTRUCTION = re.compile(r"\{%(?:(?!\{%).)*?%\}|\{#(?:(?!\{#).)*?#\}")
_PLACE = "\U000f0000"


def faults(source: str) -> list[Fault]:
    """What is wrong with a body's marks, line by line."""
    found: list[Fault] = []
    feet = 0
    for number, line in enumerate(source.split("\n"), 1):
        bare = _INSTRUCTION.sub("", _VARIABLE.sub(_PLACE, line))
        links = [match for match in _INLINE.finditer(bare) if match["label"]]
        if bare.count("](") != len(links) or any(not _leads_somewhere(match["target"]) for match in links):
            found.append(Fault("body", number, "fault.link", (("name", bare.replace(_PLACE, "…").strip()),)))
        if bare.count("**") % 2:
            found.append(Fault("body", number, "fault.bold"))
        feet += bare.strip() == _FOOT
        if feet > 1 and bare.strip() == _FOOT:
            found.append(Fault("body", number, "fault.foot"))
    return found


def _leads_somewhere(target: str) -> bool:
    return target == _PLACE or _ADDRESS.fullmatch(target) is not None


def document(filled: Filled) -> Document:
    """What a filled body says. Marks are looked for in the wording's own words alone.

    :raises FillError: a link leads nowhere.
    """
    body, foot = _divided(filled.text)
    blocks = tuple(_blocks(body, filled))
    below = tuple(paragraph for block in _blocks(foot, filled) for paragraph in block.paragraphs)
    return Document(blocks, below)


def plain(filled: Filled) -> str:
    """A filled subject on one line. There are no marks in it."""
    return one_line("".join(run.text for run in _words(filled.text, filled, LONGEST_IN_SUBJECT)))


def _divided(text: str) -> tuple[list[str], list[str]]:
    lines = [line.strip() for line in text.split("\n")]
    if _FOOT not in lines:
        return lines, []
    place = lines.index(_FOOT)
    return lines[:place], lines[place + 1 :]


def _blocks(lines: Iterable[str], filled: Filled) -> Iterator[Block]:
    """Blocks in order. Lines under each other with the same mark are one block; without a mark one paragraph."""
    mark: Mark | None = None
    gathered: list[str] = []
    for line in [*lines, ""]:
        now, words = _marked(line)
        if now is not mark or now in (Mark.LEAD, Mark.HEADING, Mark.BUTTON):
            if mark is not None:
                yield from _block(mark, gathered, filled)
            mark, gathered = now, []
        if words:
            gathered.append(words)


def _marked(line: str) -> tuple[Mark | None, str]:
    if not line:
        return None, ""
    for sign, mark in _MARKS.items():
        if line.startswith(sign):
            return mark, line[len(sign) :].strip()
    if line == ">":
        return Mark.WORDS, ""
    link = _INLINE.fullmatch(line)
    return (Mark.BUTTON if link is not None and link["label"] else Mark.TEXT), line


def _block(mark: Mark, lines: list[str], filled: Filled) -> Iterator[Block]:
    if mark is Mark.TEXT and not (len(lines) == 1 and _is_alone(lines[0], filled)):
        lines = [" ".join(lines)]
    paragraphs = tuple(
        paragraph for line in lines for paragraph in _paragraphs(mark, line, filled) if _says_something(paragraph)
    )
    if paragraphs:
        yield Block(mark, paragraphs)


def _paragraphs(mark: Mark, line: str, filled: Filled) -> Iterator[Paragraph]:
    alone = _is_alone(line, filled)
    if alone is None or mark not in (Mark.TEXT, Mark.WORDS, Mark.OURS):
        yield (tuple(_runs(line, filled)),)
        return
    for words in _BLANK_LINES.split(cut(alone.text).strip()):
        yield tuple((Run(each),) for each in words.strip("\n").split("\n"))


def _is_alone(line: str, filled: Filled) -> Value | None:
    """The prose that makes up a whole line: it keeps its own paragraphs and line ends."""
    value = filled.value(line) if len(line) == 1 else None
    return value if value is not None and value.variable.form is Form.PROSE else None


def _says_something(paragraph: Paragraph) -> bool:
    return any(run.text.strip() for line in paragraph for run in line)


def _runs(line: str, filled: Filled) -> Iterator[Run]:
    at = 0
    for match in _INLINE.finditer(line):
        yield from _words(line[at : match.start()], filled)
        at = match.end()
        if match["bold"]:
            yield from (replace(run, is_bold=True) for run in _words(match["bold"], filled))
        else:
            label = "".join(run.text for run in _words(match["label"], filled))
            yield Run(label, url=_target(match["target"], filled))
    yield from _words(line[at:], filled)


def _target(written: str, filled: Filled) -> str:
    value = filled.value(written) if len(written) == 1 else None
    if value is not None and value.variable.form is Form.LINK:
        return value.text
    if _ADDRESS.fullmatch(written) and not any(filled.value(sign) for sign in written):
        return written
    raise FillError("a link leads nowhere")


def _words(text: str, filled: Filled, longest: int | None = None) -> Iterator[Run]:
    own = ""
    for sign in text:
        value = filled.value(sign)
        if value is None:
            own += sign
            continue
        if own:
            yield Run(own)
            own = ""
        form = value.variable.form
        words = one_line(value.text, longest or LONGEST.get(form, LONGEST_OTHER))
        yield Run(
            words, url=value.text if form is Form.LINK else None, is_kept_together=form in (Form.DAY, Form.REFERENCE)
        )
    if own:
        yield Run(own)
