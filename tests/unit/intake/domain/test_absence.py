"""Automatic replies as people set them, and the last day of the absence that each plainly tells of."""

from __future__ import annotations

from datetime import date

import pytest

from services.intake.domain.absence import last_day, tells_of_absence
from tests.support.growth import assert_linear

TODAY = date(2026, 11, 24)
"""A Tuesday, of week 48."""
NONE = None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hej! Jag är på semester och åter den 3 december.", "2026-12-02"),
        ("Jag är åter på kontoret måndag 7 december.", "2026-12-06"),
        ("Jag är tillbaka i tjänst torsdag den 3:e december 2026.", "2026-12-02"),
        ("Jag är ledig till och med 8/12.", "2026-12-08"),
        ("Frånvarande t.o.m. 8/12-2026. Vid brådskande ärenden ring växeln 0640-161 00.", "2026-12-08"),
        ("Jag är ledig tom 11 dec.", "2026-12-11"),
        ("Föräldraledig till den 15 januari", "2027-01-15"),
        ("Ledig 1 december - 8 december", "2026-12-08"),
        (
            "Jag är ledig från den 1 december till och med fredag den 4 december och är åter den 7 december.",
            "2026-12-06",
        ),
        ("Jag är tillbaka 2026-12-01", "2026-11-30"),
        ("Åter på måndag!", "2026-11-29"),
        ("Jag är åter i morgon.", "2026-11-24"),
        ("Åter vecka 50.", "2026-12-06"),
        ("Semester t o m v 51", "2026-12-20"),
        ("Jag är sjukskriven och åter\nden 2 februari.", "2027-02-01"),
        ("I am out of office and will be back on December 3rd.", "2026-12-02"),
        ("I will return on Monday, 7 December 2026.", "2026-12-06"),
        ("I'll be back in the office on 3 Dec.", "2026-12-02"),
        ("On annual leave until the 8th of December, 2026", "2026-12-08"),
        ("I am on parental leave through January 15, 2027.", "2027-01-15"),
        ("Returning Wednesday", "2026-11-24"),
        ("Back tomorrow", "2026-11-24"),
        # Said, but over: nobody has turned it off. Or not said plainly, or not sensible.
        ("Jag är åter den 20 november.", NONE),
        ("Jag är åter 2026-11-20.", NONE),
        ("Jag är åter den 30 februari.", NONE),
        ("Jag är ledig till 2031-01-01.", NONE),
        ("Back on 12/31.", NONE),
        ("Jag är på semester. Kontakta Kim, 0640-161 00.", NONE),
        ("Vi svarar normalt inom 3 arbetsdagar.", NONE),
        ("Jag återkommer till dig. Mötet är den 3 december.", NONE),
        ("Åter vecka 99.", NONE),
    ],
)
def test_the_last_day_is_read_where_it_is_plain(text: str, expected: str | None) -> None:
    assert last_day("", text, TODAY) == (date.fromisoformat(expected) if expected else None)


def test_the_subject_may_say_it_too() -> None:
    assert last_day("Automatiskt svar: Semester t.o.m. 8/12", "Hej!", TODAY) == date(2026, 12, 8)


def test_a_day_after_new_year_is_next_years() -> None:
    assert last_day("", "Jag är åter den 7 januari.", date(2026, 12, 22)) == date(2027, 1, 6)
    assert last_day("", "Jag är åter den 22 december.", date(2026, 12, 22)) is None


@pytest.mark.parametrize(
    "text",
    [
        "Jag är på semester.",
        "Jag är inte på kontoret i dag.",
        "Jag är föräldraledig.",
        "I am out of the office.",
        "I'm on annual leave.",
        "Åter den 3 december.",
        "Frånvaro",
    ],
)
def test_somebody_who_is_away_says_so(text: str) -> None:
    assert tells_of_absence("Autosvar", text)


@pytest.mark.parametrize(
    "text",
    [
        "Tack för ditt mejl! Vi svarar inom tre arbetsdagar.",
        "Thank you for your email. We answer within five working days. Our out of office hours are 16 to 8.",
        "Ditt ärende har registrerats med nummer 4711.",
        "Er postadress är Box 12.",
    ],
)
def test_a_function_mailbox_that_thanks_is_not_away(text: str) -> None:
    assert not tells_of_absence("Autosvar: Ny idé", text)


@pytest.mark.parametrize(("start", "unit"), [("", "åter "), ("", "till "), ("åter den ", "x "), ("", "1"), ("", "- ")])
def test_long_text_takes_no_longer_than_its_length(start: str, unit: str) -> None:
    def read(text: str) -> None:
        tells_of_absence(text, text)
        last_day(text, text, TODAY)

    assert_linear(read, make=lambda count: start + unit * count)
