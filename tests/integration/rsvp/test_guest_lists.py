"""Lists on their way onto an event's list, and mailings to very many guests: each told exactly once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import func, select, text, update

from services.rsvp.actors import handlers
from services.rsvp.domain.list_text import rows_of
from services.rsvp.domain.states import Answer
from services.rsvp.store import guest_desk
from services.rsvp.store.guest_desk import Group
from services.rsvp.store.guest_tables import Guest, GuestEntry, Mailing
from services.rsvp.store.tables import Event
from services.rsvp.usecases import address_books, import_list, invite, keep_guests, mail_many
from services.rsvp.usecases.record_reply import GivenReply
from shared.bus.inbox import Inbox
from shared.clock import now
from shared.contracts.registry import RSVP
from shared.db import Database, Role, admin_url, conninfo
from shared.errors import Conflict, NotFound, Rejected
from shared.viewer import Viewer
from tests.support.databases import SECRET_KEY
from tests.support.events import a_guest, a_sluice, an_event

KIM = Viewer("kim@krokom.example", contact_of=frozenset({"krokom"}))
BERG = Viewer("bo@berg.example", contact_of=frozenset({"berg"}))
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def database(module_settings):
    found = Database(module_settings, Role.RSVP)
    yield found
    found.dispose()


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch):
    """Ten guests in one transaction instead of a hundred: as many steps with a tenth of the guests."""
    monkeypatch.setattr(mail_many, "CHUNK", 10)


@pytest.fixture
def event(database):
    with database.transaction() as session:
        return an_event(session)


def letters_to(settings, event):
    """How many letters were asked for, by address."""
    with psycopg.connect(conninfo(admin_url(settings))) as connection:
        rows = connection.execute(
            "SELECT payload::jsonb #>> '{person,address}' FROM bus.message"
            " WHERE name = 'event.mail_wanted.v1' AND payload::jsonb #>> '{facts,event,slug}' = %s",
            [event.slug],
        )
        return Counter(address for (address,) in rows)


def work(settings, database):
    """Let a worker do all mailings to their end; how many rings it heard."""
    inbox = Inbox(database, RSVP, handlers(settings))
    heard = 0
    while True:
        with psycopg.connect(conninfo(admin_url(settings)), autocommit=True) as connection:
            due = connection.execute(
                "SELECT message_id FROM bus.delivery JOIN bus.message ON id = message_id"
                " WHERE consumer = 'rsvp' AND name = 'mailing.due.v1' AND done_at IS NULL AND parked_at IS NULL"
            ).fetchall()
            # What a killed worker held goes on after its lease; a test does not wait for that.
            connection.execute("UPDATE bus.delivery SET claimed_until = NULL WHERE done_at IS NULL")
        if not due:
            return heard
        for (message_id,) in due:
            inbox.run(message_id)
            heard += 1


def people(count, database, event, **changes):
    with database.transaction() as session:
        rows = [
            {"name": f"Gäst {n}", "address": f"g{n}@x.example", "organisation": "", "language": "sv"}
            for n in range(count)
        ]
        return invite.put_on_list(session, event, rows, actor="kim", moment=now(), via="test")


def test_a_list_is_looked_at_first_and_then_taken_as_a_whole_once(database, event) -> None:
    text_ = "anna@x.example;Anna\nfel;Bo\ngast@x.example;Gäst\nCeci <ceci@x.example>;\n"
    with database.transaction() as session:
        a_guest(session, session.get_one(Event, event.id), address="GAST@x.example")
        draft = import_list.draft_for_event(session, KIM, event.slug, "lista.csv", rows_of(text_), moment=now())
        assert guest_desk.counts(session, event.id)[Group.UNINVITED] == 0

    with database.transaction() as session:
        assert [row["fault"] for row in draft.faults] == ["missing", "listed"]
        assert import_list.take_for_event(session, KIM, event.slug, draft.id, moment=now()) == 2

    with database.transaction() as session:
        found = guest_desk.portion(session, event.id, Group.UNINVITED).guests
        assert [guest.address for guest in found] == ["anna@x.example", "ceci@x.example"]
        assert [entry.facts for entry in guest_desk.history(session, found[0].id)] == [{"via": "lista.csv"}]
    with pytest.raises(Conflict), database.transaction() as session:
        import_list.take_for_event(session, KIM, event.slug, draft.id, moment=now())
    with pytest.raises(NotFound), database.transaction() as session:
        import_list.take_for_event(session, BERG, event.slug, draft.id, moment=now())


def test_a_book_belongs_to_its_municipality_and_invites_to_any_of_its_events(database, event) -> None:
    with database.transaction() as session:
        a_sluice(session, "berg")
        book = address_books.make_book(session, KIM, "krokom", "Chefer")
        session.flush()
        draft = import_list.draft_for_book(
            session, KIM, book.id, "in", rows_of("a@x.example\nb@x.example"), moment=now()
        )
    with database.transaction() as session:
        assert import_list.take_for_book(session, KIM, book.id, draft.id, moment=now()) == 2
        address_books.keep_entry(session, KIM, book.id, None, {"address": "c@x.example", "name": "C", "language": "en"})
        with pytest.raises(Rejected, match="address: listed"):
            address_books.keep_entry(session, KIM, book.id, None, {"address": "A@x.example", "language": "sv"})
        with pytest.raises(Rejected, match="name: taken"):
            address_books.make_book(session, KIM, "krokom", "chefer")
        with pytest.raises(Rejected, match="sluice: unknown"):
            address_books.make_book(session, KIM, "berg", "Andras")
        assert [found.people for found in address_books.books(session, KIM)] == [3]
        assert address_books.books(session, BERG) == []

    with database.transaction() as session:
        assert invite.put_books_on_list(session, KIM, event.slug, [book.id, book.id], moment=now()) == 3
        assert invite.put_books_on_list(session, KIM, event.slug, [book.id], moment=now()) == 0
        with pytest.raises(NotFound):
            address_books.own_book(session, BERG, book.id)
        address_books.remove_book(session, KIM, book.id)
    with database.transaction() as session:
        assert guest_desk.counts(session, event.id)[Group.UNINVITED] == 3


def test_each_is_invited_once_and_the_silent_are_asked_again(module_settings, database, event) -> None:
    people(23, database, event)
    with database.transaction() as session:
        first = invite.send(session, KIM, event.slug, "invitation", note="Välkommen!", key="k1", moment=now())
        same = invite.send(session, KIM, event.slug, "invitation", note="Välkommen!", key="k1", moment=now())
        assert (same.id, first.total) == (first.id, 23)
        with pytest.raises(Conflict):
            invite.send(session, KIM, event.slug, "invitation", note="", key="k2", moment=now())
    people(33, database, event)  # ten more, while it is on its way: not part of it

    assert work(module_settings, database) == 3
    assert set(letters_to(module_settings, event).values()) == {1}
    with database.transaction() as session:
        mailing = session.get_one(Mailing, first.id)
        assert (mailing.done, mailing.finished_at is not None) == (23, True)
        assert guest_desk.counts(session, event.id)[Group.UNINVITED] == 10
        guest = guest_desk.portion(session, event.id, Group.UNANSWERED).guests[0]
        keep_guests.reply_for(
            session, KIM, event.slug, guest.id, GivenReply(Answer.NO), version=guest.version, moment=now()
        )
        again = invite.send(session, KIM, event.slug, "again", note="", key="k3", moment=now())
        assert again.total == 22

    work(module_settings, database)
    assert Counter(letters_to(module_settings, event).values()) == {2: 22, 1: 1}


def test_a_stopped_mailing_goes_on_where_it_stood(module_settings, database, event) -> None:
    people(25, database, event)
    with database.transaction() as session:
        mailing = invite.send(session, KIM, event.slug, "invitation", note="", key="k", moment=now())
        mail_many.MailMany(module_settings)(session, {"mailing_id": mailing.id, "after": None})
        mail_many.stop_mailing(session, mailing, actor="kim", moment=now())
    work(module_settings, database)
    assert letters_to(module_settings, event).total() == 10

    with database.transaction() as session:
        mail_many.continue_mailing(session, session.get_one(Mailing, mailing.id))
        mail_many.continue_mailing(session, session.get_one(Mailing, mailing.id))
    work(module_settings, database)
    assert Counter(letters_to(module_settings, event).values()) == {1: 25}


def test_a_cancelled_event_invites_nobody_more(module_settings, database, event) -> None:
    people(15, database, event)
    with database.transaction() as session:
        mailing = invite.send(session, KIM, event.slug, "invitation", note="", key="k", moment=now())
        mail_many.MailMany(module_settings)(session, {"mailing_id": mailing.id, "after": None})
        session.execute(update(Event).where(Event.id == event.id).values(state="cancelled"))
    work(module_settings, database)

    assert letters_to(module_settings, event).total() == 10
    with database.transaction() as session:
        assert session.get_one(Mailing, mailing.id).stopped_at is not None
        held = session.get_one(Event, event.id)
        told = mail_many.start_mailing(session, held, "cancelled", key="1", actor="kim", moment=now())
        assert told.total == 10
        with pytest.raises(Rejected, match="send: cancelled"):
            invite.send(session, KIM, event.slug, "invitation", note="", key="k2", moment=now())


KILLED = """
import os, signal, sys
from services.rsvp.usecases import mail_many
from services.rsvp.usecases import letters
from services.rsvp.actors import handlers
from shared.bus.inbox import Inbox
from shared.contracts.registry import RSVP
from shared.db import Database, Role
from shared.settings import load

