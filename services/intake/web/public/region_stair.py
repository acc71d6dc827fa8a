"""The stair of chambers for the region's page: every public idea is a dot in its chamber."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.intake.domain.idea import PATH, Stage

CHAMBER: Final = 110
_RISE, _LOWEST, _FLOOR = 22, 196, 226
_DOT, _STEP, _A_ROW, _ROWS = 5.5, 13.4, 7, 4


@dataclass(frozen=True, slots=True)
class FlowChamber:
    """One chamber of the large stair: how many ideas float in it."""

    stage: str
    count: int


@dataclass(frozen=True, slots=True)
class Flow:
    """All public ideas, each a dot in its chamber; the numbers tell where there are more than can be drawn."""

    chambers: tuple[FlowChamber, ...]
    closed: int
    filled: str
    gates: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]
    radius: float
    box: str


def flow(counts: Mapping[Stage, int]) -> Flow:
    """The large stair for so many ideas in each stage."""
    steps = "".join(f"V{_top(n)}H{(n + 1) * CHAMBER}" for n in range(len(PATH)))
    dots = []
    for number, stage in enumerate(PATH):
        shown = min(counts.get(stage, 0), _A_ROW * _ROWS)
        for place in range(shown):
            row, column = divmod(place, _A_ROW)
            in_row = min(_A_ROW, shown - row * _A_ROW)
            left = number * CHAMBER + CHAMBER / 2 - (in_row - 1) * _STEP / 2
            dots.append((round(left + column * _STEP, 1), round(_top(number) - 4 - row * (_STEP - 1), 1)))
    return Flow(
        chambers=tuple(FlowChamber(stage.value, counts.get(stage, 0)) for stage in PATH),
        closed=counts.get(Stage.CLOSED, 0),
        filled=f"M0 {_FLOOR}{steps}V{_FLOOR}Z",
        gates=tuple(f"M{n * CHAMBER} {_top(n) - 10}V{_FLOOR}" for n in range(1, len(PATH))),
        dots=tuple(dots),
        radius=_DOT,
        box=f"0 34 {CHAMBER * len(PATH)} {_FLOOR - 34}",
    )


def _top(chamber: int) -> int:
    return _LOWEST - _RISE * chamber
