"""What comes back to a signed return path of ours, and complaints: nothing is lost, answered, or believed unproven."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import text

from services.intake.mail.authentication import SenderCheck
from services.intake.store import sluices
from services.intake.store.tables import Idea
from services.intake.usecases import undo
from services.intake.usecases.announce import Announcer
from services.intake.usecases.returned import PATIENCE
from shared.bus import outbox
from shared.clock import now
from shared.contracts.registry import MAIL_RECEIVED, NOTIFICATION_CHANGED
from shared.ids import new_id
from shared.mail import addresses, message_ids
from tests.integration.intake.desk import VOUCHED, Desk, mail
from tests.support.ideas import a_mail, a_sluice

LONG_AGO = now() - 2 * PATIENCE
AWAY = ("Autosvar: Elcyklar", "Jag är borta till måndag.", "Åsa <asa@krokom.example>", "Auto-Submitted: auto-replied")
UNMARKED = ("Re: Elcyklar", "Tack! Jag läser detta på måndag.")


@pytest.fixture
def idea(desk: Desk) -> Idea:
    return desk.idea_of(desk.receive(mail("Elcyklar", "text"), verdict=VOUCHED))


def test_an_out_of_office_answer_to_a_return_path_is_noted_on_the_idea(desk: Desk, idea: Idea) -> None:
    received = desk.receive(mail(*AWAY), recipient=desk.a_message(idea).upper(), envelope_from="")

    assert (received.kind, received.idea_id) == ("automatic-reply", idea.id)
    [*_, entry] = desk.timeline(idea)
    assert (entry.event, entry.actor, entry.public) == ("automatic_reply", "Åsa <asa@krokom.example>", False)
    assert entry.text == "Jag är borta till måndag."
    assert desk.said("idea.added_to.v1") == []


def test_an_answer_that_is_quicker_than_notify_waits_for_it(desk: Desk, idea: Idea) -> None:
    notification_id = new_id()
    raw = mail(*AWAY).replace("\n", "\r\n").encode()
    with desk.database.transaction() as session:
        waiting = a_mail(
            session, desk.sluice, raw=raw, recipient=desk.return_path(notification_id), read_at=None, kind=None
        )
        message_id = outbox.put(session, MAIL_RECEIVED, {"inbound_email_id": waiting.id})
    desk.ring(message_id)
    assert [entry.event for entry in desk.timeline(idea)] == ["received"]

    desk.tell(
        NOTIFICATION_CHANGED,
        {
            "notification_id": notification_id,
            "idea_reference": idea.reference,
            "kind": "confirmation",
            "channel": "email",
            "recipient": "asa@krokom.example",
            "state": "sent",
            "reason": None,
            "line": None,
            "at": now(),
        },
    )
    for _ in range(2):
        desk.ring(message_id)

    assert [entry.event for entry in desk.timeline(idea)] == ["received", "automatic_reply"]


def test_the_anchor_in_its_references_names_the_idea_of_a_message_that_nobody_told_of(desk: Desk, idea: Idea) -> None:
    anchor = message_ids.make(desk.settings.signer, idea.id, desk.sluice.address)

    received = desk.receive(
        mail(*AWAY, f"References: <x@y.example> {anchor}"),
        recipient=desk.return_path(new_id()),
        received_at=LONG_AGO,
    )

    assert received.idea_id == idea.id


def test_a_return_path_that_we_did_not_sign_notes_nothing(desk: Desk, idea: Idea) -> None:
    genuine = desk.a_message(idea)
    forged = genuine.replace(genuine.partition("@")[0][-16:], "a" * 16)

    received = desk.receive(mail(*AWAY), recipient=forged)

    assert received.idea_id is None
    assert [entry.event for entry in desk.timeline(idea)] == ["received"]


def test_another_sluices_return_path_notes_nothing_on_its_idea(desk: Desk, idea: Idea) -> None:
    """The signature is good at any domain of ours: the idea must be the sluice's own."""
    with desk.database.transaction() as session:
        neighbour = a_sluice(session, slug="berg", code="BER", name="Bergs kommun")
    path = desk.a_message(idea)
    desk.sluice = neighbour

    received = desk.receive(mail(*UNMARKED), recipient=path.replace("krokom", "berg"))

    assert (received.idea_id, received.held) == (None, "return-path")
    assert [entry.event for entry in desk.timeline(idea)] == ["received"]


