"""Message-IDs and return paths of our own making."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.ours import is_bounce_address, is_our_message_id
from shared.mail import message_ids
from shared.mail.addresses import (
    folded,
    is_automatic,
    is_sendable,
    on_the_wire,
    reported_notification,
    return_path,
)
from shared.signing import Signer

SIGNER = Signer([b"k" * 32])
OTHER = Signer([b"x" * 32])


@given(st.uuids())
def test_a_message_id_names_its_notification_in_any_letter_case(identity: UUID) -> None:
    made = message_ids.make(SIGNER, identity, "ide@krokom.example")
    assert is_our_message_id(made)
    assert message_ids.identity_of(SIGNER, made) == identity
    assert message_ids.identity_of(SIGNER, made.upper()) == identity
    assert message_ids.identity_of(OTHER, made) is None


@given(st.uuids())
def test_a_return_path_names_its_notification_in_any_letter_case(identity: UUID) -> None:
    made = return_path(SIGNER, "ide@krokom.example", identity)
    assert is_bounce_address(made)
    assert reported_notification(SIGNER, made) == identity
    assert reported_notification(SIGNER, f"<{made.upper()}>") == identity
    assert reported_notification(OTHER, made) is None


@given(st.text(max_size=120))
def test_no_text_of_anybodys_is_taken_for_ours(text: str) -> None:
    assert message_ids.identity_of(SIGNER, text) is None
    assert reported_notification(SIGNER, text) is None


def test_a_signature_for_one_purpose_does_not_serve_another() -> None:
    identity = uuid4()
    name = message_ids.encode(identity)
    borrowed = SIGNER.token(message_ids.PURPOSE, name, length=16)
    assert reported_notification(SIGNER, f"ide+studs.{name}.{borrowed}@krokom.example") is None


def test_one_notifications_signature_does_not_serve_another() -> None:
    made = return_path(SIGNER, "ide@krokom.example", uuid4())
    signature = made.partition("@")[0].rpartition(".")[2]
    forged = f"ide+studs.{message_ids.encode(uuid4())}.{signature}@krokom.example"
    assert reported_notification(SIGNER, forged) is None


def test_a_local_part_too_long_for_a_token_is_used_as_it_is() -> None:
    assert return_path(SIGNER, "kommunens-ideslussar@krokom.example", uuid4()) == "kommunens-ideslussar@krokom.example"


def test_identifiers_of_a_sluice_outside_ascii_are_ascii() -> None:
    assert message_ids.make(SIGNER, uuid4(), "idé@härjedalen.se").endswith("@xn--hrjedalen-v2a.se>")


@pytest.mark.parametrize(
    "address",
    [
        "a@x.example",
        "åsa@exämple.se",
        "o'brien+x@x.example",
        "a.b-c_d@sub.x.example",
        '"a b"@x.example',
        "a@123.example",
    ],
)
def test_mailboxes_are_written_to(address: str) -> None:
    assert is_sendable(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a",
        "@x.example",
        "a@",
        "a@x",
        "a b@x.example",
        "a@x.example ",
        "a@-x.example",
        "a@x.1",
        "a..b@x.example",
        ".a@x.example",
        "a@x.example.",
        "a\u200b@x.example",
        "a@x\u00a0.example",
        "a<b@x.example",
        "a@x.example\n",
    ],
)
def test_what_is_no_mailbox_is_not(address: str) -> None:
    assert not is_sendable(address)


@pytest.mark.parametrize(
    "address",
    [
        "MAILER-DAEMON@x.example",
        "postmaster@x.example",
        "noreply@x.example",
        "no-reply@x.example",
        "do_not_reply@x.example",
        "donotreply@x.example",
        "svara-inte@x.example",
        "bounce@x.example",
        "owner-lista@x.example",
        "lista-request@x.example",
    ],
)
def test_programs_are_known_by_their_addresses(address: str) -> None:
    assert is_automatic(address)


@pytest.mark.parametrize(
    "address", ["anna@x.example", "ide@x.example", "info@x.example", "noor@x.example", "erik.svar@x.example"]
)
def test_people_are_not_taken_for_programs(address: str) -> None:
    assert not is_automatic(address)


def test_spellings_of_one_mailbox_count_as_one() -> None:
    assert {folded("Asa+x@Exämple.SE"), folded("asa@xn--exmple-cua.se"), folded(" ASA@exämple.se ")} == {
        "asa@xn--exmple-cua.se"
    }


@pytest.mark.parametrize(
    "spelling", ['"asa"@krokom.example', '"ASA"@krokom.example', '"asa+1"@krokom.example', "asa+1@krokom.example"]
)
def test_quotes_and_tags_give_a_mailbox_no_second_share(spelling: str) -> None:
    assert is_sendable(spelling)
    assert folded(spelling) == folded("asa@krokom.example")


def test_a_letter_written_in_two_signs_is_the_same_letter() -> None:
    assert folded("a\u030asa@krokom.example") == folded("\u00e5sa@krokom.example")


def test_a_domain_that_old_rules_would_send_elsewhere_is_left_as_it_is() -> None:
    assert on_the_wire("a@straße.example") == "a@straße.example"
