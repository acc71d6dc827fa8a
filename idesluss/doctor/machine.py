"""The machine: Python, its disk, its time zones."""

from __future__ import annotations

import os
import shutil
import zoneinfo
from pathlib import Path

from idesluss.doctor.finding import Finding, Level
from shared.settings import MIB

LITTLE_SPACE = 1024 * MIB
TOO_LITTLE_SPACE = 200 * MIB
FEW_FILES = 0.05
"""The share of a disk's files (inodes) that should be free."""

PATCHED = {(3, 11): 15, (3, 12): 13, (3, 13): 12, (3, 14): 3}
"""The first patch level of each Python that has the fixes we rely on."""


def python(version: tuple[int, int, int]) -> Finding:
    """Python's patch level is a security setting for a program that reads strangers' mail."""
    found = ".".join(map(str, version))
    needed = PATCHED.get(version[:2])
    if needed is None or version[2] >= needed:
        return Finding(Level.OK, "Python", found)
    return Finding(
        Level.WARNING,
        "Python",
        f"{found}: {version[0]}.{version[1]}.{needed} or later closes holes in reading and writing mail headers "
        "(cpython#136063: a hostile header costs seconds; CVE-2024-6923 and CVE-2026-1299: header injection). "
        "We guard against each, but upgrade",
    )


def disk(data_dir: Path) -> Finding:
    """Mails are refused for now (451) when nothing more can be written."""
    folder = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    free = shutil.disk_usage(folder).free
    text = f"{free // MIB} MB free for {data_dir}"
    files = os.statvfs(folder)
    if files.f_files and files.f_favail < files.f_files * FEW_FILES:
        few = f"only {files.f_favail} more files (inodes) fit on the disk of {data_dir}: delete what is not needed"
        return Finding(Level.FAULT, "disk space", few)
    if free < TOO_LITTLE_SPACE:
        return Finding(Level.FAULT, "disk space", f"{text}: free at least {TOO_LITTLE_SPACE // MIB} MB")
    return Finding(Level.WARNING if free < LITTLE_SPACE else Level.OK, "disk space", text)


def time_zones() -> Finding:
    """Promises are counted in Swedish days: without the zone's data nothing starts."""
    try:
        zoneinfo.ZoneInfo("Europe/Stockholm")
    except zoneinfo.ZoneInfoNotFoundError:
        return Finding(Level.FAULT, "time zones", "Europe/Stockholm is unknown here: install tzdata")
    return Finding(Level.OK, "time zones", "Europe/Stockholm is known")