@pytest.mark.parametrize("verdict", [SenderCheck(), VOUCHED], ids=["unvouched", "vouched"])
def test_what_a_person_writes_to_a_return_path_is_kept_on_the_idea_and_never_confirmed(
    desk: Desk, idea: Idea, verdict: SenderCheck
) -> None:
    received = desk.receive(
        mail("Sv: Elcyklar", "Jag glömde: vinterdäck.\n\n-- \nÅsa"), recipient=desk.a_message(idea), verdict=verdict
    )

    assert received.idea_id == idea.id
    [*_, entry] = desk.timeline(idea)
    assert (entry.event, entry.text, entry.public) == ("added", "Jag glömde: vinterdäck.", False)
    assert len(desk.ideas()) == len(desk.said("idea.received.v1")) == 1
    [added] = desk.said("idea.added_to.v1")
    assert added["text"] == "Jag glömde: vinterdäck."


@pytest.mark.parametrize(
    ("kind", "header"),
    [("confirmation", "X-Auto-Response-Suppress: All"), ("notice", "X-Nothing: 1"), ("added", "X-Nothing: 1")],
    ids=["it looks automatic", "it answers a notice", "it answers a notice of an addition"],
)
def test_nobody_is_told_by_mail_of_what_may_be_a_machines(desk: Desk, idea: Idea, kind: str, header: str) -> None:
    received = desk.receive(
        mail("Re: Elcyklar", "Mer.", "K <kontakt@krokom.example>", header), recipient=desk.a_message(idea, kind)
    )

    assert received.idea_id == idea.id
    assert desk.timeline(idea)[-1].text == "Mer."
    assert desk.said("idea.added_to.v1") == []
    assert any("no contact is told by mail" in reason for reason in received.reasons)


def test_what_comes_back_from_a_message_about_no_idea_is_held_and_can_become_one(desk: Desk) -> None:
    received = desk.receive(
        mail("Re: Sammanställning", "Jag har en idé!"), recipient=desk.return_path(new_id()), received_at=LONG_AGO
    )

    assert (received.held, received.idea_id) == ("return-path", None)
    assert desk.ideas() == []
    with desk.database.transaction() as session:
        made = undo.detach(session, Announcer(desk.settings), received.id, actor="K", reason="är en idé")
        session.flush()
    assert (made.text, made.held) == ("Jag har en idé!", None)
    [announced] = desk.said("idea.received.v1")
    assert announced["no_confirmation"]


def test_thirty_rounds_of_autoresponders_that_never_say_what_they_are_end_by_themselves(desk: Desk) -> None:
    """The submitter and every contact answer each message at its return path with a mail that looks like a person's."""
    with desk.database.transaction() as session:
        sluices.add_contact(session, desk.sluice.id, name="Bo", address="bo@krokom.example")
        desk.sluice = sluices.profile(session, desk.sluice.id)
    desk.receive(mail("Elcyklar", "text"), verdict=VOUCHED)
    sent: Counter[str] = Counter()
    seen = 0

    for round_ in range(30):
        letters = _letters(desk)[seen:]
        seen += len(letters)
        for number, (kind, recipient) in enumerate(letters):
            sent[kind] += 1
            assert sum(sent.values()) < 20, f"it grows: {sent}"
            desk.receive(
                mail(UNMARKED[0], f"{UNMARKED[1]} ({round_}, {number})", recipient),
                recipient=desk.a_message(desk.ideas()[0], kind, recipient),
                envelope_from=recipient,
                verdict=VOUCHED,
            )

    assert sent == {"confirmation": 1, "notice": 2, "added": 2}
    assert len(desk.ideas()) == 1
    assert Counter(entry.event for entry in desk.timeline(desk.ideas()[0])) == {"received": 1, "added": 5}


def _letters(desk: Desk) -> list[tuple[str, str]]:
    """Kind and recipient of every mail that follows from what intake has told so far, in order."""
    found: list[tuple[str, str]] = []
    with desk.database.transaction() as session:
        names = session.scalars(text("SELECT name FROM bus.message ORDER BY id")).all()
    told = {name: iter(desk.said(name)) for name in set(names)}
    for name in names:
        payload = next(told[name])
        if name == "idea.received.v1":
            assert payload["no_confirmation"] is None
            found.append(("confirmation", payload["submitter"]["address"]))
            found += [("notice", each["address"]) for each in payload["contacts"]]
        elif name == "idea.added_to.v1":
            found += [("added", each["address"]) for each in payload["contacts"]]
        elif name == "idea.answer_drafted.v1":
            found.append(("answer-draft", payload["contact"]["address"]))
    return found


