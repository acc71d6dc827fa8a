"""From a step in a guest's history to the mails that follow: whom they go to, what they carry, and when none goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.rsvp.domain.states import ActorKind, Answer
from services.rsvp.store.guest_tables import Guest, GuestEntry
from services.rsvp.store.tables import Event
from services.rsvp.usecases import letters
from services.rsvp.usecases.history import note_guest
from services.rsvp.usecases.record_reply import GivenReply, record_reply
from services.rsvp.usecases.tell_guest import TellGuest, keep_unreached
from shared.contracts.events import EVENT_LETTERS
from shared.contracts.registry import EVENT_MAIL_WANTED, MESSAGES
from shared.db import Database, Role
from shared.ids import new_id
from shared.mail import guest_addresses
from shared.settings import Settings
from tests.support.events import a_guest, a_sluice, an_event

MOMENT = datetime.now(UTC)


@pytest.fixture(scope="module")
def rsvp(module_settings: Settings) -> Iterator[Database]:
    database = Database(module_settings, Role.RSVP)
    yield database
    database.dispose()


def said(session: Session, name: str) -> list[dict[str, Any]]:
    """What this transaction has put on the bus, in order."""
    rows = session.execute(
        text("SELECT payload FROM bus.message WHERE name = :name AND xmin::text::bigint = txid_current() ORDER BY id"),
        {"name": name},
    )
    return [MESSAGES[name].load(json.loads(each)) for each in rows.scalars()]


def tell(session: Session, settings: Settings, guest: Guest) -> list[dict[str, Any]]:
    """Handle the guest's steps in order; the mails that were asked for."""
    for due in said(session, "guest.due.v1"):
        if due["guest_id"] == guest.id:
            TellGuest(settings, lambda: MOMENT)(session, due)
    return said(session, EVENT_MAIL_WANTED.name)


def reply(session: Session, guest: Guest, answer: Answer, *, by: ActorKind = ActorKind.GUEST, **more: Any) -> None:
    given = GivenReply(answer, **more)
    record_reply(session, guest.id, given, actor=guest.name, actor_kind=by, moment=MOMENT)
    session.flush()


def step(session: Session, guest: Guest, what: str, **facts: Any) -> None:
    note_guest(session, guest, what, actor="", actor_kind=ActorKind.SYSTEM, moment=MOMENT, facts=facts)
    session.flush()


def test_a_yes_is_confirmed_with_a_calendar_and_told_to_contacts_and_programs(
    rsvp: Database, module_settings: Settings
) -> None:
    with rsvp.transaction() as session:
        event = an_event(session, online_url="https://mote.example/rum", contacts=2)
        guest = a_guest(session, event, language="en")
        reply(session, guest, Answer.YES, party_size=2, party=[{"name": "Bo", "diet": "vegan"}], comment="Hej")
        mail, *notices = tell(session, module_settings, guest)

        assert (mail["kind"], mail["person"]["address"]) == ("reply-received", guest.address)
        assert mail["facts"]["event"]["title"] == "Creative bureaucrats", "in the reader's language"
        assert mail["facts"]["event"]["online_url"] == "https://mote.example/rum"
        assert mail["facts"]["reply"]["party"] == [{"name": "Bo", "diet": "vegan"}]
        assert mail["facts"]["is_echoed"] is True
        assert mail["calendar"]["method"] == "REQUEST"
        assert (mail["series"], mail["number"]) == (f"guest:{guest.id}", 1)
        assert guest_addresses.guest_of(module_settings.signer, mail["reply_to"]) == guest.id
        assert [each["kind"] for each in notices] == ["reply-notice"] * 2
        assert all(each["is_bulk"] and each["guest_id"] is None and each["calendar"] is None for each in notices)
        assert "/svar/" not in json.dumps([each["facts"] for each in notices]), "no contact gets a guest's link"
        (told,) = said(session, "reply.received.v1")
        assert (told["answer"], told["state"], told["party_size"]) == ("yes", "coming", 2)
        assert guest.address not in json.dumps(told, default=str)


@pytest.mark.parametrize(
    ("answer", "by", "had", "method"),
    [
        (Answer.YES, ActorKind.GUEST, None, "REQUEST"),
        (Answer.MAYBE, ActorKind.GUEST, None, "REQUEST"),
        (Answer.NO, ActorKind.GUEST, None, None),
        (Answer.NO, ActorKind.GUEST, 0, "CANCEL"),
        (Answer.YES, ActorKind.CALENDAR, 0, None),
        (Answer.NO, ActorKind.CALENDAR, 0, None),
    ],
)
def test_the_calendar_follows_what_it_does_not_know_itself(
    rsvp: Database, module_settings: Settings, answer: Answer, by: ActorKind, had: int | None, method: str | None
) -> None:
    with rsvp.transaction() as session:
        guest = a_guest(session, an_event(session, contacts=0), calendar_sequence=had)
        reply(session, guest, answer, by=by)
        (mail,) = tell(session, module_settings, guest)
        assert (mail["calendar"] or {}).get("method") == method
        assert (mail["number"] is not None) is (method is not None)


