"""DKIM (RFC 6376): our mails signed with the keys of their own domain, the same mail always to the same bytes.

Keys lie in a folder, ``<domain>/<selector>.pem``; each key of a domain makes a signature of its own, so that RSA and
Ed25519 (RFC 8463), or an old and a new key, stand side by side.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dkim
from dkim.crypto import parse_pem_private_key

from shared import logs
from shared.errors import MisconfiguredError
from shared.mail.domains import ascii_domain

log = logs.get(__name__)

SMALLEST_RSA = 1024
"""Bits: receivers take nothing shorter (RFC 8301 §3.2)."""
SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")

_SIGNED = frozenset(
    (
        b"from",
        b"to",
        b"subject",
        b"date",
        b"message-id",
        b"reply-to",
        b"in-reply-to",
        b"references",
        b"mime-version",
        b"content-type",
        b"list-unsubscribe",
        b"list-unsubscribe-post",
        b"auto-submitted",
    )
)
_RELAXED = (b"relaxed", b"relaxed")
_ED25519 = bytes.fromhex("302e020100300506032b657004220420")
"""How an Ed25519 private key begins in PKCS #8 (RFC 8410 §7); 32 octets of seed follow."""
_MAILBOX = re.compile(rb"<([^<>]*)>\s*$")


@dataclass(frozen=True, slots=True)
class Key:
    """One private key, in the form that dkimpy takes."""

    domain: str
    selector: str
    algorithm: bytes
    """``rsa-sha256`` or ``ed25519-sha256``."""
    secret: bytes = field(repr=False)


class Dkim:
    """Signs with the keys of a folder, read once. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        """
        :raises MisconfiguredError: naming a file that holds no usable key, or the folder where it is none.
        """
        if not folder.is_dir():
            raise MisconfiguredError(f"IDESLUSS_DKIM_KEYS: {folder} is no folder")
        self._keys: dict[str, list[Key]] = {}
        for path in sorted(folder.glob("*/*.pem")):
            key = read_key(path)
            self._keys.setdefault(key.domain, []).append(key)
        self._unsigned: set[str] = set()

    @property
    def domains(self) -> frozenset[str]:
        """The domains that there are keys for, in ASCII."""
        return frozenset(self._keys)

    def sign(self, content: bytes) -> bytes:
        """The mail with a DKIM-Signature for each key of its From's domain, or of the nearest parent domain's.

        Without such a key it stays as it is. No time stands in a signature: a mail that is submitted again is the
        same to the last byte.
        """
        domain = _from_domain(content)
        keys = self._keys_for(domain)
        if not keys and domain not in self._unsigned:
            self._unsigned.add(domain)
            log.warning("mail_unsigned", domain=domain)
        return b"".join([*(_signature(key, content) for key in keys), content])

    def _keys_for(self, domain: str) -> list[Key]:
        labels = domain.split(".")
        for start in range(max(len(labels) - 1, 1)):
            if keys := self._keys.get(".".join(labels[start:])):
                return keys
        return []


def read_key(path: Path) -> Key:
    """The private key in ``<domain>/<selector>.pem``: RSA (PKCS #1 or #8), or Ed25519 (PKCS #8).

    :raises MisconfiguredError: it holds none, or a too short one; names the file.
    """
    domain = ascii_domain(path.parent.name)
    if not domain or not SELECTOR.fullmatch(path.stem):
        raise MisconfiguredError(f"IDESLUSS_DKIM_KEYS: {path}: the name must be <domain>/<selector>.pem")
    try:
        algorithm, secret = _understood(path.read_bytes())
        key = Key(domain.lower(), path.stem, algorithm, secret)
        _signature(key, b"From: a key that cannot sign is found now, not with the first mail\r\n\r\n")
    except MisconfiguredError as error:
        raise MisconfiguredError(f"IDESLUSS_DKIM_KEYS: {path}: {error}") from error
    except (OSError, ValueError, LookupError, TypeError, dkim.DKIMException) as error:
        raise MisconfiguredError(f"IDESLUSS_DKIM_KEYS: {path} holds no usable private key") from error
    return key


def _understood(pem: bytes) -> tuple[bytes, bytes]:
    pem = pem.replace(b"\r\n", b"\n")
    match = re.search(rb"-----BEGIN (?:RSA )?PRIVATE KEY-----\n([A-Za-z0-9+/=\n]+?)\n?-----END", pem)
    if match is None:
        raise MisconfiguredError("it holds no private key in PEM form without a password")
    der = base64.b64decode(match[1])
    if der.startswith(_ED25519) and len(der) == len(_ED25519) + 32:
        return b"ed25519-sha256", base64.b64encode(der[len(_ED25519) :])
    try:
        numbers: dict[str, int] = parse_pem_private_key(match[0] + b"\n--")  # type: ignore[no-untyped-call]
    except Exception as error:  # dkimpy's reader of ASN.1 raises whatever comes
        raise MisconfiguredError("its key is neither RSA nor Ed25519, or is damaged") from error
    if numbers["modulus"].bit_length() < SMALLEST_RSA:
        raise MisconfiguredError(f"an RSA key has at least {SMALLEST_RSA} bits, better 2048")
    if numbers["prime1"] * numbers["prime2"] != numbers["modulus"]:
        raise MisconfiguredError("its RSA key is damaged")
    return b"rsa-sha256", match[0] + b" PRIVATE KEY-----\n"


class _Steady(dkim.DKIM):
    """Leaves out the time of signing, which dkimpy always writes: it may be left out (RFC 6376 §3.5, ``t=``)."""

    def gen_header(self, fields: list[tuple[bytes, bytes]], *arguments: Any, **named: Any) -> bytes:
        fields[:] = [each for each in fields if each[0] != b"t"]
        header: bytes = super().gen_header(fields, *arguments, **named)  # type: ignore[no-untyped-call]
        return header


def _signature(key: Key, content: bytes) -> bytes:
    """The whole header field, folded, with its line end."""
    signer = _Steady(content, signature_algorithm=key.algorithm)  # type: ignore[no-untyped-call]
    present = [name.lower() for name, _ in signer.headers if name.lower() in _SIGNED]
    # From once more than it is there: nobody may add another (RFC 6376 §8.15).
    header: bytes = signer.sign(  # type: ignore[no-untyped-call]
        key.selector.encode(),
        key.domain.encode(),
        key.secret,
        canonicalize=_RELAXED,
        include_headers=[*present, b"from"],
    )
    return header


def _from_domain(content: bytes) -> str:
    """The domain of From, in ASCII and lower case; empty where there is none."""
    head, _, _ = content.partition(b"\r\n\r\n")
    found = re.search(rb"(?im)^From:((?:[^\r\n]|\r\n[ \t])*)", head + b"\r\n")
    if found is None:
        return ""
    value = found[1].strip()
    mailbox = _MAILBOX.search(value)
    domain = (mailbox[1] if mailbox else value).rpartition(b"@")[2].decode("utf-8", "replace").strip()
    return (ascii_domain(domain) or domain).lower()