def complaint(quoted: str, *, report: str = "", kind: str = "abuse") -> str:
    """A complaint in the Abuse Reporting Format with these fields of the original."""
    return f"""From: fbl@provider.example
Subject: FW: Vi har din idé
Message-ID: <{new_id().hex}@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

An abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: {kind}
Version: 1
User-Agent: provider/1
{report}

--b
Content-Type: message/rfc822

From: ide@krokom.example
Subject: Vi har din idé
{quoted}

Vi har din idé.

--b--
"""


@pytest.mark.parametrize("proof", ["return path", "report", "message id", "recipient"])
def test_a_complaint_reaches_notify_by_what_only_we_can_have_made(desk: Desk, idea: Idea, proof: str) -> None:
    path = desk.a_message(idea)
    notification_id = addresses.reported_notification(desk.settings.signer, path)
    message_id = message_ids.make(desk.settings.signer, notification_id, desk.sluice.address)
    quoted, report, recipient = {
        "return path": (f"Return-Path: <{path}>", "", None),
        "report": ("X-Nothing: 1", f"Original-Mail-From: <{path.upper()}>", None),
        "message id": (f"Message-ID: {message_id}", "Original-Rcpt-To: asa@krokom.example", None),
        "recipient": ("X-Nothing: 1", "", path),
    }[proof]

    received = desk.receive(
        complaint(quoted, report=report, kind="fraud"), recipient=recipient, envelope_from="fbl@provider.example"
    )

    assert received.kind == "complaint"
    [told] = desk.said("mail.complaint.v1")
    assert told["notification_id"] == str(notification_id)
    assert told["inbound_email_id"] == str(received.id)
    assert told["feedback_type"] == "fraud"
    if proof == "message id":
        assert told["recipient"] == "asa@krokom.example"
    assert any("complaint about a mail that we sent" in reason for reason in received.reasons)


def test_a_message_id_alone_shows_no_complaint_of_its_recipients(desk: Desk, idea: Idea) -> None:
    """Whoever got a forward knows it: the complaint must say whose it is, so that notify can compare."""
    notification_id = addresses.reported_notification(desk.settings.signer, desk.a_message(idea))
    message_id = message_ids.make(desk.settings.signer, notification_id, desk.sluice.address)

    received = desk.receive(complaint(f"Message-ID: {message_id}"), envelope_from="vem.som.helst@annan.example")

    assert received.kind == "complaint"
    assert any("recorded only" in reason for reason in received.reasons)
    assert desk.said("mail.complaint.v1") == []


def test_none_of_ten_forged_complaints_is_told(desk: Desk, idea: Idea) -> None:
    signer, notification_id = desk.settings.signer, new_id()
    path = desk.return_path(notification_id)
    name, signature = path.partition("@")[0].split(".")[-2:]
    genuine = message_ids.make(signer, notification_id, "ide@krokom.example")
    other_kind = signer.token(message_ids.PURPOSE, name, length=16)
    forged = [
        complaint("X-Nothing: 1", report="Original-Rcpt-To: asa@krokom.example"),
        complaint("Return-Path: <ide@krokom.example>", report="Original-Mail-From: <ide@krokom.example>"),
        complaint(f"Return-Path: <{path.replace(signature, 'a' * 16)}>"),
        complaint(f"Return-Path: <{path.replace(name, message_ids.encode(new_id()))}>"),
        complaint(f"Return-Path: <{path.replace(signature, other_kind)}>"),
        complaint(f"Message-ID: {genuine.replace('.', '.a', 1)}"),
        complaint(f"Message-ID: <idesluss.{name}.{signature[:10]}@krokom.example>"),
        complaint(f"Message-ID: <idesluss.{name}.{'b' * 10}@krokom.example>"),
        complaint(f"X-Own: <{path}>", report=f"Reported-URI: mailto:{path}"),
        complaint(f"To: {path}\nReferences: {genuine}"),
    ]

    for raw in forged:
        received = desk.receive(raw, envelope_from="fbl@provider.example", verdict=VOUCHED)
        assert received.kind == "complaint"
        assert any("recorded only" in reason for reason in received.reasons), received.reasons

    assert len(forged) == 10
    assert desk.said("mail.complaint.v1") == []
    assert len(desk.ideas()) == 1
