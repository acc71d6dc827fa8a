"""Seats under every order of replies, withdrawals, capacities and offers, beside a model of forty lines.

The model is a list that is walked from the beginning each time. What the use cases have done on a real PostgreSQL, with
their index reads, their early ends and their one statement for a newcomer, must be the same after every step.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from services.rsvp.domain.states import ActorKind, Answer, Source
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event
from services.rsvp.usecases import seats
from services.rsvp.usecases.offers import SettleOffers, alarms
from services.rsvp.usecases.record_reply import GivenReply, record_reply, register
from services.rsvp.usecases.seats import place_of
from shared.clock import now
from shared.db import Database, Role
from shared.errors import Rejected
from tests.support.events import an_event

DATABASES = []


@dataclass
class Party:
    """A guest as the model has it."""

    size: int = 1
    at_once: bool = True
    state: str = "invited"
    arrival: int = 0
    passed: int = 0
    until: object = None


class Model:
    """The rules, as one would explain them."""

    def __init__(self, capacity, most, moment):
        self.capacity, self.most, self.moment = capacity, most, moment
        self.parties = []
        self.arrivals = 0

    def taken(self):
        return sum(one.size for one in self.parties if one.state in ("coming", "offered"))

    def waiting(self):
        return sorted((one for one in self.parties if one.state == "waiting"), key=lambda one: one.arrival)

    def settle(self, newcomer=None):
        moved = True
        while moved:
            moved, ahead = False, []
            for one in self.waiting():
                free = 10**6 if self.capacity is None else self.capacity - self.taken()
                guards = [w for w in ahead if self.capacity is None or w.size <= self.capacity]
                if one.size <= free and not any(w.passed >= self.most for w in guards):
                    sits_at_once = one.at_once or one is newcomer
                    one.state = "coming" if sits_at_once else "offered"
                    one.until = None if sits_at_once else self.moment + timedelta(hours=24)
                    for w in ahead:
                        w.passed += 1
                    moved = True
                    break
                ahead.append(one)

    def ask(self, one, size):
        self.arrivals += 1
        one.size, one.state, one.arrival, one.passed = size, "waiting", self.arrivals, 0
        self.settle(newcomer=one)

    def leave(self, one, state):
        one.state, one.arrival, one.passed, one.until, one.size = state, 0, 0, None, 1
        self.settle()

    def end_offers(self):
        for one in self.parties:
            if one.state == "offered" and one.until <= self.moment:
                one.state, one.arrival, one.passed = "maybe", 0, 0
        self.settle()


class Seats(RuleBasedStateMachine):
    """One event."""

    @initialize(capacity=st.integers(1, 5), most=st.integers(0, 2))
    def begin(self, capacity, most):
        self.database = DATABASES[0]
        moment = now()
        self.model = Model(capacity, most, moment)
        far = moment + timedelta(days=400)
        with self.database.transaction() as session:
            event = an_event(session, contacts=0, capacity=capacity, most_passed=most, reply_by=far, starts_at=far)
            self.event_id = event.id
        self.ids = []

    def _say(self, session, number, given):
        who = {"actor": "guest", "actor_kind": ActorKind.GUEST, "moment": self.model.moment}
        if number == len(self.ids):
            how = {"name": "Gunilla", "address": f"g{number}@example.org", "language": "sv", "source": Source.OPEN}
            return register(session, self.event_id, given=given, **how, **who)
        return record_reply(session, self.ids[number], given, **who)

    @rule(who=st.integers(0, 9), size=st.integers(1, 4), at_once=st.booleans())
    def says_yes(self, who, size, at_once):
        number = min(who, len(self.ids))
        model = self.model
        one = model.parties[number] if number < len(self.ids) else Party()
        holds = one.state in ("coming", "offered")
        grows = size - one.size if holds else 0
        free = 10**6 if model.capacity is None else model.capacity - model.taken()
        too_large = model.capacity is not None and size > max(model.capacity, one.size if holds else 0)
        no_room = grows > 0 and model.capacity is not None and (grows > free or bool(model.waiting()))
        given = GivenReply(Answer.YES, party_size=size, wants_at_once=at_once)
        if too_large or no_room:
            with pytest.raises(Rejected), self.database.transaction() as session:
                self._say(session, number, given)
            return
        with self.database.transaction() as session:
            outcome = self._say(session, number, given)
            told = (outcome.state.value, outcome.place)
            if number == len(self.ids):
                self.ids.append(outcome.guest.id)
                model.parties.append(one)
        one.at_once = at_once
        if one.state in ("coming", "offered", "waiting"):
            shrinks = size < one.size
            one.size = size
            one.state, one.until = ("waiting" if one.state == "waiting" else "coming"), None
            if shrinks:
                model.settle()
        else:
            model.ask(one, size)
        place = model.waiting().index(one) + 1 if one.state == "waiting" else None
        assert told == (one.state, place), "what the guest is told is what is"

    @precondition(lambda self: self.ids)
    @rule(who=st.integers(0, 9), answer=st.sampled_from([Answer.NO, Answer.MAYBE]))
    def says_no(self, who, answer):
        number = who % len(self.ids)
        with self.database.transaction() as session:
            self._say(session, number, GivenReply(answer))
        one = self.model.parties[number]
        self.model.leave(one, "declined" if answer is Answer.NO else "maybe")

    @rule(capacity=st.sampled_from([None, 1, 2, 3, 4, 5, 6, 8]))
    def capacity_changes(self, capacity):
        with self.database.transaction() as session:
            event = session.get_one(Event, self.event_id)
            seats.set_capacity(session, event, capacity, actor="anna", moment=self.model.moment)
        if capacity != self.model.capacity:
            self.model.capacity = capacity
            self.model.settle()

    @precondition(lambda self: self.ids)
    @rule(who=st.integers(0, 9))
    def seat_is_given_by_hand(self, who):
        number = who % len(self.ids)
        with self.database.transaction() as session:
            guest = session.get_one(Guest, self.ids[number])
            seats.give_seat(session, guest, actor="anna", moment=self.model.moment)
        one = self.model.parties[number]
        if one.state == "coming":
            return
        if not one.arrival:
            self.model.arrivals += 1
            one.arrival = self.model.arrivals
        one.state, one.until = "coming", None
        self.model.settle()

    @rule(hours=st.sampled_from([1, 23, 30]))
    def time_passes(self, hours):
        self.model.moment += timedelta(hours=hours)
        moment = self.model.moment
        SettleOffers(None, self.database, lambda: moment)._settle(self.event_id)
        self.model.end_offers()

    @precondition(lambda self: any(one.state == "offered" for one in self.model.parties))
    @rule(takes=st.booleans())
    def offer_is_answered(self, takes):
        number = next(n for n, one in enumerate(self.model.parties) if one.state == "offered")
        one = self.model.parties[number]
        with self.database.transaction() as session:
            answer = seats.take_offer if takes else seats.leave_offer
            answer(session, self.ids[number], moment=self.model.moment)
        if takes:
            one.state, one.until = "coming", None
        else:
            self.model.leave(one, "declined")

    @invariant()
    def database_is_as_the_model(self):
        if not hasattr(self, "model"):
            return
        model = self.model
        with self.database.transaction() as session:
            rows = {row.id: row for row in session.scalars(select(Guest).where(Guest.event_id == self.event_id)).all()}
            found = [
                (
                    rows[one].state,
                    rows[one].party_size if rows[one].arrival else 0,
                    rows[one].arrival or 0,
                    rows[one].passed,
                )
                for one in self.ids
            ]
            wanted = [(one.state, one.size if one.arrival else 0, one.arrival, one.passed) for one in model.parties]
            assert found == wanted
            assert len(rows) == len(self.ids), "nobody is lost"
            assert all(one.event_id != self.event_id for one in alarms(session, lambda: model.moment))
            for place, one in enumerate(model.waiting(), 1):
                guest = rows[self.ids[model.parties.index(one)]]
                assert place_of(session, guest).place == place
                assert one.passed <= model.most or (model.capacity is not None and one.size > model.capacity)


def _run(module_settings, examples, phases):
    database = Database(module_settings, Role.RSVP)
    DATABASES[:] = [database]
    how = settings(
        max_examples=examples,
        stateful_step_count=20,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(Seats, settings=how)
    finally:
        database.dispose()


def test_seats_are_as_the_rules_say_whatever_happens(module_settings):
    _run(module_settings, 8, (Phase.explicit, Phase.generate))  # a red one is made small by the long run below


@pytest.mark.soak
def test_seats_are_as_the_rules_say_for_long(module_settings):
    _run(module_settings, 500, tuple(Phase))
