"""A tour's stops as a way from place to place, to be drawn as one line with a mark for each: no map, no geography."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

COLUMNS = 4
STEP = 100
"""The drawing's units between two stops, across and down."""
MARGIN = 50

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Mark(Generic[T]):
    """One stop's place in the drawing."""

    stop: T
    number: int
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Route(Generic[T]):
    """The drawing."""

    marks: Sequence[Mark[T]]
    width: int
    height: int

    @property
    def line(self) -> str:
        """The way through all marks, as the ``points`` of an SVG polyline."""
        return " ".join(f"{mark.x},{mark.y}" for mark in self.marks)


def ordered(stops: Sequence[tuple[T, datetime | None]]) -> list[T]:
    """Stops by their day; those without a day last, in the order in which they came."""
    dated = [(starts_at, number, stop) for number, (stop, starts_at) in enumerate(stops) if starts_at is not None]
    return [stop for _, _, stop in sorted(dated, key=lambda each: each[:2])] + [
        stop for stop, starts_at in stops if starts_at is None
    ]


def route(stops: Sequence[T], columns: int = COLUMNS) -> Route[T]:
    """The stops row by row, every other row from right to left, so that the line never jumps."""
    marks = []
    for number, stop in enumerate(stops):
        row, column = divmod(number, columns)
        across = column if row % 2 == 0 else columns - 1 - column
        marks.append(Mark(stop, number + 1, MARGIN + across * STEP, MARGIN + row * STEP))
    rows = max(1, -(-len(stops) // columns))
    width = 2 * MARGIN + (min(len(stops), columns) - 1 if stops else 0) * STEP
    return Route(marks, width, 2 * MARGIN + (rows - 1) * STEP)
