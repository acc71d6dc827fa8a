"""The hidden field that tells when a form was fetched, and for what. No cookie: forms stand in other sites' frames.

A token reads ``<Unix time>-<32 hex digits>-<signature>``. Its random part is also the form's idempotency key: the
same form sent twice, by a double click or a reload, is the same thing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.ids import new_secret_id
from shared.signing import Signer

PURPOSE = "form-token"
_LENGTH = 26
_TOKEN = re.compile(r"(\d{9,11})-([0-9a-f]{32})-([a-z2-7]{26})", re.ASCII)


@dataclass(frozen=True, slots=True)
class FormToken:
    """A token that we signed for that form."""

    fetched_at: datetime
    key: str


def issue(signer: Signer, form: str, moment: datetime) -> str:
    """A token for one form, fetched at that moment."""
    body = f"{int(moment.timestamp())}-{new_secret_id()}"
    return f"{body}-{signer.token(PURPOSE, f'{form} {body}', length=_LENGTH)}"


def read(signer: Signer, form: str, token: str) -> FormToken | None:
    """What a token says, or None where we did not sign it for that form."""
    match = _TOKEN.fullmatch(token)
    if match is None or not signer.verify(PURPOSE, f"{form} {match[1]}-{match[2]}", match[3]):
        return None
    return FormToken(datetime.fromtimestamp(int(match[1]), UTC), match[2])


def age(token: FormToken, moment: datetime) -> timedelta:
    """How long ago the form was fetched."""
    return moment - token.fetched_at
