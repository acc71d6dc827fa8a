"""Where the hot path spends its time: a flame graph of one process of the running suite, and its heaviest functions.

`python -m bench.flames [listener|worker-intake|worker-notify|web] [--seconds N] [--out FOLDER]`

The suite runs as its users run it; `smtp-source` keeps its listener busy, and so the worker that reads and the one
that sends; the web process gets readers of the board. py-spy looks at the process from outside a hundred times a second
and counts only threads that hold the interpreter: what waits is not drawn. Needs Debian's postfix for the load,
and the right to look into other processes (root, or ptrace allowed).
"""

from __future__ import annotations

import argparse
import itertools
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.support.running import Suite

ROLES = ("listener", "worker-intake", "worker-notify", "web")
RATE = 100
"""Looks a second."""
SHOWN = 15
WHOLE = 0.97
"""What takes a larger share is only the way in."""


def main() -> None:
    """Record each role that is asked for; write its graph and print its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("roles", nargs="*", choices=[*ROLES, []], default=list(ROLES))
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path("bench/results"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        suite = Suite(Path(folder) / "var", {"IDESLUSS_LOG_LEVEL": "warning"}).start()
        try:
            for role in given.roles:
                with _readers(suite) if role == "web" else _mails(suite):
                    stacks = _record(suite.pids(role)[0], given.seconds, given.out / f"{role}.svg")
                _print(role, stacks)
        finally:
            suite.stop()


@contextmanager
def _mails(suite: Suite) -> Iterator[None]:
    """Mail without end from ten sessions."""
    command = ["smtp-source", "-s", "10", "-l", "4096", "-m", "1000000", "-f", "bench@krokom.example"]
    command += ["-t", "ide@krokom.example", f"127.0.0.1:{suite.environment['IDESLUSS_SMTP_PORT']}"]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def _readers(suite: Suite) -> Iterator[None]:
    """Four who read the form, a board and the events again and again."""
    stopping = threading.Event()
    paths = itertools.cycle(["/ide/krokom", "/tavla/krokom", "/traffar/", "/"])

    def read() -> None:
        with requests.Session() as session:
            while not stopping.is_set():
                session.get(f"{suite.url}{next(paths)}", timeout=30)

    threads = [threading.Thread(target=read, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def _record(pid: int, seconds: int, picture: Path) -> Counter[tuple[str, ...]]:
    """Look at a process twice as long: once for the picture, once for the numbers; the stacks and how often each."""
    with tempfile.NamedTemporaryFile("r") as raw:
        for form, path in (("flamegraph", str(picture)), ("raw", raw.name)):
            command = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(pid), "--gil"]
            command += ["--duration", str(seconds), "--rate", str(RATE), "--format", form, "--output", path]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        stacks: Counter[tuple[str, ...]] = Counter()
        for line in raw.read().splitlines():
            stack, _, number = line.rpartition(" ")
            stacks[tuple(stack.split(";"))] += int(number)
    return stacks


def _print(role: str, stacks: Counter[tuple[str, ...]]) -> None:
    total = sum(stacks.values()) or 1
    inside: Counter[str] = Counter()
    for stack, number in stacks.items():
        for name in {_short(frame) for frame in stack}:
            inside[name] += number
    print(f"\n### {role}: {total} looks at which it held the interpreter")
    print("| share | in (with all it calls) |\n| --- | --- |")
    drawn = [(name, number) for name, number in inside.most_common() if number < total * WHOLE]
    for name, number in drawn[:SHOWN]:
        print(f"| {number / total:.0%} | `{name}` |")


def _short(frame: str) -> str:
    """A frame without its line: `handle (services/intake/smtp/listener.py)`."""
    name, _, where = frame.partition(" (")
    return f"{name} ({where.partition(':')[0].removesuffix(')')})"


if __name__ == "__main__":
    sys.exit(main())
