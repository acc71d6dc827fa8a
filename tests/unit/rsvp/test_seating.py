"""The rules of the waiting list, beside the plainest way to say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rsvp.domain import seating
from services.rsvp.domain.seating import Reason, Waiting

PARTY = st.builds(lambda size, passed: (size, passed), st.integers(1, 6), st.integers(0, 3))
START = datetime(2026, 12, 1, 12, tzinfo=UTC)


@settings(max_examples=200, deadline=None)
@given(
    parties=st.lists(PARTY, max_size=12),
    capacity=st.none() | st.integers(1, 20),
    taken=st.integers(0, 22),
    most=st.integers(0, 3),
)
def test_waiting_list_moves_up_as_its_rules_say(parties, capacity, taken, most):
    queue = [Waiting(number, size, min(passed, most)) for number, (size, passed) in enumerate(parties)]

    moves = seating.move_up(iter(queue), capacity=capacity, taken=taken, most_passed=most)

    by_id = {party.id: party for party in queue}
    assert list(moves.up) == sorted(moves.up), "earlier ones first"
    left = [
        Waiting(party.id, party.size, party.passed + moves.passed.get(party.id, 0))
        for party in queue
        if party.id not in moves.up
    ]
    if capacity is None:
        assert not left
        return
    seated = sum(by_id[one].size for one in moves.up)
    assert seated <= max(0, capacity - taken), "never more than there are"
    for party in left:
        behind = sum(1 for one in moves.up if one > party.id)
        assert party.passed == by_id[party.id].passed + behind, "each pass is counted, once"
        assert party.passed <= most or party.size > capacity, "nobody is passed too often"
    again = seating.move_up(iter(left), capacity=capacity, taken=taken + seated, most_passed=most)
    assert not again.up, "a settled list stays as it is"
    free = capacity - taken - seated
    for number, party in enumerate(left):
        if party.size <= free:
            guards = [one for one in left[:number] if one.size <= capacity and one.passed >= most]
            assert guards, "who would fit waits only behind somebody who may not be passed"


def test_waiting_list_is_read_no_further_than_its_seats_last():
    def queue():
        yield Waiting("first", 1)
        raise AssertionError("read on")

    assert seating.move_up(queue(), capacity=1, taken=0, most_passed=3).up == ("first",)


def test_party_larger_than_the_event_keeps_nobody_out():
    queue = [Waiting("bus", 30, passed=3), Waiting("pair", 2)]
    assert seating.move_up(queue, capacity=20, taken=0, most_passed=3).up == ("pair",)


@pytest.mark.parametrize(
    ("size", "passed", "taken", "reason"),
    [
        (1, 0, 10, Reason.FULL),
        (1, 0, 12, Reason.FULL),
        (3, 0, 8, Reason.PARTY_TOO_LARGE),
        (3, 2, 8, Reason.PASSED),
        (2, 0, 8, Reason.HELD_BACK),
        (11, 1, 0, Reason.LARGER_THAN_EVENT),
    ],
)
def test_everybody_who_waits_is_told_why(size, passed, taken, reason):
    assert seating.why_waiting(size, passed, capacity=10, taken=taken) is reason


@pytest.mark.parametrize(
    ("by", "taken", "somebody_waits", "capacity", "may"),
    [(1, 9, False, 10, True), (2, 9, False, 10, False), (1, 9, True, 10, False), (40, 9, True, None, True)],
)
def test_party_grows_only_into_seats_that_nobody_waits_for(by, taken, somebody_waits, capacity, may):
    assert seating.may_grow(by, capacity=capacity, taken=taken, somebody_waits=somebody_waits) is may


@pytest.mark.parametrize(
    ("hours_before_start", "reply_by_hours_before", "kept_hours"),
    [
        (240, 48, 24),  # its own hours
        (60, 48, 12),  # until the reply-by date
        (49, 48, 2),  # but never only an hour: nobody reads mail that often
        (40, 48, 24),  # made after the reply-by date: its hours
        (10, 48, 10),  # until the start
        (1, 48, 1),
        (240, None, 24),
    ],
)
def test_offer_is_kept_as_long_as_it_makes_sense(hours_before_start, reply_by_hours_before, kept_hours):
    moment = START - timedelta(hours=hours_before_start)
    reply_by = None if reply_by_hours_before is None else START - timedelta(hours=reply_by_hours_before)
    until = seating.offer_until(moment, hours=24, reply_by=reply_by, starts_at=START)
    assert until - moment == timedelta(hours=kept_hours)
