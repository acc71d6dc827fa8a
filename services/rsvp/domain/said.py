"""A text by language, said in one of them."""

from __future__ import annotations

from collections.abc import Mapping


def said(words: Mapping[str, str], language: str) -> str:
    """The text in that language, else in Swedish, else in any that it has; empty where there is none."""
    found = (words.get(each, "") for each in (language, "sv", *words))
    return next((text for text in found if text.strip()), "")
