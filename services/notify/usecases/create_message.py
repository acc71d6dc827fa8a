"""A message that another program wants sent: checked, and made once for each Idempotency-Key."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from services.notify.domain.ahead import ahead
from services.notify.domain.asked import Asked
from services.notify.domain.kinds import Category, Channel, Kind
from services.notify.domain.phone import e164
from services.notify.domain.words import cleaned, cleaned_facts, one_line
from services.notify.store import log, notifications, sluices
from services.notify.store.tables import Notification
from services.notify.usecases.queue_message import QueueMessage
from shared.db import hold
from shared.errors import Conflict, Rejected, TemporaryFailure
from shared.mail.addresses import is_automatic, is_sendable

MOST_WAITING = 50_000
"""Messages that nobody waits for and that are due but have not left. A modest relay (14 a second) takes an hour for
so many: what came on top would only grow old here, while its sender can keep it as well."""
GONE_BY = timedelta(days=1)
"""How long ago a planned time may be."""


class Full(TemporaryFailure):
    """So much waits to leave that no more of what nobody waits for is taken just now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageByApi:
    """What the other program gave, as it was given."""

    channel: Channel
    address: str
    name: str
    language: str
    sluice: str
    category: Category
    subject: str
    text: str
    link: dict[str, str] | None
    """``label`` and ``url``."""
    send_at: datetime | None
    idea: str | None


@dataclass(frozen=True, slots=True)
class CreateMessage:
    """Makes the notification, or finds the one that the key made before."""

    queue: QueueMessage

    def __call__(self, session: Session, given: MessageByApi, key: str) -> tuple[Notification, bool]:
        """The notification, and whether it was made just now.

        :raises Rejected: something in it cannot be; names the field.
        :raises Conflict: the key was used for another message.
        :raises Full: try again later.
        """
        # Two requests with one key at the same time: the second waits here, and finds the first one's message.
        hold(session, key)
        digest = _digest(given)
        known = notifications.by_key(session, key)
        if known is not None:
            if json.loads(known.facts).get("request") != digest:
                raise Conflict("This Idempotency-Key was used for another message.")
            return known, False
        wanted = self._asked(session, given, key, digest)
        if given.category.is_bulk and log.count_waiting_bulk(session, MOST_WAITING) >= MOST_WAITING:
            raise Full("too many messages wait to leave")
        self.queue(session, [wanted])
        made = notifications.by_key(session, key)
        assert made is not None  # the queue has just made it
        return made, True

    def _asked(self, session: Session, given: MessageByApi, key: str, digest: str) -> Asked:
        sluice = sluices.find(session, given.sluice)
        if sluice is None:
            raise Rejected("sluice", "There is no such sluice.")
        if given.channel is Channel.SMS and not self.queue.settings.sms_url:
            raise Rejected("channel", "There is no way to send SMS here: SMS_URL is not set.")
        if given.channel is Channel.EMAIL and not one_line(given.subject):
            raise Rejected("subject", "A mail needs a subject.")
        if not cleaned(given.text).strip():
            raise Rejected("text", "There is nothing to send.")
        # A caller that asks again, or whose clock is behind, names a time that has just gone by: then it goes at once.
        if given.send_at is not None and ahead(given.send_at, self.queue.clock() - GONE_BY) is None:
            raise Rejected("send_at", "That is long over, or more than ten years away.")
        presented = {name: getattr(sluice, name) for name in ("slug", "name", "address", "language")}
        facts: dict[str, Any] = {
            "sluice": presented,
            "reply_to": sluice.address,
            "thread": {"in_reply_to": None, "references": []},
            "subject": one_line(given.subject),
            "text": given.text,
            "link": given.link,
        }
        tidy = cleaned_facts(facts)
        assert isinstance(tidy, dict)
        return Asked(
            key=key,
            kind=Kind.MESSAGE,
            address=_recipient(given),
            name=one_line(given.name, 60),
            language=given.language,
            sluice_slug=sluice.slug,
            sluice_address=sluice.address,
            idea_reference=given.idea,
            facts={**tidy, "request": digest},
            category=given.category,
            channel=given.channel,
            not_before=given.send_at,
        )


def _recipient(given: MessageByApi) -> str:
    if given.channel is Channel.SMS:
        number = e164(given.address)
        if number is None:
            raise Rejected("recipient.address", "That is no mobile number, such as 070-174 06 05 or +46 70 174 06 05.")
        return number
    address = cleaned(given.address).strip()
    if not is_sendable(address):
        raise Rejected("recipient.address", "That is no mailbox, such as asa@krokom.example.")
    if is_automatic(address):
        raise Rejected("recipient.address", "That is the address of a program.")
    return address


def _digest(given: MessageByApi) -> str:
    """What tells two requests apart, in hexadecimal."""
    written = json.dumps(asdict(given), sort_keys=True, default=str)
    return hashlib.sha256(written.encode()).hexdigest()
