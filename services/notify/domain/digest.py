"""What a digest says of each notification that goes out in it: one line with a link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from services.notify.domain.kinds import Kind
from services.notify.domain.words import one_line

MOST_ENTRIES = 100
"""Beyond that a mail is longer than programs show; the rest is counted."""
LONGEST_LINE = 140

AnswerBy = Callable[[date], str]
"""From the day of a promise to "Svara senast tisdag 1 december." in the reader's language."""


def can_tell_of(kind: Kind) -> bool:
    """True where a digest has words for it; all else is sent by itself, whatever rhythm was chosen."""
    return kind in (Kind.NOTICE, Kind.NOTICE_HELD, Kind.ADDED, Kind.ASSIGNED)


def entry(
    kind: Kind, facts: Mapping[str, Any], when: datetime, answer_by: AnswerBy, why_held: Callable[[str], str]
) -> dict[str, str]:
    """One notification as an entry, from the facts that a mail of its own would be written from.

    :param why_held: from the code of why an idea is held to words in the reader's language.
    :raises ValueError: a digest has no words for that kind.
    """
    match kind:
        case Kind.NOTICE | Kind.ASSIGNED:
            line = answer_by(date.fromisoformat(facts["answer_by"]))
        case Kind.NOTICE_HELD:
            line = why_held(facts["held"])
        case Kind.ADDED:
            line = f"{facts['author']}: {facts['added']}" if facts["added"] else facts["author"]
        case _:
            raise ValueError(f"no digest tells of {kind}")
    idea = facts["idea"]
    return {
        "kind": kind,
        "reference": idea["reference"],
        "title": one_line(idea["title"]),
        "line": one_line(line, LONGEST_LINE),
        "url": facts["idea_url"],
        "when": when.isoformat(),
    }


def comes_first(kind: Kind) -> bool:
    """True where somebody waits for a decision of the reader's."""
    return kind is Kind.NOTICE_HELD
