"""How addresses and message identifiers of our own making look, so that mail coming back to them is known.

Only the form is judged here. Whether a token is genuine is for ``shared.signing``: this package holds no key.
"""

from __future__ import annotations

import re

_ANYTHING = r"[^\s@<>]{1,200}"
_REFERENCE = r"[a-z]{2,8}-\d{4}-\d{4,9}"
_BASE32 = r"[a-z2-7]"

_REPLY_LOCAL_PART = re.compile(rf"{_ANYTHING}\+(?:svar|kontakt)\.({_REFERENCE})\.{_BASE32}{{16}}", re.IGNORECASE)
_BOUNCE_LOCAL_PART = re.compile(rf"{_ANYTHING}\+studs\.{_BASE32}{{26}}\.{_BASE32}{{16}}", re.IGNORECASE)
_GUEST_LOCAL_PART = re.compile(rf"{_ANYTHING}\+traff\.{_BASE32}{{26}}\.{_BASE32}{{16}}", re.IGNORECASE)
_CALENDAR_UID = re.compile(rf"traff-{_BASE32}{{26}}\.{_BASE32}{{26}}@ideslussen", re.IGNORECASE)
_MESSAGE_ID = re.compile(rf"<idesluss\.{_BASE32}{{26}}\.{_BASE32}{{10}}@[^\s@<>]{{1,255}}>", re.IGNORECASE)


def reply_reference(address: str) -> str | None:
    """The reference in a well-formed reply address, in capitals (``KRO-2026-0042``), or None.

    The form is ``<anything>+svar.<reference>.<token>`` or ``+kontakt.``, in any letter case: relays and
    people fold it (healthchecks#1218).
    """
    match = _REPLY_LOCAL_PART.fullmatch(_local_part(address))
    return match.group(1).upper() if match else None


def is_bounce_address(address: str) -> bool:
    """Whether ``address`` has the form of the envelope sender that our own mail leaves with."""
    return _BOUNCE_LOCAL_PART.fullmatch(_local_part(address)) is not None


def is_guest_address(address: str) -> bool:
    """Whether ``address`` has the form of a guest's own: what answers an invitation to an event comes to it."""
    return _GUEST_LOCAL_PART.fullmatch(_local_part(address)) is not None


def is_our_calendar_uid(uid: str) -> bool:
    """Whether a calendar object's ``uid`` has the form of those that we send to guests."""
    return _CALENDAR_UID.fullmatch(uid.strip()) is not None


def is_our_message_id(message_id: str) -> bool:
    """Whether ``message_id``, with its angle brackets, has the form that our own mail carries."""
    return _MESSAGE_ID.fullmatch(message_id.strip()) is not None


def _local_part(address: str) -> str:
    return address.strip().strip("<>").rpartition("@")[0]
