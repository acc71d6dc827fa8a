"""A guest's own address: calendar replies and plain mail to it name the invitation that they answer.

``ide+traff.<26 base32>.<16 base32>@krokom.example``: a tag on the sluice's own address, as ``reply_addresses`` has it.
It stands as ORGANIZER in the calendar invitation and as Reply-To in every mail to the guest. A valid signature shows
only that we once mailed this address to somebody.
"""

from __future__ import annotations

import re
from uuid import UUID

from shared.mail.addresses import MAX_LOCAL_PART
from shared.mail.message_ids import decode, encode
from shared.signing import Signer

PURPOSE = "guest-address"
SIGNATURE_LENGTH = 16

_FORM = re.compile(r".{1,200}\+traff\.([a-z2-7]{26})\.([a-z2-7]{16})@.+", re.IGNORECASE | re.ASCII)


def make(signer: Signer, base: str, guest_id: UUID) -> str:
    """The address of one guest, made from the sluice's address ``base``.

    A sluice whose own local part is too long for that gets its plain address: a calendar reply then names the
    invitation by its UID alone.
    """
    local, _, domain = base.rpartition("@")
    name = encode(guest_id)
    tagged = f"{local}+traff.{name}.{signer.token(PURPOSE, name, length=SIGNATURE_LENGTH)}"
    return f"{tagged if len(tagged.encode()) <= MAX_LOCAL_PART else local}@{domain}"


def guest_of(signer: Signer, address: str) -> UUID | None:
    """The guest whose address this is (in any letter case), or None where we did not make it."""
    match = _FORM.fullmatch(address.strip().strip("<>"))
    identity = decode(match[1]) if match else None
    if match is None or identity is None:
        return None
    return identity if signer.verify(PURPOSE, encode(identity), match[2]) else None
