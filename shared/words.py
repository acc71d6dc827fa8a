"""Text from outside, made fit to store: PostgreSQL takes neither NUL nor lone surrogates."""

from __future__ import annotations

_UNWANTED = {code: None for code in range(32) if chr(code) not in "\t\n"} | {127: None}


def clean(text: str) -> str:
    """The same text without control signs and with what is not a character replaced."""
    return text.translate(_UNWANTED).encode("utf-8", "replace").decode("utf-8")


def one_line(text: str, limit: int = 300) -> str:
    """The same text on one line, at most ``limit`` characters long."""
    folded = " ".join(clean(text[: limit * 4]).split())
    return folded if len(folded) <= limit else folded[: limit - 1].rstrip() + "…"
