"""The municipality's register (diarium): how far an idea has come into it, and under which number it stands there.

The law leaves the way open: what is kept in order need not be registered (Public Access to Information and Secrecy
Act, chapter 5 section 1). So a sluice says whether its new ideas are to be registered, and a contact whether one is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.errors import Rejected
from shared.words import one_line

LONGEST_NUMBER: Final = 60
"""Characters of a registry number."""
LONGEST_RECEIPT: Final = 1_000
"""Characters of what the archive answered."""


class RegistryState(StrEnum):
    """How far an idea has come into the register. Any state may follow any other: registers are mended too."""

    NONE = "none"
    """Nobody has said: it is kept in order here."""
    TO_REGISTER = "to-register"
    REGISTERED = "registered"
    NOT_NEEDED = "not-needed"
    """Somebody has looked, and decided that it need not be registered."""


FOR_NEW: Final = (RegistryState.NONE, RegistryState.TO_REGISTER)
"""What a sluice may say of its new ideas."""


@dataclass(frozen=True, slots=True)
class Registration:
    """A state and the number that belongs to it: there is one exactly where an idea is registered."""

    state: RegistryState
    number: str | None


def registration(state: str, number: str) -> Registration:
    """What somebody typed, checked. Each municipality's system writes numbers in its own way: ``KS 2026/123``.

    Two ideas may bear the same number: one case may hold several.

    :raises Rejected: there is no such state, or number and state do not belong together.
    """
    try:
        wanted = RegistryState(state)
    except ValueError as error:
        raise Rejected("state", "no_registry_state") from error
    words = one_line(number, LONGEST_NUMBER + 1)
    if len(words) > LONGEST_NUMBER:
        raise Rejected("number", "registry_number_is_too_long")
    if wanted is RegistryState.REGISTERED and not any(sign.isdigit() for sign in words):
        raise Rejected("number", "registry_number_is_missing")
    if wanted is not RegistryState.REGISTERED and words:
        raise Rejected("number", "registry_number_of_unregistered")
    return Registration(wanted, words or None)


def may_be_removed(state: str, *, is_handed_over: bool) -> bool:
    """May an idea leave this system, as far as the register goes?

    Never before it is registered where it is to be, and never before the archive has what the register names.
    """
    if state == RegistryState.TO_REGISTER:
        return False
    return is_handed_over if state == RegistryState.REGISTERED else True
