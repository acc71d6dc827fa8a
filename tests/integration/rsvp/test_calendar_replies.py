"""Answers by calendar and by plain mail on a real database: what changes a reply, what waits for a yes, what nobody
does; and the feeds."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
import vobject
from sqlalchemy import select

from services.rsvp.actors import handlers
from services.rsvp.app import create_app
from services.rsvp.domain.calendar_names import uid_of
from services.rsvp.domain.states import ActorKind
from services.rsvp.store.guest_tables import CalendarReply, Guest, GuestEntry, Proposal
from services.rsvp.store.tables import Event
from services.rsvp.usecases import proposals
from services.rsvp.usecases.calendar import calendar_of
from shared.bus import outbox
from shared.bus.inbox import Inbox
from shared.bus.tables import Message
from shared.clock import now
from shared.contracts.registry import CALENDAR_REPLY, EVENT_ANSWER_RECEIVED, EVENT_MAIL_WANTED
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.web import links
from tests.support.events import a_guest, an_event


class Post:
    """One event with an invited guest, and mails that come to rsvp as intake tells of them."""

    def __init__(self, app, settings, *, calendar=True, event=None, **guest):
        self.app, self.settings = app, settings
        self.database = app.extensions["idesluss_database"]
        self.inbox = Inbox(self.database, "rsvp", handlers(settings))
        with self.database.transaction() as session:
            found = an_event(session, **(event or {}))
            one = a_guest(session, found, **guest)
            self.event_id, self.guest_id, self.address, self.slug = found.id, one.id, one.address, found.slug
            if calendar:
                assert calendar_of(settings, session, found, one, method="REQUEST", moment=now())
        self.uid = uid_of(settings.signer, self.guest_id)

    def calendar(self, partstat: str | None = "ACCEPTED", **changes: Any) -> CalendarReply:
        """A calendar reply as Outlook's, unless something is changed."""
        told = {
            "inbound_email_id": new_id(), "uid": self.uid, "sequence": 0, "attendee": self.address,
            "partstat": partstat, "sender": self.address, "vouched": True, "forged": False,
            "guest_id": self.guest_id, "method": "REPLY", "stamp": now(), "comment": None, "delegated_to": None,
            "proposed_start": None,
        } | changes  # fmt: skip
        self._tell(CALENDAR_REPLY, told)
        with self.database.transaction() as session:
            return session.get_one(CalendarReply, told["inbound_email_id"])

    def mail(self, text: str, **changes: Any) -> list[Proposal]:
        """A plain mail to the guest's address; the guest's proposals, oldest first."""
        told = {
            "inbound_email_id": new_id(), "guest_id": self.guest_id, "sender": self.address, "vouched": True,
            "is_automatic": False, "is_suspect": False, "files": 0, "subject": "SV: Inbjudan", "text": text,
            "received_at": now(),
        } | changes  # fmt: skip
        self._tell(EVENT_ANSWER_RECEIVED, told)
        return self.all(Proposal, Proposal.guest_id == self.guest_id, order=Proposal.id)

    def _tell(self, message, told) -> None:
        with self.database.transaction() as session:
            message_id = outbox.put(session, message, told)
        self.inbox.run(message_id)

    def all(self, table, *which, order=None):
        with self.database.transaction() as session:
            return list(session.scalars(select(table).where(*which).order_by(order)))

    @property
    def guest(self) -> Guest:
        with self.database.transaction() as session:
            return session.get_one(Guest, self.guest_id)

    def letters(self, kind: str) -> list[dict[str, Any]]:
        """Mails of that kind that were asked for about this event."""
        found = [json.loads(each.payload) for each in self.all(Message, Message.name == EVENT_MAIL_WANTED.name)]
        return [one for one in found if one["kind"] == kind and one["facts"]["event"]["slug"] == self.slug]

    def steps(self) -> list[tuple[str, str]]:
        rows = self.all(GuestEntry, GuestEntry.guest_id == self.guest_id, order=GuestEntry.id)
        return [(row.what, row.actor_kind) for row in rows]


@pytest.fixture(scope="module")
def app(module_settings):
    app = create_app(module_settings)
    yield app
    app.extensions["idesluss_database"].dispose()


@pytest.fixture
def make(app, module_settings):
    return lambda **how: Post(app, module_settings, **how)


def test_buttons_in_a_calendar_answer_and_change_the_answer(make) -> None:
    post = make(party_size=3, party=[{"name": "Bo", "diet": "vegan"}], diet="gluten", answer="maybe", state="maybe")

    yes = post.calendar("ACCEPTED", comment="Vi tar bussen")
    assert (yes.outcome, yes.reason, yes.guest_id) == ("applied", None, post.guest_id)
    guest = post.guest
    assert (guest.state, guest.party_size, guest.diet, guest.comment) == ("coming", 3, "gluten", "Vi tar bussen")
    assert guest.calendar_told_at == yes.stamp
    assert post.calendar("TENTATIVE").outcome == "applied"
    assert post.guest.state == "maybe"
    # Google's form: from the address that they are signed in with, to their own address.
    assert post.calendar("DECLINED", sender="asa@gmail.example").outcome == "applied"
    assert post.guest.state == "declined"
    assert post.steps() == [("replied", "calendar")] * 3
    last = post.all(GuestEntry, GuestEntry.guest_id == post.guest_id, order=GuestEntry.id)[-1]
    assert last.actor == "asa@gmail.example", "the history says from whom"


