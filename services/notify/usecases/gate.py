"""Whether a message that is due may go just now: hours may have gone by since it was made, and others go too."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services.notify.channels.relay_url import Relay
from services.notify.domain import calm
from services.notify.domain.delivery import State
from services.notify.domain.event_facts import REMINDERS, lapses_at
from services.notify.domain.kinds import Category, Channel, Kind, Reason
from services.notify.store import pace, series
from services.notify.store.tables import Notification
from services.notify.usecases import suppress
from shared import logs
from shared.bus.outbox import Priority
from shared.db import Database
from shared.settings import Settings

log = logs.get(__name__)

FRESH = timedelta(minutes=1)
"""What has just been made was looked up in the list of suppressions a moment ago."""
TURN_SECONDS = 1
"""How soon it is looked again whether an earlier mail of the series has left."""
MISSING = timedelta(minutes=15)
"""How long a mail waits for an earlier one that nobody has made: the bus brings it in seconds, or it was parked and a
person has it on their list."""
BURST_SECONDS = 5
"""So many seconds' worth of a rate may go at once after a quiet time."""


@dataclass(frozen=True, slots=True)
class HoldBack:
    """It does not go at all any more."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Wait:
    """It goes later, and no attempt is counted."""

    until: datetime
    reason: Reason


class Gate:
    """Looks at one message at a time; changes nothing but the slot that it takes for it.

    :raises MisconfiguredError: IDESLUSS_QUIET_HOURS has another form.
    """

    def __init__(self, settings: Settings, database: Database, relay: Callable[[], Relay | None]) -> None:
        self._database = database
        self._per_domain = settings.domain_mails_per_minute
        self._quiet = calm.parse_quiet_hours(settings.quiet_hours)
        self._relay = relay

    def look(self, session: Session, row: Notification, moment: datetime) -> HoldBack | Wait | None:
        """Why a message must not go now, or None where it may.

        What a worker died over is submitted once more all the same, since it may have left.
        """
        if row.state == State.SENDING:
            return None
        category = Category(row.category)
        if row.kind in REMINDERS:
            ends = lapses_at(Kind(row.kind), json.loads(row.facts))
            if ends is not None and ends <= moment:
                return HoldBack(Reason.LAPSED)
        if row.replaces is None and moment - row.created_at > FRESH:
            reason = suppress.held_back(session, Channel(row.channel), row.recipient_address, category, moment)
            if reason is not None:
                return HoldBack(reason)
        if category.keeps_quiet_hours:
            waking = calm.next_waking_moment(moment, self._quiet)
            if waking != moment:
                return Wait(waking, Reason.QUIET_HOURS)
        turn = self._turn(session, row, moment)
        if turn is not None:
            return Wait(turn, Reason.IN_ORDER)
        slot = self._slot(row, moment)
        return Wait(slot, Reason.PACED) if slot > moment else None

    @staticmethod
    def _turn(session: Session, row: Notification, moment: datetime) -> datetime | None:
        """When to look again, where an earlier mail of its series has not left; None where it is its turn.

        An earlier one that failed for good holds up nobody: the newest says how things are. One that is tried again
        in an hour holds up the later ones till then, since a calendar that hears of the end before the beginning
        keeps the beginning.
        """
        if row.series is None or row.series_number is None or row.series_number == 1:
            return None
        found = series.ahead(session, row)
        soon = moment + timedelta(seconds=TURN_SECONDS)
        if found.waiting:
            return max(soon, found.next_try + timedelta(seconds=TURN_SECONDS)) if found.next_try else soon
        if found.made >= row.series_number - 1:
            return None
        if moment - row.created_at < MISSING:
            return soon
        log.warning("series_broken", notification_id=str(row.id), missing=row.series_number - 1 - found.made)
        return None

    def _slot(self, row: Notification, moment: datetime) -> datetime:
        """When it is its turn at the relay and at the recipient's domain; a slot is taken once and kept."""
        if row.paced_until is not None:
            return row.paced_until
        if row.channel != Channel.EMAIL:
            return moment
        relay = self._relay()
        rates: list[tuple[str, int]] = []
        if relay is not None and relay.rate is not None:
            rates.append((pace.relay_key(relay.host, relay.port), relay.rate))
        if self._per_domain:
            rates.append((pace.domain_key(row.recipient_address), self._per_domain))
        if not rates:
            return moment
        with self._database.transaction() as session:
            waits = [
                pace.reserve(
                    session,
                    key,
                    rate,
                    moment,
                    burst=max(1, rate * BURST_SECONDS // 60),
                    overtakes=row.priority == Priority.PROMPT,
                )
                for key, rate in rates
            ]
        return moment + max(waits)
