"""Logging: what a process does never depends on whether its log can be written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import logging
from shared import logs
from shared.settings import load
logs.configure(load({"IDESLUSS_DATA_DIR": DATA_DIR}), "test")
for number in range(3):
    logs.get("ours").info("said", number=number)
    logging.getLogger("theirs").warning("said %s", number)
print("went on")
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
def test_a_log_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.replace("DATA_DIR", repr(str(tmp_path)))],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            timeout=60,
        )

    assert done.stdout == "went on\n"
