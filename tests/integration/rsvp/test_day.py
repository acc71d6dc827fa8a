"""The day on a real PostgreSQL: the door, its queue, walk-ins, lists, and ideas from the room to the sluice and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from queue import SimpleQueue

import pytest
from sqlalchemy import select, text

from idesluss import demo
from services.intake.actors import handlers as intake_handlers
from services.intake.store.tables import Idea, TimelineEntry
from services.intake.store.work_tables import IdeaTag, Tag
from services.intake.usecases.announce import Announcer
from services.intake.usecases.read_mail import ReadMail
from services.rsvp.actors import handlers as rsvp_handlers
from services.rsvp.app import create_app
from services.rsvp.domain import door_code
from services.rsvp.store.day_tables import CaughtIdea, CheckIn
from services.rsvp.store.guest_tables import Guest, GuestEntry
from services.rsvp.store.tables import Event
from services.rsvp.usecases import workshop
from services.rsvp.web.day import catch
from shared.bus.inbox import Inbox
from shared.clock import now
from shared.contracts.registry import INTAKE, RSVP
from shared.db import Database, Role
from shared.ids import new_id
from shared.web import antibot, form_tokens, links
from tests.support.events import a_guest, an_event
from tests.support.signed_in import client_for, post

KIM = ("kim@krokom.example", "contact:krokom")


class Day:
    """An event on its day, and a contact signed in."""

    def __init__(self, settings):
        self.settings = settings
        self.app = create_app(settings)
        self.database: Database = self.app.extensions["idesluss_database"]
        self.contact = client_for(self.app, *KIM)

    def event(self, **changes) -> Event:
        with self.database.transaction() as session:
            return an_event(session, **changes)

    def guest(self, event, **changes) -> Guest:
        with self.database.transaction() as session:
            return a_guest(session, event, **{"state": "coming", "answer": "yes", "arrival": 1} | changes)

    def now_(self, row):
        with self.database.transaction() as session:
            return session.get_one(type(row), row.id)

    def sends(self, event, *queue, who=None):
        return post(who or self.contact, f"/kontakt/traffar/{event.slug}/dorren/kryss", queue=json.dumps(queue))

    def ring(self, consumer, role, handlers) -> None:
        """One attempt at everything that a service is owed."""
        relay = Database(self.settings, Role.RELAY, pool_size=1)
        with relay.transaction() as session:
            owed = text(
                "SELECT d.message_id FROM bus.delivery d JOIN bus.message m ON m.id = d.message_id"
                " WHERE d.consumer = :c AND d.done_at IS NULL AND m.name LIKE 'idea.caught%'"
            )
            ids = session.scalars(owed, {"c": consumer}).all()
        relay.dispose()
        database = Database(self.settings, role, pool_size=2)
        for identity in ids:
            Inbox(database, consumer, handlers).run(identity)
        database.dispose()


@pytest.fixture(scope="module")
def day(module_settings) -> Iterator[Day]:
    demo.seed(module_settings)
    day = Day(module_settings)
    yield day
    day.database.dispose()


def tick(guest, came=1, *, minutes=0):
    at = (now() + timedelta(minutes=minutes)).isoformat()
    return {"id": str(new_id()), "at": at, "guest": str(guest.id), "came": came}


def test_ticks_of_two_telephones_are_kept_once_and_the_newest_counts(day: Day) -> None:
    event = day.event()
    guest, other = day.guest(event, party_size=3), day.guest(event)
    early, late, undo = tick(guest, 2, minutes=-9), tick(guest, 3, minutes=-5), tick(other, 0, minutes=-1)
    ahead = tick(other, 1, minutes=+600)

    told = day.sends(event, late, ahead).get_json()
    assert told == {"kept": [late["id"], ahead["id"]], "unknown": [], "refused": []}
    stranger = {**tick(guest), "guest": str(new_id())}
    again = day.sends(event, early, late, undo, stranger).get_json()

    assert again["unknown"] == [stranger["id"]]
    assert (day.now_(guest).came, day.now_(other).came) == (3, 1)
    with day.database.transaction() as session:
        kept = session.scalars(select(CheckIn).where(CheckIn.event_id == event.id)).all()
        steps = session.scalars(select(GuestEntry).where(GuestEntry.guest_id == guest.id)).all()
    assert len(kept) == 4
    assert all(row.at <= row.received_at for row in kept)
    assert [step.facts for step in steps] == [{"came": 3}]


def test_the_door_is_the_events_own_contacts(day: Day) -> None:
    event = day.event()
    guest = day.guest(event)
    code = door_code.code_of(day.settings.signer, guest.id)
    with day.database.transaction() as session:
        a_guest(session, event, name="Tyst Inbjuden")
    silent = [day.contact.get(f"/kontakt/traffar/{event.slug}/dorren/lista?q={q}").text for q in ("", "inbj", "%25")]
    assert ["Tyst Inbjuden" in text_ for text_ in silent] == [False, True, False]
    foreign = client_for(day.app, "kim@berg.example", "contact:berg")
    here = f"/kontakt/traffar/{event.slug}"

    paths = ["/dagen/antal", "/dorren/lista", f"/dorren/{code}", "/verkstad/visa", "/vagg/ideer"]
    assert {path: day.contact.get(here + path).status_code for path in paths} == dict.fromkeys(paths, 200)
    assert day.sends(event, tick(guest), who=foreign).status_code == 404
    assert post(foreign, f"{here}/dorren/kom", guest=guest.id, do="came").status_code == 404
    assert day.now_(guest).came is None
    # The shell that telephones keep names nobody, neither guests nor whoever is signed in.
    shell = day.contact.get(f"{here}/dorren/skal").text
    assert guest.name not in shell
    assert KIM[0] not in shell
    assert "camera=(self)" in day.contact.get(f"{here}/dorren").headers["Permissions-Policy"]
    assert "camera=()" in day.contact.get(f"{here}/dagen").headers["Permissions-Policy"]


def test_a_code_opens_one_guest_who_is_ticked_and_unticked(day: Day) -> None:
    event = day.event()
    guest = day.guest(event, name="Åsa", party_size=2)
    token = links.reply_url(day.settings, guest.id).rpartition("/")[2]
    picture = day.app.test_client().get(f"/svar/{token}/kod.svg")
    assert picture.mimetype == "image/svg+xml"
    assert token not in picture.text
    code = door_code.code_of(day.settings.signer, guest.id)
    page = f"/kontakt/traffar/{event.slug}/dorren/{code}"

    answer = post(
        day.contact, f"/kontakt/traffar/{event.slug}/dorren/kom", guest=guest.id, came=1, do="came", code=code
    )
    assert answer.headers["Location"] == page
    assert "1 av 2 är här" in day.contact.get(page).text
    post(day.contact, f"/kontakt/traffar/{event.slug}/dorren/kom", guest=guest.id, do="undo")
    assert day.now_(guest).came is None
    assert day.contact.get(page[:-1] + ("a" if page[-1] != "a" else "b")).status_code == 404
    assert day.app.test_client().get(f"/svar/{token[:-1]}0/kod.svg").status_code == 404


def test_whoever_walks_in_is_seated_and_here_once_even_where_it_is_full(day: Day) -> None:
    event = day.event(capacity=1, starts_at=now() - timedelta(hours=1), ends_at=now() + timedelta(hours=3))
    known = day.guest(event, name="Bo", address="bo@example.org", diet="vegan")
    walked = {"id": str(new_id()), "at": now().isoformat(), "walk_in": {"name": "Ulla", "diet": "gluten"}}
    same = {**walked, "id": str(new_id()), "walk_in": {"name": "Bosse", "address": "BO@example.org"}}
    wrong = {**walked, "id": str(new_id()), "walk_in": {"name": "Vem", "address": "ingen"}}

    for _ in range(2):
        told = day.sends(event, walked, same, wrong).get_json()

    assert (told["kept"], told["refused"]) == ([walked["id"], same["id"]], [wrong["id"]])
    with day.database.transaction() as session:
        [ulla] = session.scalars(select(Guest).where(Guest.event_id == event.id, Guest.source == "walk-in"))
    assert (ulla.name, ulla.state, ulla.came) == ("Ulla", "coming", 1)
    bo = day.now_(known)
    assert (bo.name, bo.diet, bo.came) == ("Bo", "vegan", 1)
    form = day.contact.get(f"/kontakt/traffar/{event.slug}/dorren").text
    assert form.index("Bo") < form.index("Ulla")
    faulty = post(day.contact, f"/kontakt/traffar/{event.slug}/dorren/ny", id=new_id(), name="", diet="fisk")
    assert (faulty.status_code, 'value="fisk"' in faulty.text) == (422, True)


def test_lists_count_party_members_and_name_nobody_in_the_kitchen(day: Day) -> None:
    event = day.event()
    party = [{"name": "Örjan", "diet": "glutenfritt"}, {"name": "", "diet": "=HYPERLINK(1)"}]
    day.guest(event, name="Örn", party_size=3, party=party, diet="vegetarian")
    day.guest(event, name="Ada", diet="Vegetariskt")
    day.guest(event, name="Nils", state="declined", diet="vegan")

    kitchen = day.contact.get(f"/kontakt/traffar/{event.slug}/dagen/koket.csv").text.splitlines()
    assert kitchen[1:] == ["vegetariskt;2", "'=hyperlink(1);1", "gluten;1", "Äter allt;0", "Tillsammans;4"]
    names = day.contact.get(f"/kontakt/traffar/{event.slug}/dagen/narvaro.csv").text.splitlines()
    assert [row.split(";")[0] for row in names[1:]] == ["Ada", "Örn"]
    assert day.contact.get(f"/kontakt/traffar/{event.slug}/dagen/narvaro.xlsx").data[:2] == b"PK"
    assert "Örn" not in day.contact.get(f"/kontakt/traffar/{event.slug}/dagen/koket").text


def caught_from_a_phone(day: Day, event: Event, text_: str, *, age=10, key=None, **more):
    form = f"caught:{event.slug}"
    token = key or form_tokens.issue(day.settings.signer, form, now() - timedelta(seconds=age))
    fields = {"text": text_, antibot.TOKEN: token, **more}
    return day.app.test_client().post(f"/traffar/{event.slug}/ide/{event.workshop_code}", data=fields)


def test_an_idea_from_the_room_reaches_the_sluice_once_and_its_number_the_wall(day: Day) -> None:
    event = day.event(workshop_open=True, themes=["Vård", "Skola"])
    with day.database.transaction() as session:
        written = workshop.Written(
            "Cykla! Vi kör bil korta sträckor.", "sv", "Vård", "Ada", "ada@example.org", key="k1"
        )
        for _ in range(2):
            caught = workshop.catch_idea(session, event, written, moment=now())

    intake = intake_handlers(ReadMail(Announcer(day.settings), SimpleQueue()))
    day.ring(INTAKE, Role.INTAKE, intake)
    database = Database(day.settings, Role.INTAKE, pool_size=1)
    with database.transaction() as session:
        [idea] = session.scalars(select(Idea).where(Idea.via == "workshop"))
        [entry] = session.scalars(select(TimelineEntry).where(TimelineEntry.idea_id == idea.id))
        tags = session.scalars(select(Tag.name).join(IdeaTag).where(IdeaTag.idea_id == idea.id)).all()
    database.dispose()
    assert (idea.title, idea.submitter_address, idea.vouched, idea.held) == ("Cykla!", "ada@example.org", False, None)
    assert entry.facts == {"via": "workshop", "event": event.slug, "event_title": event.title["sv"], "theme": "Vård"}
    assert sorted(tags) == sorted([event.title["sv"], "Vård"])

    day.ring(RSVP, Role.RSVP, rsvp_handlers(day.settings))
    kept = day.now_(caught)
    assert (kept.reference, kept.name, kept.address) == (idea.reference, "", None)
    wall = day.contact.get(f"/kontakt/traffar/{event.slug}/vagg").text
    assert "Vi kör bil korta sträckor." in wall
    assert "Ada" not in wall


def test_what_looks_like_a_programs_waits_for_a_person_and_no_hall_is_turned_away(day: Day, monkeypatch) -> None:
    event = day.event(workshop_open=True, themes=["Vård"])
    first = caught_from_a_phone(day, event, "Första idén", theme="Vård", name="Hemlig")
    assert first.status_code == 303
    # A hall behind one router: a hundred people with ten ideas each, in ten minutes; above that nothing typed is lost.
    assert (catch.POSTS, catch.SUSPECTS) == ("2000/10minutes", "1000/hour")
    monkeypatch.setattr(catch, "POSTS", "3/10minutes")
    sent = [caught_from_a_phone(day, event, f"Idé {number}") for number in range(4)]
    assert [answer.status_code for answer in sent] == [303, 303, 303, 429]
    assert "Idé 3" in sent[3].text
    wall = f"/kontakt/traffar/{event.slug}/vagg/ideer"
    assert "Första idén" not in day.contact.get(wall).text
    assert "Första idén" in day.contact.get(f"/kontakt/traffar/{event.slug}/verkstad").text
    with day.database.transaction() as session:
        held = session.scalars(select(CaughtIdea).where(CaughtIdea.text == "Första idén")).one()

    act = f"/kontakt/traffar/{event.slug}/verkstad/ide/{held.id}"
    for _ in range(2):
        post(day.contact, act, do="release")
    shown = day.contact.get(wall)
    sign = shown.text.partition("visar=")[2][:16]
    assert "Första idén" in shown.text
    assert day.contact.get(f"{wall}?visar={sign}").status_code == 204
    post(day.contact, act, do="discard")
    post(day.contact, act, do="hide")
    assert "Första idén" not in day.contact.get(f"{wall}?visar={sign}").text
    with day.database.transaction() as session:
        told = session.scalar(text("SELECT count(*) FROM bus.message WHERE payload LIKE :p"), {"p": f"%{held.id}%"})
        assert workshop.caught_for_summary(session, event) == []
    assert told == 1


def test_a_closed_workshop_takes_nothing_and_loses_nothing_that_was_typed(day: Day) -> None:
    event = day.event(workshop_open=False)
    here = f"/kontakt/traffar/{event.slug}/verkstad"
    late = caught_from_a_phone(day, event, "För sent skriven")
    assert (late.status_code, "För sent skriven" in late.text) == (409, True)
    post(day.contact, f"{here}/oppna")
    faulty = caught_from_a_phone(day, event, "Min idé", address="ingen@", name="Ada")
    assert (faulty.status_code, "Min idé" in faulty.text, 'value="ingen@"' in faulty.text) == (422, True, True)
    assert caught_from_a_phone(day, event, "x" * 2001).status_code == 422
    assert post(day.contact, f"{here}/teman", themes="\n".join(map(str, range(13)))).status_code == 422
    post(day.contact, f"{here}/teman", themes="A\nB\nA")
    assert day.now_(event).themes == ["A", "B"]
    draft = day.event(state="draft")
    assert "unpublished" in post(day.contact, f"/kontakt/traffar/{draft.slug}/verkstad/oppna").headers["Location"]
