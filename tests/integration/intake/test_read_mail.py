"""What the worker decides about a mail, and that every decision has its reason and can be undone."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.mail.authentication import SenderCheck
from services.intake.store.tables import AnswerDraft, Attachment, Idea
from services.intake.usecases import undo
from services.intake.usecases.announce import Announcer
from shared.errors import Conflict, Rejected
from shared.ids import new_id
from shared.mail import addresses, guest_addresses, message_ids
from shared.web import links
from tests.integration.intake.desk import FORGED, VOUCHED, Desk, mail


def test_a_mail_is_an_idea_with_reference_kind_and_announcement(desk: Desk) -> None:
    received = desk.receive(
        mail(
            "SV: [Ideer] Elcyklar",
            "Vi delar på tre.",
            "Åsa <asa@krokom.example>",
            "Message-ID: <1@krokom.example>",
        ),
        verdict=VOUCHED,
    )

    idea = desk.idea_of(received)
    assert idea.reference.startswith("KRO-")
    assert idea.reference.endswith("-0001")
    assert idea.title == "Elcyklar"
    assert idea.kind == "employee"
    [announced] = desk.said("idea.received.v1")
    assert announced["vouched"] is True
    assert announced["no_confirmation"] is None
    assert announced["submitter_thread"]["in_reply_to"] == "<1@krokom.example>"
    assert announced["contacts"][0]["reply_to"] != announced["submitter"]["reply_to"]
    assert any(idea.reference in reason for reason in received.reasons)


def test_references_have_no_gaps(desk: Desk) -> None:
    for number in range(5):
        desk.receive(mail(f"Idé {number}", "text"))

    assert [idea.reference[-4:] for idea in desk.ideas()] == ["0001", "0002", "0003", "0004", "0005"]


def test_an_unvouched_sender_of_a_staff_domain_is_asked_who_they_are(desk: Desk) -> None:
    idea = desk.idea_of(desk.receive(mail("Elcyklar", "text")))

    assert idea.kind is None
    assert desk.said("idea.received.v1")[0]["asks_kind"] is True


def test_a_suspected_forgery_is_held_and_not_confirmed(desk: Desk) -> None:
    received = desk.receive(mail("Elcyklar", "text"), verdict=FORGED)

    assert received.held == "forged"
    [announced] = desk.said("idea.received.v1")
    assert announced["held"] == "forged"
    assert announced["no_confirmation"]


def test_a_spam_filters_word_counts_only_from_a_trusted_front(desk: Desk) -> None:
    spam = mail("Klockor", "billigt", "x <x@y.example>", "X-Spam-Flag: YES")

    assert desk.receive(spam, trusted=False).held is None
    assert desk.receive(spam.replace("billigt", "billigare")).held == "spam"


def test_the_signed_reply_address_lets_anybody_add_text(desk: Desk) -> None:
    idea = desk.idea_of(desk.receive(mail("Elcyklar", "text")))

    added = desk.receive(
        mail("Sv: Elcyklar", "Jag med!", "Bo <bo@annan.example>"),
        recipient=desk.reply_address(idea).upper(),
        envelope_from="bo@annan.example",
    )

    assert added.idea_id == idea.id
    [*_, entry] = desk.timeline(idea)
    assert (entry.event, entry.text, entry.actor_kind) == ("added", "Jag med!", "other")
    assert entry.actor == "Bo <bo@annan.example>"
    assert len(desk.ideas()) == 1
    assert desk.said("idea.added_to.v1")[0]["text"] == "Jag med!"


def test_a_reply_address_in_cc_is_found_too(desk: Desk) -> None:
    """chatwoot#15365"""
    idea = desk.idea_of(desk.receive(mail("Elcyklar", "text")))

    added = desk.receive(mail("Sv: Elcyklar", "Mer", "Åsa <asa@krokom.example>", f"Cc: {desk.reply_address(idea)}"))

    assert added.idea_id == idea.id


