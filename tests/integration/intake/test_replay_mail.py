"""Reading stored mails again mends what could not be read, and doubles no idea and no confirmation."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from services.intake.mail.authentication import SenderCheck
from services.intake.store.tables import Attachment, Idea, InboundEmail
from services.intake.usecases.announce import Announcer
from services.intake.usecases.read_mail import Desk as ReadingDesk
from services.intake.usecases.replay_mail import Outcome, Replayed, ReplayMail
from shared.mentions import ERASED
from tests.integration.intake.desk import Checker, Desk, Reader, mail

WITH_FILE = (
    "From: Asa <asa@krokom.example>\nSubject: Elcyklar\nMIME-Version: 1.0\n"
    'Content-Type: multipart/mixed; boundary="x"\n\n--x\n\nVi delar.\n--x\n'
    'Content-Type: text/plain; name="karta.txt"\nContent-Disposition: attachment; filename="karta.txt"\n\nkarta\n--x--\n'
)


def replay(desk: Desk, mail_id: UUID, *, dry_run: bool = False) -> Replayed:
    reading_desk = ReadingDesk(Reader(), Checker(SenderCheck()))
    return ReplayMail(Announcer(desk.settings), reading_desk, actor="Idéslussen", dry_run=dry_run)(
        desk.database, mail_id
    )


def as_if_unreadable(desk: Desk, received: InboundEmail) -> None:
    """What a worker leaves whose reading failed."""
    with desk.database.transaction() as session:
        idea = session.get_one(Idea, received.idea_id)
        idea.title, idea.text = "Kunde inte läsas", ""
        session.execute(text("DELETE FROM intake.attachment"))
        session.get_one(InboundEmail, received.id).reading = {"text": "", "subject": None}


def test_an_idea_that_could_not_be_read_gets_its_words_and_files_once(desk: Desk) -> None:
    received = desk.receive(WITH_FILE)
    as_if_unreadable(desk, received)
    said = len(desk.said("idea.received.v1"))

    assert replay(desk, received.id, dry_run=True).outcome is Outcome.FILLED
    assert desk.ideas()[0].text == ""
    assert replay(desk, received.id).outcome is Outcome.FILLED
    assert replay(desk, received.id).outcome is Outcome.SAME

    [idea] = desk.ideas()
    assert (idea.title, idea.text) == ("Elcyklar", "Vi delar.")
    with desk.database.transaction() as session:
        assert [file.name for file in session.query(Attachment)] == ["karta.txt"]
    assert len(desk.said("idea.received.v1")) == said


def test_what_made_no_idea_becomes_one_without_a_confirmation(desk: Desk) -> None:
    received = desk.receive(mail("Elcyklar", "Vi delar.", "asa@krokom.example", "Auto-Submitted: auto-replied"))
    assert received.idea_id is None
    with desk.database.transaction() as session:  # as if an older release had taken it for one
        stored = session.get_one(InboundEmail, received.id)
        session.execute(
            text("UPDATE intake.raw_mail SET raw = :raw WHERE id = :id"),
            {"raw": b"From: asa@krokom.example\r\nSubject: Elcyklar\r\n\r\nVi delar.\r\n", "id": stored.raw_id},
        )

    assert replay(desk, received.id).outcome is Outcome.DETACHED
    assert replay(desk, received.id).outcome is not Outcome.DETACHED

    [idea] = desk.ideas()
    assert idea.text == "Vi delar."
    [announced] = desk.said("idea.received.v1")
    assert announced["no_confirmation"]


def test_whoever_was_erased_is_not_read_again_out_of_the_original(desk: Desk) -> None:
    received = desk.receive(WITH_FILE)
    as_if_unreadable(desk, received)
    with desk.database.transaction() as session:
        stored = session.get_one(InboundEmail, received.id)
        stored.envelope_from = ""
        stored.reading = {"text": "", "subject": None, "sender": f"{ERASED} <{ERASED}>"}

    assert replay(desk, received.id).outcome is Outcome.GONE
    assert desk.ideas()[0].text == ""


def test_what_people_have_seen_stays_and_is_only_told(desk: Desk) -> None:
    received = desk.receive(mail("Elcyklar", "Vi delar."))
    with desk.database.transaction() as session:
        stored = session.get_one(InboundEmail, received.id)
        stored.reading = {**(stored.reading or {}), "text": "Vi"}

    assert replay(desk, received.id).outcome is Outcome.DIFFERS
    assert desk.ideas()[0].text == "Vi delar."


def test_an_unread_mail_without_a_duty_is_rung_for_once(desk: Desk) -> None:
    received = desk.receive(mail("Elcyklar", "Vi delar."))
    with desk.database.transaction() as session:
        session.get_one(InboundEmail, received.id).read_at = None

    assert [replay(desk, received.id).outcome for _ in range(2)] == [Outcome.RUNG, Outcome.WAITS]
    with desk.database.transaction() as session:
        message_id = session.scalar(
            text("SELECT message_id FROM bus.delivery WHERE done_at IS NULL AND consumer = 'intake'")
        )
    desk.ring(message_id)
    assert len(desk.ideas()) == 1
