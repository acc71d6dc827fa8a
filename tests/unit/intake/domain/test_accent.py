"""A municipality's colour can be read wherever ours can, in light and dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.intake.domain.accent import (
    DARK,
    DEFAULT,
    LIGHT,
    contrast,
    is_readable,
    luminance,
    nearest_readable,
    parse_accent,
    scales,
    style_sheet,
)

FACE = (Path(__file__).parents[4] / "shared/web/static/face.css").read_text()
COLOURS = [DEFAULT, "#9b1b30", "#1d4ed8", "#00602b", "#4a2c82", "#000000", "#767676", "#7a4a00", "#b30059"]


@pytest.mark.parametrize(("scheme", "shades"), [("light", LIGHT), ("dark", DARK)])
def test_the_shades_are_those_of_the_face(scheme: str, shades: dict[str, str]) -> None:
    block = FACE.partition(f"(prefers-color-scheme:{scheme}){{[data-color-scheme=auto]{{")[2].partition("}")[0]
    there = dict(re.findall(r"--ds-color-accent-([a-z-]+):(#[0-9a-f]{6})[;}]", block + "}"))

    assert there == shades


@pytest.mark.parametrize("colour", COLOURS)
def test_every_shade_is_as_light_as_ours_and_words_on_the_colour_can_be_read(colour: str) -> None:
    light, dark = scales(colour)

    assert light["base-default"] == colour
    for name in ("base-default", "base-hover", "base-active"):
        assert contrast(light[name], "#ffffff") >= 4.5
        assert contrast(dark[name], "#000000") >= contrast(DARK[name], "#000000") - 0.2
    for scale, ours in ((light, LIGHT), (dark, DARK)):
        for name, shade in ours.items():
            if not (scale is light and name.startswith("base-")):
                assert luminance(scale[name]) == pytest.approx(luminance(shade), abs=0.012), name


@pytest.mark.parametrize("colour", ["#f5a524", "#ffffff", "#00aaff", "#77ff77", "#ff0000"])
def test_a_colour_too_light_is_answered_with_the_nearest_that_can_be_read(colour: str) -> None:
    proposed = nearest_readable(colour)

    assert not is_readable(colour)
    assert 4.5 <= contrast(proposed, "#ffffff") < 4.7


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("#0B5563", "#0b5563"),
        (" 0b5563 ", "#0b5563"),
        ("#abc", "#aabbcc"),
        ("red", None),
        ("#12345g", None),
        ("", None),
    ],
)
def test_a_colour_is_read_as_people_write_it(written: str, found: str | None) -> None:
    assert parse_accent(written) == found


def test_the_sheet_sets_accents_and_nothing_else() -> None:
    names = re.findall(r"(--[a-z-]+|[a-z-]+):(?=[#a-z])", re.sub(r"@media \([^)]*\)|:root", "", style_sheet("#9b1b30")))

    assert names
    assert all(name.startswith("--ds-color-accent-") for name in names)
