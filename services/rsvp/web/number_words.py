"""Numbers as a page says them, in its language."""

from __future__ import annotations

from babel.numbers import format_decimal

from shared.web.language import spoken


def number(value: int | float) -> str:
    """A whole number with its thousands apart, any other with one decimal."""
    _, language = spoken()
    return format_decimal(value, format="#,##0.0" if isinstance(value, float) else None, locale=language)