def test_none_of_ten_forged_replies_changes_an_answer(make) -> None:
    post, other = make(), make()
    evil = {"sender": "mallory@evil.example", "vouched": False}
    forged = (
        {"uid": "traff-17@krokom.example"},
        {"uid": post.uid[:32] + "a" * 26 + "@ideslussen"},
        {"uid": None},
        {"uid": other.uid},
        {"forged": True},
        {"attendee": "mallory@evil.example"},
        {"attendee": None, "guest_id": None, **evil},
        {"guest_id": other.guest_id},
        {**evil},
        {**evil, "guest_id": None},
    )
    assert len(forged) == 10

    outcomes = [post.calendar("DECLINED", **one).outcome for one in forged]

    assert "applied" not in outcomes
    assert outcomes.count("proposed") == 2, "from another sender: it waits for the guest's yes"
    assert (post.guest.state, other.guest.state) == ("invited", "invited")
    assert post.guest.replied_at is None


def test_the_same_mail_and_the_same_object_again_do_nothing(make) -> None:
    post = make()
    stamp = now() - timedelta(minutes=1)
    first = post.calendar(stamp=stamp)

    again = post.calendar("DECLINED", stamp=stamp)
    post.calendar("DECLINED", inbound_email_id=first.inbound_email_id, stamp=now())

    assert (again.outcome, again.reason) == ("refused", "replay")
    assert post.guest.state == "coming"


def test_a_clock_that_is_ahead_makes_no_later_answer_old(make) -> None:
    post = make()
    post.calendar(stamp=now() + timedelta(days=300))

    assert post.calendar("DECLINED").outcome == "applied"
    assert post.guest.state == "declined"


def test_an_answer_to_an_older_time_waits_for_the_guest(make) -> None:
    post = make()
    with post.database.transaction() as session:
        session.get_one(Event, post.event_id).sequence = 1

    kept = post.calendar(sequence=0)

    assert (kept.outcome, kept.reason) == ("proposed", "older-time")
    assert post.guest.state == "invited"
    [letter] = post.letters("reply-proposed")
    assert letter["person"]["address"] == post.address


@pytest.mark.parametrize(
    ("partstat", "changes", "event", "why"),
    [
        ("DELEGATED", {"delegated_to": "bo@skola.example"}, {}, "delegated"),
        ("TENTATIVE", {"method": "COUNTER", "proposed_start": now() + timedelta(days=9)}, {}, "counter"),
        ("ACCEPTED", {}, {"reply_by": now() - timedelta(hours=1)}, "late"),
        ("ACCEPTED", {}, {"frozen_at": now()}, "frozen"),
    ],
)
def test_what_no_program_decides_reaches_two_people(make, partstat, changes, event, why) -> None:
    post = make(event=event)

    kept = post.calendar(partstat, **changes)

    assert kept.outcome == "refused"
    assert post.guest.state == "invited"
    [to_guest], [to_contact] = post.letters("calendar-note"), post.letters("guest-note")
    assert (to_guest["person"]["address"], to_guest["facts"]["why"]) == (post.address, why)
    assert to_contact["person"]["address"] == "kim@krokom.example"


def test_nothing_is_answered_to_who_was_never_sent_a_calendar(make) -> None:
    post = make(calendar=False)

    assert post.calendar().reason == "never-invited"
    assert post.guest.state == "invited"


def test_a_plain_mail_becomes_a_proposal_that_the_guest_puts_in_force(make, app) -> None:
    post = make()

    [proposal] = post.mail("Hej!\nVi kommer två, en är vegetarian.")
    assert (proposal.answer, proposal.party_size, proposal.diet, proposal.state) == ("yes", 2, "vegetarian", "open")
    assert post.guest.state == "invited", "never silently"
    [letter], [note] = post.letters("reply-proposed"), post.letters("guest-note")
    assert letter["person"]["address"] == post.address
    assert "text" not in letter["facts"]["proposal"]
    assert note["facts"]["why"] == "proposed"
    assert "vegetarian" in note["facts"]["text"]
    path = letter["facts"]["proposal_url"].removeprefix(post.settings.base_url)

    client = app.test_client()
    shown = client.get(path).text
    assert 'value="2"' in shown
    assert 'value="vegetarian"' in shown
    assert post.guest.state == "invited", "a GET answers nothing"
    wrong = client.post(path, data={"party_size": "två", "diet": "vegan"})
    assert wrong.status_code == 422
    assert 'value="två"' in wrong.text
    assert 'value="vegan"' in wrong.text
    assert client.post(path, data={"party_size": "999", "diet": ""}).status_code == 422
    assert client.post(path, data={"party_size": "3", "diet": "vegan"}).status_code == 303
    guest = post.guest
    assert (guest.state, guest.party_size, guest.diet) == ("coming", 3, "vegan")
    assert client.post(path, data={"party_size": "1"}).status_code == 409, "once"
    assert post.guest.party_size == 3
    assert client.get(path.replace("/forslag/", "/forslag/x")).status_code == 404


