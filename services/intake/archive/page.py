"""The record as a page that needs nothing else: to read, to print, and to open in a hundred years' browser."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.clock import STOCKHOLM
from shared.i18n import SOURCE, Texts

HERE = Path(__file__).parent
PAGES = HERE.parent / "web" / "texts"
TEXTS = (HERE / "texts", PAGES, PAGES / "inbox")
"""Its own, and those of stages, kinds, messages and why an idea is held, that the pages show too."""

_ENDS = (("from", "from_idea"), ("to", "into", "with"))
"""Names under which an entry's facts hold where something came from, and where it went."""


def page(facts: Mapping[str, Any], language: str) -> bytes:
    """The record (see ``record``) in that language, where there are texts in it; else in Swedish."""
    texts = _texts()
    spoken = language if language in texts.languages else SOURCE

    def t(key: str, **named: object) -> str:
        return texts.get(spoken, key, **named)

    def text_or(key: str, other: str) -> str:
        """The text for a key that ends in a code; later versions may have codes that nobody has words for."""
        return texts.get(spoken, key) if texts.has(spoken, key) else other

    def happened(entry: Mapping[str, Any]) -> str:
        """What one entry of the timeline says, with from and to where it has them."""
        facts = entry["facts"]
        words = text_or(f"archive.event.{entry['event']}", entry["event"])
        if entry["event"] == "registered":
            told = [t(f"archive.registry.{facts['state']}"), facts.get("number")]
            return f"{words}: {', '.join(filter(None, told))}"
        ends = (next(map(facts.get, filter(facts.get, names)), "") for names in _ENDS)
        moved = [text_or(f"stage.{end}", str(end)) for end in ends if end]
        return f"{words}: {' → '.join(moved)}" if moved else words

    template = _environment().get_template("record.html")
    return template.render(idea=facts, lang=spoken, t=t, text_or=text_or, moment=_moment, happened=happened).encode()


def _moment(written: str | None) -> str:
    """``2026-11-24 18:05`` in Swedish time: the order that sorts, and that every language reads."""
    return datetime.fromisoformat(written).astimezone(STOCKHOLM).strftime("%Y-%m-%d %H:%M") if written else ""


@cache
def _texts() -> Texts:
    return Texts.read(*TEXTS)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
