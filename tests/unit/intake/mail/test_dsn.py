"""Delivery reports: found in all their forms, and never in a person's mail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.kinds.dsn import delivery_reports
from services.intake.mail.kinds.dsn_fields import recipient_groups, typed_address
from services.intake.mail.kinds.dsn_text import take_apart
from shared.mail.bounce_class import BounceClass
from tests.support.growth import assert_linear
from tests.unit.intake.mail.report_corpus import Sample, parse, samples
from tests.unit.intake.mail.wordings import BLOCKED, FULL, GONE, OTHER

REPORTS = [one for one in samples("reports") if one.fact("kind") == "delivery-report"]
ORDINARY = samples("ordinary")


def status_report(fields: str, text: str = "Your message could not be delivered.") -> str:
    return (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: us@region.example\nSubject: failed\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\n{text}\n\n--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.example.net\n\n{fields}\n\n--b--\n"
    )


@pytest.mark.parametrize("sample", [one for one in REPORTS if one.id != "bounce-address-bare"], ids=lambda one: one.id)
def test_a_report_in_a_real_form_gives_its_recipient_class_and_status(sample: Sample) -> None:
    first = delivery_reports(parse(sample.path.read_bytes()), envelope_from=sample.envelope_from)[0]

    assert first.recipient == sample.fact("recipient")
    assert first.bounce_class == sample.fact("class")
    assert first.permanent == (sample.fact("class") == "recipient-gone")
    if sample.fact("status"):
        assert first.status == sample.fact("status")


@pytest.mark.parametrize("sample", ORDINARY, ids=lambda one: one.id)
def test_an_ordinary_mail_is_no_report(sample: Sample) -> None:
    assert delivery_reports(parse(sample.path.read_bytes()), envelope_from=sample.envelope_from) == ()


POSTFIX = """From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

This is the mail system at host mx.example.net.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

<anna@kommun.example>: host mx[198.51.100.4] said: ANSWER (in reply to RCPT TO command)

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; anna@kommun.example
Action: failed
Status: 5.0.0
Diagnostic-Code: smtp; ANSWER

--b--
"""
EXIM = """From: Mail Delivery System <Mailer-Daemon@x.example>
Subject: Mail delivery failed: returning message to sender
Content-Type: text/plain; charset=utf-8

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  anna@kommun.example
    SMTP error from remote mail server after RCPT TO:<anna@kommun.example>:
    host mx [198.51.100.4]: ANSWER

------ This is a copy of the message, including all the headers. ------

Return-path: <us@region.example>
Subject: spam user unknown
"""
QMAIL = """From: MAILER-DAEMON@x.example
Subject: failure notice
Content-Type: text/plain; charset=utf-8

Hi. This is the qmail-send program at x.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<anna@kommun.example>:
198.51.100.4 does not like recipient.
Remote host said: ANSWER
Giving up on 198.51.100.4.

--- Below this line is a copy of the message.

Return-Path: <us@region.example>
"""
SENDMAIL = """From: Mail Delivery Subsystem <MAILER-DAEMON@x.example>
Subject: Returned mail: see transcript for details
Content-Type: text/plain; charset=utf-8

The original message was received at Mon, 2 Nov 2026 09:10:11 +0100

   ----- The following addresses had permanent fatal errors -----
<anna@kommun.example>
    (reason: ANSWER)

   ----- Transcript of session follows -----
... while talking to mx.kommun.example.:
>>> DATA
<<< ANSWER
"""
EXCHANGE = """From: postmaster@kommun.example
Subject: Undeliverable: spam, quota, user unknown, delayed
Content-Type: text/plain; charset=utf-8

Delivery has failed to these recipients or groups:

anna@kommun.example
Your message wasn't delivered. Please try again, or contact your administrator.

Diagnostic information for administrators:

Generating server: mx.kommun.example

anna@kommun.example
Remote Server returned 'ANSWER'

Original message headers:

Subject: spam
"""


@pytest.mark.parametrize(
    "form", [POSTFIX, EXIM, QMAIL, SENDMAIL, EXCHANGE], ids=["postfix", "exim", "qmail", "sendmail", "exchange"]
)
def test_an_answer_means_the_same_in_every_servers_report(form: str) -> None:
    """Few of the hard bounces may be missed, and none of the others called hard."""
    missed = []
    for answers, is_gone in ((GONE, True), (FULL + BLOCKED + OTHER, False)):
        for answer in answers:
            (found,) = delivery_reports(parse(form.replace("ANSWER", answer)), envelope_from=None)
            assert found.recipient == "anna@kommun.example"
            if found.permanent != is_gone:
                missed.append(answer)
                assert is_gone, f"called permanent: {answer}"

    assert len(missed) <= 0.01 * len(GONE), missed


def test_each_recipient_has_its_own_class() -> None:
    """useSend#337: one bounce must not condemn every address of the mail."""
    sample = next(one for one in REPORTS if one.id == "postfix-two-recipients")

    found = delivery_reports(parse(sample.path.read_bytes()), envelope_from="")

    assert [(one.recipient, one.bounce_class, one.permanent) for one in found] == [
        ("anna@kommun.example", BounceClass.RECIPIENT_GONE, True),
        ("bo@kommun.example", BounceClass.MAILBOX_FULL, False),
    ]


