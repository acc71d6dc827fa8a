"""One suite for each data folder: a lock held for the supervisor's life, and let go by the kernel at its death."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import Conflict, MisconfiguredError


@contextmanager
def held(data_dir: Path) -> Iterator[int]:
    """Hold the folder, and give the lock's descriptor: children close it, so that they hold nothing.

    :raises Conflict: another suite that lives holds it.
    :raises MisconfiguredError: the folder cannot be made or written to.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise MisconfiguredError(f"IDESLUSS_DATA_DIR: {data_dir} cannot be used ({error})") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 20).decode("ascii", "replace").strip() or "unknown"
            raise Conflict(
                f"{data_dir} is in use by an Idéslussen that runs (process {holder}): stop that one, "
                "or give this one another folder by IDESLUSS_DATA_DIR"
            ) from error
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            raise MisconfiguredError(f"IDESLUSS_DATA_DIR: {data_dir} cannot be written to ({error})") from error
        yield descriptor
    finally:
        os.close(descriptor)
