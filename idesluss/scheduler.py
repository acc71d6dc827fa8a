"""The jobs of the clock, and the process that does them. Several may run: ``shared.bus.jobs`` says how."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

from services.intake.usecases import tidy as intake_tidy
from services.intake.usecases.person_content import ThrowAway
from services.intake.usecases.remind import Remind
from services.intake.usecases.retain import Retain
from services.notify import meters
from services.notify.mailbox.store import MailStore
from services.notify.usecases import watch
from services.notify.usecases.forget_words import ForgetWords
from services.notify.usecases.sweep import Sweep
from services.notify.usecases.watch import Alarm
from services.rsvp.usecases import tidy as rsvp_tidy
from services.rsvp.usecases.forget import ForgetGuests
from services.rsvp.usecases.offers import SettleOffers
from services.rsvp.usecases.publish_event import HoldEvents
from services.rsvp.usecases.remind import RemindGuests
from shared import logs
from shared.bus import admin
from shared.bus.jobs import Job, Timetable
from shared.clock import now
from shared.db import Database, Role
from shared.sane_clock import SaneClock
from shared.settings import Settings
from shared.waking import parse_quiet_hours

log = logs.get(__name__)

DAY = 86_400
STOP_SECONDS = 8.0
"""How long jobs under way may take to finish when stopping."""


def main(settings: Settings, beat: Callable[[], None]) -> None:
    """The scheduler process: runs until SIGTERM or SIGINT."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    database = Database(settings, Role.RELAY, pool_size=2)
    notify = Database(settings, Role.NOTIFY, pool_size=1)
    intake = Database(settings, Role.INTAKE, pool_size=2)
    rsvp = Database(settings, Role.RSVP, pool_size=1)
    mailbox = Database(settings, Role.MAILBOX, pool_size=1) if settings.catches_mail else None
    forget_caught = MailStore(mailbox).forget_older if mailbox is not None else None
    is_sane = SaneClock(intake)
    jobs = [
        Job("clean_bus", 3600, lambda: is_sane() and admin.clean(database, settings.retention_bus_days)),
        Job("watch_backlog", 30, lambda: watch_backlog(database)),
        Job("sweep_notifications", 60, Sweep(settings, notify)),
        Job("watch_notifications", 30, lambda: watch_notifications(settings, notify, database)),
        Job("remind_contacts", 600, Remind(settings, intake)),
        Job("settle_offers", 30, SettleOffers(settings, rsvp)),
        Job("hold_events", 300, HoldEvents(rsvp)),
        Job("remind_guests", 300, RemindGuests(rsvp, quiet=parse_quiet_hours(settings.quiet_hours))),
        Job("forget_guests", 3600, ForgetGuests(rsvp, is_sane=is_sane)),
        Job("throw_away_exports", 3600, ThrowAway(intake)),
        Job("apply_retention", DAY, Retain(intake, is_sane, stops=stopping.is_set)),
        Job("tidy_intake", DAY, intake_tidy.Tidy(intake, is_sane)),
        Job("tidy_rsvp", DAY, rsvp_tidy.Tidy(rsvp, is_sane)),
        Job("forget_words", DAY, ForgetWords(settings, notify, forget_caught, is_sane)),
    ]
    timetable = Timetable(database, jobs)
    while not stopping.wait(1.0):
        beat()
        timetable.look()
    timetable.settle(STOP_SECONDS)
    database.dispose()
    notify.dispose()
    intake.dispose()
    rsvp.dispose()
    if mailbox is not None:
        mailbox.dispose()


def watch_backlog(database: Database) -> None:
    """Say loudly where messages wait too long or are parked: nobody sees a queue that stands still."""
    for backlog in admin.backlog(database):
        if backlog.oldest_seconds > watch.OLD_SECONDS or backlog.parked:
            log.error(
                "messages_wait",
                consumer=backlog.consumer,
                open=backlog.open,
                parked=backlog.parked,
                oldest_seconds=round(backlog.oldest_seconds),
            )


def watch_notifications(settings: Settings, notify: Database, bus: Database) -> None:
    """Say loudly where notifications were lost or do not leave."""
    moment = now()
    status = watch.look(settings, notify, bus, moment)
    if Alarm.BOOKS in status.alarms:
        log.error(
            "books_do_not_balance",
            difference=status.books.difference,
            waiting=status.books.waiting,
            **{str(account): number for account, number in status.books.booked.items()},
        )
    if Alarm.UNSENT in status.alarms and status.overdue_since is not None:
        log.error(
            "messages_unsent",
            waiting=status.books.waiting,
            oldest_seconds=round((moment - status.overdue_since).total_seconds()),
        )
    if Alarm.UNREACHABLE in status.alarms:
        meters.UNREACHABLE_SEEN.inc()
        log.error("contacts_unreachable", sluices=list(status.unreachable))
