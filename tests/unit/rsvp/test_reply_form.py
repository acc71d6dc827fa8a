"""What may be filled in to answer, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.rsvp.domain.answering import closes_at, why_closed
from services.rsvp.domain.reply_form import DIET_LIMIT, NAME_LIMIT, Companion, FilledReply, faults

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WHOLE = {"answer": "yes", "name": "Åsa Öberg", "email": "asa@krokom.example", "consent": True}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, {}),
        ({"answer": "kanske"}, {"answer": "missing"}),
        ({"name": "\u200b \n", "email": ""}, {"email": "missing"}),
        ({"name": "", "email": "asa"}, {"name": "missing", "email": "no_at"}),
        ({"email": "asa@krokom"}, {"email": "no_dot"}),
        ({"email": "asa@"}, {"email": "no_domain"}),
        ({"email": "a b@krokom.example"}, {"email": "wrong"}),
        ({"party_size": "0"}, {"party_size": "unknown"}),
        ({"party_size": "²"}, {"party_size": "unknown"}),
        ({"party_size": "51"}, {"party_size": "unknown"}),
        ({"party_size": ""}, {}),
        ({"party_size": "2", "party": (Companion("Bo"), Companion())}, {}),
        ({"party_size": "2", "party": (Companion("Bo"), Companion("", "Nötter"))}, {"party_size": "names"}),
        ({"answer": "no", "party_size": "många", "party": (Companion("Bo"),), "diet": "x" * 999}, {}),
        ({"answer": "maybe", "diet": "x" * (DIET_LIMIT + 1)}, {"diet": "too_long"}),
        ({"party_size": "3", "party": (Companion("x" * (NAME_LIMIT + 1)),)}, {"party": "too_long"}),
        ({"wants": "nu"}, {"wants": "unknown"}),
        ({"comment": "x" * 2001, "consent": False}, {"comment": "too_long", "consent": "missing"}),
    ],
)
def test_each_fault_has_its_field(changes, found) -> None:
    assert faults(FilledReply(**WHOLE | changes), is_open=True) == found


def test_whoever_we_know_need_not_say_who_they_are() -> None:
    assert faults(FilledReply(answer="no"), is_open=False) == {}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"reply_by": NOW}, "late"),
        ({"reply_by": None, "starts_at": NOW}, "late"),
        ({"reply_by": NOW + timedelta(days=9), "starts_at": NOW - timedelta(minutes=1)}, "late"),
        ({"frozen_at": NOW, "reply_by": NOW}, "frozen"),
        ({"state": "cancelled", "frozen_at": NOW}, "cancelled"),
        ({"state": "held"}, "held"),
        ({"state": "draft"}, "unpublished"),
        ({"state": "held", "anonymised_at": NOW}, "anonymised"),
    ],
)
def test_an_event_says_why_it_is_closed(changes, why) -> None:
    open_event = {
        "state": "published",
        "starts_at": NOW + timedelta(days=7),
        "reply_by": NOW + timedelta(days=5),
        "frozen_at": None,
        "anonymised_at": None,
    }
    event = SimpleNamespace(**open_event | changes)

    assert why_closed(event, NOW) == why
    assert closes_at(SimpleNamespace(**open_event)) == NOW + timedelta(days=5)