mail_many.CHUNK = 10
asked, told = letters.ask, 0

def ask(*positional, **named):
    global told
    told += 1
    if told > int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    return asked(*positional, **named)

letters.ask = ask
settings = load()
inbox = Inbox(Database(settings, Role.RSVP), RSVP, handlers(settings))
for message_id in sys.argv[2:]:
    inbox.run(message_id)
"""
"""A worker that kills itself, as the kernel would, in the middle of ten guests."""


def test_kill_9_in_the_middle_leaves_each_guest_with_exactly_one_invitation(module_settings, database, event) -> None:
    people(32, database, event)
    with database.transaction() as session:
        invite.send(session, KIM, event.slug, "invitation", note="", key="k", moment=now())
    environment = {
        "DATABASE_URL": module_settings.database_url,
        "IDESLUSS_DATA_DIR": str(module_settings.data_dir),
        "IDESLUSS_SECRET_KEY": SECRET_KEY,
    }
    killed = 0
    for letters_before_death in (4, 9):
        with psycopg.connect(conninfo(admin_url(module_settings)), autocommit=True) as connection:
            due = connection.execute(
                "SELECT message_id FROM bus.delivery JOIN bus.message ON id = message_id"
                " WHERE consumer = 'rsvp' AND name = 'mailing.due.v1' AND done_at IS NULL"
            ).fetchall()
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(letters_before_death), *(str(row[0]) for row in due)],
            env=environment,
            cwd=ROOT,
            check=False,
            capture_output=True,
        )
        killed += done.returncode == -9
        # Ten whole, between the two deaths.
        inbox = Inbox(database, RSVP, handlers(module_settings))
        with psycopg.connect(conninfo(admin_url(module_settings)), autocommit=True) as connection:
            connection.execute("UPDATE bus.delivery SET claimed_until = NULL WHERE done_at IS NULL")
        for (message_id,) in due:
            inbox.run(message_id)

    work(module_settings, database)

    assert killed == 2
    letters = letters_to(module_settings, event)
    assert (len(letters), set(letters.values())) == (32, {1})


def test_the_desk_shows_groups_by_name_and_place_a_page_at_a_time(database) -> None:
    with database.transaction() as session:
        event = an_event(session, capacity=1)
        for number, name in enumerate(("Örjan", "Ada", "Åsa", "Ärla", "Zoe")):
            a_guest(session, event, name=name, state="waiting", answer="yes", arrival=number + 1, party_size=2)
            a_guest(session, event, name=name, organisation="Bygg 100%")
        first = guest_desk.portion(session, event.id, Group.UNANSWERED, limit=3)
        rest = guest_desk.portion(session, event.id, Group.UNANSWERED, limit=3, after=first.next)
        waiting = guest_desk.portion(session, event.id, Group.WAITING, limit=2)
        places = guest_desk.standings(session, event.id, waiting.guests)
        last = guest_desk.portion(session, event.id, Group.WAITING, after=waiting.next)

        assert [guest.name for guest in first.guests] == ["Ada", "Zoe", "Åsa"]
        assert ([guest.name for guest in rest.guests], rest.next) == (["Ärla", "Örjan"], None)
        assert [(guest.name, places[guest.id].place, places[guest.id].ahead) for guest in waiting.guests] == [
            ("Örjan", 1, 0),
            ("Ada", 2, 2),
        ]
        assert [guest.name for guest in last.guests] == ["Åsa", "Ärla", "Zoe"]
        assert guest_desk.counts(session, event.id, "bygg 100% zo")[Group.UNANSWERED] == 1
        assert guest_desk.counts(session, event.id, "100_")[Group.UNANSWERED] == 0


def test_a_contact_acts_on_guests_of_their_own_events_alone(database, event) -> None:
    with database.transaction() as session:
        guest = keep_guests.add_guest(
            session, KIM, event.slug, {"name": "Eva", "address": "eva@x.example"}, moment=now()
        )
        with pytest.raises(Rejected, match="address: listed"):
            keep_guests.add_guest(session, KIM, event.slug, {"address": "EVA@x.example"}, moment=now())
        with pytest.raises(Rejected, match="address: no-at"):
            keep_guests.add_guest(session, KIM, event.slug, {"address": "eva"}, moment=now())
    acts = (
        lambda s: keep_guests.add_guest(s, BERG, event.slug, {"address": "e@x.example"}, moment=now()),
        lambda s: keep_guests.decline_for(s, BERG, event.slug, guest.id, version=1, moment=now()),
        lambda s: keep_guests.remove_guest(s, BERG, event.slug, guest.id, version=1),
        lambda s: keep_guests.seat(s, BERG, event.slug, guest.id, version=1, moment=now()),
        lambda s: keep_guests.resend(s, BERG, event.slug, guest.id, key="k", moment=now()),
        lambda s: keep_guests.freeze(s, BERG, event.slug, is_frozen=True, moment=now()),
        lambda s: keep_guests.resend(s, KIM, event.slug, uuid4(), key="k", moment=now()),
    )
    for act in acts:
        with pytest.raises(NotFound), database.transaction() as session:
            act(session)
    with database.transaction() as session:
        version = session.get_one(Guest, guest.id).version
        keep_guests.seat(session, KIM, event.slug, guest.id, version=version, moment=now())
    with pytest.raises(Conflict), database.transaction() as session:
        keep_guests.decline_for(session, KIM, event.slug, guest.id, version=version, moment=now())
    with pytest.raises(Conflict), database.transaction() as session:
        keep_guests.remove_guest(session, KIM, event.slug, guest.id, version=version + 1)
    with database.transaction() as session:
        told = session.scalars(select(GuestEntry.what).where(GuestEntry.guest_id == guest.id).order_by(GuestEntry.id))
        assert list(told) == ["listed", "seated"]


def test_more_seats_are_foretold_and_move_those_who_wait(database) -> None:
    with database.transaction() as session:
        event = an_event(session, capacity=1, arrivals=4)
        for number, (state, size) in enumerate([("coming", 1), ("waiting", 3), ("waiting", 1)]):
            a_guest(session, event, state=state, answer="yes", arrival=number + 1, party_size=size)
        foretold = keep_guests.preview_capacity(session, event, 5)
        assert (foretold.up, foretold.up_people, foretold.below) == (2, 4, 0)
        assert keep_guests.preview_capacity(session, event, 0).below == 1
        keep_guests.change_capacity(session, KIM, event.slug, 5, version=event.version, moment=now())
        assert session.scalar(select(func.count()).where(Guest.event_id == event.id, Guest.state == "coming")) == 3


def test_twenty_thousand_rows_are_taken_in_one_go(database, event) -> None:
    rows = [f"Gäst {n};gast{n}@x.example;Förvaltning {n % 40};sv" for n in range(20_000)]
    for number in range(300):
        rows[number * 60] = f"Gäst {number};gast{number}@x"
    with database.transaction() as session:
        draft = import_list.draft_for_event(session, KIM, event.slug, "alla", rows_of("\n".join(rows)), moment=now())
        assert len(draft.faults) == 300
    with database.transaction() as session:
        assert import_list.take_for_event(session, KIM, event.slug, draft.id, moment=now()) == 19_700
        assert (
            session.scalar(
                text(
                    "SELECT count(*) FROM rsvp.guest_entry JOIN rsvp.guest g ON g.id = guest_id WHERE event_id = :event"
                ),
                {"event": event.id},
            )
            == 19_700
        )
