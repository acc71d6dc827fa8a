"""Whether there is a backup, and how old it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from idesluss import archives
from idesluss.doctor.finding import Finding, Level
from shared.clock import now
from shared.errors import IdeslussenError
from shared.settings import Settings

SUBJECT = "last backup"


def backups(loaded: Settings) -> Iterator[Finding]:
    """The age of the newest archive in IDESLUSS_BACKUP_DIR, and whether its erasures lie beside it."""
    if not loaded.backup_dir:
        text = "IDESLUSS_BACKUP_DIR is not set: set it and run `idesluss backup` each night (deploy/systemd)"
        yield Finding(Level.DEFAULT if loaded.demo else Level.WARNING, SUBJECT, text)
        return
    folder = Path(loaded.backup_dir)
    try:
        newest = archives.finished(folder)[0]
        manifest = archives.read(newest)
        size = (newest / archives.DUMP).stat().st_size
    except (IndexError, OSError, IdeslussenError) as error:
        reason = "there is none" if isinstance(error, IndexError) else str(error)
        yield Finding(Level.FAULT, SUBJECT, f"{folder}: {reason}: run `idesluss backup`, and its timer")
        return
    hours = (now() - manifest.made).total_seconds() / 3600
    text = f"{newest.name}, {hours:.1f} hours old, {size / 1e6:.0f} MB"
    if size != manifest.size:
        yield Finding(Level.FAULT, SUBJECT, f"{text}: its dump is not whole: run `idesluss backup`")
    elif hours > loaded.backup_hours:
        remedy = f"older than {loaded.backup_hours:g} hours: look at `systemctl status idesluss-backup`"
        yield Finding(Level.FAULT, SUBJECT, f"{text}: {remedy}")
    else:
        yield Finding(Level.OK, SUBJECT, text)
    if not (folder / archives.ERASURES).exists():
        text = f"{folder / archives.ERASURES} is missing: a restore needs it; run `idesluss backup --erasures-only`"
        yield Finding(Level.FAULT, "erasures", text)
