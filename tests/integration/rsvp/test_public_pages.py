"""Events for everybody, open registration, and a guest's own link: who may see what, and what changes what."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services.rsvp.app import create_app
from services.rsvp.store.guest_tables import Guest, GuestEntry
from services.rsvp.store.tables import Event
from services.rsvp.usecases.register_openly import HELD
from shared.bus.tables import Message
from shared.clock import now
from shared.contracts.registry import EVENT_MAIL_WANTED, GUEST_DUE
from shared.ids import new_id
from shared.web import form_tokens, links, proof
from tests.support.events import a_guest, a_sluice, an_event
from tests.support.forms import proof as solved

REPLY = {"answer": "yes", "party_size": "1", "name": "Åsa Öberg", "email": "asa@example.org", "consent": "yes"}
SITE = "https://www.krokom.example"


@pytest.fixture(scope="module")
def app(module_settings):
    app = create_app(module_settings)
    yield app
    app.extensions["idesluss_database"].dispose()


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    monkeypatch.setattr(proof, "TRIES", (20, 30))


class World:
    """One event, and whoever comes to its page."""

    def __init__(self, app, settings):
        self.app, self.settings = app, settings
        self.client = app.test_client()
        self.database = app.extensions["idesluss_database"]

    def event(self, **changes) -> str:
        with self.database.transaction() as session:
            a_sluice(session).origins = [SITE]
            return an_event(session, **changes).slug

    def guest(self, slug, **changes):
        with self.database.transaction() as session:
            event = session.scalar(select(Event).where(Event.slug == slug))
            guest = a_guest(session, event, **changes)
        return guest, f"/svar/{links.id_token(self.settings.signer, links.REPLY, guest.id)}"

    def filled(self, slug, **changes):
        token = form_tokens.issue(self.settings.signer, f"event:{slug}", now() - timedelta(minutes=2))
        task = solved(self.client, f"event:{slug}", at="/prov/traff")
        sent = REPLY | {"form_token": token, "altcha": task} | changes
        return {name: value for name, value in sent.items() if value is not None}

    def register(self, slug, base="/traffar", **changes):
        return self.client.post(f"{base}/{slug}", data=self.filled(slug, **changes))

    def guests(self, slug):
        with self.database.transaction() as session:
            wanted = select(Guest).join(Event, Event.id == Guest.event_id).where(Event.slug == slug)
            return session.scalars(wanted.order_by(Guest.created_at)).all()

    def fresh(self, guest):
        with self.database.transaction() as session:
            return session.get_one(Guest, guest.id)

    def mails_to(self, address):
        with self.database.transaction() as session:
            told = session.scalars(select(Message).where(Message.name == EVENT_MAIL_WANTED.name)).all()
        bodies = [json.loads(one.payload) for one in told]
        return [body for body in bodies if body["person"]["address"] == address]

    def due(self):
        with self.database.transaction() as session:
            return session.scalar(select(func.count()).where(Message.name == GUEST_DUE.name))


@pytest.fixture
def world(app, module_settings):
    return World(app, module_settings)


@pytest.mark.parametrize(
    ("changes", "said", "status"),
    [
        ({}, "20 platser kvar av 20.", 200),
        ({"capacity": None}, "Det finns plats för alla.", 200),
        ({"is_open": False}, "Svara med länken i den.", 200),
        ({"state": "cancelled", "cancelled_reason": "Snö <b>"}, "Snö &lt;b&gt;", 200),
        ({"state": "held"}, "Här kommer en summering", 200),
        ({"reply_by": now() - timedelta(hours=1)}, "Sista dagen att svara har varit.", 200),
        ({"state": "draft"}, "Här finns ingen träff", 404),
        ({"state": "asked"}, "Här finns ingen träff", 404),
        ({"text": {"sv": "<script>alert(1)</script> [x](javascript:alert(1))"}}, "&lt;script&gt;alert(1)", 200),
        ({"address": "Storgatan 1, Krokom"}, "openstreetmap.org/search?query=Kulturhuset%2C+Storgatan", 200),
    ],
)
def test_an_events_page_says_how_it_stands(world, changes, said, status):
    slug = world.event(**({"ends_at": now() - timedelta(days=1)} if changes.get("state") == "held" else {}) | changes)

    page = world.client.get(f"/traffar/{slug}", headers={"Accept-Language": "sv"})

    assert (page.status_code, said in page.text) == (status, True)
    is_open = said.startswith(("20 platser", "Det finns plats"))
    assert ('name="answer"' in page.text) == (is_open or "openstreetmap" in said or "script" in said)
    assert "Gunilla" not in page.text


def test_search_engines_read_the_event_and_no_script_comes_of_it(world):
    slug = world.event(title={"sv": "</script><script>alert(1)</script>"}, online_url="https://mote.example/hemlig")

    page = world.client.get(f"/traffar/{slug}")
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page.text)

    data = json.loads(found[0])
    assert data["name"] == "</script><script>alert(1)</script>"
    assert data["eventAttendanceMode"].endswith("MixedEventAttendanceMode")
    assert (data["remainingAttendeeCapacity"], len(found)) == (20, 1)
    assert "<script>alert" not in page.text
    assert "hemlig" not in page.text  # the meeting's own link is for those who come


def test_the_page_of_all_shows_what_is_public_by_day_and_municipality(world):
    shown = world.event(title={"sv": "Visas i Krokom"})
    world.event(state="draft", title={"sv": "Ett utkast"})
    with world.database.transaction() as session:
        a_sluice(session, "are", name="Åre kommun")
        an_event(session, sluice_slug="are", title={"sv": "Visas i Åre"})

    everything = world.client.get("/traffar/").text
    in_are = world.client.get("/traffar/?kommun=are").text

    assert f"/traffar/{shown}" in everything
    assert "Visas i Åre" in everything
    assert "Ett utkast" not in everything
    assert ("Visas i Åre" in in_are, "Visas i Krokom" in in_are) == (True, False)


def test_registering_gives_a_seat_once_and_says_so_without_the_link(world):
    slug = world.event(capacity=1)
    sent = world.filled(slug)

    first, again = (world.client.post(f"/traffar/{slug}", data=sent) for _ in range(2))
    second = world.register(slug, email="bo@example.org", party_size="1")

    assert (first.status_code, first.location) == (303, again.location)
    receipt = world.client.get(first.location).text
    assert "Du har plats" in receipt
    assert "/svar/" not in receipt
    assert "Nummer 1 på väntelistan." in world.client.get(second.location).text
    assert [(guest.state, guest.source) for guest in world.guests(slug)] == [("coming", "open"), ("waiting", "open")]
    assert world.client.get(first.location.replace("coming", "declined")).status_code == 404


def test_a_program_takes_no_seat_and_a_person_whose_post_looked_so_loses_nothing(world):
    slug = world.event(capacity=1)

    sent = world.register(slug, altcha=None, diet="Nötter", comment="Hälsningar <b>", party_size="1")

    assert "Titta i din e-post" in world.client.get(sent.location).text
    (guest,) = world.guests(slug)
    assert (guest.answer, guest.state, guest.diet) == (None, "invited", "Nötter")
    with world.database.transaction() as session:
        step = session.scalar(select(GuestEntry).where(GuestEntry.guest_id == guest.id))
    assert (step.what, step.facts["answer"], step.facts["reason"]) == (HELD, "yes", "form-no-proof")
    (mail,) = world.mails_to("asa@example.org")
    assert mail["is_to_stranger"] is True
    assert "lsningar" not in json.dumps(mail)

    path = mail["facts"]["reply_url"].removeprefix(world.settings.base_url)
    page = world.client.get(path).text
    assert 'value="yes" checked' in page
    assert "Hälsningar &lt;b&gt;" in page
    version = re.search(r'name="version" value="(\d+)"', page)[1]
    world.client.post(path, data={"answer": "yes", "party_size": "1", "version": version})
    assert world.fresh(guest).state == "coming"


@pytest.mark.parametrize("known", [{"answer": "no", "state": "declined"}, {}], ids=["answered", "invited"])
def test_nobody_learns_who_is_a_guest_and_nobody_answers_for_them(world, known):
    slug = world.event()
    address = f"kand-{new_id().hex}@example.org"
    guest, _ = world.guest(slug, address=address, **known)

    for sent in ({}, {"altcha": None}):
        told_known = world.register(slug, email=address.upper(), **sent)
        # Somebody else in the same moment is told the same.
        told_new = world.register(slug, email=f"ny-{new_id().hex}@example.org", **sent)
        assert told_known.status_code == told_new.status_code == 303
        assert told_known.location == told_new.location

    after = world.fresh(guest)
    assert (after.answer, after.state, after.version, after.name) == (
        guest.answer,
        guest.state,
        guest.version,
        "Gunilla Gäst",
    )
    mails = world.mails_to(address)
    assert {mail["about"] for mail in mails} == {mails[0]["about"]}  # one mail, however often it is asked for
    assert mails[0]["facts"]["reply_url"].endswith(links.id_token(world.settings.signer, links.REPLY, guest.id))


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({"answer": None}, 422, "Välj ja, nej eller kanske"),
        ({"email": "asa@krokom"}, 422, "Adressen saknar slutet efter punkten"),
        ({"name": " ", "consent": None}, 422, "Kryssa i att vi får spara uppgifterna"),
        ({"party_size": "51"}, 422, "högst 50"),
        ({"party-1-name": "Bo"}, 422, "Du har skrivit namn på fler än ni är"),
        ({"party_size": "30"}, 422, "Ni är fler än träffen har platser"),
        ({"diet": "x" * 301}, 422, "Korta texten om specialkost"),
    ],
)
def test_a_fault_is_told_beside_its_field_and_nothing_is_lost(world, changes, status, said):
    slug = world.event()

    page = world.register(slug, comment="Står <kvar>", **changes)

    assert (page.status_code, said in page.text) == (status, True)
    assert "Står &lt;kvar&gt;" in page.text
    assert "ds-error-summary" in page.text
    assert world.guests(slug) == []


@pytest.mark.parametrize("changes", [{"is_open": False}, {"frozen_at": now()}, {"state": "cancelled"}])
def test_a_closed_event_takes_no_registration(world, changes):
    slug = world.event(**changes)

    assert world.register(slug).status_code == 409
    assert world.guests(slug) == []


def test_looking_never_answers_and_the_link_changes_the_answer_until_the_deadline(world):
    slug = world.event()
    guest, path = world.guest(slug)
    before = world.due()

    for _ in range(5):
        assert world.client.get(path, headers={"Purpose": "prefetch"}).status_code == 200
        assert world.client.head(path).status_code == 200
    assert (world.fresh(guest).answer, world.due()) == (None, before)

    page = world.client.get(path)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    reply = {"answer": "yes", "party_size": "2", "party-1-name": "Bo", "party-1-diet": "Nötter", "version": "1"}
    assert world.client.post(path, data=reply).status_code == 303
    coming = world.fresh(guest)
    assert (coming.state, coming.party_size, coming.party) == ("coming", 2, [{"name": "Bo", "diet": "Nötter"}])
    assert "Ni har 2 platser" in world.client.get(path).text

    # The other tab still shows what was: it is told, and what was typed there is kept.
    other = world.client.post(path, data={"answer": "no", "comment": "Jag blev <sjuk>", "version": "1"})
    assert (other.status_code, "Svaret har ändrats sedan du öppnade sidan" in other.text) == (409, True)
    assert "Jag blev &lt;sjuk&gt;" in other.text
    version = re.search(r'name="version" value="(\d+)"', other.text)[1]
    assert world.client.post(path, data={"answer": "no", "version": version}).status_code == 303
    assert world.fresh(guest).state == "declined"

    with world.database.transaction() as session:
        session.scalar(select(Event).where(Event.slug == slug)).reply_by = now() - timedelta(minutes=1)
    late = world.client.post(path, data={"answer": "yes", "party_size": "1", "version": "3", "comment": "Nu <då>"})
    assert (late.status_code, "Sista dagen att svara har varit" in late.text) == (409, True)
    assert "Nu &lt;då&gt;" in late.text
    assert 'href="tel:0701234567"' in late.text
    assert world.fresh(guest).state == "declined"


@pytest.mark.parametrize(("act", "state"), [("ta", "coming"), ("lamna", "declined"), ("stjal", "offered")])
def test_an_offered_seat_is_taken_or_left_by_its_button(world, act, state):
    slug = world.event()
    ends = now() + timedelta(hours=3)
    guest, path = world.guest(slug, answer="yes", state="offered", arrival=1, offer_ends_at=ends)
    assert "Det finns plats åt dig" in world.client.get(path).text

    answer = world.client.post(f"{path}/plats", data={"act": act})

    assert world.fresh(guest).state == state
    assert answer.status_code == (200 if act == "stjal" else 303)


def test_the_page_speaks_the_guests_language_and_shows_an_answer_given_in_another(world):
    options = {"sv": ["Buss", "Bil"], "en": ["Bus", "Car"]}
    label = {"sv": "Hur?", "en": "How?"}
    slug = world.event(questions=[{"id": "hur", "kind": "choice", "label": label, "options": options}])
    kept = {"hur": {"question": "Hur?", "answer": "Bil", "kind": "choice", "language": "sv"}}
    _, path = world.guest(slug, language="en", answer="yes", state="coming", arrival=1, answers=kept)

    page = world.client.get(path, headers={"Accept-Language": "sv"}).text

    assert '<html lang="en"' in page
    assert re.search(r'name="question-hur" value="1" checked', page)
    assert '<html lang="sv"' in world.client.get(f"{path}?lang=sv").text


def test_foreign_altered_and_made_up_links_open_and_change_nothing(world):
    slug = world.event()
    guest, path = world.guest(slug)
    other, _ = world.guest(slug)
    token = path.removeprefix("/svar/")
    signer = world.settings.signer
    wrong = [
        token[:-1] + ("a" if token[-1] != "a" else "b"),
        other.id.hex + token[32:],
        token.upper(),
        token[:32],
        token + "a",
        links.id_token(signer, links.FEEDBACK, guest.id),
        links.id_token(signer, links.HOST, guest.id),
        links.id_token(signer, links.REPLY, new_id()),
        guest.id.hex + "a" * 26,
        "0" * 58,
        "%00",
        "..",
    ]
    for each in wrong:
        for page in (
            world.client.get(f"/svar/{each}"),
            world.client.post(f"/svar/{each}", data={"answer": "no", "version": "1"}),
            world.client.post(f"/svar/{each}/plats", data={"act": "lamna"}),
        ):
            assert page.status_code in (308, 400, 404, 405), each
            assert "Gunilla" not in page.text
    assert {world.fresh(one).answer for one in (guest, other)} == {None}
    # What names another guest in the body is not read.
    world.client.post(path, data={"answer": "no", "version": "1", "guest_id": str(other.id), "id": str(other.id)})
    assert (world.fresh(guest).answer, world.fresh(other).answer) == ("no", None)


def test_only_the_hosts_own_sites_may_frame_the_event_and_no_cookie_is_set(world):
    slug = world.event()
    framed = world.client.get(f"/embed/traff/{slug}")
    sent = world.register(slug, base="/embed/traff")
    receipt = world.client.get(sent.location)
    assert sent.location.startswith(f"/embed/traff/{slug}/tack/")
    for page in (framed, receipt, world.register(slug, base="/embed/traff", answer=None)):
        assert f"frame-ancestors 'self' {SITE};" in page.headers["Content-Security-Policy"]
        assert "X-Frame-Options" not in page.headers
        assert "Set-Cookie" not in page.headers

    _, path = world.guest(slug)
    for other in (f"/traffar/{slug}", "/traffar/", path, "/embed/traff/finns-inte"):
        page = world.client.get(other)
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"], other
        assert page.headers["X-Frame-Options"] == "DENY"
    foreign = world.client.post(
        f"/embed/traff/{slug}",
        data=world.filled(slug, email="x@example.org"),
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert foreign.status_code == 403
