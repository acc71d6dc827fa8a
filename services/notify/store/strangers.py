"""First mails to addresses that somebody typed into a form, counted over one mailbox and over one sluice.

About ideas these are confirmations and requests to confirm, about events what follows from a registration. The two are
counted apart over a sluice: a popular event must not keep anybody's idea from being confirmed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.notify.domain.delivery import State
from services.notify.domain.kinds import Kind
from shared.db import hold

ABOUT_EVENTS = (Kind.REPLY_RECEIVED, Kind.INVITATION, Kind.SUMMARY_WANTED)
_KINDS = {
    "confirmation": Kind.CONFIRMATION,
    "verify": Kind.VERIFY,
    "suppressed": State.SUPPRESSED,
    "about_events": [kind.value for kind in ABOUT_EVENTS],
}
_IDEAS = "(kind = :verify OR kind = :confirmation AND facts::json ->> 'via' <> 'email')"
_EVENTS = "(kind = ANY(:about_events) AND facts::json ->> 'is_to_stranger' = 'true')"
_WRITTEN = "SELECT count(*) FROM notify.notification WHERE created_at > :since AND state <> :suppressed"
_OF_SLUICE = f"{_WRITTEN} AND sluice_slug = :sluice AND "
_COUNT = {False: _OF_SLUICE + _IDEAS, True: _OF_SLUICE + _EVENTS}
_COUNT_TO = f"{_WRITTEN} AND recipient_folded = :recipient AND ({_IDEAS} OR {_EVENTS})"


def count_written(session: Session, sluice: str, since: datetime, *, about_events: bool = False) -> int:
    """How many were or will be sent since then.

    Whoever counts for the same sluice waits for this transaction: two at once cannot both be the last allowed.
    """
    hold(session, f"notify confirms to strangers of {sluice}{' events' if about_events else ''}")
    values = {**_KINDS, "since": since, "sluice": sluice}
    counted: int = session.execute(text(_COUNT[about_events]), values).scalar_one()
    return counted


def count_to(session: Session, recipient: str, since: datetime) -> int:
    """How many were or will be sent to one mailbox since then, whatever form it was typed into. It waits likewise."""
    hold(session, f"notify writes to stranger {recipient}")
    counted: int = session.execute(text(_COUNT_TO), {**_KINDS, "since": since, "recipient": recipient}).scalar_one()
    return counted
