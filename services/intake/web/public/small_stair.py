"""The stair of chambers in small, for a card on a board."""

from __future__ import annotations

from dataclasses import dataclass

from services.intake.domain.idea import PATH, Stage

_WIDTH, _GAP, _BASE = 10, 1, 30


@dataclass(frozen=True, slots=True)
class Bar:
    """One chamber of the small stair."""

    x: int
    y: int
    width: int
    height: int
    is_filled: bool


@dataclass(frozen=True, slots=True)
class SmallStair:
    """Where everything in the small picture stands, in the units of its view box."""

    bars: tuple[Bar, ...]
    idea: tuple[float, float] | None
    """None for an idea that left by the side."""
    radius: float = 3.6
    box: str = "0 0 65 30"


def small_stair(stage: Stage) -> SmallStair:
    """The stair with the idea in its chamber."""
    here = PATH.index(stage) if stage in PATH else -1
    bars = []
    for number in range(len(PATH)):
        height = 5 + 3 * number
        bars.append(Bar(number * (_WIDTH + _GAP), _BASE - height, _WIDTH, height, number <= here))
    at = (bars[here].x + _WIDTH / 2, bars[here].y - 3.0) if here >= 0 else None
    return SmallStair(tuple(bars), at)
