"""What became of the messages about an idea, as far as its contact must know. Pure."""

from __future__ import annotations

from typing import Final

TO_SUBMITTERS: Final = frozenset(
    {"confirmation", "answer", "message", "question", "merged", "passed-on", "followed", "verify", "news", "sign-in"}
)
"""Kinds of messages that do not go to the idea's contacts."""
ERASED: Final = "…"
"""Stands for the address of a submitter who wants to be named no longer."""

WRITTEN_BY_PEOPLE: Final = frozenset({"answer", "question"})
FAILED: Final = frozenset({"temporary-failure", "permanent-failure", "technical-failure"})
HELD_BACK: Final = frozenset({"address-gone", "complained", "withheld-by-hand"})
"""Why nothing goes to an address any more, whatever there is to say."""


def did_not_arrive(*, kind: str, state: str, reason: str | None) -> bool:
    """True where somebody waits in vain: it failed, or was held back although they should have had it.

    A confirmation that no program was sent is as it should be; an answer that nobody got is not.
    """
    return state in FAILED or (state == "suppressed" and (kind in WRITTEN_BY_PEOPLE or reason in HELD_BACK))
