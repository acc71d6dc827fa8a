"""What a suppressed address does not get, for how long, and what a refusal at SMTP time says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.backoff import pause_while_full
from services.notify.domain.kinds import CATEGORIES, Category, Kind
from services.notify.domain.refusal import why_refused
from services.notify.domain.suppression import HELD_BACK, Cause, deciding, expiry

MOMENT = datetime(2026, 11, 24, 9, tzinfo=UTC)
CAUSES = st.lists(st.sampled_from(list(Cause)), unique=True)


@given(CAUSES, st.sampled_from(list(Category)))
def test_a_message_goes_out_only_where_no_cause_holds_it_back(causes: list[Cause], category: Category) -> None:
    found = deciding(causes, category)

    assert (found is None) == (not any(cause.holds_back(category) for cause in causes))
    assert found is None or (found in causes and found.holds_back(category))


@given(CAUSES, CAUSES, st.sampled_from(list(Category)))
def test_one_more_cause_never_lets_anything_out(causes: list[Cause], more: list[Cause], category: Category) -> None:
    if deciding(causes, category) is not None:
        assert deciding([*causes, *more], category) is not None


def test_a_complaint_spares_confirmations_and_answers_and_what_tells_of_faults() -> None:
    spared = {kind for kind, category in CATEGORIES.items() if not Cause.COMPLAINT.holds_back(category)}
    assert {Kind.CONFIRMATION, Kind.ANSWER, Kind.ANSWER_DRAFT, Kind.UNDELIVERED, Kind.MESSAGE} <= spared
    assert {Kind.NOTICE, Kind.NOTICE_HELD, Kind.ADDED, Kind.DIGEST} & spared == set()


def test_each_cause_has_its_time_and_its_reason() -> None:
    assert expiry(Cause.RECIPIENT_GONE, MOMENT) == MOMENT + timedelta(days=90)
    assert expiry(Cause.COMPLAINT, MOMENT) == MOMENT + timedelta(days=365)
    assert expiry(Cause.BY_HAND, MOMENT) is None
    assert {cause.reason for cause in Cause} == HELD_BACK


@given(st.integers(min_value=-5, max_value=10_000), st.floats(min_value=0, max_value=1))
def test_a_full_mailbox_is_left_alone_for_half_an_hour_to_four_hours(failures: int, jitter: float) -> None:
    assert timedelta(minutes=22) < pause_while_full(failures, jitter) <= timedelta(hours=4)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("550 5.1.1 user unknown", "recipient-gone"),
        ("552 5.2.2 mailbox full", "mailbox-full"),
        ("452 4.2.2 over quota", "mailbox-full"),
        ("554 5.7.1 rejected as spam", "blocked"),
        ("550 5.7.1 relaying denied", None),
        ("554 5.3.4 message too big", None),
        ("no", None),
        ("", None),
    ],
)
def test_a_servers_refusal_says_why(reply: str, why: str | None) -> None:
    assert why_refused(reply) == why


@given(st.text(max_size=300))
def test_no_reply_of_a_server_makes_judging_fail(reply: str) -> None:
    why_refused(reply)
