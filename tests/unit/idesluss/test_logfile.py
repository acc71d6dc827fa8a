"""The log in the data folder."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from idesluss import logfile
from shared.settings import Settings, load


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_SECRET_KEY": "k" * 40})


@pytest.fixture
def root(settings: Settings) -> Iterator[logging.Logger]:
    """The root logger with one handler that colours, as on a terminal."""
    root = logging.getLogger()
    before = root.handlers[:]
    coloured = logging.StreamHandler()
    coloured.setFormatter(logging.Formatter("\x1b[31m%(message)s\x1b[0m"))
    root.handlers[:] = [coloured]
    yield root
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = before


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
