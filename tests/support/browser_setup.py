"""Run by `make test`: see that a Chromium is there for the browser tests; never stand in the way without one."""

from __future__ import annotations

import os
import shutil
import subprocess

MINUTES = 5
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
"""The first is Chromium without windows, which needs a third less time for a page."""
PACKAGES = ("chromium-headless-shell", "chromium")
"""Debian's: the second where there is not the first."""


def find() -> str | None:
    """The path of a Chromium on this machine, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def main() -> None:
    """Install Debian's chromium where that is possible and needed; otherwise say that its tests are skipped."""
    if find():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Debian's chromium for the browser tests")
        _install()
    if not find():
        print("No Chromium on this machine: the browser tests will be skipped (Debian: apt install chromium)")


def _install() -> None:
    if _apt("update"):
        any(_apt("install", "--yes", "--no-install-recommends", package) and find() for package in PACKAGES)


def _apt(*step: str) -> bool:
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(
            ["apt-get", "-qq", *step],
            env={**os.environ, **quiet},
            timeout=MINUTES * 60,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(f"apt-get {' '.join(step)} did not work: {error}")
        return False
    return True


if __name__ == "__main__":
    main()
