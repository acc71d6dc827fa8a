"""Events made, changed, published and cancelled by those who plan them, in their pages."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.rsvp.app import create_app
from services.rsvp.domain.event_form import write_event
from services.rsvp.store import events
from services.rsvp.store.guest_tables import Mailing
from services.rsvp.store.tables import Change, Event
from services.rsvp.usecases import plan_event
from services.rsvp.usecases.publish_event import HoldEvents
from shared.clock import now
from shared.db import Database, Role
from shared.settings import Settings
from tests.support.events import a_guest, a_sluice, an_event
from tests.support.signed_in import client_for, post

LANGUAGES = ("sv", "en")
START = "/kontakt/traffar/"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"x" * 20


@pytest.fixture(scope="module")
def app(module_settings: Settings) -> Iterator[Flask]:
    app = create_app(module_settings)
    with transaction(app) as session:
        a_sluice(session, "krokom"), a_sluice(session, "berg")
    yield app
    app.extensions["idesluss_database"].dispose()


@contextmanager
def transaction(app: Flask) -> Iterator[Session]:
    with app.extensions["idesluss_database"].transaction() as session:
        yield session


@pytest.fixture
def krokom(app: Flask) -> FlaskClient:
    return client_for(app, "kim@krokom.example", "contact:krokom")


def form_of(app: Flask, slug: str) -> dict[str, str]:
    """The event's form as its page has it."""
    with transaction(app) as session:
        event = events.by_slug(session, slug)
        contacts = plan_event.contacts_as_data(events.contacts_of(session, event))
        return {**write_event(plan_event.values_of(event), contacts, LANGUAGES), "version": str(event.version)}


@pytest.fixture(scope="module")
def messages(module_settings: Settings) -> Iterator[Database]:
    """Intake, which is told of events."""
    database = Database(module_settings, Role.INTAKE)
    yield database
    database.dispose()


def test_an_event_is_made_filled_in_and_published(app: Flask, krokom: FlaskClient) -> None:
    made = post(
        krokom, f"{START}ny", sluice="krokom", **{"language-sv": "yes", "title-sv": "En halvdag", "open_to": "open"}
    )
    here = made.location.partition("?")[0]

    assert (made.status_code, here) == (303, f"{START}en-halvdag/")
    assert "Dag och tid" in krokom.get(here).text
    assert post(krokom, f"{here}publicera", version=1).location == f"{here}?sparat=late"

    form = form_of(app, "en-halvdag") | {
        "starts_day": "2030-05-06", "starts_time": "09:00", "ends_time": "12:00", "place": "Salen",
        "c0-name": "Kim", "c0-address": "kim@krokom.example", "c0-told": "yes",
    }  # fmt: skip
    picture = (io.BytesIO(PNG), "kalas.png")
    saved = post(krokom, f"{here}redigera", **form, picture=picture, **{"picture_words-sv": "En tavla"})
    assert saved.location == f"{here}?sparat=changed&obs="
    with transaction(app) as session:
        event = events.by_slug(session, "en-halvdag")
    shown = app.test_client().get(f"/traffar/bild/{event.picture_id}")
    assert (shown.data, shown.mimetype) == (PNG, "image/png")
    assert "immutable" in shown.headers["Cache-Control"]
    assert shown.headers["X-Content-Type-Options"] == "nosniff"

    published = post(krokom, f"{here}publicera", version=event.version)
    assert published.location == f"{here}?sparat=published"
    history = krokom.get(f"{here}historik").text
    assert [word in history for word in ("måndag 6 maj 2030 09.00", "Salen", "Kim, kim@krokom.example")] == [True] * 3


def test_only_what_guests_must_know_raises_the_sequence_and_mails_them(app: Flask, krokom: FlaskClient) -> None:
    with transaction(app) as session:
        event = an_event(session)
        a_guest(session, event, state="coming", answer="yes")
    path, form = f"{START}{event.slug}/redigera", form_of(app, event.slug)

    assert "unchanged" in post(krokom, path, **form, tells="yes").location
    typo = form | {"text-sv": "En halvdag om idéer!", "tells": "yes"}
    assert "sparat=changed" in post(krokom, path, **typo).location
    moved = typo | {"place": "Biblioteket", "version": "2"}
    assert "moved_told" in post(krokom, path, **moved).location
    silent = {name: value for name, value in moved.items() if name != "tells"} | {"address": "Gatan 2", "version": "3"}
    assert post(krokom, path, **silent).location.endswith("sparat=moved&obs=")

    with transaction(app) as session:
        assert events.by_slug(session, event.slug).sequence == 2
        mailings = session.scalars(select(Mailing).where(Mailing.event_id == event.id)).all()
        assert [(mailing.kind, mailing.key) for mailing in mailings] == [("changed", "1")]
        assert mailings[0].facts["facts"]["before"]["place"] == "Kulturhuset"


def test_whoever_is_late_keeps_their_words_and_sees_the_others(app: Flask, krokom: FlaskClient) -> None:
    with transaction(app) as session:
        event = an_event(session)
    path, form = f"{START}{event.slug}/redigera", form_of(app, event.slug)
    post(krokom, path, **form | {"place": "Den andras sal"})

    late = post(krokom, path, **form | {"place": "Min sal"})

    assert late.status_code == 409
    assert "Den andras sal" in late.text
    assert 'value="Min sal"' in late.text
    again = re.search(r'name="version" value="(\d+)"', late.text)
    assert again is not None
    assert post(krokom, path, **form | {"place": "Min sal", "version": again[1]}).status_code == 303


