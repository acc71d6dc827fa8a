"""Reminders and escalation by the clock: over a weekend and a holiday, by two schedulers, with people away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from services.intake.domain.sluice import SluiceProfile
from services.intake.store import sluices
from services.intake.store.tables import Contact, Idea, TimelineEntry
from services.intake.usecases import remind
from services.intake.usecases.ask_for_mail import ask_for_mail
from services.intake.usecases.remind import Remind
from shared.db import Database, Role
from shared.settings import Settings
from tests.support.clocks import StillClock, swedish
from tests.support.ideas import a_sluice, an_idea

ASKED = text("SELECT payload FROM bus.message WHERE name = 'mail.wanted.v1' ORDER BY id")


@pytest.fixture
def clock() -> StillClock:
    return StillClock(swedish("2026-12-01 10:00"))


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    found = Database(settings, Role.INTAKE, pool_size=4)
    yield found
    found.dispose()


@pytest.fixture
def sluice(settings: Settings, database: Database) -> SluiceProfile:
    """Two contacts and a coach."""
    with database.transaction() as session:
        made = a_sluice(session)
        sluices.add_contact(session, made.id, name="Annan Kontakt", address="annan@krokom.example")
        sluices.add_contact(session, made.id, name="Camilla Coach", address="coach@region.example", role="coach")
        session.flush()
        return sluices.profile(session, made.id)


def idea(settings: Settings, database: Database, sluice: SluiceProfile, title: str, **columns: Any) -> UUID:
    """One that came in on 24 November 2026, so that its answer is promised for 8 December."""
    with database.transaction() as session:
        made = an_idea(session, settings, sluice, title=title, received_at=swedish("2026-11-24 10:00"))
        for name, value in columns.items():
            setattr(made, name, value)
        return made.id


def asked(database: Database, kind: str) -> list[tuple[str, list[tuple[str, int]]]]:
    """To whom, and of which ideas with how many days late."""
    with database.transaction() as session:
        payloads = [json.loads(row[0]) for row in session.execute(ASKED)]
    return [
        (each["person"]["address"], [(one["title"], one["days_late"]) for one in each["facts"]["entries"]])
        for each in payloads
        if each["kind"] == kind
    ]


def test_people_are_reminded_once_a_working_day_and_the_coach_once(
    settings: Settings, database: Database, sluice: SluiceProfile, clock: StillClock
) -> None:
    run = Remind(settings, database, clock)
    mine = sluice.contacts[1].id
    pump = idea(settings, database, sluice, "Pump")
    idea(settings, database, sluice, "Bänk", assigned_to=mine, held="spam")
    idea(settings, database, sluice, "Klar", answered_at=clock())
    idea(settings, database, sluice, "Stängd", stage="closed")
    idea(settings, database, sluice, "Frågad", asked_at=swedish("2026-12-04 09:00"))
    idea(settings, database, sluice, "Ihop", merged_into=pump)

    for moment in ("2026-12-03 10:00", "2026-12-05 10:00", "2026-12-06 10:00", "2026-12-07 06:30", "2026-12-07 18:00"):
        clock.set(moment)
        assert run() == 0, "neither early, nor at a weekend, nor at night"

    clock.set("2026-12-04 10:00")
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: run(), range(8))) == 1
    assert sorted(asked(database, "reminder")) == [
        ("annan@krokom.example", [("Pump", 0), ("Bänk", 0)]),
        ("kontakt@krokom.example", [("Pump", 0)]),
    ]
    assert asked(database, "escalation") == []

    # The promise was the 8th; three working days later is Friday the 11th.
    for moment, done in (
        ("2026-12-10 09:00", 1),
        ("2026-12-11 09:00", 1),
        ("2026-12-11 15:00", 0),
        ("2026-12-14 09:00", 1),
    ):
        clock.set(moment)
        assert run() == done
    assert asked(database, "escalation") == [
        ("coach@region.example", [("Pump", 3), ("Bänk", 3)]),
        ("coach@region.example", [("Frågad", 4)]),
    ]
    latest = dict(asked(database, "reminder")[-2:])
    assert ("Frågad", 4) in latest["annan@krokom.example"]
    with database.transaction() as session:
        told = session.scalars(select(TimelineEntry).where(TimelineEntry.event == "escalated")).all()
        assert {each.facts["to"] for each in told} == {"Camilla Coach"}
        assert not any(each.public for each in told)


def test_no_working_day_is_counted_over_christmas(
    settings: Settings, database: Database, sluice: SluiceProfile, clock: StillClock
) -> None:
    run = Remind(settings, database, clock)
    idea(settings, database, sluice, "Jul", answer_by=swedish("2026-12-23 12:00"))

    for moment in ("2026-12-24 10:00", "2026-12-25 10:00", "2026-12-31 10:00"):
        clock.set(moment)
        assert run() == 0
    clock.set("2026-12-28 10:00")
    assert run() == 1
    assert asked(database, "reminder")[0][1] == [("Jul", 1)]


def test_deputies_hear_of_what_waits_for_people_who_are_away(
    settings: Settings, database: Database, sluice: SluiceProfile, clock: StillClock
) -> None:
    clock.set("2026-12-07 10:00")
    first, second = sluice.contacts
    with database.transaction() as session:
        away = session.get_one(Contact, first.id)
        away.deputy_id, away.away_until = second.id, date(2026, 12, 7)
    idea(settings, database, sluice, "Pump", assigned_to=first.id)

    assert Remind(settings, database, clock)() == 1
    clock.set("2026-12-08 10:00")
    assert Remind(settings, database, clock)() == 1
    assert [address for address, _ in asked(database, "reminder")] == ["annan@krokom.example", "kontakt@krokom.example"]


def test_a_kill_between_leaves_neither_mail_nor_mark(
    settings: Settings, database: Database, sluice: SluiceProfile, clock: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set("2026-12-07 10:00")
    first = idea(settings, database, sluice, "Pump")

    def killed(*_: object, **__: object) -> None:
        raise SystemExit

    asking = ask_for_mail
    calls: list[int] = []

    def second_is_killed(*given: Any, **named: Any) -> None:
        calls.append(1)
        (asking if len(calls) == 1 else killed)(*given, **named)

    monkeypatch.setattr(remind, "ask_for_mail", second_is_killed)
    with pytest.raises(SystemExit):
        Remind(settings, database, clock)()
    with database.transaction() as session:
        assert session.get_one(Idea, first).reminded_at is None
    assert asked(database, "reminder") == []

    monkeypatch.setattr(remind, "ask_for_mail", asking)
    assert Remind(settings, database, clock)() == 1
    assert len(asked(database, "reminder")) == 2
