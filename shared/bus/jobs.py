"""Work that is due by the clock, done once however many schedulers run.

Each job is a row, and the clock is the database's. A scheduler takes a job that is due by moving ``due_at`` to the
end of a lease, in one statement; it renews the lease while it works, and gives the next time when it is done. What a
killed scheduler had taken falls due when its lease ends. No connection is held meanwhile, so that PgBouncer may stand
between. A scheduler that was halted for longer than its lease goes on beside the one that took over, and its end no
longer counts: a job must bear being run twice at once, as it must bear being killed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import logs
from shared.bus.inbox import in_words
from shared.db import Database

log = logs.get(__name__)

LEASE = timedelta(seconds=30)
"""How long a job is held without being renewed: what a killed scheduler had begun starts again after this."""
RENEWAL = timedelta(seconds=5)
RETRY = timedelta(seconds=60)
"""A job that failed is tried again after this, or after its period where that is shorter."""
FORGOTTEN = timedelta(days=2)
"""A job that no scheduler has taken for so long, and that this one does not know, is of another release."""
AT_ONCE = 3
"""Jobs that one scheduler does side by side, so that one that takes long does not hold up the rest."""

_ENTER = text("""
    INSERT INTO bus.job (name, due_at) VALUES (:name, now() + :first) ON CONFLICT DO NOTHING
""")
_FORGET = text("""
    DELETE FROM bus.job WHERE name <> ALL(:names) AND due_at < now() - :forgotten
""")
_TAKE = text("""
    UPDATE bus.job SET started_at = now(), due_at = now() + :lease, runs = runs + 1
     WHERE name = (SELECT due.name FROM bus.job AS due
                    WHERE due.name = ANY(:names) AND due.due_at <= now()
                    ORDER BY due.due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING name, started_at
""")
_RENEW = text("""
    UPDATE bus.job SET due_at = now() + :lease WHERE name = :name AND started_at = :started_at
""")
_FINISH = text("""
    UPDATE bus.job
       SET finished_at = CASE WHEN :failed THEN finished_at ELSE now() END,
           failures = failures + CASE WHEN :failed THEN 1 ELSE 0 END,
           last_error = :error,
           due_at = greatest(started_at + :pause, now())
     WHERE name = :name AND started_at = :started_at
    RETURNING 1
""")


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so many seconds."""

    name: str
    every_seconds: float
    run: Callable[[], object]


@dataclass(slots=True)
class _Run:
    """A job that this process has begun. ``started_at`` tells it from every other run of the job."""

    job: Job
    started_at: datetime
    renewed: float
    thread: threading.Thread | None = None


class Timetable:
    """One scheduler's view of the jobs. Its methods belong to one thread."""

    def __init__(self, database: Database, jobs: Sequence[Job]) -> None:
        self._database = database
        self._jobs = {job.name: job for job in jobs}
        self._running: dict[str, _Run] = {}
        self._entered = False

    def look(self) -> None:
        """Begin what is due, renew what is under way. A database that is away is waited for."""
        self._running = {
            name: run for name, run in self._running.items() if run.thread is not None and run.thread.is_alive()
        }
        try:
            if not self._entered:
                self._enter()
            self._renew()
            while len(self._running) < AT_ONCE and (run := self._take()) is not None:
                self._begin(run)
        except SQLAlchemyError as error:
            log.warning("jobs_wait_for_database", error=type(error).__name__)

    def settle(self, seconds: float) -> None:
        """Wait so long for what is under way; the rest falls due when its lease ends."""
        until = time.monotonic() + seconds
        for run in self._running.values():
            if run.thread is not None:
                run.thread.join(max(0.0, until - time.monotonic()))

    def _enter(self) -> None:
        rows = [
            {"name": job.name, "first": timedelta(seconds=min(job.every_seconds, 60))} for job in self._jobs.values()
        ]
        with self._database.transaction() as session:
            session.execute(_ENTER, rows)
            session.execute(_FORGET, {"names": list(self._jobs), "forgotten": FORGOTTEN})
        self._entered = True

    def _take(self) -> _Run | None:
        names = [name for name in self._jobs if name not in self._running]
        with self._database.transaction() as session:
            taken = session.execute(_TAKE, {"names": names, "lease": LEASE}).one_or_none()
        if taken is None:
            return None
        return _Run(self._jobs[taken.name], taken.started_at, time.monotonic())

    def _begin(self, run: _Run) -> None:
        run.thread = threading.Thread(target=self._do, args=(run,), name=run.job.name, daemon=True)
        self._running[run.job.name] = run
        run.thread.start()

    def _renew(self) -> None:
        old = time.monotonic() - RENEWAL.total_seconds()
        for run in self._running.values():
            if run.renewed <= old:
                with self._database.transaction() as session:
                    session.execute(_RENEW, {"name": run.job.name, "started_at": run.started_at, "lease": LEASE})
                run.renewed = time.monotonic()

    def _do(self, run: _Run) -> None:
        began = time.monotonic()
        error: str | None = None
        try:
            run.job.run()
        except Exception as fault:
            error = in_words(fault)
            log.exception("job_failed", job=run.job.name)
        if time.monotonic() - began > run.job.every_seconds:
            log.warning("job_outlasts_its_period", job=run.job.name, seconds=round(time.monotonic() - began))
        self._finish(run, error)

    def _finish(self, run: _Run, error: str | None) -> None:
        every = timedelta(seconds=run.job.every_seconds)
        told = {
            "name": run.job.name,
            "started_at": run.started_at,
            "failed": error is not None,
            "error": error and error[:2000],
            "pause": every if error is None else min(every, RETRY),
        }
        try:
            with self._database.transaction() as session:
                counted = session.execute(_FINISH, told).first() is not None
        except SQLAlchemyError as fault:
            # The lease ends by itself, and the job is done once more.
            log.warning("job_end_not_recorded", job=run.job.name, error=type(fault).__name__)
            return
        if not counted:
            log.warning("job_was_taken_over", job=run.job.name)
