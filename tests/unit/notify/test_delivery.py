"""The lifecycle: legal moves, final states, reports and pauses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain import backoff
from services.notify.domain.delivery import MOVES, State, may_send, reported, settle

FINAL = (State.DELIVERED, State.PERMANENT_FAILURE, State.TECHNICAL_FAILURE, State.SUPPRESSED, State.CANCELLED)
states = st.sampled_from(State)
reports = st.fixed_dictionaries(
    {
        "action": st.sampled_from([None, "failed", "delayed", "delivered", "relayed", "expanded"]),
        "bounce_class": st.sampled_from(["recipient-gone", "mailbox-full", "blocked", "delayed", "delivered", "other"]),
        "permanent": st.booleans(),
    }
)


def test_every_state_is_in_the_table() -> None:
    assert set(MOVES) == set(State)


def test_every_state_can_be_reached_from_created() -> None:
    reached, fresh = set(), {State.CREATED}
    while fresh:
        reached |= fresh
        fresh = {to for state in fresh for to in MOVES[state]} - reached
    assert reached == set(State)


@given(st.sampled_from(FINAL), states)
def test_a_final_state_never_changes(final: State, to: State) -> None:
    assert settle(final, to) is final
    assert not may_send(final)


@given(states, states)
def test_only_what_is_in_the_table_moves(current: State, to: State) -> None:
    assert settle(current, to) is (to if to in MOVES[current] else current)


@given(states, st.lists(reports, max_size=6))
def test_whatever_is_reported_in_whatever_order_only_legal_moves_happen(
    start: State, told: list[dict[str, object]]
) -> None:
    current = start
    for each in told:
        after = reported(current, **each)  # type: ignore[arg-type]
        assert after is current or after in MOVES[current]
        current = after


@given(states, reports)
def test_the_same_report_twice_says_no_more_than_once(current: State, told: dict[str, object]) -> None:
    once = reported(current, **told)  # type: ignore[arg-type]
    assert reported(once, **told) is once  # type: ignore[arg-type]


@given(states, reports)
def test_a_notification_that_never_left_is_not_moved_by_a_report_about_it(
    current: State, told: dict[str, object]
) -> None:
    # A report cannot be about what nobody submitted; only a forged or misdirected one would claim so.
    if current is State.CREATED and told["action"] in ("delivered", "delayed"):
        assert reported(current, **told) is current  # type: ignore[arg-type]


def test_a_delay_is_no_failure() -> None:
    told = {"action": "delayed", "bounce_class": "blocked", "permanent": False}
    assert reported(State.SENT, **told) is State.SENT  # type: ignore[arg-type]


@pytest.mark.parametrize("action", ["relayed", "expanded"])
def test_what_was_only_passed_on_has_not_arrived(action: str) -> None:
    told = {"action": action, "bounce_class": "delivered", "permanent": False}
    assert reported(State.SENT, **told) is State.SENT  # type: ignore[arg-type]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pauses_lie_between_under_a_second_and_a_quarter_of_an_hour(failures: int, jitter: float) -> None:
    assert timedelta(milliseconds=750) <= backoff.pause(failures, jitter) <= timedelta(minutes=15)


@given(st.integers(1, 30), st.floats(0, 1))
def test_pauses_double_until_the_longest(failures: int, jitter: float) -> None:
    now, then = backoff.pause(failures, jitter), backoff.pause(failures + 1, jitter)
    assert abs(then - now * 2) <= timedelta(microseconds=2) or then >= backoff.LONGEST * 0.75


def test_a_notification_is_hopeless_after_three_days_and_not_before() -> None:
    due = datetime(2026, 11, 3, tzinfo=UTC)
    assert not backoff.is_hopeless(due, due + timedelta(days=3, seconds=-1))
    assert backoff.is_hopeless(due, due + timedelta(days=3))
