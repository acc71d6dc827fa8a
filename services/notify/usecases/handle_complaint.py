"""A complaint: somebody marked a mail of ours as spam (RFC 5965). It arrived, so its state stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from services.notify.domain.suppression import Cause
from services.notify.store import notifications
from services.notify.usecases import suppress
from shared import logs
from shared.clock import Clock, now
from shared.mail.addresses import folded

log = logs.get(__name__)

COMPLAINING = frozenset({"abuse", "fraud"})
"""The feedback types by which a person says that they do not want it (RFC 5965 §7.3).

``not-spam`` says the opposite, ``auth-failure`` (RFC 6591) speaks of our set-up, ``virus`` is a program's word, and
nobody knows what ``other`` means.
"""


def handle_complaint(session: Session, complaint: Mapping[str, Any], clock: Clock = now) -> bool:
    """Stop what the person did not ask for; True where a complaint was taken as one. Twice is once.

    Whoever tells of it has verified the signature in what it quotes, and that it names a recipient where it quotes
    but the Message-ID. A mail that was passed on can be complained about by whoever got it from its recipient: what
    names another address is only logged.
    """
    row = notifications.locked(session, complaint["notification_id"])
    facts = {"inbound_email_id": str(complaint["inbound_email_id"]), "feedback_type": complaint["feedback_type"]}
    if row is None:
        log.warning("complaint_unknown", **facts)
        return False
    if complaint["feedback_type"] not in COMPLAINING:
        log.info("complaint_ignored", notification_id=str(row.id), **facts)
        return False
    recipient = complaint["recipient"]
    if recipient is not None and folded(recipient) != row.recipient_folded:
        log.warning("complaint_about_another", notification_id=str(row.id), **facts)
        return False
    suppress.because_of(session, row, Cause.COMPLAINT, f"Feedback-Type: {complaint['feedback_type']}", clock())
    return True
