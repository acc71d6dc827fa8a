"""A mail made anonymous in a process of its own, with limits: what parses hostile bytes holds no secret of ours.

python -m services.intake.usecases.anonymise_mail < mail.eml > anonymous.eml
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from services.intake.domain.personal_data import find
from services.intake.mail.anonymise import anonymous
from shared.errors import TemporaryFailure

_MODULE = "services.intake.usecases.anonymise_mail"
_ROOT = Path(__file__).resolve().parents[3]
WALL_SECONDS = 30.0
_CPU_SECONDS = 20
_MEMORY_BYTES = 1024 * 1024 * 1024


def anonymised(raw: bytes) -> bytes:
    """The mail without whom it is from and about.

    :raises TemporaryFailure: it took too long or too much memory, or no process could be started.
    """
    try:
        done = subprocess.run(  # noqa: S603 (nothing in it comes from outside)
            [sys.executable, "-m", _MODULE],
            input=raw,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WALL_SECONDS,
            check=True,
            env={"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1", "PATH": os.defpath},
            cwd="/",
        )
    except (OSError, subprocess.SubprocessError) as fault:
        raise TemporaryFailure(f"the mail could not be made anonymous ({type(fault).__name__})") from fault
    return done.stdout


def _main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    sys.stdout.buffer.write(anonymous(sys.stdin.buffer.read(), find))


if __name__ == "__main__":
    _main()