def test_two_recipients_in_plain_text_have_their_own_classes() -> None:
    report = (
        "From: MAILER-DAEMON@mx.example.net\nTo: us@region.example\nSubject: failure notice\n\n"
        "Hi. This is the qmail-send program at mx.example.net.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
        "<anna@kommun.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        "<bo@kommun.example>:\nuser is over quota (#5.2.2)\n\n--- Below this line is a copy of the message.\n"
    )

    found = delivery_reports(parse(report), envelope_from=None)

    assert [(one.recipient, one.bounce_class) for one in found] == [
        ("anna@kommun.example", BounceClass.RECIPIENT_GONE),
        ("bo@kommun.example", BounceClass.MAILBOX_FULL),
    ]


def test_the_original_recipient_counts_before_the_final_one() -> None:
    """chromium-dashboard#6141: we wrote to the first, an alias made it the second."""
    fields = (
        "Original-Recipient: rfc822; alias@kommun.example\nFinal-Recipient: rfc822; x123@intern.example\n"
        "Action: failed\nStatus: 5.1.1"
    )

    (found,) = delivery_reports(parse(status_report(fields)), envelope_from="")

    assert found.recipient == "alias@kommun.example"


def test_a_remote_code_in_the_diagnostic_outranks_the_reporters() -> None:
    fields = (
        "Final-Recipient: rfc822; a@kommun.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 5.1.1 x"
    )

    (found,) = delivery_reports(parse(status_report(fields)), envelope_from="")

    assert (found.status, found.permanent) == ("5.1.1", True)


def test_a_delayed_report_is_never_permanent_whatever_its_words() -> None:
    """sympa#397: 'Delivery delayed' stopped a whole list."""
    fields = "Final-Recipient: rfc822; a@kommun.example\nAction: delayed\nStatus: 4.4.7\nDiagnostic-Code: smtp; 550 user unknown"

    (found,) = delivery_reports(parse(status_report(fields)), envelope_from="")

    assert (found.bounce_class, found.permanent) == (BounceClass.DELAYED, False)


def test_what_the_returned_mail_says_is_not_the_reports_word() -> None:
    report = status_report("Final-Recipient: rfc822; a@kommun.example\nAction: failed\nStatus: 5.2.2").replace(
        "--b--\n",
        "--b\nContent-Type: message/rfc822\n\nSubject: user unknown\n\n550 5.1.1 user unknown\n\n--b--\n",
    )

    (found,) = delivery_reports(parse(report), envelope_from="")

    assert found.bounce_class is BounceClass.MAILBOX_FULL


def test_the_envelope_outranks_return_path() -> None:
    report = "Return-Path: <>\nFrom: anna@kommun.example\nSubject: Undeliverable\n\nDelivery to bo failed.\n"

    assert delivery_reports(parse(report), envelope_from="anna@kommun.example") == ()


def test_a_null_sender_alone_makes_no_report() -> None:
    mail = "Return-Path: <>\nFrom: anna@kommun.example\nSubject: Hej\n\nBrevlådan vid skolan är full. Töm den oftare.\n"

    assert delivery_reports(parse(mail), envelope_from="") == ()


def test_fields_without_blank_lines_between_recipients_are_told_apart() -> None:
    lines = [
        "Reporting-MTA: dns; x",
        "Final-Recipient: rfc822; a@x.example",
        "Action: failed",
        "Status: 5.1.1 (bad mailbox)",
        "Final-Recipient: rfc822; b@x.example",
        "Action: Delayed",
        "Status: 4.2.2",
    ]

    groups = recipient_groups(lines)

    assert [(one.recipient, one.action, one.status) for one in groups] == [
        ("a@x.example", "failed", "5.1.1"),
        ("b@x.example", "delayed", "4.2.2"),
    ]


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("rfc822; a@X.example", "a@x.example"),
        ("RFC822;<a@x.example>", "a@x.example"),
        ("a@x.example", "a@x.example"),
        ("utf-8; \\x{E5}sa@x.example", "åsa@x.example"),
        ("x400; /c=se/", None),
        ("rfc822;", None),
        ("rfc822; unknown", None),
        ("utf-8; \\x{110000}a@x.example", "\ufffda@x.example"),
    ],
)
def test_typed_addresses_are_read(value: str, address: str | None) -> None:
    assert typed_address(value) == address


def test_html_is_read_in_time_that_grows_with_its_length() -> None:
    def report(count: int) -> str:
        page = "<" * (6 * count) + "<style>" * (count // 5) + "<a " * (count // 2)
        return (
            f"Return-Path: <>\nFrom: postmaster@x.example\nSubject: Undeliverable\nContent-Type: text/html\n\n{page}\n"
        )

    assert_linear(lambda raw: take_apart(parse(raw)), make=report)


@pytest.mark.parametrize(
    "unit",
    ["a", "<", "@", "a@", "a.a", "user unknown ", "mailbox is ", "= "],
)
def test_hostile_lines_take_no_more_time_than_their_length(unit: str) -> None:
    def report(signs: int, lines: int) -> str:
        head = "Return-Path: <>\nFrom: MAILER-DAEMON@x.example\nSubject: failure notice\n\n"
        return head + f"{unit * (signs // len(unit))}\n" * lines

    def read(raw: str) -> None:
        delivery_reports(parse(raw), envelope_from="")

    # Of a report 300 lines of 1,000 signs are read.
    assert_linear(read, make=lambda signs: report(signs, 300), least=225, most=225)
    assert_linear(read, make=lambda lines: report(900, lines), least=75, most=75)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(REPORTS + ORDINARY), st.data())
def test_no_damage_to_a_report_raises(sample: Sample, data: st.DataObject) -> None:
    raw = sample.path.read_bytes()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 200)))
    damaged = raw[:start] + data.draw(st.binary(max_size=60)) + raw[end:]

    for report in delivery_reports(parse(damaged), envelope_from=data.draw(st.sampled_from(["", "a@b.example"]))):
        assert report.permanent == (report.bounce_class is BounceClass.RECIPIENT_GONE)
