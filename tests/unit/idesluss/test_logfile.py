"""The log in the data folder."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from idesluss import logfile
from shared.settings import Settings, load


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_SECRET_KEY": "k" * 40})


@pytest.fixture
def root(settings: Settings) -> Iterator[logging.Logger]:
    """The root logger with one handler that colours, as on a terminal."""
    root = logging.getLogger()
    before, configured = root.handlers[:], structlog.get_config()
    coloured = logging.StreamHandler()
    coloured.setFormatter(logging.Formatter("\x1b[31m%(message)s\x1b[0m"))
    root.handlers[:] = [coloured]
    yield root
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = before
    structlog.configure(**configured)


def test_our_own_lines_and_those_of_libraries_reach_terminal_and_file(settings: Settings) -> None:
    program = (
        "import logging\n"
        "from idesluss import logfile\n"
        "from shared import logs\n"
        "from shared.settings import load\n"
        f"settings = load({{'IDESLUSS_DATA_DIR': {str(settings.data_dir)!r}}})\n"
        "logs.configure(settings, 'web')\n"
        "logfile.attach(settings)\n"
        "logs.get('ours').info('we_said', fact=1)\n"
        "logging.getLogger('theirs').warning('they said')\n"
        "logfile.turn_over(settings, max_size=1)\n"
        "logs.get('ours').info('we_said_more')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)

    path = logfile.path(settings)
    older = path.with_name("idesluss.log.1").read_text()
    assert "we_said" in older
    assert "they said" in older
    assert "we_said_more" in path.read_text()
    for words in ("we_said ", "they said", "we_said_more"):
        assert done.stderr.count(words) == 1


def test_lines_reach_the_file_without_colours_and_follow_when_it_is_turned_over(
    settings: Settings, root: logging.Logger
) -> None:
    logfile.attach(settings)
    path = logfile.path(settings)

    root.error("first")
    assert path.read_text() == "first\n"
    logfile.turn_over(settings, max_size=3)
    root.error("second")

    assert path.read_text() == "second\n"
    assert path.with_name("idesluss.log.1").read_text() == "first\n"


def test_a_small_file_stays_and_only_so_many_old_ones_do(settings: Settings) -> None:
    path = logfile.path(settings)
    path.parent.mkdir()
    logfile.turn_over(settings)
    for number in range(8):
        path.write_text(f"file {number}")
        logfile.turn_over(settings)
        assert path.exists()
        logfile.turn_over(settings, max_size=1)

    kept = {child.name: child.read_text() for child in path.parent.iterdir()}
    assert kept == {f"idesluss.log.{number}": f"file {8 - number}" for number in range(1, logfile.KEPT + 1)}


def test_a_file_begins_anew_each_week_and_old_ones_are_removed(settings: Settings) -> None:
    path = logfile.path(settings)
    path.parent.mkdir()
    today = datetime.now(UTC)
    old, older = path.with_name("idesluss.log.1"), path.with_name("idesluss.log.2")
    old.write_text("last month")
    older.write_text("long ago")
    os.utime(older, ((today - timedelta(days=31)).timestamp(),) * 2)

    path.write_text(f"{today - timedelta(days=3):%Y-%m-%d}T10:00:00Z [info] young\n")
    logfile.turn_over(settings)
    assert path.exists()
    assert not older.exists()

    path.write_text(f"{(today - timedelta(days=20)).replace(day=1):%Y-%m-%d}T10:00:00Z [info] a week and more\n")
    logfile.turn_over(settings)
    assert not path.exists()
    assert older.read_text() == "last month"
