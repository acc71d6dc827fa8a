"""What comes of an event, without a database: the text that a summary begins as, and figures put together."""

from __future__ import annotations

import pytest

from services.rsvp.domain import summary_text
from services.rsvp.domain.caught import CaughtLine, ThemeGroup
from services.rsvp.domain.figures import Figures, together
from services.rsvp.domain.opinion import rating_in
from shared import markdown


def line(text: str, reference: str | None = None) -> CaughtLine:
    return CaughtLine("id", text[:10], text, "", reference)


def test_ideas_from_the_room_are_told_by_theme_with_their_references() -> None:
    groups = [ThemeGroup("Cykla", [line("Fler\nställ", "KRO-2026-0001")]), ThemeGroup("", [line("Annat")])]

    assert summary_text.proposed(groups, heading="Idéer", rest="Övrigt") == (
        "## Idéer\n\n### Cykla\n\n- Fler ställ (KRO-2026-0001)\n\n### Övrigt\n\n- Annat\n"
    )
    assert summary_text.proposed(groups[1:], heading="Idéer", rest="Övrigt") == "## Idéer\n\n- Annat\n"
    assert summary_text.proposed([], heading="Idéer", rest="Övrigt") == ""


@pytest.mark.parametrize(
    "words", ["**fet**", "[köp](https://evil.example)", "# rubrik", "`kod`", "<b>x</b>", "a_b_c", "> citat", "\\*"]
)
def test_what_those_present_wrote_stays_words(words: str) -> None:
    text = summary_text.proposed([ThemeGroup("", [line(words)])], heading="H", rest="R")

    assert markdown.plain(text).splitlines()[-1] == f"– {words}"
    assert "<a" not in markdown.html(text)


def test_a_summary_is_kept_as_it_was_typed_unless_it_is_too_long() -> None:
    typed = {"sv": " Rad\r\nrad\n\n", "fr": "Non"}

    assert summary_text.read_words(typed, ["sv", "en"]) == {"sv": "Rad\nrad", "en": ""}
    assert summary_text.faults({"sv": "å" * 40_001, "en": "a" * 40_000}) == {"sv": "too_long"}


def test_figures_of_several_events_are_their_sum_and_the_mean_is_weighed() -> None:
    one, other = Figures(10, 8, 7, 6, 5, {5: 3}), Figures(1, 2, 3, 4, 0, {1: 1})

    total = together([one, other])

    assert (total.invited, total.answered, total.coming, total.came, total.ideas) == (11, 10, 10, 10, 5)
    assert (total.opinions, total.mean) == (4, 4.0)
    assert Figures().mean is None


@pytest.mark.parametrize(("typed", "rating"), [("1", 1), (" 5 ", 5), ("0", None), ("6", None), ("", None), ("²", None)])
def test_a_rating_is_one_of_five(typed: str, rating: int | None) -> None:
    assert rating_in(typed) == rating
