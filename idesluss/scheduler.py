"""Work that is due by the clock. Several schedulers may run: each job is done by whoever gets its lock."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.intake.usecases.remind import Remind
from services.notify.usecases import watch
from services.notify.usecases.sweep import Sweep
from services.notify.usecases.watch import Alarm
from services.rsvp.usecases.forget import ForgetGuests
from services.rsvp.usecases.offers import SettleOffers
from services.rsvp.usecases.publish_event import HoldEvents
from services.rsvp.usecases.remind import RemindGuests
from shared import logs
from shared.bus import admin
from shared.clock import now
from shared.db import Database, Role
from shared.settings import Settings
from shared.waking import parse_quiet_hours

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so many seconds."""

    name: str
    every_seconds: float
    run: Callable[[], object]


def main(settings: Settings, beat: Callable[[], None]) -> None:
    """The scheduler process: runs until SIGTERM or SIGINT."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    database = Database(settings, Role.RELAY, pool_size=2)
    notify = Database(settings, Role.NOTIFY, pool_size=1)
    intake = Database(settings, Role.INTAKE, pool_size=1)
    rsvp = Database(settings, Role.RSVP, pool_size=1)
    jobs = [
        Job("clean_bus", 3600, lambda: admin.clean(database, settings.retention_bus_days)),
        Job("watch_backlog", 30, lambda: watch_backlog(database)),
        Job("sweep_notifications", 60, Sweep(settings, notify)),
        Job("watch_notifications", 30, lambda: watch_notifications(settings, notify, database)),
        Job("remind_contacts", 600, Remind(settings, intake)),
        Job("settle_offers", 30, SettleOffers(settings, rsvp)),
        Job("hold_events", 300, HoldEvents(rsvp)),
        Job("remind_guests", 300, RemindGuests(rsvp, quiet=parse_quiet_hours(settings.quiet_hours))),
        Job("forget_guests", 3600, ForgetGuests(rsvp)),
    ]
    due = {job.name: time.monotonic() + min(job.every_seconds, 60) for job in jobs}
    while not stopping.wait(1.0):
        beat()
        for job in jobs:
            if time.monotonic() >= due[job.name]:
                due[job.name] = time.monotonic() + job.every_seconds
                run_once(database, job)
    database.dispose()
    notify.dispose()
    intake.dispose()
    rsvp.dispose()


def run_once(database: Database, job: Job) -> bool:
    """Do a job unless another scheduler is at it; True where it was done here."""
    try:
        with database.engine.connect() as connection:
            lock = {"name": f"idesluss job {job.name}"}
            taken = connection.execute(text("SELECT pg_try_advisory_lock(hashtext(:name))"), lock).scalar()
            connection.commit()
            if not taken:
                return False
            try:
                job.run()
            finally:
                connection.execute(text("SELECT pg_advisory_unlock(hashtext(:name))"), lock)
                connection.commit()
    except DBAPIError as error:
        log.warning("job_waits_for_database", job=job.name, error=type(error).__name__)
        return False
    return True


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
        log.error("contacts_unreachable", sluices=list(status.unreachable))
