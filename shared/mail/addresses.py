"""Mail addresses: which may be written to, how they look on the wire, and the ones we make to get reports back."""

from __future__ import annotations

import re
import unicodedata
from uuid import UUID

from shared.mail.domains import ascii_domain
from shared.mail.message_ids import decode, encode
from shared.signing import Signer

PURPOSE = "return-path"
SIGNATURE_LENGTH = 16
MAX_LOCAL_PART = 64
"""Octets (RFC 5321 §4.5.3.1.1)."""
MAX_ADDRESS = 254
"""Octets: a path of 256 without its angle brackets (RFC 5321 §4.5.3.1.3)."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED = re.compile(r'"[ !#-\[\]-~\u0080-\U0010ffff]+"')
_LETTER = r"[A-Za-z0-9_\u0080-\U0010ffff]"
_LABEL = re.compile(rf"{_LETTER}(?:[A-Za-z0-9_\u0080-\U0010ffff-]{{0,61}}{_LETTER})?")
_UNSEEN = re.compile(r"[\s\u0000-\u001f\u007f-\u00a0\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ud800-\udfff]")
_RETURN_PATH = re.compile(r".{1,200}\+studs\.([a-z2-7]{26})\.([a-z2-7]{16})@.+", re.IGNORECASE)

_AUTOMATIC = re.compile(
    r"(?:mailer-daemon|postmaster|mail-daemon|(?:do[-_.]?)?not?[-_.]?reply|svara?[-_.]?(?:inte|ej)|(?:inte|ej)[-_.]?svara?|bounces?|"
    r"(?:owner|bounces?|.+-bounces?)-.+|.+-(?:request|owner|bounces?))",
    re.IGNORECASE,
)


def is_sendable(address: str) -> bool:
    """True if ``address`` is a mailbox by the grammar of RFC 5321 §4.1.2 and RFC 6531 §3.3.

    Address literals (``[192.0.2.1]``), one-label domains, comments and invisible signs are refused: nobody writes
    to us from such addresses and expects an answer there.
    """
    local, at, domain = address.rpartition("@")
    if not at or len(address) > MAX_ADDRESS or _UNSEEN.search(domain) or _UNSEEN.search(local.replace(" ", "")):
        return False
    if len(address.encode()) > MAX_ADDRESS or len(local.encode()) > MAX_LOCAL_PART:
        return False
    labels = domain.split(".")
    return (
        (_DOT_ATOM.fullmatch(local) is not None or _QUOTED.fullmatch(local) is not None)
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )


def is_automatic(address: str) -> bool:
    """True for the addresses of programs (``mailer-daemon``, ``noreply``, list managers): never write to them."""
    return _AUTOMATIC.fullmatch(address.rpartition("@")[0].strip('"')) is not None


def on_the_wire(address: str) -> str:
    """``address`` with its domain in ASCII (RFC 5890) where that means the same domain, else as it is."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain) or domain}"


def canonical(address: str) -> str:
    """One spelling for all spellings of an address: lower case, ASCII domain. ``+tag`` stays: it may be somebody."""
    return unicodedata.normalize("NFC", on_the_wire(address.strip())).lower()


def folded(address: str) -> str:
    """One spelling for all of a mailbox's: lower case, no quotes or ``+tag``, ASCII domain. For counting."""
    local, _, domain = on_the_wire(address.strip()).rpartition("@")
    bare = unicodedata.normalize("NFC", local.strip('"'))
    return f"{bare.partition('+')[0] or bare}@{domain}".lower()


def return_path(signer: Signer, sluice_address: str, notification_id: UUID) -> str:
    """The envelope sender of a notification: reports come back to it and name what they are about.

    A sluice whose own local part is too long for that gets its plain address: its reports arrive all the same.
    """
    local, _, domain = on_the_wire(sluice_address).rpartition("@")
    name = encode(notification_id)
    tagged = f"{local}+studs.{name}.{signer.token(PURPOSE, name, length=SIGNATURE_LENGTH)}"
    return f"{tagged if len(tagged.encode()) <= MAX_LOCAL_PART else local}@{domain}"


def reported_notification(signer: Signer, address: str) -> UUID | None:
    """The notification that a return path names (in any letter case), or None where we did not make it."""
    match = _RETURN_PATH.fullmatch(address.strip().strip("<>"))
    identity = decode(match[1]) if match else None
    if match is None or identity is None:
        return None
    return identity if signer.verify(PURPOSE, encode(identity), match[2]) else None
