"""The JSON API of replies, as another system calls it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from services.rsvp.app import create_app
from services.rsvp.store import events
from shared.web import tokens
from tests.support.events import a_guest, an_event

QUESTIONS = [
    {
        "id": "buss",
        "kind": "choice",
        "required": True,
        "label": {"sv": "Åker du buss?", "en": "Do you take the bus?"},
        "options": {"sv": ["Ja, gärna", "Nej"], "en": ["Yes, please", "No"]},
    }
]


class Api:
    """One event and a caller."""

    def __init__(self, settings, **event):
        self.settings = settings
        self.app = create_app(settings)
        self.database = self.app.extensions["idesluss_database"]
        with self.database.transaction() as session:
            self.slug = an_event(session, **event).slug
        self.client = self.app.test_client()

    def call(self, method, path="", *, scopes=("*",), key=None, **body):
        headers = {"Authorization": f"Bearer {tokens.issue(self.settings.signer, name='booking', scopes=scopes)}"}
        if key:
            headers["Idempotency-Key"] = key
        how = {"json": body} if method in ("POST", "PATCH") else {}
        return self.client.open(f"/api/rsvp/v1/events/{self.slug}{path}", method=method, headers=headers, **how)

    def reply(self, email, answer="yes", **more):
        return self.call("POST", "/replies", email=email, name="Åsa Öberg", answer=answer, **more)


@pytest.fixture
def api(module_settings):
    """Makes an event with an API in front of it."""
    made = []

    def make(**event):
        made.append(Api(module_settings, **event))
        return made[-1]

    yield make
    for one in made:
        one.database.dispose()


def test_reply_is_posted_once_for_each_key_and_says_state_and_place(api):
    it = api(capacity=2, questions=QUESTIONS)
    bus = {"answers": {"buss": "Ja, gärna"}}

    first = it.reply("asa@krokom.example", party_size=2, party=[{"name": "Bo", "diet": "vegan"}], key="a1", **bus)

    assert first.status_code == 201
    said = first.get_json()
    assert (said["state"], said["place"], said["party_size"], said["answer"]) == ("coming", None, 2, "yes")
    assert said["party"] == [{"name": "Bo", "diet": "vegan"}]
    assert said["answers"]["buss"]["answer"] == "Ja, gärna"
    assert said["reply_url"].startswith(f"{it.settings.base_url}/svar/")
    assert first.headers["Location"].endswith(said["id"])

    waits = it.reply("bo@krokom.example", key="b1", answers={"buss": 1}).get_json()
    assert (waits["state"], waits["place"], waits["ahead"], waits["reason"]) == ("waiting", 1, 0, "full")

    assert it.reply("bo@krokom.example", key="b1", answers={"buss": 1}).get_json() == waits
    assert it.reply("bo@krokom.example", "no", key="b1").status_code == 409
    assert it.reply("bo@krokom.example", key="b1", name_="x").status_code == 422, "unknown fields are refused"
    with it.database.transaction() as session:
        said_to_rsvp = text("SELECT count(*) FROM bus.message WHERE name = 'guest.due.v1' AND payload LIKE :guest")
        assert session.execute(said_to_rsvp, {"guest": f"%{waits['id']}%"}).scalar_one() == 1

    assert it.reply("asa@krokom.example", "no").get_json()["state"] == "declined"
    one = it.call("GET", f"/replies/{waits['id']}").get_json()
    assert (one["state"], one["place"], one["reason"]) == ("coming", None, None)


def test_faulty_replies_are_refused_with_their_field(api):
    it = api(capacity=3, questions=QUESTIONS)
    faults = [
        ({"answer": "perhaps"}, "answer"),
        ({"party_size": 0}, "party_size"),
        ({"party_size": 4, "answers": {"buss": 0}}, "party_size"),
        ({"party_size": "2"}, "party_size"),
        ({}, "answers.buss"),
        ({"answers": {"buss": "Flyg"}}, "answers.buss"),
        ({"answers": {"tåg": "ja"}}, "answers.tåg"),
        ({"diet": "x" * 301}, "diet"),
    ]
    for changes, field in faults:
        answer = it.reply("asa@krokom.example", **changes)
        assert (answer.status_code, list(answer.get_json()["errors"])) == (422, [field]), changes
    assert it.reply("nobody").status_code == 422
    assert it.call("GET", "/replies").get_json()["items"] == []


def test_list_is_paged_and_filtered_and_scopes_are_kept_apart(api):
    it = api(capacity=2)
    with it.database.transaction() as session:
        for number in range(3):
            a_guest(session, events.by_slug(session, it.slug), name=f"Inbjuden {number}")
    it.reply("asa@krokom.example")

    page = it.call("GET", "/replies?limit=3").get_json()
    rest = it.call("GET", f"/replies?limit=3&cursor={page['next']}").get_json()
    assert [len(page["items"]), len(rest["items"]), rest["next"]] == [3, 1, None]
    assert [one["email"] for one in it.call("GET", "/replies?state=coming").get_json()["items"]] == [
        "asa@krokom.example"
    ]
    assert len(it.call("GET", "/replies?answered=false").get_json()["items"]) == 3

    assert it.call("GET", "/replies", scopes=["rsvp:write"]).status_code == 403
    assert it.call("POST", "/replies", scopes=["rsvp:read"]).status_code == 403
    other = Api(it.settings)
    stranger = it.call("GET", "/replies").get_json()["items"][0]["id"]
    assert other.call("GET", f"/replies/{stranger}").status_code == 404
    other.database.dispose()
