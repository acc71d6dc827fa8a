"""Mails about events: what they say in each case, what they never repeat, and how they carry a calendar."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from icalendar import Calendar

from services.notify.compose import compose
from services.notify.domain.event_letters import BY_KIND
from services.notify.domain.kinds import CATEGORIES, Category, Kind
from services.notify.domain.mail import CalendarPart, Rendered
from services.notify.domain.variables import samples
from services.notify.render import Renderer
from services.notify.usecases import announce
from shared.contracts.events import EVENT_LETTERS
from tests.support.notify_facts import event_mail_wanted
from tests.unit.notify.test_compose import SIGNER, mail

RENDERER = Renderer()
MOMENT = datetime(2026, 11, 3, 8, 30, tzinfo=UTC)
TYPED = "Köp nu på evil.example"
OBJECT = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Ideslussen//SV\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
    "UID:abc@krokom.example\r\nDTSTAMP:20261103T083000Z\r\nDTSTART:20261201T120000Z\r\n"
    "SUMMARY:Kreativa byråkrater på Ström\r\n s Hembygdsgård\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
"""With a fold in the middle of a word and signs outside ASCII: what a server on the way would spoil."""


def said(kind: Kind, language: str = "sv", **changes: Any) -> str:
    rendered = RENDERER.render(kind, language, samples(kind, language) | changes)
    return f"{rendered.subject}\n{' '.join(rendered.text.split())}"


def test_every_letter_of_rsvps_is_written_and_may_be_stopped_where_it_should() -> None:
    assert set(EVENT_LETTERS) == set(BY_KIND) - {Kind.UNREACHED}
    stoppable = {kind for kind in BY_KIND if CATEGORIES[kind].may_be_stopped}
    unasked = {Kind.INVITATION, Kind.INVITATION_AGAIN, Kind.REPLY_REMINDER, Kind.DAY_REMINDER}
    assert stoppable == unasked | {Kind.SUMMARY, Kind.FEEDBACK}


@pytest.mark.parametrize(
    ("kind", "changes", "wording"),
    [
        (Kind.REPLY_RECEIVED, {"state": "coming", "party_size": 1}, "Du har en plats."),
        (Kind.REPLY_RECEIVED, {"state": "coming", "party_size": 3}, "Ni har 3 platser."),
        (Kind.REPLY_RECEIVED, {"state": "waiting", "place": 4}, "Du står på väntelistan, som nummer 4."),
        (Kind.REPLY_RECEIVED, {"state": "waiting", "why": "held-back"}, "hålls åt ett större sällskap"),
        (Kind.REPLY_RECEIVED, {"state": "waiting", "why": "något nytt"}, "Det finns ingen ledig plats just nu."),
        (Kind.REPLY_RECEIVED, {"state": "waiting", "wants_at_once": False}, "du får tid att tacka ja"),
        (Kind.REPLY_RECEIVED, {"state": "declined"}, "Vi har antecknat att du inte kommer."),
        (Kind.REPLY_RECEIVED, {"state": "maybe"}, "Bestäm dig senast torsdag 26 november kl. 12.00"),
    ],
)
def test_a_reply_is_confirmed_in_the_first_line(kind: Kind, changes: dict[str, Any], wording: str) -> None:
    reply = samples(kind, "sv")["reply"] | changes
    assert wording in said(kind, reply=reply)


@pytest.mark.parametrize(
    ("changes", "wording"),
    [
        ({"ends_at": "2026-12-02T12:00:00+01:00"}, "kl. 13.00 till onsdag 2 december kl. 12.00"),
        ({"ends_at": None}, "tisdag 1 december kl. 13.00 Var"),
        ({"zone": "Europe/Helsinki"}, "tisdag 1 december kl. 14.00–17.30 (Europe/Helsinki)"),
        ({"starts_at": "2027-01-08T13:00:00+01:00", "ends_at": None}, "fredag 8 januari 2027"),
        ({"reply_by": "2026-11-26T23:59:00+01:00"}, "Svara senast torsdag 26 november."),
        ({"online_url": None}, "länken kommer när du har en plats"),
    ],
)
def test_when_and_where_are_said_as_they_are_there(changes: dict[str, Any], wording: str) -> None:
    event = samples(Kind.INVITATION, "sv")["event"] | changes
    assert wording in said(Kind.INVITATION, event=event)


@pytest.mark.parametrize(
    ("before", "wording"),
    [
        ({"starts_at": "2026-11-30T12:00:00+00:00", "ends_at": "2026-11-30T15:30:00+00:00"}, "Ny tid: "),
        ({"starts_at": "2026-12-01T12:00:00+00:00", "ends_at": "2026-12-01T15:30:00+00:00"}, "Ändrat: "),
        ({"place": "Biblioteket"}, "Ny plats: "),
        ({"place": "Kulturhuset", "address": "Storgatan 1, Krokom"}, "Ändrat: "),
        ({}, "Ändrat: "),
    ],
)
def test_a_change_says_what_is_new(before: dict[str, Any], wording: str) -> None:
    assert said(Kind.EVENT_CHANGED, before=before).startswith(wording)


@pytest.mark.parametrize(("state", "wording"), [("waiting", "har ingen plats än"), ("maybe", "så svara ja nu")])
def test_a_reminder_says_where_its_reader_stands(state: str, wording: str) -> None:
    assert wording in said(Kind.DAY_REMINDER, guest_state=state)
    assert wording not in said(Kind.DAY_REMINDER)


@pytest.mark.parametrize("kind", ["reply-received", "invitation", "summary-wanted"])
def test_a_stranger_gets_nothing_that_somebody_typed(kind: str) -> None:
    payload = event_mail_wanted(kind, name=TYPED, is_to_stranger=True)
    payload["facts"] |= {"note": TYPED, "is_echoed": True}
    if "reply" in payload["facts"]:
        payload["facts"]["reply"] |= {"comment": TYPED, "diet": TYPED, "party": [{"name": TYPED, "diet": TYPED}]}
    (asked,) = announce.event_mail_wanted(payload, MOMENT)

    rendered = RENDERER.render(asked.kind, "sv", asked.facts)
    assert TYPED not in rendered.subject + rendered.text + rendered.html + str(asked.facts) + asked.name
    assert asked.category is Category.ASKED_FOR, "nobody stopped what they are asked to confirm"
    assert asked.is_echo
    assert asked.is_to_stranger


def test_a_calendar_object_is_kept_sign_by_sign_on_its_way_through_the_facts() -> None:
    payload = event_mail_wanted(
        "reply-received", calendar={"method": "REQUEST", "content": OBJECT}, series="guest:1", number=2
    )
    (asked,) = announce.event_mail_wanted(payload, MOMENT)
    assert asked.facts["calendar"]["content"] == OBJECT
    assert (asked.series, asked.number) == ("guest:1", 2)


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_a_mail_carries_a_calendar_where_programs_look_for_it(method: str) -> None:
    content = OBJECT.replace("METHOD:REQUEST", f"METHOD:{method}")
    sent = [
        compose(
            mail(answers_mail=False, calendar=CalendarPart(method, content)),
            Rendered("Hej", "Hej Åsa!\n", "<p>Hej Åsa!</p>\n"),
            SIGNER,
        ).content
        for _ in range(2)
    ]
    assert sent[0] == sent[1], "every attempt sends the same bytes"
    assert sent[0].isascii()
    assert b"\n" not in sent[0].replace(b"\r\n", b"")

    read = message_from_bytes(sent[0], policy=default)
    assert isinstance(read, EmailMessage)
    words, file = list(read.iter_parts())
    assert read.get_content_type() == "multipart/mixed"
    kinds = [each.get_content_type() for each in words.iter_parts()]
    assert kinds == ["text/plain", "text/html", "text/calendar"], "the last alternative is the one that is preferred"
    *_, invitation = words.iter_parts()
    assert dict(invitation["Content-Type"].params) == {"charset": "UTF-8", "method": method, "component": "VEVENT"}
    assert invitation.get_content_disposition() is None, "Outlook makes no buttons of what is attached"
    assert invitation.get_payload(decode=True) == file.get_payload(decode=True) == content.encode()
    assert (file.get_content_type(), file.get_filename()) == ("application/ics", "invite.ics")
    component = Calendar.from_ical(invitation.get_payload(decode=True))
    assert component["METHOD"] == method
    assert read["Content-Language"] == "sv"


def test_a_mail_without_one_is_as_it_was() -> None:
    content = compose(mail(), Rendered("Hej", "Hej\n", "<p>Hej</p>\n"), SIGNER).content
    assert message_from_bytes(content, policy=default).get_content_type() == "multipart/alternative"
