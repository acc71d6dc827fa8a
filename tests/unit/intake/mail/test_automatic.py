"""Whom no machine may answer, and what a machine wrote: two questions with different answers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.kinds.automatic import automatic, is_automatic_reply
from services.intake.mail.kinds.spam import spam_verdict
from tests.unit.intake.mail.report_corpus import parse

OURS = "<idesluss.abcdefghijklmnopqrstuvwxyz.abcdefghij@region.example>"


def both(fields: str, *, text: str = "Hej.", envelope_from: str | None = "anna@kommun.example") -> tuple[bool, bool]:
    """Whether the mail is automatic by its kind, and whether it gets no answer."""
    sender = "" if "From:" in fields else "From: Anna <anna@kommun.example>\n"
    tree = parse(f"{sender}{fields}\n\n{text}\n")
    kind = is_automatic_reply(tree.headers, tree, envelope_from=envelope_from)
    return kind is not None, automatic(tree.headers, tree, envelope_from=envelope_from) is not None


@pytest.mark.parametrize(
    "fields",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; type=x",
        "auto-submitted: AUTO-NOTIFIED",
        "X-Autoreply: yes",
        "X-Autorespond: Tack",
        "X-AutoReply-From: anna@kommun.example",
        "X-FC-MachineGenerated: true",
        "Preference: auto_reply",
        "Precedence: auto_reply",
        "X-POST-MessageClass: 9; Autoresponder",
        "Delivered-To: Autoresponder",
        "Precedence: bulk",
        "Precedence: junk",
        "Precedence: list",
        "List-Id: <teknik.lists.example>",
        "List-Post: <mailto:teknik@lists.example>",
        "X-Loop: idesluss",
        f"Message-ID: {OURS}",
        "From: MAILER-DAEMON@kommun.example",
        "Subject: Automated Response: Re: Automated Response: Re: Tack",
        "Subject: Undeliverable: Undeliverable: Undeliverable: Tack",
        "Content-Class: urn:content-classes:mdn",
        "Subject: Automatiskt svar: Tack\nX-Auto-Response-Suppress: All",
        f"Subject: Automatic reply: Tack\nIn-Reply-To: {OURS}",
    ],
)
def test_a_machines_mail_is_automatic_and_gets_no_answer(fields: str) -> None:
    assert both(fields) == (True, True)


@pytest.mark.parametrize(
    "fields",
    [
        "X-Auto-Response-Suppress: All",
        "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply",
        "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent",
        "List-Unsubscribe: <mailto:x@kommun.example>",
        "From: noreply@kommun.example",
        "From: no-reply@kommun.example",
        "From: bounces+123@kommun.example",
        "From: do.not.reply@kommun.example",
        "From: Inget svar <svara-inte@kommun.example>",
        "From: ",
        "From: Anna",
        "Reply-To: noreply@kommun.example",
    ],
)
def test_a_persons_mail_that_must_not_be_answered_is_not_dropped(fields: str) -> None:
    """chatwoot#5131, alaveteli#9496: answers to noreply; FIELD: suppression never drops a mail."""
    assert both(fields) == (False, True)


@pytest.mark.parametrize(
    "fields",
    [
        "Subject: En idé",
        "Auto-Submitted: no",
        "auto-submitted: No",
        "X-Auto-Response-Suppress: DR, RN",
        "X-MS-Exchange-Inbox-Rules-Loop: ide@krokom.example",
        "X-Autoreply: no",
        "X-Loop: someone-else",
        "Precedence: normal",
        "Subject: Frånvaro: nya rutiner",
        "Subject: SV: Automatiskt svar: Tack",
        "Subject: Read: a book",
        "From: answerman@kommun.example",
        "From: postmaster@kommun.example",
    ],
)
def test_a_persons_mail_is_answered(fields: str) -> None:
    assert both(fields) == (False, False)


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Autosvar: Tack", "Hej! Jag är på semester till den 8 augusti."),
        ("Frånvaroavisering", "Jag är inte på plats denna vecka."),
        ("Out of Office: Tack", "I am out of the office until Monday."),
        ("Abwesenheitsnotiz: Tack", "Ich bin bis Montag nicht im Büro."),
        ("Réponse automatique : Tack", "Je suis absent jusqu'au lundi."),
        ("Respuesta automática: Tack", "Estoy fuera de la oficina."),
        ("Automatisch antwoord: Tack", "Ik ben op vakantie."),
        ("Risposta automatica: Tack", "Sono in ferie."),
        ("Automatisk svar: Tack", "Jeg er på ferie."),
        ("Automaattinen vastaus: Tack", "Olen lomalla."),
        ("Semester v. 28-31", "Jag är ledig."),
        ("Automatic reply: Tack", "I no longer work here."),
    ],
)
def test_an_absence_note_is_known_by_subject_and_words_together(subject: str, text: str) -> None:
    """osTicket#1041: out-of-office notes without any header of their own."""
    assert both(f"Subject: {subject}", text=text) == (True, True)
    assert both("Subject: Tack", text=text) == (False, False)


