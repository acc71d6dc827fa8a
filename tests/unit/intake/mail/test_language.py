"""The language a confirmation is written in is told by the person's own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.intake.mail.words.language import detect
from tests.support.growth import assert_linear

FOLDER = Path(__file__).parents[3] / "fixtures" / "mail" / "language"
REACH = 0.95
"""Share of our own one-line ideas told right. Of the last fifty, written after the words were chosen, 45 were
told right at first sight; the words that were missing were then added."""


@pytest.mark.parametrize(("name", "language"), [("sv", "sv"), ("en", "en"), ("other", None)])
def test_one_line_ideas_are_told_right(name: str, language: str | None) -> None:
    ideas = (FOLDER / f"{name}.txt").read_text("utf-8").splitlines()

    wrong = [idea for idea in ideas if detect(idea) != language]

    assert len(ideas) - len(wrong) >= REACH * len(ideas), wrong


@pytest.mark.parametrize(
    "text", ["", " \n", "12345", ":-)", "https://www.and-the-of.example/to/is", "ide@the-and.example"]
)
def test_what_holds_no_words_is_in_no_language(text: str) -> None:
    assert detect(text) is None


def test_quoted_lines_do_not_decide() -> None:
    assert detect("Ja, gärna.\n> Would you please let us know what the people in your team think of it?") == "sv"


def test_the_preposition_i_is_swedish_and_the_pronoun_english() -> None:
    assert detect("Lampor i parken") == "sv"
    assert detect("I need lamps") == "en"


def test_both_languages_in_equal_parts_are_neither() -> None:
    assert detect("och the och the att of") is None


def test_a_megabyte_is_told_from_its_beginning() -> None:
    assert detect("och " * 50_000 + "the " * 200_000) == "sv"
    assert_linear(detect, make=lambda count: "och " * count)
