"""Replies and seats on a real PostgreSQL: who sits, who waits, what is written down, and a rush."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from services.rsvp.domain.seating import Reason
from services.rsvp.domain.states import ActorKind, Answer, GuestState, Source
from services.rsvp.store import guests as guest_store
from services.rsvp.store import seats as seat_store
from services.rsvp.store.guest_tables import Guest, GuestEntry
from services.rsvp.store.tables import Event
from services.rsvp.usecases import seats
from services.rsvp.usecases.offers import SettleOffers, alarms
from services.rsvp.usecases.record_reply import GivenReply, record_reply, register
from shared.clock import now
from shared.db import Database, Role
from shared.errors import Conflict, Rejected
from tests.support.events import a_guest, an_event

YES, NO, MAYBE = GivenReply(Answer.YES), GivenReply(Answer.NO), GivenReply(Answer.MAYBE)


class Desk:
    """One event, and people who answer."""

    def __init__(self, settings, **event):
        self.settings = settings
        self.database = Database(settings, Role.RSVP, pool_size=10)
        self.clock = now
        with self.database.transaction() as session:
            self.event_id = an_event(session, contacts=0, **event).id

    def person(self, name="Gunilla Gäst", **changes):
        with self.database.transaction() as session:
            return a_guest(session, session.get_one(Event, self.event_id), name=name, **changes).id

    def say(self, guest_id, given, moment=None, **how):
        with self.database.transaction() as session:
            how = {"actor": "Gunilla Gäst", "actor_kind": ActorKind.GUEST, "moment": moment or now()} | how
            return record_reply(session, guest_id, given, **how)

    def comes(self, size=1, *, at_once=True, **changes):
        """Somebody who says yes; their id."""
        guest_id = self.person(**changes)
        self.say(guest_id, GivenReply(Answer.YES, party_size=size, wants_at_once=at_once))
        return guest_id

    def state(self, guest_id):
        return self.guest(guest_id).state

    def guest(self, guest_id):
        with self.database.transaction() as session:
            return session.get_one(Guest, guest_id)

    def place(self, guest_id):
        with self.database.transaction() as session:
            return seats.place_of(session, session.get_one(Guest, guest_id))

    def steps(self, guest_id):
        with self.database.transaction() as session:
            return [entry.what for entry in guest_store.history(session, guest_id)]

    def told(self, guest_id):
        """How many steps of that guest follow in mails."""
        with self.database.transaction() as session:
            said = text("SELECT count(*) FROM bus.message WHERE name = 'guest.due.v1' AND payload LIKE :guest")
            return session.execute(said, {"guest": f"%{guest_id}%"}).scalar_one()

    def change(self, **columns):
        with self.database.transaction() as session:
            session.execute(update(Event).where(Event.id == self.event_id).values(**columns))

    def capacity(self, number):
        with self.database.transaction() as session:
            event = session.get_one(Event, self.event_id)
            return seats.set_capacity(session, event, number, actor="anna", moment=now())

    def give(self, guest_id):
        with self.database.transaction() as session:
            seats.give_seat(session, session.get_one(Guest, guest_id), actor="anna", moment=now())


@pytest.fixture
def desk(module_settings) -> Iterator[type]:
    """Makes events, all in one database."""
    made = []

    def make(**event):
        made.append(Desk(module_settings, **event))
        return made[-1]

    yield make
    for one in made:
        one.database.dispose()


def test_freed_seat_goes_at_once_to_the_first_in_line(desk):
    it = desk(capacity=2)
    first, second, third, fourth = (it.comes() for _ in range(4))
    assert [it.state(one) for one in (first, second, third, fourth)] == ["coming", "coming", "waiting", "waiting"]
    assert (it.place(third).place, it.place(fourth).place, it.place(fourth).ahead) == (1, 2, 1)
    assert it.place(fourth).reason == Reason.FULL

    it.say(first, NO)

    assert [it.state(one) for one in (first, second, third, fourth)] == ["declined", "coming", "coming", "waiting"]
    assert it.steps(third) == ["replied", "seated"]
    assert it.told(third) == 2

    # pretix#1163: whoever left and comes again is last, and gets nobody's seat back by an old link.
    it.say(first, YES)
    assert it.state(first) == "waiting"
    assert it.place(first).place == 2


def test_party_waits_whole_is_passed_three_times_and_then_has_seats_kept(desk):
    it = desk(capacity=5, most_passed=3)
    sitting = [it.comes() for _ in range(5)]
    family, later, last = it.comes(3), it.comes(), it.comes()
    it.say(sitting[0], NO)  # one seat: too few for the family; passed once
    assert (it.state(family), it.state(later), it.state(last)) == ("waiting", "coming", "waiting")
    assert it.place(family).passed == 1
    it.say(sitting[1], NO)
    assert it.state(last) == "coming"
    new = it.comes()
    it.say(sitting[2], NO)
    assert (it.state(new), it.place(family).passed) == ("coming", 3)
    assert it.steps(family) == ["replied", "passed", "passed", "passed"]
    assert it.told(family) == 1, "being passed mails nobody"

    it.say(sitting[3], NO)
    kept_out = it.comes()
    assert it.state(kept_out) == "waiting"
    assert it.place(kept_out).reason == Reason.HELD_BACK
    it.say(sitting[4], NO)
    it.say(later, NO)

    assert it.state(family) == "coming"
    assert it.state(kept_out) == "waiting"


def test_newcomer_sits_beside_a_larger_party_only_while_it_may_be_passed(desk):
    it = desk(capacity=3, most_passed=1)
    it.comes()
    family = it.comes(3)
    assert it.place(family).reason == Reason.PARTY_TOO_LARGE
    assert it.state(it.comes()) == "coming"
    assert it.place(family).passed == 1
    assert it.place(family).reason == Reason.PASSED
    assert it.state(it.comes()) == "waiting"


def test_whoever_wants_time_is_offered_the_seat_and_loses_it_when_time_runs_out(desk):
    it = desk(capacity=1)
    sitting = it.comes()
    slow, patient = it.comes(at_once=False), it.comes(at_once=False)
    it.say(sitting, NO)
    assert it.state(slow) == "offered"
    assert it.place(slow).reason == Reason.OFFERED
    assert it.state(it.comes()) == "waiting", "an offered seat is nobody else's"

    tomorrow = now() + timedelta(hours=25)
    assert SettleOffers(it.settings, it.database, lambda: tomorrow)() == 1

    assert (it.state(slow), it.state(patient)) == ("maybe", "offered")
    assert it.steps(slow) == ["replied", "offered", "offer-ended"]
    with it.database.transaction() as session, pytest.raises(Conflict):
        seats.take_offer(session, slow, moment=tomorrow)
    for _ in range(2):
        with it.database.transaction() as session:
            assert seats.take_offer(session, patient, moment=tomorrow).state is GuestState.COMING
    assert it.steps(patient) == ["replied", "offered", "replied"]


def test_yes_to_an_offer_that_has_ended_stands_last(desk):
    it = desk(capacity=1)
    sitting = it.comes()
    tardy, behind = it.comes(at_once=False), it.comes()
    it.say(sitting, NO)
    assert it.state(tardy) == "offered"

    outcome = it.say(tardy, YES, moment=now() + timedelta(hours=25))

    assert (outcome.state, outcome.place, it.state(behind)) == (GuestState.WAITING, 1, "coming")
    assert it.steps(tardy) == ["replied", "offered", "offer-ended", "replied"]


def test_party_that_shrinks_frees_seats_and_one_that_grows_keeps_what_it_has(desk):
    it = desk(capacity=4)
    pair, other = it.comes(3), it.comes()
    waits = it.comes()
    with pytest.raises(Rejected) as refused:
        it.say(other, GivenReply(Answer.YES, party_size=2))
    assert (refused.value.field, refused.value.message_key) == ("party_size", "no_room")
    assert (it.state(other), it.guest(other).party_size) == ("coming", 1)

    it.say(pair, GivenReply(Answer.YES, party_size=1, diet="vegan"))

    assert it.state(waits) == "coming"
    it.say(pair, GivenReply(Answer.YES, party_size=2, diet="vegan"))
    assert it.guest(pair).party_size == 2


def test_same_reply_twice_changes_nothing_and_an_old_page_is_told_so(desk):
    it = desk(capacity=5)
    guest = it.person()
    two = GivenReply(Answer.YES, party_size=2, party=[{"name": "Kim", "diet": "laktosfritt"}], diet="vegetariskt")
    assert it.say(guest, two, version=1).changed
    again = it.say(guest, two, version=1)
    assert (again.changed, again.state, it.told(guest)) == (False, GuestState.COMING, 1)
    with pytest.raises(Conflict):
        it.say(guest, NO, version=1)
    assert it.say(guest, GivenReply(Answer.YES, party_size=2, diet="inget"), version=2).changed
    assert it.steps(guest) == ["replied", "edited"]


def test_capacity_below_given_seats_is_told_and_throws_nobody_out(desk):
    it = desk(capacity=3)
    sitting = [it.comes() for _ in range(3)]
    waits, couple = it.comes(), it.comes(2)
    assert it.capacity(1) == ["below-given", "below-waiting"]
    assert [it.state(one) for one in sitting] == ["coming"] * 3
    it.say(sitting[0], NO)
    assert it.state(waits) == "waiting"
    it.give(waits)
    it.give(waits)
    assert (it.state(waits), it.guest(waits).by_hand, it.steps(waits)) == ("coming", True, ["replied", "seated"])
    assert it.capacity(5) == []
    assert it.state(couple) == "coming"
    it.capacity(1)
    late = it.comes()
    assert it.capacity(None) == []
    assert it.state(late) == "coming"
    with it.database.transaction() as session:
        counted = seat_store.counts(session, it.event_id)
    assert (counted.coming, counted.coming_people, counted.waiting, counted.declined) == (5, 6, 0, 1)


def test_closed_events_take_replies_from_contacts_alone(desk):
    it = desk(capacity=5)
    guest = it.person()
    moment, past = now(), now() - timedelta(hours=1)
    for columns, key, contact_may in [
        ({"reply_by": past}, "late", True),
        ({"reply_by": None, "starts_at": past}, "late", True),
        ({"starts_at": None, "frozen_at": moment}, "frozen", True),
        ({"state": "cancelled"}, "cancelled", False),
        ({"state": "held"}, "held", False),
        ({"state": "draft"}, "unpublished", False),
    ]:
        it.change(**columns)
        with pytest.raises(Rejected) as refused:
            it.say(guest, YES)
        assert (refused.value.field, refused.value.message_key) == ("reply", key)
        if contact_may:
            assert it.say(guest, YES, by_contact=True).state is GuestState.COMING
            it.say(guest, MAYBE, by_contact=True)
        else:
            with pytest.raises(Rejected):
                it.say(guest, YES, by_contact=True)


@pytest.mark.parametrize(("size", "key"), [(0, "too_small"), (51, "too_large"), (6, "too_large")])
def test_party_that_can_never_come_is_refused(desk, size, key):
    it = desk(capacity=5 if size == 6 else None)
    guest = it.person()
    with pytest.raises(Rejected) as refused:
        it.say(guest, GivenReply(Answer.YES, party_size=size))
    assert (refused.value.field, refused.value.message_key) == ("party_size", key)
    assert it.steps(guest) == []


def test_registering_finds_the_guest_by_address_and_no_stranger_changes_an_answer(desk):
    it = desk(capacity=1)

    def arrives(address, given=YES, source="open"):
        with it.database.transaction() as session:
            how = {"actor": "form", "actor_kind": ActorKind.GUEST, "moment": now()}
            return register(
                session,
                it.event_id,
                name="Åsa",
                address=address,
                language="sv",
                source=Source(source),
                given=given,
                **how,
            )

    invited = it.person(address="asa@krokom.example")
    assert arrives("Asa@Krokom.example").guest.id == invited
    again = arrives("asa@krokom.example", NO)
    assert (again.changed, again.reason, it.state(invited)) == (False, Reason.KNOWN, "coming")
    new = arrives("bo@krokom.example")
    assert (new.state, new.place, new.ahead, new.guest.arrival) == (GuestState.WAITING, 1, 0, 2)
    assert arrives("asa@krokom.example", NO, "api").state is GuestState.DECLINED
    assert it.state(new.guest.id) == "coming"
    for address in ("nobody", "a@b"):
        with pytest.raises(Rejected):
            arrives(address)
    it.change(is_open=False)
    with pytest.raises(Rejected):
        arrives("eva@krokom.example")


def test_free_seat_beside_a_waiting_list_is_an_alarm_and_is_mended(desk):
    it = desk(capacity=1)
    it.comes()
    waits = it.comes()
    with it.database.transaction() as session:
        assert it.event_id not in [one.event_id for one in alarms(session)]

    it.change(capacity=2)  # past the rules, as by hand in the database

    with it.database.transaction() as session:
        assert [(one.free, one.could_come) for one in alarms(session) if one.event_id == it.event_id] == [(1, 1)]
    SettleOffers(it.settings, it.database)()
    assert it.state(waits) == "coming"


SEATS, PEOPLE = 10, 60


def _rush(it):
    """Everybody says yes at once; what is odd afterwards, in words."""
    people = [it.person() for _ in range(PEOPLE)]
    with ThreadPoolExecutor(8) as pool:
        answered = list(pool.map(lambda guest: it.say(guest, YES), people))
    with it.database.transaction() as session:
        rows = session.execute(
            select(Guest.id, Guest.state, Guest.arrival).where(Guest.event_id == it.event_id).order_by(Guest.arrival)
        ).all()
        arrivals = session.get_one(Event, it.event_id).arrivals
        entries = session.scalars(
            select(GuestEntry.guest_id).join(Guest).where(Guest.event_id == it.event_id, GuestEntry.what == "replied")
        ).all()
    odd = []
    if [row.state for row in rows] != ["coming"] * SEATS + ["waiting"] * (PEOPLE - SEATS):
        odd.append("seats")
    if [row.arrival for row in rows] != list(range(1, PEOPLE + 1)) or arrivals != PEOPLE:
        odd.append("order")
    if sorted(entries) != sorted(people):
        odd.append("history")
    place = {row.id: number - SEATS for number, row in enumerate(rows, 1)}
    if any(one.place is not None and one.place != place[one.guest.id] for one in answered):
        odd.append("place")
    return odd


def test_rush_gives_each_seat_once_in_the_order_of_arrival(desk):
    assert _rush(desk(capacity=SEATS)) == []


def test_rush_goes_wrong_without_the_lock(desk, monkeypatch):
    """The counter-test: what the test above proves is the lock, not luck."""
    monkeypatch.setattr(seat_store, "hold", lambda statement: statement)
    assert "order" in _rush(desk(capacity=SEATS))


def test_two_replies_on_one_link_at_once_end_as_one_of_the_two(desk):
    it = desk(capacity=5)
    guest = it.person()
    replies = [GivenReply(Answer.YES, party_size=3, diet="vegan"), GivenReply(Answer.NO, comment="Vi är bortresta")]

    def answer(given):
        try:
            return it.say(guest, given, version=1).changed
        except Conflict:
            return "conflict"

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(answer, replies))

    assert sorted(map(str, ended)) == ["True", "conflict"]
    kept = it.guest(guest)
    won = replies[ended.index(True)]
    assert (kept.answer, kept.diet, kept.comment) == (won.answer, won.diet, won.comment)
