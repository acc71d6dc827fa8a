"""Complaints of mailbox providers: the standard form, the odd ones, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.kinds.complaint import complaint
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