@pytest.mark.parametrize(
    "subject",
    [
        "Automatická odpověď: Tack",
        "Automatikus válasz: Tack",
        "Automaatvastus: Tack",
        "Otomatik yanıt: Tack",
        "Răspuns automat: Tack",
        "Автоматична відповідь: Tack",
    ],
)
def test_an_automatic_answer_is_known_in_languages_without_a_word_list_by_what_it_answers(subject: str) -> None:
    assert both(f"Subject: {subject}\nIn-Reply-To: {OURS}") == (True, True)
    assert both(f"Subject: {subject}") == (False, False)


def test_a_null_return_path_is_automatic() -> None:
    assert both("Subject: Tack", envelope_from="") == (True, True)
    assert both("Return-Path: <>\nSubject: Tack", envelope_from=None) == (True, True)


def test_the_envelope_outranks_a_return_path_that_anybody_can_write() -> None:
    assert both("Return-Path: <>\nSubject: Tack", envelope_from="anna@kommun.example") == (False, False)


def test_more_than_fifty_hops_are_a_loop() -> None:
    hop = "Received: from a by b; Mon, 2 Nov 2026 09:10:11 +0100"

    assert both("\n".join([hop] * 50)) == (False, False)
    assert both("\n".join([hop] * 51)) == (True, True)


def test_a_group_that_posts_to_our_own_address_is_no_foreign_list() -> None:
    tree = parse(
        "From: anna@kommun.example\nList-Id: <ide.krokom.example>\nList-Post: <mailto:ide@krokom.example>\n\nHej\n"
    )

    assert is_automatic_reply(tree.headers, tree, envelope_from=None, own=["ide@krokom.example"]) is None
    assert is_automatic_reply(tree.headers, tree, envelope_from=None, own=["ide@bracke.example"]) is not None


@pytest.mark.parametrize(
    ("field", "is_spam"),
    [
        ("X-Spam-Flag: YES", True),
        ("X-Spam-Flag: NO", False),
        ("X-Spam-Status: Yes, score=12.1 required=5.0", True),
        ("X-Spam-Status: No, score=-1", False),
        ("X-MS-Exchange-Organization-SCL: 5", True),
        ("X-MS-Exchange-Organization-SCL: 9", True),
        ("X-MS-Exchange-Organization-SCL: -1", False),
        ("X-MS-Exchange-Organization-SCL: 4", False),
        ("X-Rspamd-Action: reject", True),
        ("X-Rspamd-Action: no action", False),
        ("X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:SE;SFV:SPM;", True),
        ("X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:SE;SFV:NSPM;", False),
        ("Subject: X-Spam-Flag: YES", False),
    ],
)
def test_a_filters_verdict_is_told_in_its_words(field: str, is_spam: bool) -> None:
    verdict = spam_verdict(parse(f"{field}\n\nHej\n").headers)

    assert (verdict is not None) == is_spam
    assert verdict is None or verdict.partition(":")[0] == field.partition(":")[0]


def test_only_the_topmost_verdict_counts() -> None:
    headers = parse("X-Spam-Flag: NO\nX-Spam-Flag: YES\n\nHej\n").headers

    assert spam_verdict(headers) is None


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["From", "Subject", "Precedence", "Auto-Submitted", "List-Post", "In-Reply-To", "X-Autoreply"]),
    st.text(max_size=120),
)
def test_no_header_raises(name: str, value: str) -> None:
    tree = parse(f"{name}: {value}\n\n{value}\n".encode("utf-8", "replace"))

    reason = automatic(tree.headers, tree, envelope_from=value)

    assert reason is None or reason.strip()
