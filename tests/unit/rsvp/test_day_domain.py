"""The day's pure parts: portions, the order of names, which tick counts, codes, and ideas on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations
from uuid import UUID

from services.rsvp.domain import door_code
from services.rsvp.domain.caught import CaughtLine, by_theme, themes_in, title_of
from services.rsvp.domain.kitchen import Portion, portions
from services.rsvp.domain.name_order import name_key
from services.rsvp.domain.ticks import KeptTick, newest, told_at
from shared.signing import Signer

MOMENT = datetime(2026, 11, 24, 9, tzinfo=UTC)
IDS = [UUID(int=number) for number in range(1, 5)]


def test_diets_are_counted_by_what_they_mean_and_nothing_unknown_is_guessed() -> None:
    told = [
        *("Vegetarian", "vegetariskt!", " VEG ", "gluten och laktos", "Laktosfri, glutenfri", "nej", "", "-"),
        *("Inte vegetarian", "kiwi (svår allergi)", "Kiwi  (svår allergi).", "vegan + nötter"),
        *("2 vegetarian, 1 halal", "3 st halal, ägg"),
    ]

    assert portions(told) == [
        Portion("vegetariskt", 5),
        Portion("halal", 4),
        Portion("gluten + laktos", 2),
        Portion("kiwi (svår allergi)", 2),
        Portion("inte vegetarian", 1),
        Portion("nötter + veganskt", 1),
        Portion("ägg", 1),
    ]


def test_names_stand_as_in_a_swedish_list() -> None:
    names = ["Östen", "Åke", "Zara", "Ärla", "Élise", "Erik", "eva", "Ülle", "Yngve", "Ølgod"]

    assert sorted(names, key=name_key) == [
        *("Élise", "Erik", "eva", "Ülle", "Yngve", "Zara", "Åke", "Ärla", "Ølgod", "Östen")
    ]


def test_the_newest_tick_counts_in_whatever_order_and_no_clock_runs_ahead() -> None:
    ahead = MOMENT + timedelta(hours=3)
    ticks = [
        KeptTick(IDS[0], 2, told_at(ahead, MOMENT), MOMENT),
        KeptTick(IDS[1], 0, told_at(MOMENT + timedelta(minutes=1), MOMENT + timedelta(minutes=9)), ahead),
        KeptTick(IDS[2], 1, told_at(MOMENT - timedelta(minutes=1), ahead), ahead),
    ]

    assert {newest(order) for order in permutations(ticks)} == {ticks[1]}
    assert newest([]) is None


def test_a_code_is_one_guests_as_typed_and_under_an_older_key() -> None:
    old, new = Signer([b"o" * 32]), Signer([b"n" * 32, b"o" * 32])
    code = door_code.code_of(new, IDS[0])

    assert len(code) == door_code.LENGTH
    assert door_code.typed(door_code.in_groups(code).upper()) == code
    assert door_code.codes_of(new, IDS[0]) == {code, door_code.code_of(old, IDS[0])}
    assert door_code.code_of(new, IDS[1]) not in door_code.codes_of(new, IDS[0])


def test_an_idea_is_called_by_its_first_sentence_and_stands_under_its_theme() -> None:
    assert title_of("\n Cykla mer! Vi kör bil korta sträckor.") == "Cykla mer!"
    assert len(title_of("ord " * 200)) <= 90
    assert themes_in(" Skola\n\nVård \nSkola") == ["Skola", "Vård"]

    lines = [
        CaughtLine(str(n), "t", "t", theme, None) for n, theme in enumerate(["Vård", "borttaget", "Skola", "Vård"])
    ]
    groups = by_theme(lines, ["Skola", "Vård", "Kultur"])
    assert [(group.theme, [line.id for line in group.ideas]) for group in groups] == [
        ("Skola", ["2"]),
        ("Vård", ["0", "3"]),
        ("", ["1"]),
    ]
