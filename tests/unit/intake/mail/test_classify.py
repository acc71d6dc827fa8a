"""One kind for each mail, the precedence among kinds, and a reason for every decision."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.kinds.classify import classify
from services.intake.mail.model import Calendar, Kind, Part
from services.intake.mail.ours import is_bounce_address, is_our_message_id, reply_reference
from shared.mail.bounce_class import BounceClass
from tests.unit.intake.mail.report_corpus import Sample, classify_mail, parse, samples

REPORTS = samples("reports")
ORDINARY = samples("ordinary")
OURS = "<idesluss.abcdefghijklmnopqrstuvwxyz.abcdefghij@region.example>"
REPLY_ADDRESS = "ide+svar.kro-2026-0042.abcdefghij234567@krokom.example"
BOUNCE_ADDRESS = "idesluss+studs.abcdefghijklmnopqrstuvwxyz.abcdefghij234567@region.example"
IDEA = "From: Anna <anna@kommun.example>\nTo: ide@krokom.example\nSubject: Cykelställ\n\nVid stationen.\n"


def calendar(method: str | None) -> Calendar:
    return Calendar(method=method, uid="u", sequence=0, attendee="anna@kommun.example", partstat="ACCEPTED")


@pytest.mark.parametrize("sample", REPORTS, ids=lambda one: one.id)
def test_what_a_machine_sent_is_told_by_kind(sample: Sample) -> None:
    found = classify_mail(parse(sample.path.read_bytes()), envelope_from=sample.envelope_from)

    assert found.kind == sample.fact("kind")
    assert found.automatic
    assert all(reason and reason[0].islower() for reason in found.reasons)


@pytest.mark.parametrize("sample", ORDINARY, ids=lambda one: one.id)
def test_what_a_person_sent_is_an_idea_or_a_reply(sample: Sample) -> None:
    found = classify_mail(parse(sample.path.read_bytes()), envelope_from=sample.envelope_from)

    assert found.kind == sample.fact("kind")
    assert (found.automatic is not None) == (sample.fact("no_answer") == "yes")


@pytest.mark.parametrize("sample", ORDINARY, ids=lambda one: one.id)
def test_the_same_is_so_with_the_envelope_known(sample: Sample) -> None:
    found = classify_mail(
        parse(sample.path.read_bytes()), envelope_from="anna@kommun.example", recipient="ide@a.example"
    )

    assert found.kind == sample.fact("kind")


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("REPLY", Kind.CALENDAR_REPLY),
        ("reply", Kind.CALENDAR_REPLY),
        ("COUNTER", Kind.CALENDAR_REPLY),
        ("REFRESH", Kind.CALENDAR_REPLY),
        ("REQUEST", Kind.IDEA),
        ("CANCEL", Kind.IDEA),
        ("DECLINECOUNTER", Kind.IDEA),
        ("PUBLISH", Kind.IDEA),
        (None, Kind.IDEA),
    ],
)
def test_only_an_attendees_method_is_an_answer_to_an_invitation(method: str | None, kind: Kind) -> None:
    assert classify(parse(IDEA), calendar=calendar(method)).kind is kind


def test_an_organisers_declinecounter_is_an_answer_only_where_it_is_about_an_invitation_of_ours() -> None:
    ours = replace(calendar("DECLINECOUNTER"), uid=f"traff-{'a' * 26}.{'b' * 26}@ideslussen")
    address = f"ide+traff.{'a' * 26}.{'b' * 16}@krokom.example"

    assert classify(parse(IDEA), calendar=ours).kind is Kind.CALENDAR_REPLY
    assert classify(parse(IDEA), calendar=calendar("DECLINECOUNTER"), recipient=address).kind is Kind.CALENDAR_REPLY
    assert classify(parse(IDEA), calendar=calendar("DECLINECOUNTER"), recipient="ide@krokom.example").kind is Kind.IDEA


def test_a_calendar_reply_that_a_program_sent_stays_one() -> None:
    tree = parse(IDEA.replace("Subject", "Auto-Submitted: auto-replied\nSubject"))

    assert classify(tree, calendar=calendar("REPLY")).kind is Kind.CALENDAR_REPLY


def test_a_report_that_gives_an_invitation_back_stays_a_report() -> None:
    sample = next(one for one in REPORTS if one.id == "postfix-user-unknown")

    found = classify(parse(sample.path.read_bytes()), envelope_from="", calendar=calendar("REPLY"))

    assert found.kind is Kind.DELIVERY_REPORT


def test_a_report_to_a_reply_address_stays_a_report() -> None:
    """zammad#4941: a report with a ticket's number reopened it and was answered."""
    sample = next(one for one in REPORTS if one.id == "exim-unrouteable")

    found = classify(parse(sample.path.read_bytes()), envelope_from="", recipient=REPLY_ADDRESS, references=[OURS])

    assert found.kind is Kind.DELIVERY_REPORT


