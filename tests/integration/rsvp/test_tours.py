"""Tours made from one plan, and hosts asked for a day."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.rsvp.app import create_app
from services.rsvp.domain.plan import new_plan, write_plan
from services.rsvp.store import events
from services.rsvp.store.tables import Event, HostQuestion, Tour
from shared.db import Database, Role
from shared.settings import Settings
from shared.web import links
from tests.support.events import a_guest, a_sluice
from tests.support.signed_in import client_for, post

LANGUAGES = ("sv", "en")
TOURS = "/kontakt/traffar/turne/"
DAYS = [{"day": f"2030-05-0{day}", "starts": "09:00", "ends": "12:00"} for day in (6, 7)]


@pytest.fixture(scope="module")
def app(module_settings: Settings) -> Iterator[Flask]:
    app = create_app(module_settings)
    with transaction(app) as session:
        for slug in ("krokom", "berg", "are"):
            a_sluice(session, slug)
    yield app
    app.extensions["idesluss_database"].dispose()


@contextmanager
def transaction(app: Flask) -> Iterator[Session]:
    with app.extensions["idesluss_database"].transaction() as session:
        yield session


@pytest.fixture
def krokom(app: Flask) -> FlaskClient:
    return client_for(app, "kim@krokom.example", "contact:krokom")


def a_plan(**changes: Any) -> dict[str, str]:
    """The fields of a plan."""
    plan = new_plan(LANGUAGES)
    plan["values"] |= {"title": {"sv": "Kalasturné"}, "capacity": 30}
    plan["proposals"] = DAYS
    return write_plan(plan, LANGUAGES) | changes


def make(client: FlaskClient, **changes: Any) -> str:
    """A tour with three stops, Krokom's without a day; the tour's slug."""
    stops = {"stop-krokom": "yes", "stop-berg": "yes", "stop-are": "yes"}
    days = {"stop-berg-day": "2030-05-08", "stop-are-day": "2030-05-07"}
    made = post(client, f"{TOURS}ny", **a_plan(sluice="krokom", **stops, **days, **changes))
    assert made.status_code == 303, made.text
    return made.location.split("?")[0].removeprefix(TOURS).strip("/")


def stops_of(app: Flask, tour: str) -> list[Event]:
    with transaction(app) as session:
        return list(events.of_tour(session, events.tour_by_slug(session, tour)))


def version_of(app: Flask, slug: str) -> int:
    with transaction(app) as session:
        return events.tour_by_slug(session, slug).version


def test_one_plan_becomes_a_stop_in_each_municipality_in_the_order_of_days(app: Flask, krokom: FlaskClient) -> None:
    tour = make(krokom)

    stops = stops_of(app, tour)

    assert [stop.slug.removeprefix(tour) for stop in stops] == ["-are", "-berg", "-krokom"]
    assert [stop.starts_at for stop in stops] == [
        datetime(2030, 5, 7, 7, tzinfo=UTC),
        datetime(2030, 5, 8, 7, tzinfo=UTC),
        None,
    ]
    assert {stop.title["sv"] for stop in stops} == {"Kalasturné i Are", "Kalasturné i Berg", "Kalasturné i Krokom"}
    assert {(stop.state, stop.capacity) for stop in stops} == {("draft", 30)}
    page = krokom.get(f"{TOURS}{tour}/").text
    assert page.count('class="route-stop') == 3
    assert client_for(app, "lo@berg.example", "contact:berg").get(f"{TOURS}{tour}/").status_code == 404
    assert client_for(app, "lo@berg.example", "contact:berg").get(f"/kontakt/traffar/{tour}-berg/").status_code == 200


def test_a_changed_plan_changes_the_chosen_stops_alone_and_marks_what_was_done_by_hand(
    app: Flask, krokom: FlaskClient
) -> None:
    tour = make(krokom)
    are, berg, own = (stop.slug for stop in stops_of(app, tour))
    with transaction(app) as session:
        events.by_slug(session, berg).capacity = 12
        event = events.by_slug(session, are)
        event.state = "published"
        a_guest(session, event, state="coming", answer="yes")
    before = version_of(app, tour)
    saved = post(krokom, f"{TOURS}{tour}/redigera", **a_plan(capacity="40", starts="10:00", version=str(before)))

    assert saved.location == f"{TOURS}{tour}/andra?sparat=plan_changed"
    assert {stop.capacity for stop in stops_of(app, tour)} == {30, 12}
    page = krokom.get(f"{TOURS}{tour}/andra").text
    ticked = {slug: f'id="stop-{slug}" name="stop" value="{slug}" checked' in page for slug in (are, berg, own)}
    assert ticked == {are: True, berg: False, own: True}
    assert page.count("ändrat för hand</span>") == 1

    post(krokom, f"{TOURS}{tour}/andra", stop=[are, own], tells="yes", version=version_of(app, tour))
    found = {stop.slug: stop for stop in stops_of(app, tour)}
    assert {slug: stop.capacity for slug, stop in found.items()} == {are: 40, berg: 12, own: 40}
    assert (found[are].starts_at, found[are].sequence) == (datetime(2030, 5, 7, 8, tzinfo=UTC), 1)
    assert found[berg].starts_at == datetime(2030, 5, 8, 7, tzinfo=UTC)
    late = post(krokom, f"{TOURS}{tour}/redigera", **a_plan(capacity="50", version=str(before)))
    assert late.status_code == 409
    assert 'value="50"' in late.text


def test_stops_are_added_moved_and_removed(app: Flask, krokom: FlaskClient) -> None:
    tour = make(krokom)
    are, berg, own = (stop.slug for stop in stops_of(app, tour))
    here = f"{TOURS}{tour}"

    post(krokom, f"{here}/ordning", stop=[are, berg, own], earlier=own, version=version_of(app, tour))
    assert [stop.slug for stop in stops_of(app, tour)] == [are, own, berg]
    post(krokom, f"{here}/ordning", stop=[are, own, berg], by="day", version=version_of(app, tour))
    assert [stop.slug for stop in stops_of(app, tour)] == [are, berg, own]

    with transaction(app) as session:
        events.by_slug(session, are).state = "published"
    version = version_of(app, tour)
    assert "stop_removed" in post(krokom, f"{here}/stopp/{are}/ta-bort", version=version).location
    assert "late" in post(krokom, f"{here}/stopp/{own}/ta-bort", version=version).location
    assert "discarded" in post(krokom, f"{here}/stopp/{own}/ta-bort", version=version_of(app, tour)).location
    added = post(krokom, f"{here}/stopp", sluice="krokom", day="2031-03-30", version=version_of(app, tour))
    assert "stop_added" in added.location
    assert [stop.sluice_slug for stop in stops_of(app, tour)] == ["berg", "krokom"]
    with transaction(app) as session:
        assert events.by_slug(session, are).tour_id is None


def asked(app: Flask, client: FlaskClient, slug: str) -> str:
    """Ask the host of a stop; the path of the mailed link."""
    with transaction(app) as session:
        version = events.by_slug(session, slug).version
    fields = {"proposals_count": "2", "name": "Lo Värd", "address": "lo@krokom.example", "language": "sv"}
    fields |= {f"p{number}-{name}": value for number, day in enumerate(DAYS) for name, value in day.items()}
    sent = post(client, f"/kontakt/traffar/{slug}/vard", **fields, version=version)
    assert "sparat=asked" in sent.location
    with transaction(app) as session:
        question = events.question_of(session, events.by_slug(session, slug).id)
    settings: Settings = app.extensions["idesluss"]
    return links.host_url(settings, question.id).removeprefix(settings.base_url)


def letters(app: Flask, slug: str) -> list[str]:
    """Kinds of mail that were asked for about an event, and to whom."""
    database = Database(app.extensions["idesluss"], Role.NOTIFY)
    with database.transaction() as session:
        rows = session.execute(
            text(
                "SELECT payload::json->>'kind', payload::json->'person'->>'address' FROM bus.message"
                " WHERE name = 'event.mail_wanted.v1' AND payload::json->'facts'->'event'->>'slug' = :slug ORDER BY id"
            ),
            {"slug": slug},
        ).all()
    database.dispose()
    return [f"{row[0]} {row[1]}" for row in rows]


def test_a_host_picks_a_day_changes_their_mind_and_it_is_settled(app: Flask, krokom: FlaskClient) -> None:
    tour = make(krokom)
    slug = f"{tour}-krokom"
    path, guest = asked(app, krokom, slug), app.test_client()

    assert guest.get(path).status_code == 200
    with transaction(app) as session:
        assert events.question_of(session, events.by_slug(session, slug).id).state == "open"
    assert guest.post(path, data={}).status_code == 422
    assert guest.post(path, data={"pick": "7"}).status_code == 422
    assert guest.post(path, data={"pick": "other"}).status_code == 422
    assert guest.post(path, data={"pick": "1"}).status_code == 303
    assert guest.post(path, data={"pick": "1"}).status_code == 303
    assert guest.post(path, data={"pick": "other", "text": "Hellre i juni"}).status_code == 303
    assert guest.get(path[:-1] + ("a" if path[-1] != "a" else "b")).status_code == 404
    assert "Hellre i juni" in krokom.get(f"/kontakt/traffar/{slug}/").text
    assert letters(app, slug) == [
        "host-question lo@krokom.example",
        "host-answer kim@krokom.example",
        "host-answer kim@krokom.example",
    ]

    with transaction(app) as session:
        version = events.by_slug(session, slug).version
    settled = post(krokom, f"/kontakt/traffar/{slug}/vard/bestam", day="0", version=version)
    assert "sparat=settled" in settled.location
    with transaction(app) as session:
        event = events.by_slug(session, slug)
        assert (event.state, event.starts_at) == ("draft", datetime(2030, 5, 6, 7, tzinfo=UTC))
        assert event.reply_by == datetime(2030, 4, 29, 21, 59, tzinfo=UTC)
    assert "Frågan är avslutad" in guest.get(path).text
    guest.post(path, data={"pick": "1"})
    with transaction(app) as session:
        assert events.question_of(session, event.id).picked is None


def test_a_day_is_settled_and_published_only_where_nothing_is_missing(app: Flask, krokom: FlaskClient) -> None:
    slug = f"{make(krokom)}-krokom"
    first = asked(app, krokom, slug)
    path = asked(app, krokom, slug)
    assert "gäller inte längre" in app.test_client().get(first).text
    app.test_client().post(path, data={"pick": "0"})
    here = f"/kontakt/traffar/{slug}/"
    with transaction(app) as session:
        version = events.by_slug(session, slug).version

    assert "not_published" in post(krokom, f"{here}vard/bestam", day="0", publish="yes", version=version).location
    with transaction(app) as session:
        event = events.by_slug(session, slug)
        assert (event.state, event.starts_at) == ("asked", None)
        event.place = "Salen"
    assert "published" in post(krokom, f"{here}vard/bestam", day="0", publish="yes", version=version).location
    with transaction(app) as session:
        states = session.scalars(select(HostQuestion.state).where(HostQuestion.event_id == event.id)).all()
        assert sorted(states) == ["settled", "withdrawn"]
        assert session.scalar(select(Tour.id).where(Tour.id == event.tour_id))
