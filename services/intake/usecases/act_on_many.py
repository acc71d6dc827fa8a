"""Do the same to many ideas: each in a transaction of its own, so that one that cannot be done stops no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from services.intake.store.work_tables import Act
from services.intake.usecases import acts
from shared.errors import Conflict, NotFound, Rejected
from shared.viewer import Viewer

MOST: Final = 200
"""Ideas at once."""

Transaction = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Chosen:
    """An idea as the person saw it."""

    reference: str
    version: int


class Deed(Protocol):
    """What is done to each, within its transaction."""

    def __call__(self, session: Session, idea: Chosen, act: Act) -> object:
        """Do it; ``act`` takes up what can be undone."""
        ...


@dataclass(slots=True)
class Outcome:
    """What became of each idea, by its reference."""

    done: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    """Somebody else was first: nothing was done."""
    refused: list[tuple[str, str]] = field(default_factory=list)
    """With the key of why."""
    act: UUID | None = None
    """By which what was done is undone, where it can be."""


def act_on_many(transaction: Transaction, viewer: Viewer, chosen: Sequence[Chosen], kind: str, deed: Deed) -> Outcome:
    """Do it to each, in the order given.

    :raises Rejected: what the person wrote cannot be taken, whichever the idea; nothing was done.
    """
    outcome = Outcome()
    with transaction() as session:
        outcome.act = acts.begin(session, viewer, kind).id
    for idea in chosen[:MOST]:
        try:
            with transaction() as session:
                deed(session, idea, session.get_one(Act, outcome.act))
        except Conflict:
            outcome.overtaken.append(idea.reference)
        except NotFound:
            outcome.refused.append((idea.reference, "not_yours"))
        except Rejected as error:
            if not outcome.done and error.field != "idea" and error.message_key not in _OF_ONE:
                raise
            outcome.refused.append((idea.reference, error.message_key))
        else:
            outcome.done.append(idea.reference)
    return outcome


_OF_ONE: Final = frozenset({"not_of_this_sluice", "has_it_already", "idea_is_to_register"})
"""Faults that are one idea's and not the others'."""