def test_an_absence_note_that_refers_to_us_is_no_reply() -> None:
    """posthog PR#92017, frappe/helpdesk PR#3628: an absence note must not reopen a case."""
    tree = parse(f"From: anna@kommun.example\nSubject: Autosvar: Tack\nIn-Reply-To: {OURS}\n\nJag är på semester.\n")

    assert classify(tree, recipient=REPLY_ADDRESS, in_reply_to=[OURS]).kind is Kind.AUTOMATIC_REPLY


def test_list_mail_to_a_reply_address_is_automatic() -> None:
    tree = parse(IDEA.replace("Subject", "List-Id: <x.lists.example>\nSubject"))

    assert classify(tree, recipient=REPLY_ADDRESS).kind is Kind.AUTOMATIC_REPLY


@pytest.mark.parametrize("part", ["recipient", "recipients", "in_reply_to", "references"])
def test_each_sign_of_a_reply_is_enough(part: str) -> None:
    signs = {
        "recipient": REPLY_ADDRESS,
        "recipients": ["x@y.example", REPLY_ADDRESS.upper()],
        "in_reply_to": ["<foreign@x.example>", OURS],
        "references": [OURS],
    }

    found = classify(parse(IDEA), **{part: signs[part]})

    assert found.kind is Kind.REPLY
    assert "KRO-2026-0042" in found.reasons[0] or OURS in found.reasons[0]


def test_an_unreadable_mail_of_a_mail_system_to_a_bounce_address_is_a_report() -> None:
    tree = parse("From: MAILER-DAEMON@x.example\nSubject: hello\n\nNothing to read.\n")

    found = classify(tree, envelope_from="", recipient=BOUNCE_ADDRESS)

    assert found.kind is Kind.DELIVERY_REPORT
    assert [(one.bounce_class, one.permanent) for one in found.delivery_reports] == [(BounceClass.OTHER, False)]


def test_a_persons_mail_to_a_bounce_address_is_no_report() -> None:
    assert classify(parse(IDEA), envelope_from="anna@kommun.example", recipient=BOUNCE_ADDRESS).kind is Kind.IDEA


def test_an_absence_note_to_a_bounce_address_is_no_report() -> None:
    """listmonk#1334: vacation replies were counted as bounces."""
    tree = parse("From: anna@kommun.example\nSubject: Autosvar: Tack\nAuto-Submitted: auto-replied\n\nJag är ledig.\n")

    assert classify(tree, envelope_from="", recipient=BOUNCE_ADDRESS).kind is Kind.AUTOMATIC_REPLY


def test_a_mail_from_the_address_it_was_sent_to_gets_no_answer() -> None:
    """freescout#5638: the self-addressed mail."""
    found = classify(parse(IDEA.replace("anna@kommun.example", "IDE@krokom.example")), recipient="ide@krokom.example")

    assert (found.kind, found.automatic is not None) == (Kind.IDEA, True)


def test_spam_is_no_kind_but_is_told() -> None:
    found = classify(parse("X-Spam-Flag: YES\n" + IDEA))

    assert (found.kind, found.spam, found.automatic) == (Kind.IDEA, "X-Spam-Flag: YES", None)
    assert any("spam" in reason for reason in found.reasons)


