"""A contact's out-of-office passes the idea to whoever stands in, and only where it is proven to be theirs."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text

from services.intake.store import sluices
from services.intake.store.tables import Contact, Idea, InboundEmail
from tests.integration.intake.desk import Desk
from tests.support.clocks import swedish
from tests.support.ideas import an_idea

AWAY = "Jag är på semester och åter den 3 december."
RECEIVED = swedish("2026-11-24 10:00")


def automatic(words: str, sender: str = "kontakt@krokom.example", to: str = "ide@krokom.example") -> str:
    return (
        f"From: Kim <{sender}>\nTo: {to}\nSubject: Autosvar: Ny idé\nAuto-Submitted: auto-replied\n"
        f"Message-ID: <{hash((words, sender, to))}@krokom.example>\n\n{words}\n"
    )


@pytest.fixture
def idea(desk: Desk) -> Idea:
    """One that two contacts and a coach have heard of."""
    with desk.database.transaction() as session:
        sluices.add_contact(session, desk.sluice.id, name="Karin", address="karin@krokom.example")
        sluices.add_contact(session, desk.sluice.id, name="Camilla", address="coach@region.example", role="coach")
        session.flush()
        desk.sluice = sluices.profile(session, desk.sluice.id)
        return an_idea(session, desk.settings, desk.sluice, received_at=RECEIVED)


def reply(desk: Desk, idea: Idea, words: str = AWAY, *, kind: str = "notice", **more: str) -> InboundEmail:
    """An automatic reply to the message of that kind that went to the first contact."""
    path = desk.a_message(idea, kind, "kontakt@krokom.example")
    return desk.receive(automatic(words, **more), recipient=path, envelope_from="", received_at=RECEIVED)


def with_deputy(desk: Desk) -> UUID:
    first, second = desk.sluice.contacts
    with desk.database.transaction() as session:
        session.get_one(Contact, first.id).deputy_id = second.id
    return second.id


def away_until(desk: Desk) -> date | None:
    with desk.database.transaction() as session:
        return session.get_one(Contact, desk.sluice.contacts[0].id).away_until


def told(desk: Desk) -> list[str]:
    return [each["person"]["address"] for each in desk.said("mail.wanted.v1")]


def test_the_deputy_gets_the_idea_and_what_comes_meanwhile(desk: Desk, idea: Idea) -> None:
    deputy = with_deputy(desk)

    mail = reply(desk, idea)
    reply(desk, idea, AWAY + " Hej!")

    assert any("handed to the deputy" in reason for reason in mail.reasons), mail.reasons
    with desk.database.transaction() as session:
        assert session.get_one(Idea, idea.id).assigned_to == deputy
    assert away_until(desk) == date(2026, 12, 2)
    assert told(desk) == ["karin@krokom.example"], "once, however often the machine answers"
    asked = desk.said("mail.wanted.v1")[0]["facts"]
    assert asked["note"].startswith("Kontaktperson, vård och omsorg är borta till och med onsdag 2 december")
    events = [entry.event for entry in desk.timeline(idea)]
    assert events == ["received", "automatic_reply", "assigned", "automatic_reply"]


def test_without_a_deputy_the_others_are_told_and_after_them_the_coach(desk: Desk, idea: Idea) -> None:
    reply(desk, idea)
    assert told(desk) == ["karin@krokom.example"]

    with desk.database.transaction() as session:
        session.execute(text("UPDATE intake.contact SET removed_at = now() WHERE name = 'Karin'"))
        other = an_idea(session, desk.settings, sluices.profile(session, desk.sluice.id), received_at=RECEIVED)
    reply(desk, other, "Jag är ledig.")
    assert told(desk)[1:] == ["coach@region.example"]
    assert away_until(desk) == date(2026, 11, 25)
    assert [entry.event for entry in desk.timeline(other)][-1] == "absent"


@pytest.mark.parametrize(
    "what", ["somebody else", "a thanking machine", "by the address alone", "the submitter's mail"]
)
def test_nobody_is_sent_away_by_others(desk: Desk, idea: Idea, what: str) -> None:
    with_deputy(desk)
    if what == "somebody else":
        mail = reply(desk, idea, sender="angripare@evil.example")
    elif what == "a thanking machine":
        mail = reply(desk, idea, "Tack för ditt mejl! Vi svarar inom tre arbetsdagar.")
    elif what == "the submitter's mail":
        mail = reply(desk, idea, kind="confirmation")
    else:
        mail = desk.receive(automatic(AWAY), envelope_from="kontakt@krokom.example")

    assert away_until(desk) is None, mail.reasons
    assert told(desk) == []
    with desk.database.transaction() as session:
        assert session.get_one(Idea, idea.id).assigned_to is None


def test_notices_go_to_a_deputy_who_is_no_contact_as_well(desk: Desk, idea: Idea) -> None:
    with desk.database.transaction() as session:
        coach = next(one for one in desk.sluice.coaches)
        first = session.get_one(Contact, desk.sluice.contacts[0].id)
        first.deputy_id, first.away_until = coach.id, date(2099, 1, 1)
        session.flush()
        an_idea(session, desk.settings, sluices.profile(session, desk.sluice.id), title="Nästa")

    people = [each["address"] for each in desk.said("idea.received.v1")[-1]["contacts"]]
    assert people == ["kontakt@krokom.example", "karin@krokom.example", "coach@region.example"]
