"""Two who act on one event at the same moment: what one of them read before the other wrote must not win."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.rsvp.domain.event_form import new_values
from services.rsvp.domain.states import ActorKind, Answer, Source
from services.rsvp.store import seats as seat_store
from services.rsvp.store.guest_tables import Guest, GuestEntry, Mailing
from services.rsvp.store.tables import Event, HostQuestion
from services.rsvp.usecases import ask_host, mail_many, plan_event, publish_event, seats
from services.rsvp.usecases.forget import erase_guest
from services.rsvp.usecases.mail_many import MailMany
from services.rsvp.usecases.offers import SettleOffers, alarms
from services.rsvp.usecases.record_reply import GivenReply, record_reply, register
from services.rsvp.usecases.tell_guest import TellGuest
from shared.clock import now
from shared.db import Database, Role
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.viewer import Viewer
from tests.support.events import a_guest, a_sluice, an_event
from tests.support.waiting import wait_until

YES, NO, MAYBE = GivenReply(Answer.YES), GivenReply(Answer.NO), GivenReply(Answer.MAYBE)
KIM = Viewer("kim@krokom.example", frozenset({"krokom"}))
GUEST = {"actor": "", "actor_kind": ActorKind.GUEST}
WAITS = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")

Act = Callable[[Session], Any]


@pytest.fixture(scope="module")
def database(module_settings) -> Iterator[Database]:
    made = Database(module_settings, Role.RSVP, pool_size=10)
    yield made
    made.dispose()


def in_one(database: Database, act: Act) -> Any:
    with database.transaction() as session:
        return act(session)


def at_once(database: Database, first: Act, second: Act) -> Any:
    """Let the second begin when the first has done everything but commit; what the second came to."""
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            first(session)
            session.flush()
            later = pool.submit(in_one, database, second)
            wait_until(lambda: later.done() or in_one(database, lambda other: other.execute(WAITS).scalar_one()))
        return later.result(20)


def say(given: GivenReply, guest_id: UUID, session: Session) -> None:
    record_reply(session, guest_id, given, moment=now(), **GUEST)


def test_who_is_erased_while_they_answer_gives_up_the_seat_that_they_got(database):
    with database.transaction() as session:
        event = an_event(session, capacity=1)
        leaves, waits = (a_guest(session, event).id for _ in range(2))

    def answer(session: Session) -> None:
        say(YES, leaves, session)
        say(YES, waits, session)

    at_once(database, answer, lambda session: erase_guest(session, leaves, actor_kind=ActorKind.GUEST, moment=now()))

    with database.transaction() as session:
        gone, stays = session.get_one(Guest, leaves), session.get_one(Guest, waits)
        assert (gone.state, gone.arrival, gone.name) == ("declined", None, "")
        assert stays.state == "coming"


@pytest.mark.parametrize(("what", "sequence"), [("changed", 1000), ("cancelled", 1001)])
def test_a_calendar_that_is_on_its_way_hears_of_the_change(database, module_settings, what, sequence):
    with database.transaction() as session:
        event = an_event(session)
        guest = a_guest(session, event, state="coming", answer="yes", arrival=1)
        entry = GuestEntry(
            id=new_id(), guest_id=guest.id, at=now(), actor="", actor_kind="guest", what="replied", facts={}
        )
        session.add(entry)

    def change(session: Session) -> None:
        with database.transaction() as other:  # committed while the worker still writes the confirmation
            row = other.get_one(Event, event.id)
            row.sequence, row.state = 1, "cancelled" if what == "cancelled" else row.state
            mailing = mail_many.start_mailing(other, row, what, key="1", actor="", moment=now())
        MailMany(module_settings)(session, {"mailing_id": mailing.id, "after": None})

    tell = TellGuest(module_settings)
    at_once(database, lambda session: tell(session, {"guest_id": guest.id, "entry_id": entry.id}), change)

    with database.transaction() as session:
        assert session.get_one(Guest, guest.id).calendar_sequence == sequence


def test_a_host_who_answers_while_the_day_is_settled_is_told_so(database, module_settings):
    """Each held what the other wanted: a deadlock, and a broken page for one of them."""
    with database.transaction() as session:
        event = an_event(session, state="asked", published_at=None)
        half_day = {"starts_at": event.starts_at.isoformat(), "ends_at": event.ends_at.isoformat()}
        question = HostQuestion(
            id=new_id(),
            event_id=event.id,
            name="Hanna Värd",
            address="hanna@krokom.example",
            language="sv",
            proposals=[half_day],
            state="open",
            counter=None,
            asked_at=now(),
            asked_by=KIM.address,
        )
        session.add(question)

    def answer(session: Session) -> str:
        try:
            ask_host.answer_host_question(session, module_settings, question.id, picked=0, counter=None, moment=now())
        except Conflict as fault:
            return str(fault)
        return "answered"

    with ThreadPoolExecutor(1) as pool, database.transaction() as session:
        held = session.get_one(Event, event.id, with_for_update=True)
        later = pool.submit(in_one, database, answer)
        wait_until(lambda: in_one(database, lambda other: other.execute(WAITS).scalar_one()))
        publish_event.close_questions(session, held, "settled")
        session.commit()
        assert later.result(20) == "settled"


def test_two_events_of_one_title_at_once_have_a_name_each(database):
    with database.transaction() as session:
        a_sluice(session)
    values = {**new_values(("sv", "en"), "Europe/Stockholm"), "title": {"sv": "Samma rubrik"}, "contacts": []}

    def make(session: Session) -> str:
        return plan_event.create_event(session, KIM, "krokom", values, moment=now()).slug

    second = at_once(database, make, make)

    with database.transaction() as session:
        found = session.scalars(select(Event.slug).where(Event.slug.startswith("samma-rubrik"))).all()
    assert (sorted(found), second) == (["samma-rubrik", "samma-rubrik-2"], "samma-rubrik-2")


class Storm:
    """Everything that may happen to one event, at random, from many threads; what is wrong afterwards, in words."""

    def __init__(self, database: Database, settings: Any, seed: int) -> None:
        self.database, self.settings, self.seed = database, settings, seed
        with database.transaction() as session:
            event = an_event(session, capacity=6, most_passed=1, reply_by=None)
            self.event_id, self.slug = event.id, event.slug
            self.guests = [a_guest(session, event).id for _ in range(12)]
        self.faults: list[str] = []

    def blow(self, threads: int, acts: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda number: self._some(random.Random(self.seed * 100 + number), acts), range(threads)))

    def _some(self, draw: random.Random, acts: int) -> None:
        for _ in range(acts):
            act = draw.choice([self._reply] * 5 + [self._offer, self._give, self._capacity, self._register] * 2
                              + [self._move, self._edit, self._erase, self._tell, self._mail, self._settle])  # fmt: skip
            try:
                act(draw)
            except (Rejected, Conflict, NotFound):
                continue
            except Exception as fault:  # whatever else it is, is a fault
                self.faults.append(f"{act.__name__}: {type(fault).__name__} {str(fault)[:300]}")

    def _in_one(self, act: Act) -> Any:
        return in_one(self.database, act)

    def _reply(self, draw: random.Random) -> None:
        given = GivenReply(draw.choice(list(Answer)), party_size=draw.randint(1, 3), wants_at_once=draw.random() < 0.6)
        self._in_one(partial(say, given, draw.choice(self.guests)))

    def _offer(self, draw: random.Random) -> None:
        act = draw.choice([seats.take_offer, seats.leave_offer])
        self._in_one(lambda session: act(session, draw.choice(self.guests), moment=now()))

    def _give(self, draw: random.Random) -> None:
        self._in_one(
            lambda session: seats.give_seat(
                session, session.get_one(Guest, draw.choice(self.guests)), actor="", moment=now()
            )
        )

    def _capacity(self, draw: random.Random) -> None:
        number = draw.choice([1, 3, 6, 9, None])
        self._in_one(
            lambda session: seats.set_capacity(
                session, session.get_one(Event, self.event_id), number, actor="", moment=now()
            )
        )

    def _register(self, draw: random.Random) -> None:
        self._in_one(
            lambda session: register(
                session,
                self.event_id,
                name="Ny",
                address=f"ny{draw.randint(1, 5)}@example.org",
                language="sv",
                source=draw.choice([Source.OPEN, Source.API]),
                given=YES,
                moment=now(),
                **GUEST,
            )
        )

    def _move(self, draw: random.Random) -> None:
        starts_at = now() + timedelta(days=draw.randint(2, 9))
        self._change({"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=3)})

    def _edit(self, draw: random.Random) -> None:
        self._change({"most_passed": draw.randint(0, 3), "capacity": draw.choice([2, 8])})

    def _change(self, values: dict[str, Any]) -> None:
        def act(session: Session) -> None:
            version = session.get_one(Event, self.event_id).version
            plan_event.edit_event(session, KIM, self.slug, values, version=version, tells=True, moment=now())

        self._in_one(act)

    def _erase(self, draw: random.Random) -> None:
        if draw.random() < 0.3:
            self._in_one(
                lambda session: erase_guest(session, draw.choice(self.guests), actor_kind=ActorKind.GUEST, moment=now())
            )

    def _tell(self, draw: random.Random) -> None:
        def act(session: Session) -> None:
            steps = select(GuestEntry).where(GuestEntry.guest_id == draw.choice(self.guests))
            for entry in session.scalars(steps.order_by(GuestEntry.id.desc()).limit(1)):
                TellGuest(self.settings)(session, {"guest_id": entry.guest_id, "entry_id": entry.id})

        self._in_one(act)

    def _mail(self, draw: random.Random) -> None:
        def act(session: Session) -> None:
            mailing = session.scalars(select(Mailing).where(Mailing.event_id == self.event_id)).all()
            if mailing:
                MailMany(self.settings)(session, {"mailing_id": draw.choice(mailing).id, "after": None})

        self._in_one(act)

    def _settle(self, draw: random.Random) -> None:
        ahead = timedelta(hours=draw.choice([0, 25]))
        SettleOffers(self.settings, self.database, lambda: now() + ahead)()

    def wrong(self) -> list[str]:
        found = list(self.faults)
        with self.database.transaction() as session:
            event = session.get_one(Event, self.event_id)
            rows = session.scalars(select(Guest).where(Guest.event_id == event.id)).all()
            given = sum(row.party_size for row in rows if row.by_hand)
            taken = seat_store.taken(session, event.id)
            waiting = [row for row in rows if row.state == "waiting"]
            if [one for one in alarms(session) if one.event_id == event.id]:
                found.append("a free seat beside a waiting list")
            arrivals = [row.arrival for row in rows if row.arrival is not None]
            if len(set(arrivals)) != len(arrivals) or max(arrivals, default=0) > event.arrivals:
                found.append("a number drawn twice")
            held = {row.state for row in rows if row.arrival is not None} - {"coming", "offered", "waiting"}
            if held or any(row.arrival is None for row in rows if row.state in ("coming", "offered", "waiting")):
                found.append(f"a place without a reply: {held}")
            if any(row.anonymised_at is not None and row.state != "declined" for row in rows):
                found.append("a seat of nobody")
            self.seen = (event.capacity, taken, given, len(waiting))
        return found


def test_whatever_happens_at_once_nothing_breaks_and_no_seat_is_lost(database, module_settings):
    storm = Storm(database, module_settings, 6)
    storm.blow(threads=6, acts=25)
    assert storm.wrong() == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(30))
def test_whatever_happens_at_once_for_long(database, module_settings, seed):
    storm = Storm(database, module_settings, seed)
    storm.blow(threads=8, acts=80)
    assert storm.wrong() == []
