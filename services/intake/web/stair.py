"""The picture of the product: a stair of chambers, filled up to the one in which the idea floats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.domain.idea import PATH, Stage
from services.intake.store.tables import TimelineEntry

WIDTH = 660
BASE = 125
_CHAMBER = WIDTH // len(PATH)
_LOWEST = 103
_RISE = 17
_RADIUS = 12


@dataclass(frozen=True, slots=True)
class Chamber:
    """One step of the stair: its stage, and whether the idea has passed it, is in it, or may reach it later."""

    stage: str
    state: str
    """done, present or later."""


@dataclass(frozen=True, slots=True)
class Stair:
    """Where everything in the picture stands, in the units of its view box."""

    chambers: tuple[Chamber, ...]
    ground: str
    filled: str
    gates: tuple[str, ...]
    idea: tuple[int, int]
    radius: int
    box: str
    step: int | None
    """Number of the present chamber, from 1; None for an idea that left by the side."""


def stair(stage: Stage, left: Stage = Stage.RECEIVED) -> Stair:
    """The stair for an idea in that stage. A closed idea stands beside the chamber that it ``left``."""
    closed = stage is Stage.CLOSED
    here = PATH.index(left if closed else stage)
    states = ["done"] * here + ["done" if closed else "present"] + ["later"] * (len(PATH) - here - 1)
    middle = here * _CHAMBER + _CHAMBER // 2
    # Out by the side: below the chamber, where the water is let out.
    at = (middle, BASE + _RADIUS + 4) if closed else (middle, _top(here) - 10)
    return Stair(
        chambers=tuple(Chamber(one.value, state) for one, state in zip(PATH, states, strict=True)),
        ground=_outline(len(PATH)),
        filled=_outline(here + 1),
        gates=tuple(f"M{n * _CHAMBER} {_top(n) - 8}V{BASE}" for n in range(1, len(PATH))),
        idea=at,
        radius=_RADIUS,
        box=f"0 -14 {WIDTH} {BASE + 14 + (2 * _RADIUS + 8 if closed else 0)}",
        step=None if closed else here + 1,
    )


def stage_left(entries: Sequence[TimelineEntry]) -> Stage:
    """The stage that an idea was in before it was closed, as its timeline tells."""
    for entry in reversed(entries):
        if entry.facts.get("to") == Stage.CLOSED.value:
            return Stage(entry.facts["from"])
    return Stage.RECEIVED


def _top(chamber: int) -> int:
    return _LOWEST - _RISE * chamber


def _outline(chambers: int) -> str:
    """The stair's first chambers as one SVG path."""
    steps = "".join(f"V{_top(n)}H{(n + 1) * _CHAMBER}" for n in range(chambers))
    return f"M0 {BASE}{steps}V{BASE}Z"
