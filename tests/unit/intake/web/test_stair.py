"""The stair of chambers: the idea floats where it is, and a closed one stands beside."""

from __future__ import annotations

import pytest

from services.intake.domain.idea import PATH, Stage
from services.intake.web.stair import BASE, stair


@pytest.mark.parametrize(("number", "stage"), list(enumerate(PATH, 1)))
def test_chambers_behind_are_done_and_those_ahead_wait(number: int, stage: Stage) -> None:
    picture = stair(stage)

    assert picture.step == number
    assert [chamber.state for chamber in picture.chambers] == (
        ["done"] * (number - 1) + ["present"] + ["later"] * (len(PATH) - number)
    )


def test_the_idea_rises_with_every_chamber() -> None:
    heights = [stair(stage).idea[1] for stage in PATH]

    assert heights == sorted(heights, reverse=True)
    assert len(set(heights)) == len(PATH)


def test_a_closed_idea_stands_below_the_chamber_that_it_left() -> None:
    picture = stair(Stage.CLOSED, Stage.DEVELOPING)

    assert picture.step is None
    assert picture.idea[0] == stair(Stage.DEVELOPING).idea[0]
    assert picture.idea[1] > BASE
    assert "present" not in {chamber.state for chamber in picture.chambers}
