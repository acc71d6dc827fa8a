"""From a kind of mail, a language and facts to subject, text and HTML.

Templates are ours; facts are other people's words and never become templates. A fact that a template names
and that is not there is an error, never an empty place in somebody's mail.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from services.notify.domain.kinds import Kind
from services.notify.domain.mail import Rendered
from services.notify.domain.words import cleaned, cut, one_line
from shared import i18n
from shared.clock import STOCKHOLM
from shared.errors import IdeslussenError

TEMPLATES = Path(__file__).parent / "templates"
COLUMNS = 72

_SENDER = {
    "sv": {
        "nobody": "Någon som inte har lämnat sitt namn",
        "unvouched": ". Avsändaren är inte bekräftad",
        "employee": "medarbetare",
        "citizen": "invånare",
        "service_user": "brukare",
        "nonprofit": "förening",
        "company": "företag",
    },
    "en": {
        "nobody": "Somebody who left no name",
        "unvouched": ". Sender not confirmed",
        "employee": "employee",
        "citizen": "resident",
        "service_user": "service user",
        "nonprofit": "association",
        "company": "company",
    },
}
_PARAGRAPHS = re.compile(r"\n(?:[ \t]*\n)+")
_BLANK_LINES = re.compile(r"\n{3,}")


class RenderError(IdeslussenError):
    """A template and its facts do not fit together: our own fault."""


class Renderer:
    """Holds the templates of a folder, compiled. Thread-safe."""

    def __init__(self, folder: Path = TEMPLATES) -> None:
        self._environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"]),
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Plain text from Python, not a macro from a .txt: what such a macro gives passes into HTML unescaped.
        self._environment.globals["sender"] = sender
        self._environment.filters.update(indented=indented, paragraphs=paragraphs, line=one_line)

    def render(self, kind: Kind, language: str, facts: Mapping[str, Any]) -> Rendered:
        """Write one mail.

        :raises RenderError: a fact is missing, or the template is at fault.
        """
        written = datetime.fromisoformat(facts["idea"]["created_at"]).astimezone(STOCKHOLM).date()
        context = {
            **facts,
            "language": language,
            "day": partial(_day, language=language, today=written),
        }
        try:
            subject = one_line(self._environment.get_template(f"{kind}/{language}/subject.txt").render(context))
            text = self._environment.get_template(f"{kind}/{language}/body.txt").render(context)
            page = self._environment.get_template(f"{kind}/{language}/body.html").render(context, subject=subject)
        except (TemplateError, ValueError, TypeError) as error:
            raise RenderError(f"{kind}/{language}: {error}") from error
        return Rendered(subject, set_text(text), page)


def sender(submitter: Mapping[str, str] | None, kind: str, vouched: bool, language: str) -> str:
    """Who sent an idea in, as plain text on one line: name, address, kind, and whether that can be relied on."""
    words = _SENDER[language]
    if submitter is None:
        return words["nobody"]
    who = one_line(", ".join(filter(None, (submitter["name"], submitter["address"]))))
    what = f" ({words[kind]})" if kind in words else ""
    return f"{who}{what}{'' if vouched else words['unvouched']}"


def set_text(text: str) -> str:
    """Plain text set in 72 columns. Lines that begin with a space, and the signature's mark, stay as they are."""
    blocks = _PARAGRAPHS.split(_BLANK_LINES.sub("\n\n", cleaned(text)).strip("\n"))
    return "\n\n".join(block if block.startswith((" ", "-- ")) else _filled(block) for block in blocks) + "\n"


def indented(text: str, by: int = 2) -> str:
    """Somebody's words set apart by blanks, with their own line ends, wrapped, and whole links left whole."""
    lines = (_filled(line, by) for line in cut(text).split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines)).strip("\n")


def paragraphs(text: str) -> Markup:
    """Somebody's words as escaped HTML paragraphs that keep their line ends."""
    found = [block.strip("\n") for block in _PARAGRAPHS.split(cut(text).strip())]
    return Markup("").join(
        Markup('<p style="margin:0 0 12px 0;">{}</p>').format(Markup("<br>").join(map(escape, block.split("\n"))))
        for block in found
        if block
    )


def _filled(block: str, by: int = 0) -> str:
    blanks = " " * by
    return textwrap.fill(
        block.strip(),
        COLUMNS,
        initial_indent=blanks,
        subsequent_indent=blanks,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _day(value: str, *, language: str, today: date) -> str:
    """An ISO day in words, with its year where that is not the idea's: true whenever the mail is read."""
    return i18n.day(date.fromisoformat(value), language, today=today)
