"""Mail under fire: senders that never give up, and somebody who kills processes at random moments."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import smtplib
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.support.running import Suite, letter
from tests.support.waiting import wait_until

CONTACT = "kontakt@krokom.example"
TARGETS = (
    "listener",
    "web",
    "relay",
    "worker-intake",
    "worker-notify",
    "worker-rsvp",
    "scheduler",
    "mailbox",
    "postgres",
)


@dataclass
class Senders:
    """Threads that send mail after mail, each as a mail server does: again until it hears 250."""

    suite: Suite
    threads: int = 4
    pause_seconds: float = 0.3
    accepted: list[str] = field(default_factory=list)
    slowest: float = 0.0
    """The longest that a mail had to wait for its 250, in seconds, retries included."""

    def __post_init__(self) -> None:
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._number = 0
        self._running: list[threading.Thread] = []

    def start(self) -> None:
        """Begin sending."""
        self._running = [threading.Thread(target=self._send_on) for _ in range(self.threads)]
        for thread in self._running:
            thread.start()

    def stop(self) -> None:
        """Let each finish the mail it has begun, then stop."""
        self._stopping.set()
        for thread in self._running:
            thread.join()

    def _send_on(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                self._number += 1
                name = f"storm{self._number:06d}"
            self._send_until_accepted(name)
            self._stopping.wait(self.pause_seconds)

    def _send_until_accepted(self, name: str) -> None:
        sender = f"{name}@krokom.example"
        mail = letter(name, f"Idé nummer {name}.", sender=sender, message_id=f"<{name}@krokom.example>")
        began = time.monotonic()
        while True:
            try:
                self.suite.send(mail, sender, "ide@krokom.example")
                break
            except (OSError, smtplib.SMTPException):
                time.sleep(0.05)
        with self._lock:
            self.accepted.append(name)
            self.slowest = max(self.slowest, time.monotonic() - began)


@dataclass
class Killer:
    """Kills one process at a time, and sometimes stops one for longer than any heartbeat."""

    suite: Suite
    chance: random.Random
    targets: tuple[str, ...] = TARGETS
    kills: Counter[str] = field(default_factory=Counter)

    def kill(self, name: str) -> None:
        """kill -9 one of the processes that play a role, and wait until the role is played again."""
        self._signal(name, signal.SIGKILL)
        self.kills[name] += 1

    def halt(self, name: str) -> int:
        """SIGSTOP a role's process, for good; returns its number."""
        pid = self._signal(name, signal.SIGSTOP)
        self.kills[f"{name} frozen"] += 1
        return pid

    def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP a role's process, and wake it later (if the supervisor has not replaced it by then)."""
        pid = self.halt(name)
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    def kill_some(self, count: int, pause: tuple[float, float]) -> None:
        """Kill ``count`` random targets with random pauses between."""
        for _ in range(count):
            time.sleep(self.chance.uniform(*pause))
            self.kill(self.chance.choice(self.targets))

    def _signal(self, name: str, number: int) -> int:
        """Signal one living process of a role; run.json may lag behind a death for a moment."""

        def once() -> int:
            try:
                pid = self.chance.choice(self.suite.pids(name))
                os.kill(pid, number)
            except (ProcessLookupError, OSError, ValueError, IndexError, KeyError):
                return 0
            return pid

        return wait_until(once, 60)


@dataclass(frozen=True)
class Outcome:
    """What came of the mails that got 250."""

    accepted: int
    lost: list[str]
    doubled: list[str]
    unconfirmed: list[str]
    confirmed_twice: list[str]
    unnoticed: int
    submitted_twice: int
    """Mails whose Message-ID reached the relay more than once: a kill fell between DATA and commit."""


def settle(suite: Suite, accepted: list[str], seconds: float) -> Outcome:
    """Wait until everything that was accepted has come through, then count."""

    def confirmed() -> bool:
        return len(_caught(suite)) >= 2 * len(accepted)

    with contextlib.suppress(AssertionError):
        wait_until(confirmed, seconds, every=1.0)
    titles = Counter(idea["title"] for idea in suite.ideas(sluice="krokom"))
    caught = _caught(suite)
    confirmations = Counter(
        to["Address"].partition("@")[0] for mail in caught for to in mail["To"] if to["Address"].startswith("storm")
    )
    notices = sum(1 for mail in caught for to in mail["To"] if to["Address"] == CONTACT)
    return Outcome(
        accepted=len(accepted),
        lost=[name for name in accepted if titles[name] == 0],
        doubled=[name for name, count in titles.items() if count > 1],
        unconfirmed=[name for name in accepted if confirmations[name] == 0],
        confirmed_twice=[name for name, count in confirmations.items() if count > 1],
        unnoticed=len(accepted) - notices,
        submitted_twice=sum(1 for mail in caught if mail["submissions"] > 1),
    )


def _caught(suite: Suite) -> list[dict]:
    found: list[dict] = []
    with contextlib.suppress(OSError):
        while True:
            page = suite.caught_page(len(found))
            found += page
            if not page:
                break
    return found
