"""What points at a person is found, what only looks like it is not, and no other character is ever touched."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.personal_data import Mark, MarkKind, find, masked
from tests.support.growth import assert_linear
from tests.unit.intake.domain.personal_corpus import labelled, measure

WORDS = {kind: f"[{kind}]" for kind in MarkKind}
RECALL = dict.fromkeys(MarkKind, 0.95) | {MarkKind.PERSON_NAME: 0.9}
PRECISION = dict.fromkeys(MarkKind, 0.95) | {MarkKind.PERSON_NAME: 0.9}


def _found(text: str) -> list[tuple[str, str, bool]]:
    return [(str(mark.kind), text[mark.start : mark.end], mark.certain) for mark in find(text)]


@pytest.mark.parametrize("kind", MarkKind)
def test_labelled_texts_are_found_with_few_mistakes(kind):
    figures = measure(labelled())

    assert figures.recall(kind) >= RECALL[kind], figures.mistakes
    assert figures.precision(kind) >= PRECISION[kind], figures.mistakes


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("850709-9805", True),
        ("19850709-9805", True),
        ("850709+9805", True),
        ("8507099805", True),
        ("19850709 9805", True),
        ("850709–9805", True),
        ("850709\u00a0-\u00a09805", True),
        ("701063-2391", True),  # co-ordination number: the day is 3
        ("850709-9806", False),  # the check figure does not fit
    ],
)
def test_personal_numbers_in_every_form_are_certain_where_the_check_figure_fits(text, certain):
    assert _found(f"Det är {text}, tack.") == [("personal_number", text, certain)]


@pytest.mark.parametrize(
    "text",
    [
        "556036-0793",  # an organisation's
        "850229-9805",  # no such day
        "8507099806",  # a number of ten figures, and nothing says what of
        "KRO-850709-9805",
        "1850709-98051",
        "0801-1600",
        "2026-11-24 1400",
        "12,850709-98",
    ],
)
def test_other_numbers_are_no_personal_numbers(text):
    assert _found(f"Se {text} här.") == []


def test_a_street_alone_is_uncertain_and_somebodys_home_is_certain():
    assert _found("Hålet vid Storgatan 12 är djupt.") == [("address", "Storgatan 12", False)]
    assert _found("Jag bor på Storgatan 12.") == [("address", "Storgatan 12", True)]


def test_a_genitive_leaves_its_s_in_the_sentence():
    text = "Anna Bergströms förslag"
    assert masked(text, find(text), {0}, WORDS) == "[person_name]s förslag"


def test_a_name_written_with_separate_accents_is_found_at_its_own_place():
    text = unicodedata.normalize("NFD", "Hälsa Göran Hägglund på Åsgatan från mig.")
    (mark,) = find(text)
    assert unicodedata.normalize("NFC", text[mark.start : mark.end]) == "Göran Hägglund"


def test_only_what_was_chosen_is_masked_and_every_other_character_stays():
    text = "\u202eAnna Lindqvist\u202c 🏔️ 070-123 45 67\r\n\tmejl: anna@krokom.example\u200b"
    marks = find(text)
    assert [mark.kind for mark in marks] == [MarkKind.PERSON_NAME, MarkKind.PHONE, MarkKind.EMAIL]

    shown = masked(text, marks, {1}, WORDS)

    assert shown == text.replace("070-123 45 67", "[phone]")
    assert masked(text, marks, (), WORDS) == text


_PIECES = (
    *("Anna ", "Svensson", "070-", "123 45 67", "850709-9805", "@", "a.b", "Storgatan ", "12", " 831 31 ", "Östersund"),
    *("c/o ", "\n", "/", "Mvh ", "jag heter ", "’s", "-", "å", "🏔️", "\u202e", "\u0301", "ﷺ", "K. ", "konto ", "ß"),
)
_HOSTILE = ("Anna ", "A. ", "070-", "a@", "a.", "Storg ", "konto ", "A\u0301", "Aa", "+4")


@given(st.lists(st.sampled_from(_PIECES) | st.text(max_size=5), max_size=40).map("".join))
def test_marks_stand_in_order_within_the_text_and_never_overlap(text):
    marks = find(text)

    places = [place for mark in marks for place in (mark.start, mark.end)]
    assert places == sorted(places)
    assert all(0 <= mark.start < mark.end <= len(text) for mark in marks)
    kept = masked(text, marks, range(len(marks)), dict.fromkeys(MarkKind, ""))
    assert len(kept) == len(text) - sum(mark.end - mark.start for mark in marks)


@pytest.mark.parametrize("unit", _HOSTILE)
def test_the_time_grows_as_a_hostile_text_does(unit):
    assert_linear(find, make=lambda count: (unit * (count // len(unit) + 1))[:count])


def test_a_mark_says_what_it_is():
    assert find("Ring 070-123 45 67") == (Mark(5, 18, MarkKind.PHONE, True),)
