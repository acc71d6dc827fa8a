"""An idea's title comes from the subject without its prefixes, else from the first sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.words.title import MAX_SENTENCE, MAX_SUBJECT, clean
from tests.support.growth import assert_linear


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Cykelväg", "Cykelväg"),
        ("Re: Cykelväg", "Cykelväg"),
        ("SV: VB: Re: FW: Fwd: Cykelväg", "Cykelväg"),
        ("TR: Réf: Cykelväg", "Cykelväg"),
        ("*****SPAM***** Cykelväg", "Cykelväg"),
        ("***Viktigt*** Cykelväg", "***Viktigt*** Cykelväg"),
        ("VS: AW: WG: TR: RV: Antw: Odp: Cykelväg", "Cykelväg"),
        ("Re[2]: Cykelväg", "Cykelväg"),
        ("Re (3): Cykelväg", "Cykelväg"),
        ("RE^4: Cykelväg", "Cykelväg"),
        ("Ang. cykelväg", "cykelväg"),
        ("Ang: Sv: cykelväg", "cykelväg"),
        ("Svar: Vidarebefordrat: Cykelväg", "Cykelväg"),
        ("回复：会议", "会议"),
        ("[ide] Re: [KRO-2026-0042] Cykelväg [bild]", "Cykelväg [bild]"),
        ("[Idé]", "[Idé]"),
        ("Re: [Idé]", "[Idé]"),
        ("  Cykel-\r\n väg\t nu ", "Cykel- väg nu"),
        ("Sverige: framåt", "Sverige: framåt"),
        ("Research: a proposal", "Research: a proposal"),
        ("Regarding the bench", "Regarding the bench"),
        ("Angående bänken", "Angående bänken"),
        ("Bänk\u202e\x07 vid ån", "Bänk vid ån"),
    ],
)
def test_a_subject_loses_prefixes_tags_and_counters_and_nothing_else(subject: str, title: str) -> None:
    assert clean(subject, "En annan text.") == title


@pytest.mark.parametrize("subject", [None, "", "Re:", "SV: VB:", " - ", "Re: ..."])
def test_a_subject_that_says_nothing_gives_way_to_the_first_sentence(subject: str | None) -> None:
    text = "Hej Åsa!\n\nVi provar cykelförråd vid\nalla skolor. Det vore bra.\n\nMvh Bo"

    assert clean(subject, text) == "Vi provar cykelförråd vid alla skolor"


def test_a_long_sentence_is_cut_between_words() -> None:
    title = clean(None, "bygg broar " * 40)

    assert title is not None
    assert len(title) <= MAX_SENTENCE
    assert title.endswith("…")
    assert set(title.removesuffix("…").split()) == {"bygg", "broar"}


def test_quoted_lines_give_no_title_and_a_lone_greeting_does() -> None:
    assert clean("Re:", "> citat\nBygg en bro") == "Bygg en bro"
    assert clean(None, "Hej!") == "Hej!"


def test_neither_subject_nor_text_gives_none() -> None:
    assert clean(None, "") is None
    assert clean("Re:", " \n> bara citat\n ...") is None


@given(st.text(), st.text())
def test_a_title_is_one_line_of_bounded_length(subject: str, text: str) -> None:
    title = clean(subject, text)

    assert title is None or (title.strip() == title and "\n" not in title and 0 < len(title) <= MAX_SUBJECT)


@pytest.mark.parametrize("unit", ["Re: ", "Re[", "[a] ", "[", " ", "Re : "])
def test_a_hostile_subject_takes_little_time(unit: str) -> None:
    assert_linear(lambda subject: clean(subject, "text"), make=lambda count: unit * count)
