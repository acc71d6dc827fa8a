"""Mail read in a child process with limits of its own, so that no mail can take a worker's time or memory.

One long-lived child for one thread: it is spawned once, reads mail after mail, and is replaced after a
number of mails, after a large one, and after any fault. The parent watches the clock and kills; the child's
own limits hold its CPU time and memory. The pipe carries lengths, JSON and bytes (``wire``); the child
inherits nothing but the pipe's two ends, and dies with its parent.

    parent → child   number, lengths, {"envelope_from", "recipient"}, the mail
    child → parent   number, lengths, the reading, its files' bytes
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from services.intake.mail import wire
from services.intake.mail.model import Reading

log = logging.getLogger(__name__)

_MODULE = "services.intake.mail.limited"
_ROOT = Path(__file__).resolve().parents[3]
_REQUEST = struct.Struct("!III")  # number, length of the JSON, length of the mail
_ANSWER = struct.Struct("!III")  # number, length of the JSON, count of files
_LENGTH = struct.Struct("!I")
_CHUNK = 1024 * 1024
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one mail may cost."""

    wall_seconds: float = 20.0
    """Enforced by the parent. Generous: a busy machine must not cost an honest mail its text."""
    cpu_seconds: int = 4
    """Enforced by the system (RLIMIT_CPU, renewed for each mail)."""
    memory_bytes: int = 768 * 1024 * 1024
    """Of the child's private memory (RLIMIT_DATA); a mail of 40 MiB needs under 200 MiB."""
    mails: int = 1000
    """After so many mails the child is replaced."""
    resident_bytes: int = 64 * 1024 * 1024
    """A child that stays larger after a mail is replaced, as Python does not give all memory back."""


DEFAULT_BOUNDS = Bounds()


class _ChildFault(Exception):
    """The child gave no reading."""

    def __init__(self, reason: str, *, is_mails_fault: bool) -> None:
        super().__init__(reason)
        self.is_mails_fault = is_mails_fault