BOUNCE = "<a@kommun.example>: host mx said: 550 5.1.1 user unknown\n"
LOOPS = {
    "zammad#1131": (
        "From: MAILER-DAEMON@x.example\nSubject: Undelivered Mail Returned to Sender\n\n" + BOUNCE,
        "delivery-report",
    ),
    "freescout#3156": (
        "From: postmaster@x.example\nSubject: Undeliverable: [KRO-2026-0042] Ny\n\n" + BOUNCE,
        "delivery-report",
    ),
    "alaveteli#1302": (
        "From: MAILER-DAEMON@x.example\nSubject: Mail delivery failed\n\nThe following address failed:\n"
        "<ide@krokom.example>: pipe exited with status 75, temporary failure\n",
        "delivery-report",
    ),
    "alaveteli#217": (
        "Return-Path: <>\nFrom: postmaster@x.example\nSubject: Message rejected\n\n"
        "Your message to a@kommun.example was rejected: 550 5.7.1 spam\n",
        "delivery-report",
    ),
    "freescout#1403": (
        "Auto-Submitted: auto-replied\nFrom: help@x.example\nSubject: could not be processed\n\nSorry.\n",
        "automatic-reply",
    ),
    "freescout#4631": ("From: no-reply@x.example\nSubject: could not be processed\n\nSorry.\n", "idea"),
    "zammad#2923": (f"From: us@region.example\nMessage-ID: {OURS}\nSubject: Ny\n\nNy.\n", "automatic-reply"),
    "chatwoot#5131": ("From: noreply@x.example\nSubject: Tack\n\nTack.\n", "idea"),
}


@pytest.mark.parametrize(("mail", "kind"), LOOPS.values(), ids=LOOPS.keys())
def test_a_loop_that_others_had_ends_without_an_answer(mail: str, kind: str) -> None:
    found = classify(parse(mail))

    assert found.kind == kind
    assert found.automatic


@pytest.mark.parametrize(
    ("address", "reference"),
    [
        ("ide+svar.kro-2026-0042.abcdefghij234567@krokom.example", "KRO-2026-0042"),
        ("ide+kontakt.ost-2026-12345.abcdefghij234567@ostersund.example", "OST-2026-12345"),
        ("<IDE+SVAR.KRO-2026-0042.ABCDEFGHIJ234567@x.example>", "KRO-2026-0042"),
        ("a+b+svar.kro-2026-0042.abcdefghij234567@x.example", "KRO-2026-0042"),
        ("ide+svar.kro-2026-042.abcdefghij234567@x.example", None),
        ("ide+svar.k-2026-0042.abcdefghij234567@x.example", None),
        ("ide+svar.kro-2026-0042.abcdefghij23456@x.example", None),
        ("ide+svar.kro-2026-0042.abcdefghij234561@x.example", None),
        ("+svar.kro-2026-0042.abcdefghij234567@x.example", None),
        ("ide+studs.kro-2026-0042.abcdefghij234567@x.example", None),
        ("ide+svar.kro-2026-0042.abcdefghij234567", None),
        ("", None),
    ],
)
def test_reply_addresses_are_known_by_their_form(address: str, reference: str | None) -> None:
    assert reply_reference(address) == reference


def test_bounce_addresses_and_message_ids_are_known_by_their_form() -> None:
    assert is_bounce_address(BOUNCE_ADDRESS.upper())
    assert not is_bounce_address(BOUNCE_ADDRESS.replace("studs", "svar"))
    assert is_our_message_id(OURS)
    assert not is_our_message_id(OURS.strip("<>"))
    assert not is_our_message_id("<idesluss.abc.abcdefghij@region.example>")


def test_the_body_of_an_ordinary_mail_costs_nothing() -> None:
    """It is its header that tells: a hundred times the text is looked at no longer."""
    short, long = (parse(IDEA + "En rad till om cykelställ.\n" * lines) for lines in (200, 20_000))

    assert _seconds(long) < 10 * _seconds(short)


def _seconds(tree: Part) -> float:
    """Processor time, the best of many."""
    times = []
    for _ in range(50):
        started = time.process_time()
        classify(tree, envelope_from="anna@kommun.example", recipient="ide@krokom.example")
        times.append(time.process_time() - started)
    return min(times)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(REPORTS + ORDINARY), st.data())
def test_no_damage_to_a_mail_raises(sample: Sample, data: st.DataObject) -> None:
    raw = sample.path.read_bytes()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 300)))

    found = classify_mail(
        parse(raw[:start] + data.draw(st.binary(max_size=40)) + raw[end:]),
        envelope_from=data.draw(st.sampled_from([None, "", "a@b.example"])),
        recipient=data.draw(st.sampled_from([None, REPLY_ADDRESS, BOUNCE_ADDRESS, "x"])),
    )

    assert found.reasons
