"""Purpose-bound signatures: links, reply addresses, Message-IDs, API tokens, database passwords.

Every signature is an HMAC-SHA-256 under a key of its own, derived from the secret key and the
purpose (so that a follow link never passes for a reply address). Several secret keys may be set:
the first signs, all verify, which makes rotation possible.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and verifies under one or more secret keys, newest first."""

    keys: Sequence[bytes]

    def token(self, purpose: str, value: str, *, length: int = 16) -> str:
        """``length`` characters of lower-case base32 (5 bits each) that only a key holder can make.

        Case-insensitive on purpose: mail systems fold the case of local parts.
        """
        return _token(self.keys[0], purpose, value, length)

    def verify(self, purpose: str, value: str, token: str) -> bool:
        """True if the token was made for this purpose and value by one of the keys. Constant time."""
        folded = token.lower()
        if len(folded) < 10 or not folded.isascii():
            return False
        matches = [hmac.compare_digest(_token(key, purpose, value, len(folded)), folded) for key in self.keys]
        return any(matches)

    def derive(self, purpose: str) -> str:
        """A secret of 52 base32 characters for that purpose, for example a database role's password."""
        return _token(self.keys[0], "derive", purpose, 52)


def _token(key: bytes, purpose: str, value: str, length: int) -> str:
    digest = hmac.digest(_purpose_key(key, purpose), value.encode("utf-8", "surrogatepass"), "sha256")
    return base64.b32encode(digest).decode("ascii").lower().rstrip("=")[:length]


@lru_cache(maxsize=256)
def _purpose_key(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, purpose.encode(), "sha256")