def test_a_reply_address_that_we_did_not_sign_joins_nothing(desk: Desk) -> None:
    idea = desk.idea_of(desk.receive(mail("Elcyklar", "text")))
    forged = f"ide+svar.{idea.reference.lower()}.{'a' * 16}@krokom.example"

    received = desk.receive(mail("Sv: Elcyklar", "Inbrott"), recipient=forged)

    assert received.idea_id != idea.id
    assert len(desk.ideas()) == 2
    assert any("not one that we signed" in reason for reason in received.reasons)


@pytest.mark.parametrize(
    ("sender", "verdict", "joins"),
    [
        ("asa@krokom.example", VOUCHED, True),
        ("kontakt@krokom.example", VOUCHED, True),
        ("asa@krokom.example", SenderCheck(), False),
        ("bo@annan.example", VOUCHED, False),
    ],
    ids=["the submitter", "a contact", "an unvouched submitter", "a stranger"],
)
@pytest.mark.parametrize("how", ["anchor", "original", "subject"])
def test_references_join_only_a_vouched_submitter_or_contact(
    desk: Desk, sender: str, verdict: SenderCheck, joins: bool, how: str
) -> None:
    """zammad#5064: a stranger who writes the number in the subject does not get into the thread."""
    first = desk.receive(mail("Elcyklar", "text", "Åsa <asa@krokom.example>", "Message-ID: <1@krokom.example>"))
    idea = desk.idea_of(first)
    anchor = message_ids.make(desk.settings.signer, idea.id, desk.sluice.address)
    subject = f"Sv: [{idea.reference}] Elcyklar" if how == "subject" else "Sv: Elcyklar"
    headers = {"anchor": [f"References: <x@y.example> {anchor}"], "original": ["In-Reply-To: <1@krokom.example>"]}

    second = desk.receive(
        mail(subject, "Mer om det.", f"X <{sender}>", *headers.get(how, [])), envelope_from=sender, verdict=verdict
    )

    assert (second.idea_id == idea.id) is joins
    if not joins:
        assert any(idea.reference in note for note in desk.said("idea.received.v1")[-1]["contact_notes"])


def test_a_contacts_reply_is_a_draft_and_changes_nothing(desk: Desk) -> None:
    idea = desk.idea_of(desk.receive(mail("Elcyklar", "text")))
    contact = desk.sluice.contacts[0]

    received = desk.receive(
        mail("Sv: Elcyklar", "Vi provar.", f"K <{contact.address}>"),
        recipient=desk.reply_address(idea, "kontakt", str(contact.id)),
        envelope_from=contact.address,
    )

    assert received.idea_id == idea.id
    assert desk.idea_of(received).stage == "received"
    with desk.database.transaction() as session:
        assert session.scalars(select(AnswerDraft.text)).all() == ["Vi provar."]
    [asked] = desk.said("idea.answer_drafted.v1")
    assert asked["contact"]["address"] == contact.address
    assert desk.said("idea.answered.v1") == []


def test_whoever_writes_to_a_contacts_address_only_makes_that_contact_be_asked(desk: Desk) -> None:
    idea = desk.idea_of(desk.receive(mail("Elcyklar", "text")))
    contact = desk.sluice.contacts[0]

    desk.receive(
        mail("Sv: Elcyklar", "Nej!", "Skurk <skurk@annan.example>"),
        recipient=desk.reply_address(idea, "kontakt", str(contact.id)),
        envelope_from="skurk@annan.example",
    )

    assert desk.said("idea.answer_drafted.v1")[0]["contact"]["address"] == contact.address
    assert [entry.public for entry in desk.timeline(idea) if entry.event == "answer_drafted"] == [False]


def test_the_same_mail_by_two_addresses_of_a_sluice_is_one_idea(desk: Desk) -> None:
    """freescout#4748"""
    raw = mail("Elcyklar", "text", "Åsa <asa@krokom.example>", "Message-ID: <1@krokom.example>")
    first = desk.receive(raw)

    second = desk.receive("Received: from a by b; date\n" + raw, recipient="ide+tips@krokom.example")

    assert second.duplicate_of == first.id
    assert second.idea_id == first.idea_id
    assert len(desk.ideas()) == len(desk.said("idea.received.v1")) == 1


