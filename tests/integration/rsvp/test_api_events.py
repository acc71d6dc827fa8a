"""The JSON API of events and tours, as another system calls it."""

from __future__ import annotations

import pytest

from services.rsvp.app import create_app
from shared.web import tokens
from tests.support.events import a_sluice

EVENT = {
    "sluice": "krokom",
    "title": {"sv": "Idéverkstad", "en": "Idea workshop"},
    "languages": ["sv", "en"],
    "place": "Kulturhuset",
    "starts_at": "2030-05-07T09:00:00+02:00",
    "ends_at": "2030-05-07T12:00:00+02:00",
    "reply_by": "2030-05-01T23:59:00+02:00",
    "capacity": 12,
    "is_open": True,
    "contacts": [{"name": "Kim Kontakt", "email": "kim@krokom.example"}],
}


@pytest.fixture
def call(module_settings):
    """Calls the API with a token of every scope, or of those named."""
    app = create_app(module_settings)
    database = app.extensions["idesluss_database"]
    with database.transaction() as session:
        for slug in ("krokom", "berg"):
            a_sluice(session, slug)
    client = app.test_client()

    def send(method, path, scopes=("*",), **body):
        token = tokens.issue(module_settings.signer, name="booking", scopes=scopes)
        how = {"json": body} if method != "GET" else {}
        return client.open(f"/api/rsvp/v1/{path}", method=method, headers={"Authorization": f"Bearer {token}"}, **how)

    yield send
    database.dispose()


def test_event_is_made_changed_published_and_cancelled(call):
    made = call("POST", "events", **EVENT)
    assert made.status_code == 201, made.get_json()
    event = made.get_json()
    path = f"events/{event['slug']}"
    assert (event["state"], event["capacity"], event["most_passed"], event["counts"]["invited"]) == ("draft", 12, 3, 0)
    assert event["starts_at"] == "2030-05-07T07:00:00+00:00"
    assert event["contacts"][0]["email"] == "kim@krokom.example"

    changed = call("PATCH", path, capacity=2, fika={"sv": "Kaffe"}, version=event["version"]).get_json()
    assert (changed["capacity"], changed["fika"], changed["place"]) == (2, {"sv": "Kaffe"}, "Kulturhuset")
    assert call("PATCH", path, capacity=3, version=event["version"]).status_code == 409
    assert call("POST", f"{path}/publish").get_json()["state"] == "published"
    assert call("POST", f"{path}/publish").status_code == 409

    for number in range(2):
        who = {"email": f"g{number}@example.org", "name": "Gunilla", "answer": "yes"}
        assert call("POST", f"{path}/replies", **who).get_json()["state"] == "coming"
    assert call("PATCH", path, capacity=1).get_json()["warnings"] == ["below-given"]
    assert call("GET", path).get_json()["counts"]["coming"] == 2

    gone = call("POST", f"{path}/cancel", reason="Snöstorm").get_json()
    assert (gone["state"], gone["cancelled_reason"]) == ("cancelled", "Snöstorm")
    found = call("GET", "events?state=cancelled&sluice=krokom").get_json()["items"]
    assert [one["slug"] for one in found] == [event["slug"]]


def test_faulty_events_are_refused_with_their_field(call):
    for changes, field in [
        ({"ends_at": "2030-05-07T08:00:00+02:00"}, "ends_at"),
        ({"reply_by": "2030-06-01T08:00:00+02:00"}, "reply_by"),
        ({"title": {"sv": "", "en": ""}}, "title"),
        ({"map_url": "javascript:alert(1)"}, "map_url"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"capacity": 0}, "capacity"),
        ({"contacts": [{"name": "Kim", "email": "a@b.example"}, {"name": "Bo", "email": "A@b.example"}]}, "contacts"),
        ({"seats": 4}, "seats"),
    ]:
        answer = call("POST", "events", **{**EVENT, **changes})
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field]), answer.get_json()
    assert call("POST", "events", **{**EVENT, "sluice": "nowhere"}).status_code == 404
    assert call("POST", "events", scopes=["rsvp:read"], **EVENT).status_code == 403


def test_tour_is_made_with_its_stops_and_its_plan_applied_to_them(call):
    tour = call(
        "POST",
        "tours",
        sluice="krokom",
        title={"sv": "Kalasturné"},
        languages=["sv"],
        capacity=30,
        stops=[{"sluice": "krokom", "day": "2030-11-05"}, {"sluice": "berg", "day": "2030-11-04"}],
    )
    assert tour.status_code == 201, tour.get_json()
    made = tour.get_json()
    assert len(made["stops"]) == 2
    stop = call("GET", f"events/{made['stops'][0]}").get_json()
    assert (stop["tour"], stop["sluice"], stop["capacity"]) == (made["slug"], "berg", 30)

    assert call("PATCH", f"tours/{made['slug']}", capacity=40).get_json()["capacity"] == 40
    assert call("GET", f"events/{made['stops'][0]}").get_json()["capacity"] == 30
    call("POST", f"tours/{made['slug']}/apply", stops=made["stops"][:1])
    assert call("GET", f"events/{made['stops'][0]}").get_json()["capacity"] == 40
    assert [one["slug"] for one in call("GET", "tours").get_json()["items"]] == [made["slug"]]
    assert len(call("GET", f"events?tour={made['slug']}").get_json()["items"]) == 2
