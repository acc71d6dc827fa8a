"""A tour's plan, how stops differ from it, their order, and their addresses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from services.rsvp.domain.plan import differences, half_day, new_plan, read_plan, reply_by, stop_values, write_plan
from services.rsvp.domain.route import ordered, route
from services.rsvp.domain.slugs import free_slug, slug_of

LANGUAGES = ("sv", "en")
KIM = {"name": "Kim Kontakt", "address": "kim@krokom.example", "language": "sv"}


def a_plan(**changes: Any) -> dict[str, Any]:
    plan = new_plan(LANGUAGES)
    plan["values"]["title"] = {"sv": "Kalasturné"}
    return plan | changes


def test_a_plan_is_read_back_as_it_was_written() -> None:
    proposals = [{"day": "2026-12-01", "starts": "09:00", "ends": "12:00"}]
    contacts = [{**KIM, "phone": "070", "is_told": False}]
    plan = a_plan(proposals=proposals, contacts=contacts, contacts_mode="fixed", reply_days=3)

    filled = read_plan(write_plan(plan, LANGUAGES), LANGUAGES)

    assert filled.faults == {}
    assert filled.values == {name: value for name, value in plan.items() if name != "applied"}


def test_a_plan_tells_what_is_wrong_in_its_half_days() -> None:
    form = write_plan(a_plan(), LANGUAGES) | {"p0-day": "2026-12-01", "p0-starts": "12:00", "p0-ends": "9", "ends": "8"}

    faults = read_plan(form, LANGUAGES).faults

    assert {name: fault.key.rpartition(".")[2] for name, fault in faults.items()} == {"ends": "time", "p0-ends": "time"}


def test_a_stop_takes_its_contacts_as_the_plan_says() -> None:
    own = [KIM, {"name": "Lo", "address": "lo@krokom.example", "language": "sv"}]
    fixed = [{**KIM, "phone": "070", "is_told": False}]
    found = {
        mode: [
            contact["phone"]
            for contact in stop_values(a_plan(contacts=fixed, contacts_mode=mode), "K", own)["contacts"]
        ]
        for mode in ("sluice", "fixed", "both")
    }

    assert found == {"sluice": ["", ""], "fixed": ["070"], "both": ["070", ""]}
    assert stop_values(a_plan(), "Krokoms kommun", own)["title"] == {"sv": "Kalasturné i Krokoms kommun"}


def test_a_stop_that_was_changed_by_hand_is_offered_only_what_the_plan_changed() -> None:
    applied = {"fika": "kaffe", "capacity": 30, "text": "a"}
    present = {"fika": "te", "capacity": 30, "text": "b"}

    found = differences({"fika": "kaffe", "capacity": 40, "text": "c"}, present, applied)

    assert [(each.field, each.by_hand) for each in found] == [("capacity", False), ("text", True)]


def test_half_days_follow_the_clock_through_its_changes() -> None:
    assert half_day(date(2026, 10, 25), "02:30", "12:00", "Europe/Stockholm") == (
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 11, tzinfo=UTC),
    )
    assert half_day(date(2026, 3, 29), "02:30", "12:00", "Europe/Stockholm") is None
    starts_at = datetime(2026, 12, 1, 8, tzinfo=UTC)
    assert reply_by(starts_at, 7, "Europe/Stockholm") == datetime(2026, 11, 24, 22, 59, tzinfo=UTC)
    assert reply_by(starts_at, 0, "Europe/Stockholm") == starts_at


def test_the_route_goes_by_day_and_turns_at_the_edge() -> None:
    days = {name: datetime(2026, 12, day, tzinfo=UTC) for name, day in (("b", 2), ("a", 1))}

    assert ordered([("x", None), ("b", days["b"]), ("y", None), ("a", days["a"])]) == ["a", "b", "x", "y"]
    drawn = route(["a", "b", "c", "d", "e"], columns=2)
    assert [(mark.stop, mark.number, mark.x, mark.y) for mark in drawn.marks] == [
        ("a", 1, 50, 50),
        ("b", 2, 150, 50),
        ("c", 3, 150, 150),
        ("d", 4, 50, 150),
        ("e", 5, 50, 250),
    ]
    assert (drawn.width, drawn.height) == (200, 300)
    assert route([]).marks == []


def test_addresses_are_made_of_titles() -> None:
    assert [slug_of(title) for title in ("Kreativa byråkrater", "Åre & Östersund!", "日本", "a" * 70)] == [
        "kreativa-byrakrater",
        "are-ostersund",
        "traff",
        "a" * 60,
    ]
    taken = {"traff", "traff-2"}
    assert free_slug("traff", taken.__contains__) == "traff-3"
    assert free_slug("ny", taken.__contains__) == "ny-2"
