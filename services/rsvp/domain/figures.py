"""What came of an event, in numbers: whom it reached, who came, and what they thought. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.rsvp.domain.opinion import RATINGS

NUMBERS = ("invited", "answered", "coming", "came", "ideas")
"""The figures that are counted, in the order in which tables show them."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One event's figures, or several events' together."""

    invited: int = 0
    """Guests who were sent an invitation."""
    answered: int = 0
    """Guests who answered, invited or not."""
    coming: int = 0
    """People with a seat: a guest and those whom they bring."""
    came: int = 0
    """People who were ticked off at the door."""
    ideas: int = 0
    """Ideas caught in the room, without those that a person still has to look at."""
    ratings: Mapping[int, int] = field(default_factory=dict)
    """Rating → how many gave it."""

    def __add__(self, other: Figures) -> Figures:
        """Both together."""
        numbers = {name: getattr(self, name) + getattr(other, name) for name in NUMBERS}
        both = {rating: self.ratings.get(rating, 0) + other.ratings.get(rating, 0) for rating in RATINGS}
        return Figures(**numbers, ratings=both)

    @property
    def opinions(self) -> int:
        """How many gave a rating."""
        return sum(self.ratings.values())

    @property
    def mean(self) -> float | None:
        """The mean rating; None where nobody gave one."""
        if not self.opinions:
            return None
        return sum(rating * number for rating, number in self.ratings.items()) / self.opinions


def together(figures: Iterable[Figures]) -> Figures:
    """The sum of several events' figures."""
    total = Figures()
    for each in figures:
        total = total + each
    return total
