"""The way out by SMS: the facts of a message become a text of a few segments, which goes to the provider once.

The provider knows no Message-ID: what is submitted twice arrives twice. So where an earlier attempt ended without an
answer, the provider's history is asked first, and only its plain no lets the message go out (again).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from services.notify.channels.base import Refused, RelayAway
from services.notify.channels.sms import SmsChannel
from services.notify.domain import receipt
from services.notify.domain.phone import e164
from services.notify.domain.sms import Sms, fitted, tidy
from services.notify.store import sms
from services.notify.store.notifications import Claimed
from services.notify.usecases.outlet import Taken
from shared import logs
from shared.clock import Clock, now
from shared.db import Database
from shared.settings import Settings

log = logs.get(__name__)

MOST_SEGMENTS = 6
SETTLES = timedelta(seconds=10)
"""How long after an attempt without an answer the history's no is not believed yet."""


class SendSms:
    """An ``Outlet``: the same notification gives the same text at every attempt."""

    def __init__(self, settings: Settings, database: Database, channel: SmsChannel, clock: Clock = now) -> None:
        self._settings = settings
        self._database = database
        self._channel = channel
        self._clock = clock

    def send(self, claimed: Claimed) -> Taken:
        """See ``Outlet``."""
        with self._database.transaction() as session:
            known = sms.earlier(session, claimed)
        if known.provider_id is not None:
            return Taken(f"taken before, as its receipt said: id {known.provider_id}", known.provider_id)
        message = self._message(claimed)
        if known.unknown_since is not None:
            found = self._channel.find(message, known.began_at, others=known.others)
            if found is not None:
                log.info("sms_found_in_history", notification_id=str(claimed.id), attempt=claimed.number)
                return Taken(found.reply, found.provider_id)
            if self._clock() - known.unknown_since < SETTLES:
                raise RelayAway("not in the provider's history yet: asking once more", retry_after=SETTLES)
        callback = f"{self._settings.base_url}{receipt.PATH}/{receipt.token(self._settings.signer, claimed.id)}"
        taken = self._channel.submit(message, callback_url=callback)
        return Taken(taken.reply, taken.provider_id)

    def close(self) -> None:
        """Nothing is kept open."""

    def _message(self, claimed: Claimed) -> Sms:
        number = e164(claimed.address)
        if number is None:
            raise Refused("the number is none that takes SMS")
        return Sms(number, self._channel.sender, text_of(json.loads(claimed.facts)))


def text_of(facts: Mapping[str, Any]) -> str:
    """A message's text and its link, in at most ``MOST_SEGMENTS`` segments; the link is never cut."""
    link = (facts.get("link") or {}).get("url")
    return fitted(tidy(facts["text"]), f"\n{link}" if link else "", MOST_SEGMENTS)
