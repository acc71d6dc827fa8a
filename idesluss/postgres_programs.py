"""PostgreSQL's own programs for backups: which of those on this machine fit, and how they are run."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import URL

from shared.db import conninfo
from shared.embedded_postgres import binaries
from shared.errors import IdeslussenError, MisconfiguredError
from shared.processes import die_with_parent


@dataclass(frozen=True, slots=True)
class Program:
    """One program and the major version of PostgreSQL that it belongs to."""

    path: Path
    major: int


def fitting(name: str, least: int) -> Program:
    """The oldest ``name`` (pg_dump, pg_restore) that is at least of that major version: on PATH, or the embedded one's.

    A newer one than needed would write what an older server's own programs cannot read.

    :raises MisconfiguredError: there is none.
    """
    found = sorted(_candidates(name), key=lambda program: program.major)
    for program in found:
        if program.major >= least:
            return program
    seen = ", ".join(f"{program.path} ({program.major})" for program in found) or "none at all"
    raise MisconfiguredError(
        f"DATABASE_URL: {name} of PostgreSQL {least} or later is needed, and this machine has {seen}: "
        f"install it (Debian: apt install postgresql-client-{least})"
    )


def run(program: Program, url: URL, arguments: Sequence[str], *, tick: Callable[[], None]) -> None:
    """Run it on a database to its end; it ends with us, however we end.

    :param tick: called each half second meanwhile.
    :raises IdeslussenError: it failed; says its last words.
    """
    parts = conninfo_to_dict(conninfo(url))
    password = parts.pop("password", None)  # a command line is everybody's to read
    bare = make_conninfo("", **parts)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment |= {"PGPASSWORD": str(password)} if password else {}
    parent = os.getpid()
    process = subprocess.Popen(  # noqa: S603 - a program of PostgreSQL's
        [str(program.path), "--no-password", "--dbname", bare, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: die_with_parent(signal.SIGTERM, parent),
    )
    try:
        while True:
            try:
                _, said = process.communicate(timeout=0.5)
                break
            except subprocess.TimeoutExpired:
                tick()
    except BaseException:
        process.terminate()
        process.communicate()
        raise
    if process.returncode:
        words = " | ".join(said.strip().splitlines()[:3]) or "it said nothing"
        raise IdeslussenError(f"{program.path.name}: {words}")


def _candidates(name: str) -> list[Program]:
    paths = [Path(path)] if (path := shutil.which(name)) else []
    with contextlib.suppress(MisconfiguredError):
        paths.append(binaries() / name)
    versions = [(path, _major(path)) for path in paths]
    return [Program(path, major) for path, major in versions if major]


def _major(path: Path) -> int | None:
    try:
        done = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=30)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", done.stdout)
    return int(match[1]) if match else None
