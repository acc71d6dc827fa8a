"""Keeps child processes alive: restarts what dies or falls silent, and stops everything in order.

It has one thread, no event loop and no database connection, for it forks its children. It knows nothing
of what they do; idesluss/up.py puts the suite together.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from idesluss.forking import SIGNALS
from shared import logs

log = logs.get(__name__)

SILENCE = 20.0
"""Seconds without a beat after which a child counts as hung."""
HALTED = 5.0
"""A tick that took this long means that we were halted ourselves (a paused container, a sleeping laptop)."""
LONGEST_PAUSE = 2.0
"""Seconds at most between a death and the next try, however often it dies."""
STEADY = 10.0
"""A child that lived this long starts again at once when it dies."""
LOUD = 10
"""After so many early deaths in a row the log says so as an error."""
TICK = 0.25


def _always_well() -> float:
    return 0.0


def _nothing(_status: int) -> None:
    return


@dataclass(slots=True)
class Child:
    """One process to keep alive, and how. Times are seconds; ``stage`` orders the stopping, lowest first."""

    name: str
    start: Callable[[], int]
    stage: int = 0
    patience: float = 10.0
    stop_signal: signal.Signals = signal.SIGTERM
    last_signal: signal.Signals = signal.SIGKILL
    silence: Callable[[], float] = _always_well
    reaped: Callable[[int], None] = _nothing
    pid: int | None = None
    started_at: float = 0.0
    not_before: float = 0.0
    early_deaths: int = 0


@dataclass
class Supervisor:
    """Runs children until it is told to stop.

    ``changed`` is called after any child started, ``tick`` several times a second; a full disk or the like in
    either (OSError) is logged and survived.
    """

    children: Sequence[Child]
    changed: Callable[[], None] = lambda: None
    tick: Callable[[], None] = lambda: None
    stop_requests: int = field(default=0, init=False)
    _lenient_until: float = field(default=0.0, init=False)
    _wake: int = field(default=-1, init=False)
    _wake_end: int = field(default=-1, init=False)

    @property
    def stopping(self) -> bool:
        """True once a SIGTERM or SIGINT came, or ``request_stop`` was called."""
        return self.stop_requests > 0

    @property
    def descriptors(self) -> tuple[int, int]:
        """The supervisor's own descriptors, which a child closes."""
        return self._wake, self._wake_end

    def request_stop(self) -> None:
        """Have ``run`` stop everything and return. A second request does so without patience."""
        self.stop_requests += 1

    def run(self) -> None:
        """Keep the children alive until a stop is requested, then stop them, stage by stage."""
        while not self.stopping:
            started = [child for child in self.children if self._start_if_due(child)]
            if started:
                _survive(self.changed)
            self._wait_and_watch()
            self.reap()
            _survive(self.tick)
        self.stop_all()

    def _wait_and_watch(self) -> None:
        """Wait one tick, then kill what is silent; but not just after we were halted ourselves, maybe all were."""
        before = time.monotonic()
        self.wait(TICK)
        now = time.monotonic()
        if now - before > HALTED:
            self._lenient_until = now + SILENCE
        if now > self._lenient_until:
            self._kill_silent()

    def stop_all(self) -> None:
        """Stop what runs, stage by stage; what does not stop in its time is killed."""
        for stage in sorted({child.stage for child in self.children}):
            self._stop([child for child in self.children if child.stage == stage and child.pid])

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Within this, SIGTERM, SIGINT and SIGHUP request a stop, and SIGCHLD wakes."""
        self._wake, self._wake_end = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(self._wake_end, False)
        hangup_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # started by nohup: it goes on
        handled = [signum for signum in SIGNALS if not (signum == signal.SIGHUP and hangup_ignored)]
        before = {signum: signal.signal(signum, self._on_signal) for signum in handled}
        signal.set_wakeup_fd(self._wake_end, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for signum, handler in before.items():
                signal.signal(signum, handler)
            os.close(self._wake)
            os.close(self._wake_end)

    def wait(self, seconds: float) -> None:
        """Sleep until a signal comes, ``seconds`` at most."""
        if select.select([self._wake], [], [], seconds)[0]:
            os.read(self._wake, 4096)

    def reap(self) -> None:
        """Take note of every child that has ended; also of strangers, for in a container we may be process 1."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for child in self.children:
                if child.pid == pid:
                    self._ended(child, os.waitstatus_to_exitcode(status))

    def _on_signal(self, signum: int, _frame: FrameType | None) -> None:
        if signum != signal.SIGCHLD:
            self.request_stop()

    def _start_if_due(self, child: Child) -> bool:
        now = time.monotonic()
        if child.pid is not None or now < child.not_before:
            return False
        child.started_at = now
        try:
            child.pid = child.start()
        except Exception:  # no memory, no process to be had, a full disk: whatever it is, it may pass
            log.exception("cannot_start", process=child.name)
            self._postpone(child)
            return False
        log.info("started", process=child.name, pid=child.pid)
        return True

    def _ended(self, child: Child, code: int) -> None:
        pid, child.pid = child.pid, None
        child.reaped(code)
        if self.stopping:
            log.info("stopped", process=child.name, pid=pid, code=code)
            return
        self._postpone(child)
        log.warning("died", process=child.name, pid=pid, why=_why(code), restart_in=pause(child.early_deaths))
        if child.early_deaths and child.early_deaths % LOUD == 0:
            log.error("keeps_dying", process=child.name, times=child.early_deaths, why=_why(code))

    @staticmethod
    def _postpone(child: Child) -> None:
        now = time.monotonic()
        child.early_deaths = 0 if now - child.started_at > STEADY else child.early_deaths + 1
        child.not_before = now + pause(child.early_deaths)

    def _kill_silent(self) -> None:
        for child in self.children:
            if child.pid is not None and child.silence() > SILENCE:
                log.error("silent", process=child.name, pid=child.pid, seconds=round(child.silence()))
                os.kill(child.pid, signal.SIGKILL)

    def _stop(self, children: list[Child]) -> None:
        for child in children:
            self._send(child, child.stop_signal)
            self._send(child, signal.SIGCONT)
        begun = time.monotonic()
        while running := [child for child in children if child.pid is not None]:
            for child in running:
                if self.stop_requests > 1 or time.monotonic() - begun > child.patience:
                    log.warning("killed", process=child.name, pid=child.pid)
                    self._send(child, child.last_signal)
            self.wait(TICK)
            self.reap()

    @staticmethod
    def _send(child: Child, signum: signal.Signals) -> None:
        if child.pid is not None:
            os.kill(child.pid, signum)


def pause(early_deaths: int) -> float:
    """Seconds to wait before a restart: none at first, then doubling up to ``LONGEST_PAUSE``."""
    return 0.0 if early_deaths <= 1 else min(LONGEST_PAUSE, 0.1 * 2.0 ** min(early_deaths - 2, 10))


def _survive(step: Callable[[], None]) -> None:
    try:
        step()
    except OSError as error:
        log.warning("supervisor_hindered", error=str(error))


def _why(code: int) -> str:
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name
