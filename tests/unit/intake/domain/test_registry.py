"""An idea in the register: number and state belong together, and nothing leaves before it is there."""

from __future__ import annotations

import pytest

from services.intake.domain.registry import RegistryState, may_be_removed, registration
from shared.errors import Rejected


@pytest.mark.parametrize("number", ["KS 2026/123", "KS.2026.123", "  KS   2026/123 ", "1", "x" * 59 + "1"])
def test_every_municipality_writes_its_numbers_in_its_own_way(number: str) -> None:
    found = registration("registered", number)

    assert (found.state, found.number) == (RegistryState.REGISTERED, " ".join(number.split()))


@pytest.mark.parametrize(
    ("state", "number", "fault"),
    [
        ("registered", " ", "registry_number_is_missing"),
        ("registered", "KS", "registry_number_is_missing"),
        ("registered", "1" * 61, "registry_number_is_too_long"),
        ("to-register", "KS 1", "registry_number_of_unregistered"),
        ("gone", "", "no_registry_state"),
    ],
)
def test_what_does_not_belong_together_is_refused(state: str, number: str, fault: str) -> None:
    with pytest.raises(Rejected) as refused:
        registration(state, number)

    assert refused.value.message_key == fault


def test_nothing_leaves_that_the_register_waits_for_or_that_the_archive_lacks() -> None:
    left = {
        (state.value, handed): may_be_removed(state, is_handed_over=handed)
        for state in RegistryState
        for handed in (False, True)
    }

    assert {case for case, may in left.items() if not may} == {
        ("to-register", False),
        ("to-register", True),
        ("registered", False),
    }
