"""What a suite leaves in its data folder."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

from idesluss import runfile


def test_run_json_is_private_and_replaced_as_a_whole(tmp_path: Path) -> None:
    for number in (1, 2):
        runfile.write(tmp_path, http_url="http://x", smtp_port=25, api_token="t", pids={"web": [number]})

    path = tmp_path / runfile.RUN
    assert json.loads(path.read_text()) == {
        "http_url": "http://x",
        "smtp_port": 25,
        "api_token": "t",
        "pids": {"web": [2]},
    }
    assert path.stat().st_mode & 0o077 == 0
    assert [child.name for child in tmp_path.iterdir()] == [runfile.RUN]


def test_children_of_a_killed_supervisor_are_ended(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as orphan:
        runfile.remember(tmp_path, [orphan.pid])

        runfile.end_orphans(tmp_path)

        assert orphan.wait() == -signal.SIGTERM


def test_a_stranger_who_bears_an_old_number_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as stranger:
        runfile.remember(tmp_path, [stranger.pid])
        path = tmp_path / runfile.PROCESSES
        births = {pid: birth - 60 for pid, birth in json.loads(path.read_text()).items()}
        path.write_text(json.dumps(births))

        runfile.end_orphans(tmp_path)

        assert stranger.poll() is None
        stranger.kill()


def test_a_missing_or_broken_file_hinders_no_start(tmp_path: Path) -> None:
    runfile.end_orphans(tmp_path)
    (tmp_path / runfile.PROCESSES).write_text('{"1')
    runfile.end_orphans(tmp_path)


def test_nothing_is_left_after_a_clean_stop(tmp_path: Path) -> None:
    runfile.write(tmp_path, http_url="", smtp_port=25, api_token="", pids={})
    runfile.remember(tmp_path, [])

    runfile.remove(tmp_path)
    runfile.remove(tmp_path)

    assert list(tmp_path.iterdir()) == []
