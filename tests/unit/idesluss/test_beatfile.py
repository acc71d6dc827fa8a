"""A role by itself says that it lives: to a file, to systemd, and `idesluss healthy` reads it."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idesluss import healthy
from idesluss.beatfile import FOLDER, beating, silences
from idesluss.cli import main

KEY = {"IDESLUSS_SECRET_KEY": "k" * 32}


def _ask(data_dir: Path, role: str) -> Result:
    return CliRunner().invoke(main, ["healthy", role], env=KEY | {"IDESLUSS_DATA_DIR": str(data_dir)})


def test_a_role_is_well_from_its_first_beat_to_its_end(tmp_path: Path) -> None:
    with beating(tmp_path, "relay") as file:
        assert _ask(tmp_path, "relay").exit_code == 1
        file.beat()
        assert _ask(tmp_path, "relay").exit_code == 0
        assert _ask(tmp_path, "scheduler").exit_code == 1

    assert _ask(tmp_path, "relay").exit_code == 1


def test_one_that_fell_silent_is_ill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sleep", "60"]) as other, beating(tmp_path, "relay") as file:
        file.beat()
        (tmp_path / FOLDER / f"relay.{other.pid}").touch()
        assert len(silences(tmp_path, "relay")) == 2
        assert _ask(tmp_path, "relay").exit_code == 0
        monkeypatch.setattr(healthy, "SILENCE", -1.0)  # as if that long had passed
        answer = _ask(tmp_path, "relay")
        other.kill()

    assert answer.exit_code == 1
    assert "silent for 0 s" in answer.output


def test_what_a_dead_process_left_counts_for_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / f"relay.{dead.pid}").touch()
    (tmp_path / FOLDER / "relay.old").touch()
    (tmp_path / FOLDER / "relay.7").symlink_to("ended-meanwhile")

    assert silences(tmp_path, "relay") == []


def test_a_number_given_anew_is_a_strangers(tmp_path: Path) -> None:
    (tmp_path / FOLDER).mkdir()
    file = tmp_path / FOLDER / f"relay.{os.getpid()}"
    file.touch()
    os.utime(file, (1, 1))

    assert silences(tmp_path, "relay") == []


def test_a_folder_that_cannot_be_written_to_stops_no_role(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("in the way")
    with beating(tmp_path, "relay") as file:
        file.beat()

    assert _ask(tmp_path, "relay").exit_code == 1


def test_systemd_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, beating(tmp_path, "relay") as file:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        file.beat()

        assert manager.recv(100) == b"READY=1\nWATCHDOG=1"


def test_no_such_role(tmp_path: Path) -> None:
    answer = _ask(tmp_path, "worker-none")

    assert answer.exit_code == 2
    assert "worker-intake" in answer.output
