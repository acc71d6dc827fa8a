"""`make test` sees to a Chromium and is never stopped by its absence."""

from __future__ import annotations

import subprocess

import pytest

from tests.support import browser_setup


@pytest.fixture
def installs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What would be run, on a machine without Chromium and with apt-get, as root."""
    asked: list[list[str]] = []
    monkeypatch.setattr(browser_setup.shutil, "which", lambda name: "/usr/bin/apt-get" if name == "apt-get" else None)
    monkeypatch.setattr(browser_setup.os, "geteuid", lambda: 0)
    monkeypatch.setattr(browser_setup.subprocess, "run", lambda command, **_: asked.append(command))
    return asked


def test_root_gets_debians_chromium_without_windows_or_else_with_them(installs: list[list[str]]) -> None:
    browser_setup.main()

    assert [command[2] for command in installs] == ["update", "install", "install"]
    assert [command[-1] for command in installs[1:]] == ["chromium-headless-shell", "chromium"]


def test_one_chromium_is_enough(installs: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def which(name: str) -> str | None:
        return f"/usr/bin/{name}" if name == "apt-get" or [name] == [command[-1] for command in installs[1:]] else None

    monkeypatch.setattr(browser_setup.shutil, "which", which)

    browser_setup.main()

    assert [command[-1] for command in installs[1:]] == ["chromium-headless-shell"]


def test_others_are_told_that_tests_will_be_skipped(installs, monkeypatch, capsys) -> None:
    monkeypatch.setattr(browser_setup.os, "geteuid", lambda: 1000)

    browser_setup.main()

    assert installs == []
    assert "will be skipped" in capsys.readouterr().out


def test_a_failing_apt_stops_nobody(installs, monkeypatch, capsys) -> None:
    def fail(command: list[str], **_: object) -> None:
        raise subprocess.CalledProcessError(100, command)

    monkeypatch.setattr(browser_setup.subprocess, "run", fail)

    browser_setup.main()

    assert "will be skipped" in capsys.readouterr().out


def test_nothing_is_installed_where_a_chromium_is(installs, monkeypatch, capsys) -> None:
    monkeypatch.setattr(browser_setup.shutil, "which", lambda name: f"/usr/bin/{name}")

    browser_setup.main()

    assert installs == []
    assert capsys.readouterr().out == ""