def test_the_same_message_id_with_another_body_is_an_idea_of_its_own_and_flagged(desk: Desk) -> None:
    desk.receive(mail("Ett", "text", "Åsa <asa@krokom.example>", "Message-ID: <1@krokom.example>"))

    second = desk.receive(mail("Ett", "annan text", "Åsa <asa@krokom.example>", "Message-ID: <1@krokom.example>"))

    assert second.duplicate_of is None
    assert len(desk.ideas()) == 2
    assert any("another body" in reason for reason in second.reasons)


def test_a_mail_without_message_id_sent_again_is_the_same_mail(desk: Desk) -> None:
    raw = mail("Utan id", "text")
    first = desk.receive(raw)

    assert desk.receive(raw).duplicate_of == first.id


def test_our_own_mail_and_loops_are_not_answered(desk: Desk) -> None:
    """zammad#731, freescout#2445"""
    own = desk.receive(mail("Ekot", "text", "Krokoms kommun <ide+svar@krokom.example>"))
    received = [f"Received: from a{n} by b; Tue, 24 Nov 2026 09:14:00 +0100" for n in range(60)]
    loop = desk.receive(mail("Rundgång", "text", "Åsa <asa@krokom.example>", *received))

    assert own.idea_id
    assert loop.read_at
    assert all(announced["no_confirmation"] for announced in desk.said("idea.received.v1"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"\0\0\0",
        b"Subject: \r\n\r\n",
        b"From: <>\r\nMessage-ID: <>\r\n\r\n\0",
        b"\xff\xfe\r\n\r\n\xff",
    ],
    ids=["nothing", "a blank line", "NULs", "an empty subject", "empty ids", "no text"],
)
def test_hardly_a_mail_is_an_idea_all_the_same(desk: Desk, raw: bytes) -> None:
    received = desk.receive(raw)

    assert desk.idea_of(received).title
    assert received.reasons


def test_a_forwarded_mail_is_the_forwarders_idea_with_the_originals_words(desk: Desk) -> None:
    received = desk.receive(
        mail(
            "VB: Fritidsbank",
            "Bra tanke från Bo!\n\n-----Ursprungligt meddelande-----\nFrån: Bo Ek <bo@annan.example>\n"
            "Skickat: den 3 november 2026 09:14\nTill: asa@krokom.example\nÄmne: Fritidsbank\n\n"
            "Gamla biblioteket står tomt.",
        )
    )

    idea = desk.idea_of(received)
    assert idea.submitter_address == "asa@krokom.example"
    assert "Bra tanke" in idea.text
    assert "biblioteket står tomt" in idea.text
    assert "Bo Ek" in idea.text


def test_a_calendar_reply_crosses_to_rsvp_and_is_no_idea(desk: Desk) -> None:
    calendar = (
        "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:traff-1\nSEQUENCE:2\nDTSTAMP:20261124T101500Z\n"
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:Asa@krokom.example\nEND:VEVENT\nEND:VCALENDAR"
    )

    received = desk.receive(
        "From: asa@krokom.example\nSubject: Accepterat: Träff\nMIME-Version: 1.0\n"
        f"Content-Type: text/calendar; method=REPLY; charset=utf-8\n\n{calendar}\n"
    )

    assert received.kind == "calendar-reply"
    assert desk.ideas() == []
    [crossed] = desk.said("mail.calendar_reply.v1")
    assert (crossed["uid"], crossed["sequence"], crossed["partstat"]) == ("traff-1", 2, "ACCEPTED")
    assert (crossed["method"], crossed["guest_id"], crossed["forged"]) == ("REPLY", None, False)
    assert crossed["stamp"] == "2026-11-24T10:15:00+00:00"


