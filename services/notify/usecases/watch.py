"""What must never go unseen: books that do not balance, messages that should have left, work that stands still,
ideas that nobody hears of.

One judgement for the page, the command line and the log.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from services.notify.domain.kinds import Category, Channel
from services.notify.domain.suppression import deciding
from services.notify.store import books, figures, sluices, suppressions
from services.notify.store.books import Books
from shared.bus import admin
from shared.bus.admin import Backlog
from shared.db import Database
from shared.mail.addresses import canonical
from shared.settings import Settings

OLD_SECONDS = 60
"""A delivery on the bus that has been due for longer than this and is neither done nor parked is late."""


class Alarm(StrEnum):
    """What a person must look at."""

    BOOKS = "books"
    """Asked is not sent + failed + suppressed + waiting: something was lost or changed behind our back."""
    UNSENT = "unsent"
    """A message has been due for longer than IDESLUSS_UNSENT_ALARM_SECONDS."""
    BACKLOG = "backlog"
    """A consumer does not get to what is due."""
    PARKED = "parked"
    """Something failed too often and waits for a decision."""
    UNREACHABLE = "unreachable"
    """Every contact of a sluice is on the list of those who are not written to: its ideas come in unseen."""


@dataclass(frozen=True, slots=True)
class Status:
    """How everything stands at one moment."""

    at: datetime
    books: Books
    overdue_since: datetime | None
    """Since when the oldest message that should have left has been due; None where all have left."""
    backlogs: Sequence[Backlog]
    unreachable: Sequence[str]
    """Slugs of the sluices of which no contact gets notices of ideas."""
    alarms: Sequence[Alarm]
    """Those that are on, the worst first."""


def look(settings: Settings, database: Database, bus: Database, moment: datetime) -> Status:
    """Ask the tables how everything stands.

    :param bus: as the relay sees it.
    """
    with database.transaction() as session:
        found, since = books.read(session), figures.overdue_since(session)
        unreachable = _unreachable(session, moment)
    backlogs = admin.backlog(bus)
    unsent = timedelta(seconds=settings.unsent_alarm_seconds)
    on = {
        Alarm.BOOKS: found.difference != 0,
        Alarm.UNSENT: since is not None and moment - since > unsent,
        Alarm.BACKLOG: any(each.oldest_seconds > OLD_SECONDS for each in backlogs),
        Alarm.PARKED: any(each.parked for each in backlogs),
        Alarm.UNREACHABLE: bool(unreachable),
    }
    return Status(moment, found, since, backlogs, unreachable, [alarm for alarm in Alarm if on[alarm]])


def _unreachable(session: Session, moment: datetime) -> list[str]:
    contacts = {
        each.slug: {canonical(contact["address"]) for contact in json.loads(each.contacts)}
        for each in sluices.list_all(session)
    }
    causes = suppressions.causes_of(session, Channel.EMAIL, set().union(*contacts.values()), moment)
    unwritten = {address for address, found in causes.items() if deciding(found, Category.IDEAS) is not None}
    return [slug for slug, addresses in contacts.items() if addresses and addresses <= unwritten]
