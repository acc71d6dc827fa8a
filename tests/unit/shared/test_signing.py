"""Signatures: bound to purpose and value, folded case, rotated keys."""

from __future__ import annotations

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from shared.mail import message_ids, reply_addresses
from shared.signing import Signer

SIGNER = Signer([b"k" * 32])
OTHER = Signer([b"o" * 32])


@given(st.text(), st.text())
def test_a_token_is_good_for_its_purpose_and_value_alone(value: str, other: str) -> None:
    token = SIGNER.token("follow", value)

    assert SIGNER.verify("follow", value, token)
    assert SIGNER.verify("follow", value, token.upper())
    assert not SIGNER.verify("reply", value, token)
    assert not OTHER.verify("follow", value, token)
    if other != value:
        assert not SIGNER.verify("follow", other, token)


def test_a_shortened_token_is_refused() -> None:
    token = SIGNER.token("follow", "x")

    assert not any(SIGNER.verify("follow", "x", token[:length]) for length in range(10))


def test_an_older_key_still_verifies_after_rotation() -> None:
    rotated = Signer([b"n" * 32, b"k" * 32])

    assert rotated.verify("follow", "x", SIGNER.token("follow", "x"))
    assert rotated.token("follow", "x") != SIGNER.token("follow", "x")


def test_a_reply_address_survives_folding_and_names_its_idea() -> None:
    address = reply_addresses.make(SIGNER, "ide@krokom.example", "svar", "KRO-2026-0042")

    parsed = reply_addresses.parse(address.upper())

    assert parsed is not None
    assert parsed.reference == "KRO-2026-0042"
    assert parsed.is_signed(SIGNER)
    assert not parsed.is_signed(OTHER)
    assert len(address.rpartition("@")[0]) <= 64


def test_a_contacts_reply_address_is_that_contacts_alone() -> None:
    mine, yours = str(uuid4()), str(uuid4())
    address = reply_addresses.make(SIGNER, "ide@krokom.example", "kontakt", "KRO-2026-0042", mine)

    parsed = reply_addresses.parse(address)

    assert parsed is not None
    assert parsed.is_signed(SIGNER, mine)
    assert not parsed.is_signed(SIGNER, yours)
    assert not parsed.is_signed(SIGNER)


def test_a_submitters_reply_address_does_not_pass_for_a_contacts() -> None:
    address = reply_addresses.make(SIGNER, "ide@krokom.example", "svar", "KRO-2026-0042")

    forged = reply_addresses.parse(address.replace("+svar.", "+kontakt."))

    assert forged is not None
    assert not forged.is_signed(SIGNER)


@given(st.text(max_size=500))
def test_parsing_a_reply_address_never_raises(text: str) -> None:
    reply_addresses.parse(text)
    message_ids.identity_of(SIGNER, text)


@given(st.uuids())
def test_a_message_id_gives_back_its_row_only_to_the_key_that_signed_it(identity: UUID) -> None:
    made = message_ids.make(SIGNER, identity, "ide@krokom.example")

    assert message_ids.identity_of(SIGNER, made) == identity
    assert message_ids.identity_of(SIGNER, f"  {made}\t") == identity
    assert message_ids.identity_of(OTHER, made) is None
    assert message_ids.identity_of(SIGNER, made.replace("idesluss.", "idesluss.a", 1)) is None