def test_a_full_event_says_why_and_asks_no_calendar(rsvp: Database, module_settings: Settings) -> None:
    with rsvp.transaction() as session:
        event = an_event(session, capacity=1, contacts=0)
        first, second = a_guest(session, event), a_guest(session, event)
        reply(session, first, Answer.YES)
        reply(session, second, Answer.YES)
        (mail,) = tell(session, module_settings, second)
        assert mail["facts"]["reply"]["state"] == "waiting"
        assert (mail["facts"]["reply"]["place"], mail["facts"]["reply"]["why"]) == (1, "full")
        assert mail["facts"]["event"]["online_url"] is None
        assert mail["calendar"] is None


def test_steps_from_the_waiting_list_have_letters_of_their_own(rsvp: Database, module_settings: Settings) -> None:
    cases = (
        ("seated", {"why": "freed"}, {"state": "coming"}, "seat-given", "REQUEST"),
        ("offered", {}, {"state": "offered", "offer_ends_at": MOMENT + timedelta(hours=5)}, "seat-offered", None),
        ("offer-ended", {}, {"state": "maybe", "answer": "maybe"}, "seat-lost", "REQUEST"),
        ("passed", {}, {"state": "waiting"}, None, None),
        ("came", {}, {"state": "coming"}, None, None),
    )
    for what, facts, columns, letter, method in cases:
        with rsvp.transaction() as session:
            guest = a_guest(session, an_event(session, contacts=1), **{"answer": "yes", "arrival": 1} | columns)
            step(session, guest, what, **facts)
            found = tell(session, module_settings, guest)
            assert [each["kind"] for each in found] == ([letter] if letter else []), what
            assert [(each["calendar"] or {}).get("method") for each in found] == ([method] if letter else []), what


def test_of_steps_at_once_the_last_is_told_and_each_only_once(rsvp: Database, module_settings: Settings) -> None:
    with rsvp.transaction() as session:
        guest = a_guest(session, an_event(session, contacts=1))
        reply(session, guest, Answer.YES)
        reply(session, guest, Answer.NO)
        found = tell(session, module_settings, guest)
        assert [each["kind"] for each in found] == ["reply-received", "reply-notice"]
        assert found[0]["facts"]["reply"]["state"] == "declined"
        assert len(said(session, "reply.received.v1")) == 2, "programs hear of each"


def test_who_was_typed_into_a_form_is_a_stranger_until_they_come_by_their_link(
    rsvp: Database, module_settings: Settings
) -> None:
    with rsvp.transaction() as session:
        guest = a_guest(session, an_event(session, contacts=0), source="open", name="Köp nu", invited_at=None)
        given = GivenReply(Answer.YES, diet="Köp nu")
        facts = {"consent": "Ja"}
        record_reply(session, guest.id, given, actor="", actor_kind=ActorKind.GUEST, moment=MOMENT, facts=facts)
        session.flush()
        (first,) = tell(session, module_settings, guest)
        assert first["is_to_stranger"]
        assert guest.name not in first["calendar"]["content"], "nor does what was typed stand in their calendar"
    with rsvp.transaction() as session:
        guest = session.get_one(Guest, guest.id)
        reply(session, guest, Answer.YES, diet="vegan")
        (second,) = tell(session, module_settings, guest)
        assert not second["is_to_stranger"]
        assert second["facts"]["is_echoed"]


def test_what_a_contact_writes_down_is_confirmed_to_the_guest_and_told_to_no_contact(
    rsvp: Database, module_settings: Settings
) -> None:
    with rsvp.transaction() as session:
        event = an_event(session)
        guest, nobody = a_guest(session, event), a_guest(session, event, address=None, address_key=None)
        reply(session, guest, Answer.YES, by=ActorKind.CONTACT)
        reply(session, nobody, Answer.YES, by=ActorKind.CONTACT)
        assert [each["kind"] for each in tell(session, module_settings, guest)] == ["reply-received"]
        assert len(tell(session, module_settings, nobody)) == 1, "and nobody is written to without an address"


def test_a_mail_that_did_not_arrive_shows_at_the_guest_until_they_answer(
    rsvp: Database, module_settings: Settings
) -> None:
    with rsvp.transaction() as session:
        guest = a_guest(session, an_event(session, contacts=0))
        told = {
            "notification_id": new_id(), "guest_id": guest.id, "kind": "invitation", "recipient": guest.address,
            "reason": "recipient-gone", "line": "550 5.1.1", "at": MOMENT,
        }  # fmt: skip
        keep_unreached(session, told)
        session.flush()
        keep_unreached(session, told)
        session.flush()
        assert guest.unreached == "recipient-gone"
        assert session.query(GuestEntry).filter_by(guest_id=guest.id, what="unreached").count() == 1
        reply(session, guest, Answer.YES)
        tell(session, module_settings, guest)
        assert guest.unreached is None


def test_a_letter_takes_only_its_own_facts_and_every_kind_has_them(rsvp: Database, module_settings: Settings) -> None:
    assert set(letters.FACTS) == set(EVENT_LETTERS)
    with rsvp.transaction() as session:
        event: Event = an_event(session)
        sluice = a_sluice(session)
        guest = a_guest(session, event)
        for kind, facts in (("seat-given", {"until": "x"}), ("news", {})):
            with pytest.raises(ValueError, match=kind):
                letters.ask(
                    session, module_settings, kind, about="1", event=event, sluice=sluice, guest=guest, facts=facts
                )
