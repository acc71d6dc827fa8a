"""What a server's words at SMTP time say: as much as a report of the same refusal would say later."""

from __future__ import annotations

from shared.mail.bounce_class import BounceClass, judge

_TELLING = frozenset({BounceClass.RECIPIENT_GONE, BounceClass.MAILBOX_FULL, BounceClass.BLOCKED})


def why_refused(reply: str) -> BounceClass | None:
    """Why the mail was refused, where the reply says something to act on."""
    found = judge(action="failed", status=None, diagnostic=reply).bounce_class
    return found if found in _TELLING else None
