"""How many SMS a text takes, and how it is made to fit."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.sms import Encoding, Sms, encoding_of, fitted, segments, tidy

GSM = "abcåäöÅÄÖé ?\n@£Δ€[]{}|^~\\"
ANY = st.text(st.sampled_from(GSM + "ж😀—“…\u00a0"), max_size=700)
GSM_TEXT = st.text(st.sampled_from(GSM), max_size=700)
LINK = "\nhttps://ide.krokom.example/i/KRO-2026-0042?t=abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count", "left"),
    [
        ("", Encoding.GSM, 0, 1, 160),
        ("a" * 160, Encoding.GSM, 160, 1, 0),
        ("a" * 161, Encoding.GSM, 161, 2, 145),
        ("a" * 306, Encoding.GSM, 306, 2, 0),
        ("a" * 307, Encoding.GSM, 307, 3, 152),
        ("å" * 160, Encoding.GSM, 160, 1, 0),
        ("€" * 80, Encoding.GSM, 160, 1, 0),
        ("€" * 81, Encoding.GSM, 162, 2, 143),
        ("ж" * 70, Encoding.UCS2, 70, 1, 0),
        ("ж" * 71, Encoding.UCS2, 71, 2, 63),
        ("😀" * 35, Encoding.UCS2, 70, 1, 0),
        ("😀" * 36, Encoding.UCS2, 72, 2, 61),
    ],
)
def test_the_standard_decides_what_fits(text: str, encoding: Encoding, units: int, count: int, left: int) -> None:
    counted = segments(text)

    assert (counted.encoding, counted.units, counted.count, counted.left_in_last) == (encoding, units, count, left)


def test_an_escape_pair_or_a_surrogate_pair_at_a_border_moves_to_the_next_segment_whole() -> None:
    assert segments("a" * 152 + "€" + "a" * 151).count == 2
    assert segments("a" * 152 + "€" + "a" * 152).count == 3
    assert segments("ж" * 66 + "😀" + "ж" * 65).count == 2
    assert segments("ж" * 66 + "😀" + "ж" * 66).count == 3


@given(ANY)
def test_counting_agrees_with_dividing_what_goes_over_the_air(text: str) -> None:
    if encoding_of(text) is Encoding.GSM:
        units = "".join(f"\x1b{sign}" if sign in "€[]{}|^~\\" else sign for sign in text)
        first_halves, whole, part = {"\x1b"}, 160, 153
    else:
        wire = text.encode("utf-16-be")
        units = "".join(chr(int.from_bytes(wire[at : at + 2])) for at in range(0, len(wire), 2))
        first_halves, whole, part = {chr(code) for code in range(0xD800, 0xDC00)}, 70, 67
    parts = [units] if len(units) <= whole else []
    while units and not (parts and parts[0] is units):
        end = part - 1 if units[part - 1 : part] in first_halves and len(units) > part else part
        parts.append(units[:end])
        units = units[end:]

    assert segments(text).count == len(parts)


@given(ANY)
def test_what_is_left_in_the_last_segment_is_exactly_what_still_fits(text: str) -> None:
    counted = segments(text)

    assert segments(text + "a" * counted.left_in_last).count == counted.count
    assert segments(text + "a" * (counted.left_in_last + 1)).count == counted.count + 1


def test_swedish_with_a_printers_quotes_dashes_and_dots_costs_what_plain_swedish_costs() -> None:
    text = "Hej Åsa!\u00a0Träffen ”Kreativa byråkrater” – kl.\u202f13…\r\n\r\n\r\n\tCafé Ö\u200bn   \n"

    tidied = tidy(text)

    assert tidied == 'Hej Åsa! Träffen "Kreativa byråkrater" - kl. 13...\n\n Café Ön'
    assert encoding_of(tidied) is Encoding.GSM


def test_a_decomposed_letter_is_the_letter() -> None:
    assert tidy("A\u030asa o\u0308") == "Åsa ö"


def test_nothing_is_changed_where_that_gains_nothing() -> None:
    assert tidy("Ніна – “ja”… 😀") == "Ніна – “ja”… 😀"
    assert tidy("Mária – ja") == "Mária – ja"
    assert tidy("…" * 70) == "…" * 70  # one segment; as dots it would be two


@given(ANY | st.text(max_size=200))
def test_tidying_twice_is_tidying_once_and_never_costs_more(text: str) -> None:
    tidied = tidy(text)

    assert tidy(tidied) == tidied
    assert segments(tidied).count <= segments(text).count


@given(GSM_TEXT)
def test_tidying_keeps_every_letter_and_sign_of_the_alphabet(text: str) -> None:
    assert Counter(tidy(text).split()) == Counter(text.split())


@given(ANY, st.integers(min_value=1, max_value=6))
def test_a_fitted_text_keeps_its_ending_and_begins_as_it_was_written(text: str, most: int) -> None:
    whole = fitted(text, LINK, most)

    assert whole.endswith(LINK)
    assert segments(whole).count <= most
    begun = whole.removesuffix(LINK)
    assert begun == text or text.startswith(begun.removesuffix("..."))


@given(ANY)
def test_what_fits_is_left_alone(text: str) -> None:
    if segments(text + LINK).count <= 6:
        assert fitted(text, LINK, 6) == text + LINK


def test_a_text_is_cut_at_a_word_and_uses_the_room_there_is() -> None:
    text = "ord " * 400

    whole = fitted(text, LINK, 2)

    assert whole.removesuffix(LINK).endswith("ord...")
    assert segments(whole).left_in_last <= 4


def test_a_text_of_one_word_is_cut_in_it() -> None:
    assert fitted("o" * 2000, LINK, 1) == "o" * (160 - 3 - len(LINK)) + "..." + LINK


def test_a_message_does_not_show_its_words_in_a_log() -> None:
    assert "hemligt" not in repr(Sms("+46701234567", "Krokom", "hemligt"))
