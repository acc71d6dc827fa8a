"""Proof of work: a task that a browser solves while somebody writes, and that costs whoever sends a thousand forms.

ALTCHA's protocol in its second version: the package ``altcha`` 2 here, the widget ``altcha`` 3 in the browser. A task
is signed, bound to the form it is for and good for a day; nothing is kept of it until its solution is used.
"""

from __future__ import annotations

import binascii
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha

from shared.clock import now
from shared.signing import Signer

ALGORITHM = "PBKDF2/SHA-256"
ROUNDS = 2_000
"""Rounds of PBKDF2 for one try: what it costs us to make a task, and a browser to try once (about 0.5 ms)."""
TRIES = (500, 1_500)
"""A solution is found within so many tries, chosen at random: no browser is unlucky for long."""
LIFE = timedelta(hours=24)
_LONGEST = 4_096


@dataclass(frozen=True, slots=True)
class Solved:
    """A solution that holds, and may be used once."""

    key: str
    expires_at: datetime


def task(signer: Signer, purpose: str) -> dict[str, Any]:
    """A task for one form, as the widget wants it."""
    sign, sign_key = _secrets(signer)[0]
    counter = TRIES[0] + secrets.randbelow(TRIES[1] - TRIES[0])
    made = altcha.create_challenge(
        ALGORITHM,
        ROUNDS,
        counter=counter,
        expires_at=now() + LIFE,
        data={"for": purpose},
        hmac_secret=sign,
        hmac_key_secret=sign_key,
    )
    return made.to_dict()


def solved(signer: Signer, purpose: str, payload: str) -> Solved | None:
    """The solution in a form's field, or None where it is wrong, expired, altered, or for another form."""
    if len(payload) > _LONGEST:
        return None
    for sign, sign_key in _secrets(signer):
        try:
            verdict = altcha.verify_solution(payload, sign, hmac_key_secret=sign_key)
            if not verdict.verified:
                continue
            asked = altcha.Payload.from_base64(payload).challenge.parameters
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError, binascii.Error):
            return None
        if asked.expires_at is None or not isinstance(asked.data, dict) or asked.data.get("for") != purpose:
            return None
        return Solved(f"proof/{asked.nonce}", datetime.fromtimestamp(asked.expires_at, UTC))
    return None


def _secrets(signer: Signer) -> list[tuple[str, str]]:
    """What tasks are signed with, under each secret key; the first signs."""
    each = [Signer([key]) for key in signer.keys]
    return [(one.derive("altcha"), one.derive("altcha-key")) for one in each]
