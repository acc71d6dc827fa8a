"""What the bus holds about one person: whether something is under way, and emptying what was said."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

_HERE = text("""
    SELECT count(*) FROM bus.delivery AS d JOIN bus.message AS m ON m.id = d.message_id
     WHERE d.consumer = :consumer AND d.done_at IS NULL AND m.id <> :spared
       AND EXISTS (SELECT FROM unnest(CAST(:words AS text[])) AS word WHERE strpos(lower(m.payload), lower(word)) > 0)
""")
_ANYWHERE = text("SELECT bus.undone_about(CAST(:words AS text[]), :spared)")
_FORGET = text("SELECT bus.forget(CAST(:words AS text[]), :spared)")


def undone_here(session: Session, consumer: str, words: Sequence[str], *, spared: UUID) -> int:
    """How many of a service's own deliveries hold one of the words and are not done; ``spared`` is not counted."""
    number: int = session.execute(_HERE, {"consumer": consumer, "words": list(words), "spared": spared}).scalar_one()
    return number


def undone_anywhere(session: Session, words: Sequence[str], *, spared: UUID) -> int:
    """The same over all services; intake alone may ask. ``spared`` is the message that intake itself is at."""
    number: int = session.execute(_ANYWHERE, {"words": list(words), "spared": spared}).scalar_one()
    return number


def forget(session: Session, words: Sequence[str], *, spared: UUID) -> int:
    """Delete finished messages that hold one of the words, and empty the one that intake is at; how many went."""
    number: int = session.execute(_FORGET, {"words": list(words), "spared": spared}).scalar_one()
    return number
