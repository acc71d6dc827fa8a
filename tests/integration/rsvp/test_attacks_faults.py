"""Faults that others have had (FIELD.md, RSVP), and moments between two steps: what is told last must be true."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.rsvp.domain.states import ActorKind, Answer
from services.rsvp.store.guest_tables import Guest, GuestEntry, Mailing
from services.rsvp.usecases import history, keep_guests, plan_event
from services.rsvp.usecases.apply_calendar_reply import ApplyCalendarReply
from services.rsvp.usecases.calendar import uid_of
from services.rsvp.usecases.mail_many import MailMany
from services.rsvp.usecases.offers import alarms
from services.rsvp.usecases.record_reply import GivenReply, record_reply
from services.rsvp.usecases.tell_guest import TellGuest
from shared.clock import now
from shared.db import Database, Role
from shared.errors import Rejected
from shared.ids import new_id
from shared.settings import Settings
from shared.viewer import Viewer
from tests.support.events import a_guest, an_event

YES, NO = GivenReply(Answer.YES), GivenReply(Answer.NO)
KIM = Viewer("kim@krokom.example", frozenset({"krokom"}))


@pytest.fixture(scope="module")
def database(module_settings: Settings) -> Iterator[Database]:
    made = Database(module_settings, Role.RSVP)
    yield made
    made.dispose()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.transaction() as session:
        yield session


def say(session: Session, guest: Guest, given: GivenReply) -> GuestEntry:
    """Answer by the link; the step that stands in the history for it."""
    record_reply(session, guest.id, given, actor="", actor_kind=ActorKind.GUEST, moment=now())
    session.flush()
    steps = select(GuestEntry).where(GuestEntry.guest_id == guest.id, GuestEntry.facts["answer"].astext == given.answer)
    return session.scalars(steps.order_by(GuestEntry.id.desc()).limit(1)).one()


def asked(session: Session, guest: Guest) -> list[dict[str, Any]]:
    """Mails to that guest that were asked for, in order."""
    rows = session.execute(text("SELECT payload FROM bus.message WHERE name = 'event.mail_wanted.v1' ORDER BY id"))
    return [one for one in map(json.loads, rows.scalars()) if one["person"]["address"] == guest.address]


def tell(session: Session, settings: Settings, entry: GuestEntry) -> None:
    TellGuest(settings)(session, {"guest_id": entry.guest_id, "entry_id": entry.id})


def test_nobody_hears_that_they_come_after_the_cancellation(session: Session, module_settings: Settings) -> None:
    event = an_event(session)
    comes, leaves = a_guest(session, event), a_guest(session, event)
    late = say(session, comes, YES)
    tell(session, module_settings, say(session, leaves, YES))
    left = say(session, leaves, NO)
    event.state, event.sequence = "cancelled", 1
    tell(session, module_settings, late)
    tell(session, module_settings, left)

    assert asked(session, comes) == []
    assert [one["calendar"]["method"] for one in asked(session, leaves)] == ["REQUEST", "CANCEL"]


def test_a_calendar_that_asks_again_leaves_no_gap_in_its_series(session: Session, module_settings: Settings) -> None:
    """A number that no mail has is waited for: the next mail would be a quarter of an hour late."""
    event = an_event(session)
    guest = a_guest(session, event)
    tell(session, module_settings, say(session, guest, YES))
    for _ in range(3):
        refresh = {
            "inbound_email_id": new_id(), "uid": uid_of(module_settings.signer, guest.id), "sequence": 0,
            "attendee": guest.address, "partstat": None, "sender": guest.address, "vouched": True, "forged": False,
            "guest_id": guest.id, "method": "REFRESH", "stamp": now(), "comment": None, "delegated_to": None,
            "proposed_start": None,
        }  # fmt: skip
        ApplyCalendarReply(module_settings)(session, refresh)
        session.flush()
    tell(session, module_settings, say(session, guest, NO))

    mails = {f"{one['kind']}:{one['about']}": one["number"] for one in asked(session, guest)}
    assert sorted(mails.values()) == [1, 2, 3]


@pytest.mark.parametrize(("begins_in", "passed", "changes"), [(24, 0, {"most_passed": 9}), (-1, 5, {"starts_at": 48})])
def test_an_edit_that_lets_somebody_in_does_so_at_once(
    session: Session, begins_in: int, passed: int, changes: dict[str, int]
) -> None:
    begins = now() + timedelta(hours=begins_in)
    times = {"starts_at": begins, "ends_at": begins + timedelta(days=9), "reply_by": None}
    event = an_event(session, capacity=3, most_passed=passed, **times)
    a_guest(session, event, state="coming", answer="yes", arrival=1)
    a_guest(session, event, state="waiting", answer="yes", party_size=3, arrival=2)
    small = a_guest(session, event, state="waiting", answer="yes", arrival=3)
    values = {name: now() + timedelta(hours=n) if name == "starts_at" else n for name, n in changes.items()}

    plan_event.apply(session, event, values, actor="anna", moment=now(), tells=False)

    session.flush()
    session.refresh(small)
    assert small.state == "coming"
    assert [one for one in alarms(session) if one.event_id == event.id] == []


def test_a_clock_that_was_set_back_swallows_no_mail(
    session: Session, module_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = a_guest(session, an_event(session))
    first = say(session, guest, YES)
    tell(session, module_settings, first)
    an_hour = 3_600_000 << 80  # the identifier begins with milliseconds
    monkeypatch.setattr(history, "new_id", lambda: UUID(int=new_id().int - an_hour))
    second = say(session, guest, NO)
    assert second.id < first.id

    for due in (second, first):  # rung for once more, the first is the older one all the same
        tell(session, module_settings, due)
        assert [one["facts"]["reply"]["state"] for one in asked(session, guest)] == ["coming", "declined"]


def test_moved_twice_before_anybody_was_told_the_last_time_is_what_all_mails_say(
    session: Session, module_settings: Settings
) -> None:
    event = an_event(session)
    guest = a_guest(session, event)
    tell(session, module_settings, say(session, guest, YES))
    for hours in (1, 2):
        values = {"starts_at": event.starts_at + timedelta(hours=hours)}
        plan_event.apply(session, event, values, actor="anna", moment=now(), tells=True)
    mailings = session.scalars(select(Mailing).where(Mailing.event_id == event.id).order_by(Mailing.key.desc()))
    for mailing in mailings:  # the newer one first: nobody promises an order
        MailMany(module_settings)(session, {"mailing_id": mailing.id, "after": None})

    confirmed, *told = asked(session, guest)
    assert {one["facts"]["event"]["starts_at"] for one in told} == {event.starts_at.isoformat()}
    sequences = [re.search(r"SEQUENCE:(\d+)", one["calendar"]["content"])[1] for one in (confirmed, *told)]
    assert (sequences, [one["number"] for one in told]) == (["0", "2000", "2000"], [2, 3])


@pytest.mark.parametrize(
    ("values", "field", "fault"),
    [
        ({"starts_at": None, "ends_at": None, "reply_by": None}, "starts_day", "no_day"),
        ({"place": "", "address": "", "online_url": ""}, "place", "no_place"),
        ({"contacts": []}, "c0-name", "no_contact"),
    ],
)
def test_what_everybody_has_read_of_stays_whole(session: Session, values: dict, field: str, fault: str) -> None:
    """Without a day it is never held, nobody is reminded, and the guests' names are kept for ever."""
    event = an_event(session)
    with pytest.raises(Rejected) as refused:
        plan_event.edit_event(session, KIM, event.slug, values, version=event.version or 1, tells=True, moment=now())
    assert (refused.value.field, refused.value.message_key) == (field, fault)


def test_another_address_keeps_link_seat_and_calendar(session: Session, module_settings: Settings) -> None:
    event = an_event(session, capacity=1)
    guest = a_guest(session, event)
    tell(session, module_settings, say(session, guest, YES))
    fields = {"name": guest.name, "organisation": "", "address": "ny.adress@example.org", "language": "sv"}
    keep_guests.correct_guest(session, KIM, event.slug, guest.id, fields, version=guest.version, moment=now())
    session.flush()
    tell(session, module_settings, say(session, guest, GivenReply(Answer.YES, diet="vegan")))

    old, new = (
        one for one in map(json.loads, session.scalars(text("SELECT payload FROM bus.message ORDER BY id")))
        if one.get("guest_id") == str(guest.id) and one.get("kind") == "reply-received"
    )  # fmt: skip
    assert new["person"]["address"] == "ny.adress@example.org"
    assert old["facts"]["reply_url"] == new["facts"]["reply_url"]
    uids = [re.search(r"UID:(\S+)", one["calendar"]["content"].replace("\r\n ", ""))[1] for one in (old, new)]
    assert (uids[0], guest.state) == (uids[1], "coming")
