"""Confirmations to addresses that somebody typed into a form, counted over one sluice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.notify.domain.delivery import State
from services.notify.domain.kinds import Kind
from shared.db import hold

_COUNT = text("""
    SELECT count(*) FROM notify.notification
     WHERE created_at > :since AND kind = :kind AND sluice_slug = :sluice AND state <> :suppressed
       AND facts::json ->> 'via' <> 'email'
""")


def count_confirmed(session: Session, sluice: str, since: datetime) -> int:
    """How many were or will be sent since then.

    Whoever counts for the same sluice waits for this transaction: two at once cannot both be the last allowed.
    """
    hold(session, f"notify confirms to strangers of {sluice}")
    counted: int = session.execute(
        _COUNT,
        {"since": since, "kind": Kind.CONFIRMATION, "sluice": sluice, "suppressed": State.SUPPRESSED},
    ).scalar_one()
    return counted
