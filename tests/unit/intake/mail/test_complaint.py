"""Complaints of mailbox providers: the standard form, the odd ones, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail import wire
from services.intake.mail.kinds.complaint import complaint
from services.intake.mail.read import read_mail
from tests.unit.intake.mail.report_corpus import Sample, parse, samples

COMPLAINTS = [one for one in samples("reports") if one.fact("kind") == "complaint"]
OTHERS = [one for one in samples("reports") if one.fact("kind") != "complaint"] + samples("ordinary")


def arf(fields: str, *, part_type: str = "message/feedback-report") -> str:
    return (
        "From: fbl@provider.example\nSubject: FW: Tack\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        f"--b\nContent-Type: text/plain\n\nAn abuse report.\n\n--b\nContent-Type: {part_type}\n\n{fields}\n\n--b--\n"
    )


@pytest.mark.parametrize("sample", COMPLAINTS, ids=lambda one: one.id)
def test_a_complaint_names_who_complained(sample: Sample) -> None:
    found = complaint(parse(sample.path.read_bytes()))

    assert found is not None
    assert found.recipient == sample.fact("recipient")


@pytest.mark.parametrize("sample", OTHERS, ids=lambda one: one.id)
def test_nothing_else_is_a_complaint(sample: Sample) -> None:
    assert complaint(parse(sample.path.read_bytes())) is None


@pytest.mark.parametrize("kind", ["abuse", "fraud", "virus", "not-spam", "auth-failure", "other"])
def test_the_feedback_type_is_told(kind: str) -> None:
    found = complaint(parse(arf(f"Feedback-Type: {kind.upper()}\nVersion: 1\nUser-Agent: x/1")))

    assert found is not None
    assert (found.feedback_type, found.recipient) == (kind, None)


def test_feedback_fields_under_a_wrong_type_are_found_in_a_feedback_report() -> None:
    found = complaint(
        parse(arf("User-Agent: x\nFeedback-Type: abuse\nOriginal-Rcpt-To: a@x.example", part_type="text/plain"))
    )

    assert found is not None
    assert found.recipient == "a@x.example"


def test_a_complaint_that_a_person_forwards_is_none() -> None:
    inner = arf("Feedback-Type: abuse\nVersion: 1")
    mail = (
        'From: anna@x.example\nSubject: Fwd\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="o"\n\n'
        f"--o\nContent-Type: text/plain\n\nSe.\n\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    )

    assert complaint(parse(mail)) is None


def test_hotmails_subject_from_anybody_else_is_no_complaint() -> None:
    assert complaint(parse("From: anna@x.example\nSubject: complaint about message from the mayor\n\nHej\n")) is None


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_no_fields_raise(data: bytes) -> None:
    head, _, tail = arf("FIELDS").partition("FIELDS")
    raw = head.replace("\n", "\r\n").encode() + data + tail.replace("\n", "\r\n").encode()

    found = complaint(parse(raw))

    assert found is None or found.feedback_type


PATH = "ide+studs.abcdefghijklmnopqrstuvwxyz.abcdefghij234567@krokom.example"
OURS = "<idesluss.abcdefghijklmnopqrstuvwxyz.abcdefghij@krokom.example>"


@pytest.mark.parametrize(
    ("fields", "original"),
    [
        (f"Original-Mail-From: <{PATH}>", "X-Nothing: 1"),
        ("Version: 1", f"Return-Path: <{PATH}>"),
        ("Original-Mail-From: <>", f"Return-Path: {PATH}"),
        ("Original-Mail-From: fbl@provider.example", f"X-Original-Return-Path: <{PATH}>"),
    ],
)
def test_a_complaint_tells_the_return_path_of_what_it_returns(fields: str, original: str) -> None:
    found = complaint(parse(returning(original, fields)))

    assert found is not None
    assert PATH in found.return_paths


@pytest.mark.parametrize("part_type", ["message/rfc822", "text/rfc822-headers"])
def test_a_complaint_tells_the_message_id_of_what_it_returns_and_not_its_own(part_type: str) -> None:
    raw = "Message-ID: <own@provider.example>\nReturn-Path: <fbl@provider.example>\n" + returning(
        f"Message-ID: {OURS}\nReferences: <x@y.example>", part_type=part_type
    )

    found = complaint(parse(raw))

    assert found is not None
    assert (found.message_ids, found.return_paths) == ((OURS,), ())


def test_hotmails_complaint_tells_what_it_returns() -> None:
    raw = (
        "From: staff@hotmail.com\nSubject: complaint about message from 192.0.2.1\nMIME-Version: 1.0\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: message/rfc822\n\n'
        f"Return-Path: <{PATH}>\nMessage-ID: {OURS}\nSubject: Tack\n\nHej\n--b--\n"
    )

    found = complaint(parse(raw))

    assert found is not None
    assert (found.return_paths, found.message_ids) == ((PATH,), (OURS,))


def test_what_a_complaint_quotes_survives_the_pipe() -> None:
    raw = returning(f"Return-Path: <{PATH}>\nMessage-ID: {OURS}", "Feedback-Type: fraud").replace("\n", "\r\n").encode()
    reading = read_mail(raw)

    assert reading.complaint is not None
    assert wire.load(*wire.dump(reading)).complaint == reading.complaint


def returning(original: str, fields: str = "Version: 1", *, part_type: str = "message/rfc822") -> str:
    """A complaint with these fields, about a mail with that header."""
    head = arf(f"Feedback-Type: abuse\nUser-Agent: x/1\n{fields}").rpartition("--b--")[0]
    return f"{head}--b\nContent-Type: {part_type}\n\n{original}\nSubject: Tack\n\nHej\n--b--\n"
