"""The lock on the data folder."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from idesluss import datafolder
from shared.errors import Conflict, MisconfiguredError


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path) -> None:
    with (
        datafolder.held(tmp_path),
        pytest.raises(Conflict, match=rf"process {os.getpid()}\b"),
        datafolder.held(tmp_path),
    ):
        pass

    with datafolder.held(tmp_path) as descriptor:
        assert descriptor > 0


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with datafolder.held(tmp_path):
            os.write(writing, b"held")
            signal.pause()
    assert os.read(reading, 4) == b"held"
    with pytest.raises(Conflict), datafolder.held(tmp_path):
        pass

    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    with datafolder.held(tmp_path):
        pass
    os.close(reading)
    os.close(writing)


def test_a_folder_that_cannot_be_made_is_named_with_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(MisconfiguredError, match="IDESLUSS_DATA_DIR"), datafolder.held(tmp_path / "file" / "folder"):
        pass