def test_faults_stand_beside_their_fields_and_nothing_is_lost(app: Flask, krokom: FlaskClient) -> None:
    with transaction(app) as session:
        event = an_event(session)
    form = form_of(app, event.slug) | {"ends_time": "01:00", "ends_day": "2020-01-01", "place": "<Sal & b>"}

    answer = post(krokom, f"{START}{event.slug}/redigera", **form, picture=(io.BytesIO(b"<svg/>"), "a.png"))

    assert answer.status_code == 422
    assert all(f'href="#{name}"' in answer.text for name in ("ends_time", "picture"))
    assert 'value="&lt;Sal &amp; b&gt;"' in answer.text


def test_fewer_seats_than_are_given_are_told_and_nobody_is_thrown_out(app: Flask, krokom: FlaskClient) -> None:
    with transaction(app) as session:
        event = an_event(session)
        guest = a_guest(session, event, state="coming", answer="yes", party_size=3, arrival=1)

    saved = post(krokom, f"{START}{event.slug}/redigera", **form_of(app, event.slug) | {"capacity": "1"})

    assert "obs=below-given" in saved.location
    assert "3 har redan fått plats" in krokom.get(saved.location).text
    with transaction(app) as session:
        assert session.get_one(type(guest), guest.id).state == "coming"


def test_an_event_is_cancelled_with_a_reason_and_once(app: Flask, krokom: FlaskClient) -> None:
    with transaction(app) as session:
        event = an_event(session)
        a_guest(session, event, state="waiting", answer="yes")
    path = f"{START}{event.slug}/stall-in"

    assert post(krokom, path, version=1, tells="yes").status_code == 422
    assert post(krokom, path, version=1, tells="yes", reason="För få").status_code == 303
    assert post(krokom, path, version=1, tells="yes", reason="För få").status_code == 409

    with transaction(app) as session:
        found = events.by_slug(session, event.slug)
        assert (found.state, found.sequence, found.cancelled_reason) == ("cancelled", 1, "För få")
        assert session.scalars(select(Mailing.kind).where(Mailing.event_id == event.id)).all() == ["cancelled"]


def test_others_hear_of_what_is_public_and_nothing_of_drafts(
    app: Flask, krokom: FlaskClient, messages: Database
) -> None:
    with transaction(app) as session:
        event = an_event(session, state="draft", published_at=None)
    here, form = f"{START}{event.slug}/", form_of(app, event.slug)
    post(krokom, f"{here}redigera", **form | {"place": "Salen"})
    post(krokom, f"{here}publicera", version=2)
    post(krokom, f"{here}redigera", **form | {"place": "Scenen", "version": "3"})

    with messages.transaction() as session:
        rows = session.execute(
            text(
                "SELECT payload::json->>'state', payload::json->>'place' FROM bus.message"
                " WHERE name = 'event.changed.v1' AND payload::json->>'slug' = :slug ORDER BY id"
            ),
            {"slug": event.slug},
        ).all()
    assert [tuple(row) for row in rows] == [("published", "Salen"), ("published", "Scenen")]


def test_nobody_sees_or_touches_what_is_another_municipalitys(app: Flask) -> None:
    with transaction(app) as session:
        event = an_event(session, sluice_slug="krokom")
    here = f"{START}{event.slug}/"
    form = form_of(app, event.slug)

    for roles, status in ((["contact:berg"], 404), (["coach:krokom"], 200), (["administrator"], 200)):
        client = client_for(app, "lo@berg.example", *roles)
        assert client.get(here).status_code == status
        assert post(client, f"{here}redigera", **form).status_code == (404 if status == 404 else 303)
        assert (event.slug in client.get(START).text) == (status == 200)
    assert post(client_for(app, "lo@berg.example", "contact:berg"), f"{START}ny", sluice="krokom").status_code == 422
    assert client_for(app, "x").get(here).status_code == 303


def test_what_has_ended_counts_as_held_and_a_draft_may_be_thrown_away(app: Flask, krokom: FlaskClient) -> None:
    ended = now() - timedelta(hours=3)
    with transaction(app) as session:
        past = an_event(session, starts_at=ended - timedelta(hours=3), ends_at=ended)
        ahead = an_event(session)
        draft = an_event(session, state="draft", published_at=None)
    job = HoldEvents(app.extensions["idesluss_database"])
    job(), job()

    assert post(krokom, f"{START}{draft.slug}/kasta", version=1).location == f"{START}?sparat=discarded"
    assert post(krokom, f"{START}{ahead.slug}/kasta", version=1).location.endswith("sparat=late")
    with transaction(app) as session:
        states = dict(session.execute(select(Event.slug, Event.state)).all())
        held = session.scalars(select(Change.what).where(Change.event_id == past.id)).all()
    assert (states[past.slug], states[ahead.slug], draft.slug in states) == ("held", "published", False)
    assert held == ["event.held"]