class LimitedReader:
    """Reads mails in a child process. Belongs to one thread; each worker thread owns one.

    On Linux the child is killed when the thread that started it ends.
    """

    def __init__(self, bounds: Bounds = DEFAULT_BOUNDS) -> None:
        self._bounds = bounds
        self._child: subprocess.Popen[bytes] | None = None
        self._number = 0
        self._mails = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The child's process id, or None while there is none."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    def start(self) -> None:
        """Start the child now rather than with the first mail."""
        if self.pid is None:
            self._spawn()

    def read(self, raw: bytes, *, envelope_from: str | None = None, recipient: str | None = None) -> Reading:
        """Read a mail within the bounds. Never raises for a mail.

        Where that fails, the reading says what the header says, and in ``reasons`` why it is no more. A child
        that was killed or stopped through no fault of the mail is replaced, and the mail given once more.
        """
        from services.intake.mail.first_look import first_look  # large, and seldom needed in the parent

        reason = ""
        for attempt in (1, 2):
            try:
                return self._ask(raw, envelope_from, recipient)
            except _ChildFault as fault:
                reason = str(fault)
                log.warning("mail_reading_failed", extra={"reason": reason, "attempt": attempt})
                self._kill()
                if fault.is_mails_fault:
                    break
        return first_look(raw, reason, envelope_from=envelope_from, recipient=recipient)

    def close(self) -> None:
        """End the child."""
        if self._child is None:
            return
        with contextlib.suppress(OSError):
            assert self._child.stdin is not None
            self._child.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=1)
        self._kill()

    # --- the child's life

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._kill()
        bounds = self._bounds
        try:
            self._child = subprocess.Popen(  # noqa: S603 (nothing in it comes from outside)
                [sys.executable, "-m", _MODULE, str(bounds.cpu_seconds), str(bounds.memory_bytes)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                close_fds=True,
                # No secret of ours is in what a parser of hostile mail can see.
                env={"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1", "PATH": os.defpath},
                cwd="/",
            )
        except OSError as fault:
            raise _ChildFault(
                f"no process to read it could be started ({fault.strerror})", is_mails_fault=False
            ) from fault
        self._mails = 0
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        os.set_blocking(self._child.stdin.fileno(), False)
        os.set_blocking(self._child.stdout.fileno(), False)
        return self._child

    def _kill(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()

    # --- one mail

    def _ask(self, raw: bytes, envelope_from: str | None, recipient: str | None) -> Reading:
        child = self._child if self.pid is not None else None
        child = child or self._spawn()
        self._number += 1
        self._mails += 1
        conversation = _Conversation(child, time.monotonic() + self._bounds.wall_seconds, self._bounds)
        asked = json.dumps({"envelope_from": envelope_from, "recipient": recipient}).encode()
        conversation.send(_REQUEST.pack(self._number, len(asked), len(raw)) + asked)
        conversation.send(raw)
        number, head_length, count = _ANSWER.unpack(conversation.receive(_ANSWER.size))
        most = 16 * len(raw) + 16 * 1024 * 1024
        if number != self._number or head_length + count * _LENGTH.size > most:
            raise _ChildFault("the process that read it answered nonsense", is_mails_fault=True)
        head = conversation.receive(head_length)
        sizes = [length for (length,) in _LENGTH.iter_unpack(conversation.receive(count * _LENGTH.size))]
        (resident,) = _LENGTH.unpack(conversation.receive(_LENGTH.size))
        if sum(sizes) > most:
            raise _ChildFault("the process that read it answered nonsense", is_mails_fault=True)
        blobs = [conversation.receive(size) for size in sizes]
        try:
            reading = wire.load(head, blobs)
        except ValueError as fault:
            raise _ChildFault("the process that read it answered nonsense", is_mails_fault=True) from fault
        if self._mails >= self._bounds.mails or resident * 1024 > self._bounds.resident_bytes:
            self.close()
        return reading


class _Conversation:
    """Sending to and receiving from the child until a deadline."""

    def __init__(self, child: subprocess.Popen[bytes], deadline: float, bounds: Bounds) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._child = child
        self._in = child.stdin.fileno()
        self._out = child.stdout.fileno()
        self._deadline = deadline
        self._bounds = bounds

    def send(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            self._wait(self._in, select.POLLOUT)
            try:
                view = view[os.write(self._in, view[:_CHUNK]) :]
            except BlockingIOError:
                continue
            except OSError as fault:
                raise self._death() from fault

    def receive(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._wait(self._out, select.POLLIN)
            try:
                chunk = os.read(self._out, min(size - len(data), _CHUNK))
            except BlockingIOError:
                continue
            if not chunk:
                raise self._death()
            data += chunk
        return bytes(data)

    def _wait(self, pipe: int, event: int) -> None:
        poll = select.poll()
        poll.register(pipe, event)
        left = max(self._deadline - time.monotonic(), 0)
        if not poll.poll(left * 1000):
            # Its computing is limited elsewhere: time that passes without is the machine's doing (or SIGSTOP's).
            raise _ChildFault(f"reading took longer than {self._bounds.wall_seconds:g} s", is_mails_fault=False)

    def _death(self) -> _ChildFault:
        """Why the child ended, told by its exit status."""
        try:
            status = self._child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return _ChildFault("the process that read it stopped answering", is_mails_fault=False)
        if status == -signal.SIGXCPU:
            reason = f"reading took longer than {self._bounds.cpu_seconds} s of computing"
            return _ChildFault(reason, is_mails_fault=True)
        return _ChildFault(f"the process that read it ended ({status})", is_mails_fault=False)


# --- the child


def serve(cpu_seconds: int, memory_bytes: int) -> None:
    """Read mails from standard input until it ends. Runs as the child process."""
    parent = os.getppid()
    _die_with_parent(parent)
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)  # the parent's to handle: it finishes its mail, then closes the pipe
    incoming, outgoing = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever prints must not speak on the pipe
    from services.intake.mail import read  # large: only the child needs it

    with contextlib.suppress(ValueError, OSError):  # a lower hard limit of the system's stays
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for number, asked, raw in _requests(incoming):
        _renew_cpu_limit(cpu_seconds)
        reading = read.read_mail(raw, **asked)
        del raw
        head, blobs = wire.dump(reading)
        outgoing.write(_ANSWER.pack(number, len(head), len(blobs)) + head)
        outgoing.write(b"".join(_LENGTH.pack(len(blob)) for blob in blobs) + _LENGTH.pack(_resident_kib()))
        for blob in blobs:
            outgoing.write(blob)
        outgoing.flush()


def _requests(incoming: BinaryIO) -> Iterator[tuple[int, dict[str, str | None], bytes]]:
    while len(start := incoming.read(_REQUEST.size)) == _REQUEST.size:
        number, asked_length, raw_length = _REQUEST.unpack(start)
        asked, raw = incoming.read(asked_length), incoming.read(raw_length)
        if len(raw) < raw_length:
            return
        yield number, json.loads(asked), raw


def _resident_kib() -> int:
    """Memory in use, in KiB. Not ru_maxrss where it can be avoided: Linux counts the parent's into it."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize() // 1024


def _renew_cpu_limit(seconds: int) -> None:
    """Let the child use so many seconds more; SIGXCPU ends it after them."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _die_with_parent(parent: int) -> None:
    """Linux: be killed when the parent is. Elsewhere the end of the pipe tells, between two mails."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            raise SystemExit(0)


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
