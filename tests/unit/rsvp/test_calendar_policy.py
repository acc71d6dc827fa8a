"""What a calendar reply may do: each row of decision 0020."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.rsvp.domain.calendar_policy import Act, CalendarAnswer, Invited, judge

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
REPLY = CalendarAnswer(
    method="REPLY", partstat="ACCEPTED", attendee="asa@skola.example", sender="asa@skola.example", vouched=True,
    forged=False, is_at_own_address=True, is_at_others_address=False, sequence=1000, stamp=NOON,
)  # fmt: skip
GUEST = Invited(
    address_key="asa@skola.example", last_sequence=1000, event_sequence=1, applied_stamp=None,
    answered_elsewhere_at=None,
)  # fmt: skip
EARLIER, LATER = NOON - timedelta(minutes=5), NOON + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("reply", "guest", "act", "reason"),
    [
        # taken
        ({}, {}, Act.APPLY, ""),
        ({"partstat": "TENTATIVE"}, {}, Act.APPLY, ""),
        ({"partstat": "DECLINED", "sequence": 1001}, {"last_sequence": 1001}, Act.APPLY, ""),
        ({"attendee": "Asa@SKOLA.example"}, {}, Act.APPLY, ""),
        ({"vouched": False}, {}, Act.APPLY, ""),
        ({"is_at_own_address": False}, {}, Act.APPLY, ""),
        ({"sender": "asa@gmail.example"}, {}, Act.APPLY, ""),
        ({"attendee": None}, {}, Act.APPLY, ""),
        ({"stamp": None}, {}, Act.APPLY, ""),
        ({}, {"applied_stamp": EARLIER}, Act.APPLY, ""),
        ({}, {"answered_elsewhere_at": EARLIER}, Act.APPLY, ""),
        ({"sequence": None}, {"event_sequence": 0, "last_sequence": 0}, Act.APPLY, ""),
        # proposed
        ({"sender": "mallory@evil.example", "vouched": False}, {}, Act.PROPOSE, "other-sender"),
        ({"sender": "asa@gmail.example", "is_at_own_address": False}, {}, Act.PROPOSE, "other-sender"),
        ({"sender": None}, {}, Act.PROPOSE, "other-sender"),
        ({"sequence": 0}, {}, Act.PROPOSE, "older-time"),
        ({"sequence": None}, {}, Act.PROPOSE, "older-time"),
        ({"stamp": None}, {"applied_stamp": EARLIER}, Act.PROPOSE, "no-stamp"),
        ({}, {"answered_elsewhere_at": LATER}, Act.PROPOSE, "older-than-reply"),
        # for a person
        ({"partstat": "DELEGATED"}, {}, Act.NOTE, "delegated"),
        ({"method": "COUNTER", "partstat": "TENTATIVE"}, {}, Act.NOTE, "counter"),
        ({"method": "REFRESH", "partstat": None}, {}, Act.REFRESH, "refresh"),
        # refused: forged, foreign, replayed, or nothing that a guest says
        ({"forged": True}, {}, Act.REFUSE, "forged"),
        ({"is_at_others_address": True, "is_at_own_address": False}, {}, Act.REFUSE, "address"),
        ({"attendee": "bo@skola.example"}, {}, Act.REFUSE, "attendee"),
        ({"attendee": None, "is_at_own_address": False}, {}, Act.REFUSE, "attendee"),
        ({}, {"applied_stamp": NOON}, Act.REFUSE, "replay"),
        ({}, {"applied_stamp": LATER}, Act.REFUSE, "replay"),
        ({}, {"last_sequence": None}, Act.REFUSE, "never-invited"),
        ({}, {"address_key": None}, Act.REFUSE, "anonymised"),
        ({"method": "DECLINECOUNTER"}, {}, Act.REFUSE, "method"),
        ({"partstat": "NEEDS-ACTION"}, {}, Act.REFUSE, "partstat"),
        ({"partstat": None}, {}, Act.REFUSE, "partstat"),
        ({"method": "COUNTER", "sender": "mallory@evil.example", "vouched": False}, {}, Act.REFUSE, "sender"),
        ({"method": "REFRESH", "sender": "mallory@evil.example", "vouched": False}, {}, Act.REFUSE, "sender"),
        ({"partstat": "DELEGATED", "sender": None}, {}, Act.REFUSE, "sender"),
    ],
)
def test_each_rule_of_the_decision(reply: dict, guest: dict, act: Act, reason: str) -> None:
    verdict = judge(replace(REPLY, **reply), replace(GUEST, **guest))

    assert (verdict.act, verdict.reason) == (act, reason)
    assert (verdict.answer is not None) == (act in (Act.APPLY, Act.PROPOSE))
