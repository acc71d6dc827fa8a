"""Where everything stands in a chart, in the units of its view box. Bars begin at zero; words stand at them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 360
"""Of every chart: a phone's width, so that its words are as large there as the text around it."""
_ROW: Final = 46
_BAR: Final = 14
_LABEL: Final = 16
_VALUE_ROOM: Final = 124
_GAP: Final = 6
_COLUMNS: Final = 150
_TOP: Final = 20
_FOOT: Final = 24
LONGEST_LABEL: Final = 40
"""Characters of a label: its whole stands in the table."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One value: its mark, and where its words stand."""

    label: str
    value: float | None
    """None where there is nothing to measure: no mark, and the words say so."""
    x: float
    y: float
    width: float
    height: float
    label_x: float
    label_y: float
    value_x: float
    value_y: float


@dataclass(frozen=True, slots=True)
class Chart:
    """All bars of a chart, and how large it is."""

    width: int
    height: int
    bars: tuple[Bar, ...]


def lying(values: Sequence[tuple[str, float | None]]) -> Chart:
    """Bars that lie under each other, each below its label, with the value at its end."""
    room = WIDTH - _VALUE_ROOM
    most = max((value for _, value in values if value), default=0.0)
    bars = []
    for number, (label, value) in enumerate(values):
        top = number * _ROW
        width = room * (value or 0) / most if most else 0.0
        y = float(top + _LABEL + _GAP)
        bars.append(
            Bar(
                label=_short(label),
                value=value,
                x=0.0,
                y=y,
                width=round(width, 2),
                height=float(_BAR),
                label_x=0.0,
                label_y=float(top + _LABEL - 2),
                value_x=round(width + (_GAP if width else 0), 2),
                value_y=y + _BAR - 2,
            )
        )
    return Chart(WIDTH, max(len(values) * _ROW, 1), tuple(bars))


def standing(values: Sequence[tuple[str, float]]) -> Chart:
    """Bars that stand beside each other, such as months, each over its label and under its value."""
    most = max((value for _, value in values), default=0.0)
    step = WIDTH / max(len(values), 1)
    width = step * 0.62
    bars = []
    for number, (label, value) in enumerate(values):
        height = _COLUMNS * value / most if most else 0.0
        middle = step * (number + 0.5)
        y = _TOP + _COLUMNS - height
        bars.append(
            Bar(
                label=_short(label),
                value=value,
                x=round(middle - width / 2, 2),
                y=round(y, 2),
                width=round(width, 2),
                height=round(height, 2),
                label_x=round(middle, 2),
                label_y=float(_TOP + _COLUMNS + _FOOT - 7),
                value_x=round(middle, 2),
                value_y=round(y - _GAP, 2),
            )
        )
    return Chart(WIDTH, _TOP + _COLUMNS + _FOOT, tuple(bars))


def _short(label: str) -> str:
    return label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1].rstrip()}…"