def test_what_comes_to_a_guests_own_address_is_told_to_rsvp_and_makes_no_idea(desk: Desk) -> None:
    guest = new_id()
    address = guest_addresses.make(desk.settings.signer, "ide@krokom.example", guest)
    forged = address.replace(address.partition("@")[0][-16:], "a" * 16)
    written = "From: asa@skola.example\nTo: {to}\nSubject: SV: Inbjudan\nMessage-ID: <{id}@x.example>\n{more}\nVi kommer {id}\n"

    received = desk.receive(written.format(to=address, id="1", more=""), recipient=address)
    desk.receive(written.format(to=address, id="2", more="Auto-Submitted: auto-replied\n"), recipient=address.upper())
    desk.receive(written.format(to=address, id="3", more=""), recipient="ide@krokom.example")
    assert desk.ideas() == []
    told = desk.said("event.answer_received.v1")
    assert [(one["guest_id"], one["is_automatic"]) for one in told] == [
        (str(guest), False), (str(guest), True), (str(guest), False),
    ]  # fmt: skip
    assert (told[0]["sender"], told[0]["text"]) == ("asa@skola.example", "Vi kommer 1")
    assert any("guest's own signed address" in reason for reason in received.reasons)

    desk.receive(written.format(to=forged, id="4", more=""), recipient=forged)
    assert [idea.text for idea in desk.ideas()] == ["Vi kommer 4"], "a tag that we did not sign is the sluice's own"
    assert len(desk.said("event.answer_received.v1")) == 3


REPORT = """From: MAILER-DAEMON@mx.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

<borta@annan.example>: 550 5.1.1 User unknown
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; borta@annan.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 User unknown

--b--
"""


def test_a_delivery_report_reaches_notify_only_by_a_return_path_that_we_signed(desk: Desk) -> None:
    """Discourse CVE-2026-26077: forged reports switched mail off."""
    idea = desk.idea_of(desk.receive(mail("Elcyklar", "text")))
    genuine = addresses.return_path(desk.settings.signer, desk.sluice.address, idea.id)
    forged = genuine.replace("studs.", "studs.a", 1)[:-20] + "@krokom.example"

    for recipient in (genuine, forged, desk.sluice.address):
        received = desk.receive(
            REPORT.replace("mx.example", f"mx{recipient[4:9]}.example"), recipient=recipient, envelope_from=""
        )
        assert received.kind == "delivery-report"

    [crossed] = desk.said("mail.delivery_report.v1")
    assert crossed["notification_id"] == str(idea.id)
    assert crossed["permanent"] is True
    assert len(desk.ideas()) == 1


def test_an_automatic_reply_is_noted_for_the_contact_and_not_shown_to_the_submitter(desk: Desk) -> None:
    idea = desk.idea_of(desk.receive(mail("Elcyklar", "text")))

    received = desk.receive(
        mail("Autosvar: Elcyklar", "Jag är borta.", "Åsa <asa@krokom.example>", "Auto-Submitted: auto-replied"),
        recipient=desk.reply_address(idea),
    )

    assert received.kind == "automatic-reply"
    [*_, entry] = desk.timeline(idea)
    assert (entry.event, entry.public) == ("automatic_reply", False)
    assert desk.said("idea.added_to.v1") == []


def undo_with(desk: Desk, change: Any) -> Idea:
    with desk.database.transaction() as session:
        idea: Idea = change(session)
        session.flush()
        return idea


def test_what_was_set_apart_can_be_put_back_once(desk: Desk) -> None:
    received = desk.receive(mail("Elcyklar", "Min text.\n\n-- \nÅsa Öberg\n070-123 45 67"))
    assert desk.idea_of(received).text == "Min text."

    for _ in range(2):
        idea = undo_with(desk, lambda s: undo.restore(s, received.id, actor="K", reason="hör till"))

    assert idea.text.count("070-123 45 67") == 1
    assert idea.set_apart == ""
    assert [entry.event for entry in desk.timeline(idea)] == ["received", "restored"]


