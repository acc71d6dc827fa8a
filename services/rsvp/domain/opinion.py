"""What a guest may say of an event afterwards: a rating and, if they like, words. Pure."""

from __future__ import annotations

RATINGS = (1, 2, 3, 4, 5)
"""1 is worst, 5 is best."""
TEXT_LIMIT = 4_000


def rating_in(text: str) -> int | None:
    """The rating that a form's field means; None where it means none."""
    return next((rating for rating in RATINGS if str(rating) == text.strip()), None)
