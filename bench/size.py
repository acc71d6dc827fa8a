"""How much memory the whole suite takes: at rest, and after many mails. `python -m bench.size [mails]`

Memory is the sum of PSS (proportional set size) over every process of the suite, PostgreSQL included.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.support.running import Suite
from tests.support.waiting import wait_until

MIB = 1024 * 1024
DEFAULT_MAILS = 5_000


def main() -> None:
    """Run it and print one table."""
    mails = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_MAILS
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        suite = Suite(Path(folder) / "var", {"IDESLUSS_LOG_LEVEL": "warning"}).start()
        first = time.perf_counter() - began
        suite.stop()
        began = time.perf_counter()
        suite = Suite(Path(folder) / "var", dict(suite.environment)).start()
        second = time.perf_counter() - began
        try:
            print(f"first start ready in {first:.1f} s, second in {second:.1f} s")
            _print(suite, "at rest after the start")
            for part in range(4):
                _send(suite, mails // 4)
                _print(suite, f"after {mails // 4 * (part + 1)} mails")
        finally:
            suite.stop()


def _send(suite: Suite, count: int) -> None:
    before = _ideas(suite)
    subprocess.run(
        [
            "smtp-source", "-s", "10", "-l", "4096", "-m", str(count), "-f", "bench@krokom.example",
            "-t", "ide@krokom.example", f"127.0.0.1:{suite.environment['IDESLUSS_SMTP_PORT']}",
        ],
        check=True,
    )  # fmt: skip
    wait_until(lambda: _ideas(suite) >= before + count, 3600, every=1.0)


def _ideas(suite: Suite) -> int:
    """How many mails have been read: references have no gaps, but the newest idea need not bear the last."""
    page = suite.api("/api/intake/v1/ideas", params={"limit": "200"})
    return max((int(idea["reference"].rpartition("-")[2]) for idea in page["items"]), default=0)


def _print(suite: Suite, when: str) -> None:
    whole = psutil.Process(suite.pids("supervisor")[0])
    found = {process: _pss(process) for process in [whole, *whole.children(recursive=True)]}
    total = sum(found.values())
    print(f"{when}: {total / MIB:.0f} MiB in {len(found)} processes")


def _pss(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0


if __name__ == "__main__":
    main()
