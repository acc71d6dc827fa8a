"""A guest's own address names the guest, in any letter case, and only we can make one."""

from __future__ import annotations

from uuid import UUID

import pytest

from shared.mail import guest_addresses
from shared.mail.addresses import is_sendable, return_path
from shared.signing import Signer

OLD, NEW = b"o" * 32, b"n" * 32
SIGNER = Signer([NEW])
GUEST = UUID("01a20c2d-a652-7054-be86-4fa1a5b49c3e")
ADDRESS = guest_addresses.make(SIGNER, "ide@krokom.example", GUEST)


@pytest.mark.parametrize("written", [ADDRESS, ADDRESS.upper(), f" <{ADDRESS}> "])
def test_it_names_its_guest_in_any_letter_case(written: str) -> None:
    assert guest_addresses.guest_of(SIGNER, written) == GUEST
    assert is_sendable(ADDRESS)


def test_one_made_under_an_older_key_still_holds() -> None:
    older = guest_addresses.make(Signer([OLD]), "ide@krokom.example", GUEST)

    assert guest_addresses.guest_of(Signer([NEW, OLD]), older) == GUEST


@pytest.mark.parametrize(
    "written",
    [
        "ide@krokom.example",
        ADDRESS.replace("+traff.", "+studs."),
        ADDRESS.replace("@", "a@"),
        guest_addresses.make(Signer([OLD]), "ide@krokom.example", GUEST),
        return_path(SIGNER, "ide@krokom.example", GUEST),
        "",
    ],
)
def test_others_name_nobody(written: str) -> None:
    assert guest_addresses.guest_of(SIGNER, written) is None


def test_a_long_local_part_leaves_the_plain_address() -> None:
    base = "medborgarkontoret-ideer@kommun.example"

    assert guest_addresses.make(SIGNER, base, GUEST) == base
