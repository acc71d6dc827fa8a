"""After an event: its summary is written, read and mailed, guests say what they thought, and figures are counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.rsvp.actors import handlers
from services.rsvp.app import create_app
from services.rsvp.store.day_tables import CaughtIdea, Feedback, SummaryReader
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Change
from shared.bus.inbox import Inbox
from shared.bus.tables import Delivery, Message
from shared.clock import now
from shared.contracts.registry import EVENT_MAIL_WANTED, MAILING_DUE, RSVP
from shared.db import Database, Role
from shared.ids import new_id
from shared.web import antibot, form_tokens, links
from tests.support.events import a_guest, a_tour, an_event
from tests.support.signed_in import client_for, post

KIM = ("kim@krokom.example", "contact:krokom")


class After:
    """The pages, a contact signed in, and a visitor."""

    def __init__(self, settings):
        self.settings = settings
        self.app = create_app(settings)
        self.database: Database = self.app.extensions["idesluss_database"]
        self.contact = client_for(self.app, *KIM)
        self.visitor = self.app.test_client()

    def event(self, *, hours=5, **changes):
        """One that ended a while ago."""
        ends_at = now() - timedelta(hours=hours)
        with self.database.transaction() as session:
            return an_event(
                session, starts_at=ends_at - timedelta(hours=4), ends_at=ends_at, **{"state": "held"} | changes
            )

    def guest(self, event, **changes):
        with self.database.transaction() as session:
            return a_guest(session, event, **{"state": "coming", "answer": "yes"} | changes)

    def catches(self, event, *ideas):
        with self.database.transaction() as session:
            for number, (text, theme, reference) in enumerate(ideas):
                values = {"key": f"{event.id} {number}", "title": text[:20], "text": text, "theme": theme}
                at = now() + timedelta(seconds=number)
                session.add(
                    CaughtIdea(
                        id=new_id(),
                        event_id=event.id,
                        language="sv",
                        reference=reference,
                        at=at,
                        is_hidden=False,
                        **values,
                    )
                )

    def mails(self, event, kind) -> list[dict]:
        """What notify was asked for, once the mailings of rsvp have run. Asked for again, a mail is the same mail."""
        relay = Database(self.settings, Role.RELAY, pool_size=1)
        while True:
            with relay.transaction() as session:
                open_ones = session.scalars(
                    select(Delivery.message_id)
                    .join(Message, Message.id == Delivery.message_id)
                    .where(Delivery.consumer == RSVP, Message.name == MAILING_DUE.name, Delivery.done_at.is_(None))
                ).all()
            if not open_ones:
                break
            for identity in open_ones:
                Inbox(self.database, RSVP, handlers(self.settings)).run(identity)
        relay.dispose()
        with self.database.transaction() as session:
            asked = session.scalars(select(Message).where(Message.name == EVENT_MAIL_WANTED.name)).all()
            found = [json.loads(each.payload) for each in asked]
        wanted = [one for one in found if one["kind"] == kind and one["facts"]["event"]["slug"] == event.slug]
        return list({(one["about"], one["person"]["address"]): one for one in wanted}.values())


@pytest.fixture(scope="module")
def after(module_settings) -> Iterator[After]:
    after = After(module_settings)
    yield after
    after.database.dispose()


def test_a_summary_begins_with_the_ideas_is_published_and_mailed_once_to_each(after: After) -> None:
    event = after.event(themes=["Cykla"], languages=["sv"])
    ada, bo = after.guest(event, came=2), after.guest(event, came=0)
    after.catches(event, ("Fler cyklar *nu*", "Cykla", "KRO-2026-0007"), ("Öppet bibliotek", "", None))
    asked = _wants(after, event, "las@example.org")
    _wants(after, event, "obekraftad@example.org")
    _wants(after, event, ada.address)
    page = f"/kontakt/traffar/{event.slug}/summering"

    proposed = after.contact.get(page).text
    assert "## Idéer från rummet\n\n### Cykla\n\n- Fler cyklar \\*nu\\* (KRO-2026-0007)\n\n### Övrigt" in proposed
    shown = post(after.contact, page, **{"text-sv": "Vi **vann**", "version": "0", "do": "preview"}).text
    assert "<strong>vann</strong>" in shown
    assert post(after.contact, page, **{"text-sv": "Vi vann", "version": "0", "do": "publish"}).status_code == 303
    assert "Vi vann" in after.visitor.get(f"/traffar/{event.slug}").text

    # Somebody who began from the same is told, and loses nothing.
    late = post(after.contact, page, **{"text-sv": "Vi förlorade", "version": "0", "do": "save"})
    assert late.status_code == 409
    assert "Vi förlorade" in late.text
    assert "Vi vann" in late.text

    assert after.mails(event, "summary") == []
    for _ in range(2):
        assert post(after.contact, f"{page}/mejla").status_code == 303
    confirm = f"/svar/summering/{asked}"
    assert after.visitor.post(confirm).status_code == 303  # pressed twice, and after the mailing
    mails = after.mails(event, "summary")
    assert sorted(mail["person"]["address"] for mail in mails) == sorted([ada.address, "las@example.org"])
    assert {mail["facts"]["text"] for mail in mails} == {"Vi vann"}
    assert bo.address not in str(mails)

    # A change afterwards stands in the history with what was there, and mails nobody again.
    version = _version(late.text)
    assert post(after.contact, page, **{"text-sv": "Vi vann stort", "version": version}).status_code == 303
    assert post(after.contact, f"{page}/dolj", version=int(version) + 1).status_code == 303
    assert "Vi vann" not in after.visitor.get(f"/traffar/{event.slug}").text
    with after.database.transaction() as session:
        did = session.scalars(
            select(Change).where(Change.event_id == event.id, Change.what.like("summary%")).order_by(Change.id)
        ).all()
    assert [step.what.partition(".")[2] for step in did] == [
        *("written", "published", "mailed", "changed", "unpublished")
    ]
    assert did[3].before == {"sv": "Vi vann"}
    assert len(after.mails(event, "summary")) == 2


def test_a_summary_waits_for_the_event_and_belongs_to_its_contacts(after: After) -> None:
    coming = after.event(hours=-48, state="published", languages=["sv"])
    page = f"/kontakt/traffar/{coming.slug}/summering"
    sent = {"text-sv": "För tidigt", "version": "0", "do": "publish"}

    early = post(after.contact, page, **sent)
    assert early.status_code == 422
    assert "För tidigt" in early.text
    assert post(after.contact, page, **{**sent, "text-sv": "å" * 40_001, "do": "save"}).status_code == 422
    foreign = client_for(after.app, "kim@berg.example", "contact:berg")
    assert foreign.get(page).status_code == 404
    assert post(foreign, page, **sent).status_code == 404
    assert after.visitor.get(page).status_code == 303


def test_only_who_pressed_the_button_gets_a_summary_and_may_end_it(after: After) -> None:
    event = after.event()
    form = f"/traffar/{event.slug}/summering"
    wrong = _asks(after, event, "ada@")
    assert wrong.status_code == 422
    assert "ada@" in wrong.text
    token = _wants(after, event, "Las@Example.org", presses=False)
    _asks(after, event, "las@example.org")
    [mail] = after.mails(event, "summary-wanted")
    assert mail["is_to_stranger"]
    assert mail["person"]["name"] == ""

    assert after.visitor.get(f"/svar/summering/{token}").status_code == 200
    with after.database.transaction() as session:
        [reader] = session.scalars(select(SummaryReader).where(SummaryReader.event_id == event.id))
        assert reader.confirmed_at is None
    after.visitor.post(f"/svar/summering/{token}")
    after.visitor.post(f"/svar/summering/{token}/sluta")
    page = f"/kontakt/traffar/{event.slug}/summering"
    post(after.contact, page, **{"text-sv": "Så blev det", "version": "0", "do": "publish"})
    post(after.contact, f"{page}/mejla")
    assert after.mails(event, "summary") == []
    after.visitor.post(f"/svar/summering/{token}")  # after all
    assert [mail["person"]["address"] for mail in after.mails(event, "summary")] == ["Las@Example.org"]
    assert after.visitor.get("/svar/summering/nonsens").status_code == 404
    assert after.visitor.get(form.replace(event.slug, "ingen-sadan")).status_code == 404


def test_a_guest_says_what_they_thought_and_may_change_it(after: After) -> None:
    event = after.event()
    ada, bo = after.guest(event, name="Ada Hemlig"), after.guest(event)
    link = links.feedback_url(after.settings, ada.id).removeprefix(after.settings.base_url)
    other = links.feedback_url(after.settings, bo.id).removeprefix(after.settings.base_url)

    assert after.visitor.get(link).status_code == 200
    missing = after.visitor.post(link, data={"text": "Bra fika"})
    assert missing.status_code == 422
    assert "Bra fika" in missing.text
    assert after.visitor.post(link, data={"rating": "2", "text": "Bra fika"}).status_code == 303
    assert after.visitor.post(link, data={"rating": "5", "text": "Bäst"}).status_code == 303
    assert after.visitor.post(other, data={"rating": "4"}).status_code == 303
    with after.database.transaction() as session:
        kept = session.scalars(select(Feedback).where(Feedback.event_id == event.id)).all()
    assert sorted((row.rating, row.text) for row in kept) == [(4, ""), (5, "Bäst")]
    told = after.contact.get(f"/kontakt/traffar/{event.slug}/summering?lang=sv").text
    assert "4,5 av 5" in told
    assert "Bäst" in told
    assert "Ada" not in told
    for state, starts in (("cancelled", 5), ("published", -48)):
        closed = after.event(hours=starts, state=state)
        link = links.feedback_url(after.settings, after.guest(closed).id).removeprefix(after.settings.base_url)
        assert after.visitor.post(link, data={"rating": "1"}).status_code == 409


def test_a_tours_figures_are_a_row_for_each_stop_and_their_sum(after: After) -> None:
    with after.database.transaction() as session:
        tour = a_tour(session)
    krokom = after.event(tour_id=tour.id, position=0)
    berg = after.event(tour_id=tour.id, position=1, sluice_slug="berg")
    after.event(tour_id=tour.id, position=2, state="cancelled")
    after.guest(krokom, party_size=3, came=2)
    after.guest(krokom, state="declined", answer="no")
    after.guest(krokom, state="invited", answer=None)
    lin = after.guest(berg, came=1, invited_at=None)
    after.catches(berg, ("En", "", None), ("Två", "", None))
    after.visitor.post(
        links.feedback_url(after.settings, lin.id).removeprefix(after.settings.base_url), data={"rating": "3"}
    )
    page = f"/kontakt/traffar/turne/{tour.slug}/siffror"

    lines = after.contact.get(f"{page}.csv?lang=en").text.lstrip("\ufeff").splitlines()
    rows = [line.split(";") for line in lines]
    assert [[row[0], *row[2:]] for row in rows[1:]] == [
        ["Krokom", "3", "2", "3", "2", "0", "0", ""],
        ["Berg", "0", "1", "1", "1", "2", "1", "3.0"],
        ["Together", "3", "3", "4", "3", "2", "1", "3.0"],
    ]
    assert after.contact.get(page).status_code == 200
    assert client_for(after.app, "kim@berg.example", "contact:berg").get(page).status_code == 404
    coach = client_for(after.app, "coach@region.example", "coach:krokom", "coach:berg")
    assert coach.get(f"/kontakt/traffar/{berg.slug}/summering").status_code == 200


def test_a_guest_erases_their_details_by_a_button(after: After) -> None:
    event = after.event(hours=-48, state="published", capacity=1, reply_by=None)
    ada = after.guest(event, name="Ada Hemlig", arrival=1)
    bo = after.guest(event, state="waiting", arrival=2)
    link = links.reply_url(after.settings, ada.id).removeprefix(after.settings.base_url) + "/radera"

    assert after.visitor.get(link).status_code == 200
    assert _now(after, ada).anonymised_at is None
    assert after.visitor.post(link).status_code == 303
    assert "Ada" not in after.visitor.get(link).text
    assert after.visitor.post(link).status_code == 303  # again: nothing more
    assert _now(after, ada).name == ""
    assert _now(after, bo).state == "coming"
    assert after.visitor.get(link.removesuffix("/radera")).status_code == 404
    assert after.visitor.get("/svar/nonsens/radera").status_code == 404


def _now(after: After, guest: Guest) -> Guest:
    with after.database.transaction() as session:
        return session.get_one(Guest, guest.id)


def _version(page: str) -> str:
    return page.split('name="version" value="', 1)[1].split('"', 1)[0]


def _asks(after: After, event, address):
    token = form_tokens.issue(after.settings.signer, "event-summary", now() - timedelta(minutes=1))
    return after.visitor.post(f"/traffar/{event.slug}/summering", data={antibot.TOKEN: token, "address": address})


def _wants(after: After, event, address, *, presses=True) -> str:
    """Ask, and press the button in the mail; the link's token. Whoever is told apart by the address stays unconfirmed."""
    assert _asks(after, event, address).status_code == 303
    mail = next(each for each in after.mails(event, "summary-wanted") if each["person"]["address"] == address)
    token = mail["facts"]["confirm_url"].rpartition("/")[2]
    if presses and "obekraftad" not in address:
        assert after.visitor.post(f"/svar/summering/{token}").status_code == 303
    return token
