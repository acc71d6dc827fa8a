"""An idea's reference as an address carries it."""

from __future__ import annotations

from services.intake.domain.idea import Reference
from shared.errors import NotFound


def known(reference: str) -> str:
    """The reference as we write it.

    :raises NotFound: it is none.
    """
    found = Reference.parse(reference)
    if found is None:
        raise NotFound("not a reference")
    return str(found)
