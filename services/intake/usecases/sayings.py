"""The few texts that intake itself writes into ideas and notes, in the sluice's language."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from shared.i18n import SOURCE, Texts

FOLDER = Path(__file__).parent / "texts"


def say(key: str, language: str, **facts: object) -> str:
    """The text for ``key``.

    :raises shared.i18n.MissingText: there is none.
    """
    return _texts().get(language, key, **facts)


def spoken(language: str) -> str:
    """The language, where there are texts in it; else the one that there always are texts in."""
    return language if language in _texts().languages else SOURCE


@cache
def _texts() -> Texts:
    return Texts.read(FOLDER)
