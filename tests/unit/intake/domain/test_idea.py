"""References, stages, and text made fit to store."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.idea import Reference, Stage, after_answer
from shared.words import clean, one_line


@given(st.from_regex(r"[A-Z]{2,8}", fullmatch=True), st.integers(1000, 9999), st.integers(1, 999_999))
def test_a_reference_is_read_back_as_written(code: str, year: int, number: int) -> None:
    reference = Reference(code, year, number)

    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(str(reference).lower()) == reference
    assert Reference.find(f"Sv: [{reference}] Elcyklar") == reference


@given(st.text())
def test_looking_for_a_reference_never_raises(text: str) -> None:
    Reference.parse(text)
    Reference.find(text)


def test_a_first_answer_shows_that_somebody_has_begun_to_look() -> None:
    assert after_answer(Stage.RECEIVED) is Stage.TRIAGE
    assert all(after_answer(stage) is stage for stage in Stage if stage is not Stage.RECEIVED)


@given(st.text(alphabet=st.characters()))
def test_cleaned_text_can_be_stored_and_keeps_its_words(text: str) -> None:
    cleaned = clean(text)

    assert "\0" not in cleaned
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned


def test_cleaning_keeps_line_breaks_tabs_and_every_letter() -> None:
    assert clean("Å\tä\nö 🚲 \x00\x07\r\n") == "Å\tä\nö 🚲 \n"


@given(st.text(), st.integers(10, 300))
def test_one_line_is_one_line_of_that_length(text: str, limit: int) -> None:
    line = one_line(text, limit)

    assert len(line) <= limit
    assert "\n" not in line
    assert line == line.strip()
