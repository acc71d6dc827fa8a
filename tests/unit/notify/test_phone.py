"""Telephone numbers as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.phone import e164, shown


@pytest.mark.parametrize(
    "typed",
    [
        "070-123 45 67",
        "0701234567",
        " 070 123 45 67 ",
        "070.123.45.67",
        "070/123 45 67",
        "+46 70 123 45 67",
        "+46701234567",
        "0046701234567",
        "46701234567",
        "+46 (0)70-123 45 67",
        "(070) 123 45 67",
        "070\u2011123\u00a045\u00a067",
        "070–123 45 67",
        "０７０１２３４５６７",
        "tel:+46701234567",
    ],
)
def test_a_swedish_mobile_number_is_the_same_in_every_spelling(typed: str) -> None:
    assert e164(typed) == "+46701234567"


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "nothing"),
        ("070-123 45", "too short"),
        ("070-123 45 67 89", "too long"),
        ("0719-12 34 56", "in no plan"),
        ("08-123 456 78", "a landline"),
        ("0900-123 45 67", "premium"),
        ("0939-123 45 67", "premium"),
        ("077-123 45 67", "shared cost"),
        ("020-12 34 56", "toll-free"),
        ("112", "short"),
        ("71360", "short"),
        ("070-123 45 67 ankn 12", "an extension"),
        ("Åsa 070-123 45 67", "a name"),
        ("070-RING MIG", "letters"),
        ("070-123 45 67; 070-123 45 68", "two"),
        ("asa@invanare.example", "an address"),
        ("+46701234567\nBcc: x", "a header"),
        ("+999 70 123 45 67", "no country"),
    ],
)
def test_what_no_sms_should_go_to_is_no_number(typed: str, why: str) -> None:
    assert e164(typed) is None, why


def test_a_foreign_number_needs_its_country_code_and_is_shown_with_it() -> None:
    assert e164("+47 406 12 345") == "+4740612345"
    assert e164("406 12 345") is None
    assert e164("406 12 345", region="NO") == "+4740612345"
    assert shown("+4740612345") == "+47 40 61 23 45"
    assert shown("+46701234567") == "070-123 45 67"
    assert shown("something older") == "something older"


@given(st.text(max_size=60) | st.from_regex(r"[+0-9 ()./-]{0,20}", fullmatch=True))
def test_whatever_is_typed_gives_a_number_that_stays_itself_or_none(typed: str) -> None:
    number = e164(typed)

    if number is not None:
        assert number.startswith("+")
        assert number[1:].isascii()
        assert number[1:].isdigit()
        assert e164(number) == number
        assert e164(shown(number)) == number
