"""The public side of our DKIM keys, as DNS has it."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

from services.notify.channels.dkim import Key
from shared.errors import IdeslussenError


def record(path: Path, key: Key) -> str:
    """One TXT record, as a zone file has it; its text in pieces of at most 255 octets (RFC 1035 §3.3)."""
    sort = "ed25519" if key.algorithm == b"ed25519-sha256" else "rsa"
    text = f"v=DKIM1; k={sort}; p={public_key(path, key)}"
    pieces = " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))
    return f"{key.selector}._domainkey.{key.domain}. IN TXT {pieces}"


def public_key(path: Path, key: Key) -> str:
    """What stands after ``p=``, in base64."""
    public = openssl("pkey", "-in", str(path), "-pubout", "-outform", "DER")
    if key.algorithm == b"ed25519-sha256":
        public = public[-32:]  # the key itself, without its wrapping (RFC 8463 §4)
    return base64.b64encode(public).decode()


def openssl(*arguments: str) -> bytes:
    """What the machine's openssl writes.

    :raises IdeslussenError: it is missing, or could not.
    """
    try:
        done = subprocess.run(["openssl", *arguments], capture_output=True, check=True, timeout=120)  # noqa: S603, S607 - fixed words, the machine's own
    except FileNotFoundError as error:
        raise IdeslussenError("the program openssl is needed for keys: install it") from error
    except subprocess.CalledProcessError as error:
        raise IdeslussenError(f"openssl could not: {error.stderr.decode('utf-8', 'replace')[:300]}") from error
    return done.stdout
