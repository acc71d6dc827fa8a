"""As whom a child process runs, and that it does not outlive its parent.

PostgreSQL refuses to run as root. Where we are root, it runs as a user of its own, or, where no other
user may enter the folders that it needs (a checkout under /root), as itself in a user namespace in
which the outer root is an ordinary user.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared.errors import MisconfiguredError

_LINUX = sys.platform == "linux"
_CLONE_NEWUSER = 0x10000000
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_libc = ctypes.CDLL(None, use_errno=True)  # loaded here: a child between fork and exec should load nothing

SERVICE_USERS = ("postgres", "nobody")
"""Whom root may run PostgreSQL as, in order of preference."""

NOBODY = 65534
"""The uid and gid that nearly every system calls nobody."""


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom a process runs: ``enter`` is called in the child before exec; ``uid``, ``gid`` own its files."""

    description: str
    uid: int
    gid: int
    enter: Callable[[], None]


def choose_identity(folder: Path, executable: Path) -> Identity:
    """An identity that is not root, may enter ``folder`` and may run ``executable``.

    :raises MisconfiguredError: there is none; says what to change.
    """
    for identity in candidates():
        if _fits(identity, folder, executable):
            return identity
    closed = closed_to_others(folder) or closed_to_others(executable) or folder
    raise MisconfiguredError(
        f"PostgreSQL does not run as root, and here neither a user of its own ({' or '.join(SERVICE_USERS)}) may "
        f"enter {closed} nor are user namespaces allowed. Open that folder (chmod o+x {closed}), point "
        "IDESLUSS_DATA_DIR elsewhere, start as an ordinary user, or set DATABASE_URL to a server of your own"
    )


def die_with_parent(signum: signal.Signals, parent: int) -> None:
    """Called in a fresh child: have the kernel send it ``signum`` when its parent dies. Linux only.

    After a change of user, which would undo it. A parent that has died already sends nothing, so look.
    """
    if not _LINUX:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def set_process_name(name: str) -> None:
    """What ``top`` and ``ps -o comm`` show: up to 15 octets. Linux only."""
    if _LINUX:
        _libc.prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def candidates() -> list[Identity]:
    """As whom PostgreSQL might run here, the preferred first."""
    uid, gid = os.geteuid(), os.getegid()
    named = _known(uid)
    if uid != 0 and named:
        return [Identity(f"user {named}", uid, gid, lambda: None)]
    users = [_user(name) for name in SERVICE_USERS] if uid == 0 else []
    return [user for user in users if user] + ([_namespaced(uid, gid)] if _LINUX else [])


def _known(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None


def _user(name: str) -> Identity | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None

    def enter() -> None:
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)

    return Identity(f"user {name}", entry.pw_uid, entry.pw_gid, enter)


def _namespaced(uid: int, gid: int) -> Identity:
    def enter() -> None:
        if _libc.unshare(_CLONE_NEWUSER):
            raise OSError(ctypes.get_errno(), "unshare")
        for file, line in (
            ("uid_map", f"{NOBODY} {uid} 1"),
            ("setgroups", "deny"),
            ("gid_map", f"{NOBODY} {gid} 1"),
        ):
            descriptor = os.open(f"/proc/self/{file}", os.O_WRONLY)
            os.write(descriptor, line.encode())
            os.close(descriptor)

    return Identity("an ordinary user inside a user namespace", uid, gid, enter)


def _fits(identity: Identity, folder: Path, executable: Path) -> bool:
    def enter() -> None:
        identity.enter()
        os.chdir(folder)

    try:
        done = subprocess.run(  # noqa: S603 - our own binary
            [executable, "--version"], preexec_fn=enter, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def closed_to_others(path: Path) -> Path | None:
    """The outermost of a path's folders that other users may not enter."""
    folders = [path, *path.parents] if path.is_dir() else list(path.parents)
    return next((folder for folder in reversed(folders) if not folder.stat().st_mode & 0o001), None)