def test_a_newer_mail_and_a_reply_given_meanwhile_outdate_a_proposal(make, app) -> None:
    post = make()
    post.mail("Jag kommer gärna")
    first, second = post.mail("Nej, jag kan tyvärr inte komma.")
    assert (first.state, second.state) == ("outdated", "open")
    post.calendar("ACCEPTED")

    path = links.proposal_url(post.settings, second.id).removeprefix(post.settings.base_url)
    assert app.test_client().post(path).status_code == 409
    assert post.guest.state == "coming"
    with post.database.transaction() as session:
        assert proposals.open_proposals(session, session.get_one(Event, post.event_id)) == []


@pytest.mark.parametrize(
    ("text", "changes", "proposed", "to_guest", "to_contact"),
    [
        ("Jag kommer gärna", {"sender": "mallory@evil.example", "vouched": False}, 1, 0, 1),
        ("Jag kommer gärna", {"sender": "asa@gmail.example", "vouched": True}, 1, 1, 1),
        ("Finns det parkering?", {}, 1, 0, 1),
        ("Jag är på semester.", {"is_automatic": True}, 0, 0, 0),
        ("Jag kommer gärna", {"is_suspect": True}, 0, 0, 0),
        ("", {}, 0, 0, 0),
    ],
)
def test_who_hears_of_a_mail(make, text, changes, proposed, to_guest, to_contact) -> None:
    post = make()

    found = post.mail(text, **changes)

    assert len(found) == proposed
    assert (len(post.letters("reply-proposed")), len(post.letters("guest-note"))) == (to_guest, to_contact)
    assert all(one["person"]["address"] == post.address for one in post.letters("reply-proposed"))
    assert ("wrote", "mail") in post.steps(), "it is recorded in any case"
    assert post.guest.state == "invited"


def test_an_autoresponder_that_hides_ends_in_no_loop(make) -> None:
    post = make()

    for number in range(8):
        post.mail(f"Jag kommer gärna, mejl {number}")
    post.mail("Jag kommer gärna, mejl 0")

    assert len(post.letters("reply-proposed")) == 5


def test_a_contact_reaches_proposals_of_their_own_event_alone(make) -> None:
    post, other = make(), make()
    [proposal] = post.mail("kan tyvärr inte")
    how = {"actor": "kim", "actor_kind": ActorKind.CONTACT, "moment": now()}

    with post.database.transaction() as session:
        foreign, own = session.get_one(Event, other.event_id), session.get_one(Event, post.event_id)
        with pytest.raises(NotFound):
            proposals.take(session, proposal.id, event=foreign, **how)
        proposals.take(session, proposal.id, event=own, **how)
        with pytest.raises(Conflict):
            proposals.drop(session, proposal.id, event=own, **how)
    assert post.guest.state == "declined"


def test_feeds_tell_everybody_what_is_public_and_nothing_else(make, app) -> None:
    post = make(event={"slug": "kalas-i-dag"})
    hidden = make(event={"state": "draft", "published_at": None})
    make(calendar=False, event={"state": "cancelled", "slug": "installd"})
    client = app.test_client()

    answer = client.get("/traffar/kalender/krokom.ics")
    assert answer.content_type.startswith("text/calendar")
    known = {each.url.value.rpartition("/")[2]: each for each in vobject.readOne(answer.text).vevent_list}
    assert known["kalas-i-dag"].status.value == "CONFIRMED"
    assert known["installd"].status.value == "CANCELLED"
    assert hidden.slug not in known
    assert post.uid not in answer.text
    assert post.address not in answer.text
    again = client.get("/traffar/kalender/krokom.ics", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert not again.data
    assert len(vobject.readOne(client.get("/traffar/kalas-i-dag/kalender.ics").text).vevent_list) == 1
    assert client.get("/traffar/kalender.ics").status_code == 200
    for missing in (f"/traffar/{hidden.slug}/kalender.ics", "/traffar/kalender/ingenstans.ics"):
        assert client.get(missing).status_code == 404
    page = client.get("/traffar/kalas-i-dag").text
    ways = re.findall(r'href="((?:webcal|https://calendar\.google|https://outlook)[^"]*)"', page)
    assert len(ways) == 3
