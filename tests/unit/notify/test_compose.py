"""Mails on the wire: header fields, threading, addresses, and what must never get in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.compose import MOST_REFERENCES, compose
from services.notify.domain.mail import Mail, Rendered, Submission
from shared.mail.addresses import reported_notification
from shared.signing import Signer

SIGNER = Signer([b"k" * 32])
ID = UUID("01a20c2b-a0ad-78ee-9cd1-855cdf0e19fa")
FIELDS = [
    "Date",
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Idesluss",
    "MIME-Version",
    "Content-Type",
    "Content-Language",
]
INJECTIONS = [
    f"{start}{end}{more}"
    for start in ("Hej", "", '"')
    for end in ("\r\n", "\n", "\r", "\r\n ", "\u2028")
    for more in ("Bcc: offer@x.example", "\r\n\r\n<script>")
]


def mail(**changes: Any) -> Mail:
    values: dict[str, Any] = {
        "notification_id": ID,
        "message_id": "<idesluss.abc.def@krokom.example>",
        "recipient": "asa@invanare.example",
        "recipient_name": "Åsa Öberg",
        "language": "sv",
        "sluice_slug": "krokom",
        "sender_name": "Idéslussen Krokom",
        "sluice_address": "ide@krokom.example",
        "reply_to": "ide+svar.kro-2026-0042.aaaabbbbccccdddd@krokom.example",
        "in_reply_to": "<egen.1@invanare.example>",
        "references": (),
        "written_at": datetime(2026, 11, 3, 8, 30, tzinfo=UTC),
        "answers_mail": True,
    }
    return Mail(**values | changes)


def composed(*, subject: str = "[KRO-2026-0042] Vi har tagit emot din idé", **changes: Any) -> Submission:
    return compose(mail(**changes), Rendered(subject, "Hej Åsa!\n", "<p>Hej Åsa!</p>\n"), SIGNER)


def parsed(submission: Submission) -> EmailMessage:
    found = message_from_bytes(submission.content, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_confirmation_is_marked_so_that_nothing_answers_it() -> None:
    submission = composed()
    read = parsed(submission)
    assert submission.sender == ""
    assert read["Auto-Submitted"] == "auto-replied"
    assert read["X-Auto-Response-Suppress"] == "All"
    assert "Precedence" not in read
    assert not [name for name in read if name.lower().startswith("list-")]


def test_a_mail_that_answers_none_brings_a_report_back_to_its_notification() -> None:
    submission = composed(answers_mail=False)
    assert parsed(submission)["Auto-Submitted"] == "auto-generated"
    assert reported_notification(SIGNER, submission.sender) == ID


def test_a_mail_that_may_be_stopped_says_how_a_program_stops_it() -> None:
    read = parsed(
        composed(answers_mail=False, unsubscribe_url="https://idesluss.example/utskick/abc/avsluta?sort=news")
    )
    assert read["List-Unsubscribe"] == "<https://idesluss.example/utskick/abc/avsluta?sort=news>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_header_holds_each_field_once_and_no_other() -> None:
    submission = composed(references=("<rot@krokom.example>",))
    names = [name for name, _ in message_from_bytes(submission.content).items()]
    assert names == [name for name in FIELDS if name in names]
    assert set(names) == set(FIELDS)


def test_the_same_mail_is_the_same_bytes_each_time() -> None:
    assert composed() == composed()


def test_names_and_subjects_arrive_as_they_were_written() -> None:
    read = parsed(
        composed(
            recipient_name='Öberg, "Åsa" (x) <y@z.example>',
            sender_name="Sluss, Krokom; kommun",
            subject="=?utf-8?q?x?= " + "Cykelpump åt alla på torget " * 6,
        )
    )
    assert read["To"].addresses[0].display_name == 'Öberg, "Åsa" (x) <y@z.example>'
    assert [each.addr_spec for each in read["To"].addresses] == ["asa@invanare.example"]
    assert read["From"].addresses[0].display_name == "Sluss, Krokom; kommun"
    assert read["Subject"] == ("=?utf-8?q?x?= " + "Cykelpump åt alla på torget " * 6).strip()


def test_an_ascii_name_that_looks_like_an_encoded_word_stays_what_it_is() -> None:
    assert parsed(composed(recipient_name="=?utf-8?q?x?="))["To"].addresses[0].display_name == "=?utf-8?q?x?="


def test_without_a_name_the_address_stands_alone() -> None:
    assert b"\r\nTo: asa@invanare.example\r\n" in composed(recipient_name="").content


def test_a_thread_keeps_its_root_its_end_and_its_order() -> None:
    given_ = tuple(f"<{number}@x.example>" for number in range(40))
    read = parsed(composed(references=given_, in_reply_to="<sist@x.example>"))
    kept = read["References"].split()
    assert len(kept) == MOST_REFERENCES
    assert kept[0] == "<0@x.example>"
    assert kept[-3:] == ["<38@x.example>", "<39@x.example>", "<sist@x.example>"]
    assert read["In-Reply-To"] == "<sist@x.example>"


def test_long_message_ids_are_folded_between_and_never_encoded() -> None:
    long = tuple(f"<{letter * 120}@{'y' * 100}.example>" for letter in "abc")
    content = composed(references=long, in_reply_to=long[2]).content
    block = re.search(rb"\r\nReferences: (.*?)\r\n(?=\S)", content, re.DOTALL)
    assert block is not None
    assert block[1].decode().split("\r\n ") == list(long)
    assert b"=?" not in block[1]


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "inga hakar",
        "<>",
        "<a b@x>",
        "<å@x.example>",
        "<a@x>\r\nBcc: <b@x>",
        "<" + "a" * 300 + "@x>",
        "<a@x><b@x>",
    ],
)
def test_what_is_no_message_id_joins_no_thread(broken: str) -> None:
    read = parsed(composed(in_reply_to=broken, references=(broken, "<hel@x.example>")))
    assert "In-Reply-To" not in read
    assert read["References"] == "<hel@x.example>"


@pytest.mark.parametrize("injection", INJECTIONS)
def test_no_word_of_anybodys_makes_another_header_field(injection: str) -> None:
    # What people write reaches these four; addresses are judged below.
    submission = composed(
        subject=injection, recipient_name=injection, sender_name=injection, in_reply_to=f"<{injection}@x>"
    )
    names = {name for name, _ in message_from_bytes(submission.content).items()}
    assert names <= set(FIELDS)
    assert "Bcc" not in parsed(submission)
    assert "script" not in (parsed(submission).get_body(("plain",)) or "").get_content()


def test_there_are_thirty_injections() -> None:
    assert len(set(INJECTIONS)) == 30


@pytest.mark.parametrize("where", ["recipient", "sluice_address", "reply_to"])
@pytest.mark.parametrize(
    "address",
    [
        "asa@x.example\r\nRCPT TO:<b@x.example>",
        "asa@x.example>\r\nDATA",
        "asa@x.example> SIZE=1",
        "<asa@x.example>",
        "asa@x.example, bo@x.example",
        "@a.example:asa@x.example",
        "asa@[127.0.0.1]",
        "asa@localhost",
        "asa",
        "",
        "a\0b@x.example",
        "asa@x..example",
        '"a\r\nb"@x.example',
        "asa@x.example\u2028",
        "x" * 65 + "@x.example",
    ],
)
def test_what_is_no_mailbox_never_reaches_header_or_envelope(where: str, address: str) -> None:
    with pytest.raises(ValueError, match="mailbox"):
        composed(**{where: address})


@given(st.text(max_size=200), st.text(max_size=80))
def test_any_words_make_a_mail_that_reads_back_with_only_its_own_fields(subject: str, name: str) -> None:
    submission = composed(subject=subject, recipient_name=name, sender_name=name)
    header, _, body = submission.content.partition(b"\r\n\r\n")
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", submission.content)
    assert all(len(line) <= 998 for line in header.split(b"\r\n"))
    assert header.isascii()
    assert {line.partition(b":")[0].decode() for line in header.split(b"\r\n") if not line.startswith(b" ")} <= set(
        FIELDS
    )
    assert body


def test_letters_outside_ascii_before_the_at_sign_need_smtputf8_and_stay_as_they_are() -> None:
    submission = composed(recipient="åsa@exämple.se")
    assert submission.utf8
    assert submission.recipient == "åsa@xn--exmple-cua.se"
    assert "åsa@xn--exmple-cua.se".encode() in submission.content


def test_a_domain_outside_ascii_alone_does_not() -> None:
    submission = composed(recipient="asa@exämple.se", sluice_address="ide@härjedalen.se")
    assert not submission.utf8
    assert submission.recipient == "asa@xn--exmple-cua.se"
    assert submission.content.isascii()


def test_text_stands_before_html_and_both_are_whole() -> None:
    read = parsed(composed())
    assert read.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content() for part in read.iter_parts()] == ["Hej Åsa!\r\n", "<p>Hej Åsa!</p>\r\n"]
    assert read["Content-Language"] == "sv"


def test_no_line_of_a_body_is_longer_than_mail_allows() -> None:
    submission = compose(mail(), Rendered("Ämne", "å" * 5000, f"<p>{'å' * 5000}</p>"), SIGNER)
    assert max(len(line) for line in submission.content.split(b"\r\n")) <= 78