def test_an_addition_can_be_detached_into_an_idea_of_its_own_with_its_files(desk: Desk) -> None:
    idea = desk.idea_of(desk.receive(mail("Elcyklar", "text")))
    added = desk.receive(
        "From: Bo <bo@annan.example>\nSubject: Helt annat\nMIME-Version: 1.0\n"
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nEn annan sak.\n--b\n"
        "Content-Type: image/png\nContent-Disposition: attachment; filename=karta.png\n\nPNG\n--b--\n",
        recipient=desk.reply_address(idea),
    )
    assert added.idea_id == idea.id
    announcer = Announcer(desk.settings)

    def detach(session: Session) -> Idea:
        return undo.detach(session, announcer, added.id, actor="K", reason="annan idé")

    own = undo_with(desk, detach)
    again = undo_with(desk, detach)

    assert own.id == again.id != idea.id
    assert own.text == "En annan sak."
    assert own.submitter_address == "bo@annan.example"
    with desk.database.transaction() as session:
        assert session.scalars(select(Attachment.idea_id)).all() == [own.id]
    assert desk.timeline(idea)[-1].event == "detached"


def test_a_mail_that_began_an_idea_cannot_be_detached_from_it(desk: Desk) -> None:
    received = desk.receive(mail("Elcyklar", "text"))

    with pytest.raises(Conflict):
        undo_with(desk, lambda s: undo.detach(s, Announcer(desk.settings), received.id, actor="K", reason="x"))


def test_an_automatic_reply_taken_wrongly_can_become_an_idea(desk: Desk) -> None:
    received = desk.receive(
        mail("En idé", "Skickad via listan.", "Åsa <asa@krokom.example>", "List-Id: <personal.krokom.example>")
    )
    assert received.kind == "automatic-reply"

    idea = undo_with(
        desk, lambda s: undo.detach(s, Announcer(desk.settings), received.id, actor="K", reason="är en idé")
    )

    assert idea.title == "En idé"


def test_two_ideas_in_one_mail_can_be_split_once(desk: Desk) -> None:
    received = desk.receive(mail("Två saker", "Ett: cyklar.\n\nTvå: fika."))
    announcer = Announcer(desk.settings)

    def split(session: Session) -> Idea:
        return undo.split(
            session, announcer, received.id, title="Fika", text="Två: fika.", actor="K", reason="två idéer"
        )

    second = undo_with(desk, split)

    assert undo_with(desk, split).id == second.id
    assert second.submitter_address == "asa@krokom.example"
    assert len(desk.ideas()) == 2
    with pytest.raises(Rejected):
        undo_with(
            desk,
            lambda s: undo.split(s, announcer, received.id, title=" ", text="x", actor="K", reason="x"),
        )


def test_a_released_mail_is_confirmed_and_the_contacts_are_not_told_twice(desk: Desk) -> None:
    received = desk.receive(mail("Elcyklar", "text"), verdict=FORGED)

    for _ in range(2):
        idea = undo_with(
            desk,
            lambda s: undo.release(s, Announcer(desk.settings), received.id, actor="K", reason="jag känner Åsa"),
        )

    assert idea.held is None
    held, released = desk.said("idea.received.v1")
    assert held["contacts"]
    assert released["contacts"] == []
    assert released["no_confirmation"] is None


def test_a_signed_link_that_somebody_quotes_goes_no_further(desk: Desk) -> None:
    idea = desk.idea_of(desk.receive(mail("Elcyklar", "text")))
    own_link = links.follow_url(desk.settings, idea.reference)

    desk.receive(
        mail("Sv: Elcyklar", f"Jag klickade på {own_link} och undrar.", "Bo <bo@annan.example>"),
        recipient=desk.reply_address(idea),
    )

    [added] = desk.said("idea.added_to.v1")
    assert links.follow_token(desk.settings.signer, idea.reference) not in str(added)
    assert "och undrar" in added["text"]
