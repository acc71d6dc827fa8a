"""The demo's events: made once by the organisers' use cases, ahead of the first run; and `idesluss event` on them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from idesluss import demo, demo_events
from idesluss.cli import main
from services.rsvp.store import events
from services.rsvp.store.figures import FIGURES
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Change, Event
from shared.clock import STOCKHOLM
from shared.db import Database, Role
from shared.working_days import is_working_day
from tests.support.clocks import swedish
from tests.support.events import a_guest

STOPS = [f"kalasturne-{slug}" for slug in demo_events.PLACES]


@pytest.fixture(scope="module")
def made(module_settings):
    """The settings of an installation whose demo was made before there were events, and got them then."""
    demo.seed(module_settings)
    demo.seed(replace(module_settings, demo_ideas=True))
    return module_settings


@pytest.fixture
def database(made):
    database = Database(made, Role.RSVP, pool_size=1)
    yield database
    database.dispose()


@pytest.fixture
def run(made):
    def run_it(*arguments: str):
        environment = {
            "DATABASE_URL": made.database_url,
            "IDESLUSS_SECRET_KEY": made.secret_keys[0],
            "IDESLUSS_DATA_DIR": str(made.data_dir),
        }
        return CliRunner().invoke(main, ["event", *arguments], env=environment)

    return run_it


def test_the_demos_events_are_made_once_published_and_mail_nobody(made, database: Database) -> None:
    assert demo_events.seed(made) == 0

    with database.transaction() as session:
        tour = events.tour_by_slug(session, "kalasturne")
        stops = events.of_tour(session, tour)
        assert [stop.slug for stop in stops] == STOPS
        alone = events.by_slug(session, "kreativa-byrakrater")
        assert len(session.scalars(select(Event)).all()) == 9
        for event in (*stops, alone):
            contacts = events.contacts_of(session, event)
            assert (event.state, event.is_open, event.capacity is not None) == ("published", True, True)
            assert all(contact.address and contact.phone for contact in contacts)
            assert event.questions
            assert set(event.programme) == {"sv", "en"}
        assert {change.actor for change in session.scalars(select(Change))} == {""}
        mails = text("SELECT count(*) FROM bus.message WHERE name LIKE '%mail_wanted%' OR name = 'mailing.due.v1'")
        assert session.scalar(mails) == 0


@pytest.mark.parametrize("today", ["2026-01-10", "2026-10-20", "2026-11-24", "2026-12-20", "2027-04-01"])
def test_the_demos_days_lie_a_fortnight_ahead_and_in_november_where_they_can(today: str) -> None:
    moment = swedish(f"{today} 12:00")
    days = demo_events.days_from(moment)

    assert len(set(days)) == len(demo_events.PLACES) + 1
    assert days == sorted(days)
    assert all(is_working_day(day) for day in days)
    assert days[7] - days[0] == timedelta(days=10)  # two weeks
    assert days[0] >= moment.astimezone(STOCKHOLM).date() + timedelta(days=14)
    if today < "2026-10-20":
        assert {(day.year, day.month) for day in days} == {(2026, 11)}


def test_an_installation_with_sluices_of_its_own_gets_no_demo_event(settings) -> None:
    assert demo_events.seed(settings) == 0


def test_events_are_listed_shown_exported_and_cancelled_from_a_terminal(run, database: Database) -> None:
    with database.transaction() as session:
        event = events.by_slug(session, STOPS[0])
        event.capacity = 2
        a_guest(session, event, name="=Ada", state="coming", answer="yes", party_size=2, arrival=1)
        bo = a_guest(session, event, state="waiting", answer="yes", arrival=2, address="bo@example.org")

    lines = [line.split("\t") for line in run("list", "--sluice", "berg").output.splitlines()]
    assert [(line[0], line[1], *line[3:]) for line in lines] == [(STOPS[0], "published", "2/2", "1")]
    shown = dict(line.split("\t", 1) for line in run("show", STOPS[0]).output.splitlines())
    assert (shown["title"], shown["coming"], shown["waiting"]) == ("Kalasturné i Bergs kommun", "2", "1")
    assert run("figures", *STOPS[:2]).output.splitlines()[1] == f"{STOPS[0]},2,2,2,0,0,0,"
    guests = run("export", "guests", STOPS[0]).output.splitlines()
    assert len(guests) == 3
    assert guests[1].startswith("'=Ada,")

    # Somebody writes past the rules: the metric tells, and settling mends it.
    with database.transaction() as session:
        events.by_slug(session, STOPS[0]).capacity = 3
        [alarm] = [gauge for gauge in FIGURES if "beside" in gauge.name]
        assert session.execute(text(alarm.sql)).all() == [(STOPS[0], 1)]
    assert run("settle").output == "1 moved up\n"
    with database.transaction() as session:
        assert session.get_one(Guest, bo.id).state == "coming"
        for gauge in FIGURES:
            assert all(len(row) == len(gauge.labels) + 1 for row in session.execute(text(gauge.sql)))
        assert session.execute(text(alarm.sql)).all() == []

    assert run("publish", STOPS[0]).exit_code == 1
    assert run("cancel", STOPS[0], "--reason", " ").exit_code == 2
    assert run("cancel", STOPS[0], "--reason", "Snöstorm").output == f"{STOPS[0]} is cancelled\n"
    assert run("show", "ingen-sadan").exit_code == 1
    with database.transaction() as session:
        assert events.by_slug(session, STOPS[0]).cancelled_reason == "Snöstorm"
