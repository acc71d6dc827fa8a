"""Attacks by what is typed, sent and uploaded: nothing breaks, nothing is dropped unsaid, nobody's words go astray."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest
import xlsxwriter
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from services.rsvp.app import create_app
from services.rsvp.domain import guest_list
from services.rsvp.domain.list_text import rows_of
from services.rsvp.domain.states import ActorKind, Answer, GuestState
from services.rsvp.ical.build import invitation
from services.rsvp.ical.model import Attendee, Meeting, Method, PartStat, Person
from services.rsvp.store.day_tables import CheckIn
from services.rsvp.store.guest_tables import Guest
from services.rsvp.usecases import letters
from services.rsvp.usecases.calendar import calendar_of
from services.rsvp.usecases.read_list import read_file
from services.rsvp.usecases.record_reply import GivenReply, record_reply
from services.rsvp.usecases.register_openly import SentRegistration, register_openly
from shared.bus.tables import Message
from shared.clock import now
from shared.errors import Rejected
from shared.ids import new_id
from shared.web import tokens
from tests.support.events import a_guest, a_sluice, an_event
from tests.support.signed_in import client_for, form_token

CANARY = "Kanariegunilla"
ONLINE = "https://mote.example/hemligt-rum"


@pytest.fixture(scope="module")
def app(module_settings):
    found = create_app(module_settings)
    yield found
    found.extensions["idesluss_database"].dispose()


@pytest.fixture(scope="module")
def database(app):
    return app.extensions["idesluss_database"]


# --- What goes to whom.


@pytest.mark.parametrize("place", ["Kulturhuset", ""])
def test_the_link_to_the_meeting_is_told_to_those_who_come_alone(app, database, module_settings, place) -> None:
    with database.transaction() as session:
        event = an_event(session, online_url=ONLINE, place=place, address="", contacts=0)
        told = {}
        for state in (GuestState.COMING, GuestState.WAITING, GuestState.MAYBE, GuestState.OFFERED):
            guest = a_guest(session, event, state=state.value)
            sent = calendar_of(module_settings, session, event, guest, method="REQUEST", moment=now())
            told[state] = "hemligt-rum" in sent["content"].replace("\r\n ", "")
        slug, sluice = event.slug, event.sluice_slug
    assert told == {state: state is GuestState.COMING for state in told}
    paths = (
        "traffar/kalender.ics",
        f"traffar/kalender/{sluice}.ics",
        f"traffar/{slug}/kalender.ics",
        f"traffar/{slug}",
    )
    for path in paths:
        assert "hemligt-rum" not in app.test_client().get(f"/{path}").text.replace("\r\n ", ""), path


@pytest.mark.parametrize(("source", "name"), [("open", ""), ("invitation", CANARY)])
def test_a_name_typed_with_a_strangers_address_is_in_no_later_mail_to_it(
    database, module_settings, source, name
) -> None:
    with database.transaction() as session:
        event = an_event(session)
        guest = a_guest(session, event, name=CANARY, source=source, state="coming", answer="yes")
        letters.ask(
            session,
            module_settings,
            "day-reminder",
            about=str(guest.id),
            event=event,
            sluice=a_sluice(session),
            guest=guest,
        )
        session.flush()
        mail = json.loads(session.scalars(select(Message.payload).order_by(Message.id.desc()).limit(1)).one())
    assert (mail["person"]["address"], mail["person"]["name"]) == (guest.address, name)
    assert (CANARY in json.dumps(mail)) == bool(name)


def test_a_fault_of_the_databases_tells_the_log_nobodys_words(database) -> None:
    with pytest.raises(DBAPIError) as fault, database.transaction() as session:
        session.execute(text("SELECT CAST(:name AS text), 1 / :zero"), {"name": CANARY, "zero": 0})
    assert CANARY not in str(fault.value)


def test_no_reader_of_calendars_takes_typed_words_for_lines_of_its_own() -> None:
    evil = 'a\r\nATTENDEE:mailto:x@evil.example\u2028X-EVIL:1\x85END:VEVENT\x0b\x1c";CN=x:^n\\'
    moment = now()
    written = invitation(
        Meeting(
            uid="u@x.example", sequence=0, stamp=moment, starts_at=moment, ends_at=moment, zone="Europe/Stockholm",
            title=evil, place=evil, text=evil, url="https://x.example/", organizer=Person("o@x.example", evil),
            attendee=Attendee(Person("a@x.example", evil), PartStat.ACCEPTED),
        ),
        Method.REQUEST,
    )  # fmt: skip
    lines = written.replace("\r\n ", "").splitlines()
    assert [line for line in lines if line.startswith(("X-EVIL", "ATTENDEE:"))] == []
    assert (lines.count("END:VEVENT"), sum(line.startswith("ATTENDEE;") for line in lines)) == (1, 1)
    assert written.replace("\r\n ", "").count("\r\n") == len(lines)


# --- What a telephone at the door sends.


def test_a_hostile_queue_at_the_door_stops_nobodys_ticks(app, database) -> None:
    with database.transaction() as session:
        event = an_event(session)
        guest = a_guest(session, event, state="coming", answer="yes", name="Ärlig")
    kim = client_for(app, "kim@krokom.example", "contact:krokom")
    path, at = f"/kontakt/traffar/{event.slug}/dorren/kryss", "2026-11-24T10:00:00Z"

    def sent(queue: str) -> int:
        return kim.post(path, data={"form_token": form_token(app, kim), "queue": queue}).status_code

    assert [sent(queue) for queue in ("[" * 100_000, '{"a": 1}', "[null]", "NaN")] == [422] * 4
    odd = [
        {"id": str(new_id()), "at": "0001-01-01T00:00:00+14:00", "guest": str(guest.id), "came": 10**30},
        {
            "id": str(new_id()),
            "at": at,
            "walk_in": {"name": "\0\ud800Åsa\0", "address": "\0asa@x.example", "diet": "\0"},
        },
        {"id": str(new_id()), "at": at, "walk_in": {"name": "\0"}},
        {"id": str(new_id()), "at": at, "walk_in": {"name": "y" * 600, "diet": "y" * 3_000}},
        {"id": str(new_id()), "at": at, "walk_in": {"name": "z", "address": "z" * 600}},
        {"id": str(new_id()), "at": at, "walk_in": {"name": "x", "address": "a@x.example\r\nBcc: b@x.example"}},
        {"id": str(new_id()), "at": at, "guest": str(guest.id), "came": 1},
    ]
    assert sent(json.dumps(odd)) == 200
    with database.transaction() as session:
        ticks = session.scalars(select(CheckIn).where(CheckIn.guest_id == guest.id).order_by(CheckIn.at)).all()
        assert [(tick.came, tick.at.year) for tick in ticks] == [(99, 2000), (1, 2026)]
        names = session.scalars(select(Guest.name).where(Guest.event_id == event.id, Guest.source == "walk-in")).all()
        assert [name[:4] for name in names] == ["?Åsa", "yyyy"]


# --- What other systems send.


def test_the_api_refuses_what_it_cannot_keep(app, module_settings) -> None:
    client = app.test_client()
    head = {"Authorization": f"Bearer {tokens.issue(module_settings.signer, name='bokning', scopes=('rsvp:write',))}"}
    event, tour = {"sluice": "krokom", "title": {"sv": "x"}}, "/api/rsvp/v1/tours"
    choice = {"id": "a", "kind": "choice", "label": {"sv": "a"}}
    hostile = [
        {"starts_at": "0001-01-01T00:00:00+14:00"}, {"starts_at": "9999-12-31T23:59:59-14:00"},
        {"reply_by": "1999-01-01T00:00:00Z"}, {"questions": [{}]}, {"questions": [choice]},
        {"questions": [{**choice, "options": {"sv": [str(number) for number in range(31)]}}]},
        {"questions": [{"id": f"q{number}", "kind": "text", "label": {"sv": "a"}} for number in range(21)]},
        {"map_url": "javascript:alert(1)"}, {"online_url": "data:text/html,x"}, {"state": "published"},
        {"workshop_code": "x"}, {"title": {"sv": "\0"}},
    ]  # fmt: skip
    answers = [client.post("/api/rsvp/v1/events", headers=head, json=event | sent).status_code for sent in hostile]
    answers += [
        client.post(tour, headers=head, json=event | sent).status_code
        for sent in ({"stops": [{"sluice": "krokom", "day": "0001-01-01"}]}, {"questions": [{}]}, {"applied": {}})
    ]
    assert answers == [422] * (len(hostile) + 3)


# --- Lists.


def test_a_list_takes_little_memory_whatever_it_is_made_of(monkeypatch) -> None:
    tracemalloc.start()
    try:
        rows_of("a@x.example\n" + "\n" * 1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 40_000_000
    finally:
        tracemalloc.stop()
    monkeypatch.setattr(guest_list, "MAX_ROWS", 10)
    people = [[f"{row}{cell}@x.example" for cell in "abc"] for row in range(9)]
    with pytest.raises(Rejected, match="too_many"):
        guest_list.judge(people, listed=(), language="sv")


def test_a_small_workbook_of_one_long_text_many_times_is_refused() -> None:
    held = io.BytesIO()
    with xlsxwriter.Workbook(held) as book:
        sheet = book.add_worksheet()
        for row in range(340):
            for column in range(50):
                sheet.write_string(row, column, "é" * 2_000)
    assert len(held.getvalue()) < 100_000
    with pytest.raises(Rejected, match="too_large"):
        read_file(held.getvalue())


# --- Who is known.


@pytest.mark.parametrize(
    ("capacity", "most_passed", "parties", "size", "answer"),
    [
        (5, 3, (4, 3), 1, Answer.YES),  # a small party may pass the large one that waits
        (5, 0, (4, 3), 1, Answer.YES),  # and here it may not
        (5, 3, (4, 3), 2, Answer.YES),
        (5, 3, (3, 2, 1), 2, Answer.YES),
        (5, 3, (), 6, Answer.YES),
        (None, 3, (2,), 4, Answer.YES),
        (5, 3, (5,), 4, Answer.MAYBE),
        (5, 3, (5,), 51, Answer.MAYBE),
        (5, 3, (5,), 3, Answer.NO),
    ],
)
def test_a_receipt_tells_nobody_whether_an_address_is_known(
    database, module_settings, capacity, most_passed, parties, size, answer
) -> None:
    with database.transaction() as session:
        event = an_event(session, capacity=capacity, most_passed=most_passed, contacts=0)
        for party in parties:
            given = GivenReply(Answer.YES, party_size=party)
            sitting = a_guest(session, event)
            record_reply(session, sitting.id, given, actor="", actor_kind=ActorKind.GUEST, moment=now())
        a_guest(session, event, address="known@x.example")

    def told(address: str) -> object:
        given = GivenReply(answer, party_size=size)
        sent = SentRegistration(name="A", address=address, language="sv", given=given, consent="ja")
        try:
            with database.transaction() as session:
                return register_openly(session, module_settings, event.slug, sent, moment=now())
        except Rejected as fault:
            return str(fault)

    assert told("known@x.example") == told("new@x.example")
