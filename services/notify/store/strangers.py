"""Confirmations, and requests to confirm, to addresses that somebody typed into a form, counted over one sluice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.notify.domain.delivery import State
from services.notify.domain.kinds import Kind
from shared.db import hold

_KINDS = {"confirmation": Kind.CONFIRMATION, "verify": Kind.VERIFY, "suppressed": State.SUPPRESSED}
_COUNT = text("""
    SELECT count(*) FROM notify.notification
    WHERE created_at > :since AND sluice_slug = :sluice AND state <> :suppressed
        AND (kind = :verify OR kind = :confirmation AND facts::json ->> 'via' <> 'email')
""")
_COUNT_TO = text("""
    SELECT count(*) FROM notify.notification
    WHERE created_at > :since AND recipient_folded = :recipient AND state <> :suppressed
        AND (kind = :verify OR kind = :confirmation AND facts::json ->> 'via' <> 'email')
""")


def count_written(session: Session, sluice: str, since: datetime) -> int:
    """How many were or will be sent since then.

    Whoever counts for the same sluice waits for this transaction: two at once cannot both be the last allowed.
    """
    hold(session, f"notify confirms to strangers of {sluice}")
    counted: int = session.execute(_COUNT, {**_KINDS, "since": since, "sluice": sluice}).scalar_one()
    return counted


def count_to(session: Session, recipient: str, since: datetime) -> int:
    """How many were or will be sent to one mailbox since then, whatever form it was typed into. It waits likewise."""
    hold(session, f"notify writes to stranger {recipient}")
    counted: int = session.execute(_COUNT_TO, {**_KINDS, "since": since, "recipient": recipient}).scalar_one()
    return counted
