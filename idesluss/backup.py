"""Back the database up while the suite runs: one consistent dump with a manifest, made whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from importlib.metadata import version
from pathlib import Path
from typing import LiteralString

import psycopg

from idesluss import archives, erasures, migrate, postgres_programs
from idesluss.archives import Manifest
from shared import logs, migrations
from shared.clock import now
from shared.db import admin_url
from shared.errors import IdeslussenError
from shared.settings import Settings

log = logs.get(__name__)

Progress = Callable[[str], None]

SCHEMAS = (*migrations.OWNERS, "bus", "dramatiq")

LEFT_OUT = (
    # the doorbell: what it rings for is in the tables
    "dramatiq.queue",
    "dramatiq.result",
    "dramatiq.worker",
    # copies of mails that notify holds, on installations that send none
    "mailbox.message",
    # whoever gets at an archive is signed in nowhere, and after a restore everybody signs in again
    "intake.session",
    "intake.sign_in_link",
    # counts of the last hour
    "intake.hit",
    "rsvp.hit",
)
"""Tables of which the rows are not kept; the tables are."""

LOCK_WAIT = "60s"
"""How long the dump waits for a migration under way."""


@dataclass(frozen=True, slots=True)
class Done:
    """A finished backup, and the old ones that made room for it."""

    archive: Path
    manifest: Manifest
    thinned: list[Path]


def back_up(settings: Settings, folder: Path, *, keep: int, with_key: bool, progress: Progress) -> Done:
    """Make an archive in ``folder``, write the erasures beside it, and thin the old ones.

    :param keep: how many archives stay; 0 is all.
    :raises IdeslussenError: nothing was made, and nothing half-made is left.
    """
    with archives.held(folder):
        name = archives.new_name(folder, now())
        with archives.being_made(folder, name) as unfinished:
            manifest = _dump(settings, unfinished, progress)
            if with_key:
                archives.write_durably(unfinished / archives.KEY, ",".join(settings.secret_keys) + "\n")
            manifest.write(unfinished)
        write_erasures(settings, folder)
        thinned = archives.thin(folder, keep, spared=name) if keep else []
    log.info("backup_made", archive=name, size=manifest.size, seconds=manifest.seconds, thinned=len(thinned))
    return Done(folder / name, manifest, thinned)


def write_erasures(settings: Settings, folder: Path) -> None:
    """Write who asked to be forgotten beside the archives, so that no restore brings them back."""
    archives.add_erasures(folder, erasures.manifest(settings))


def _dump(settings: Settings, folder: Path, progress: Progress) -> Manifest:
    """Dump and count in one snapshot: the transaction that counts lends its own to pg_dump."""
    url, began, path = admin_url(settings), time.monotonic(), folder / archives.DUMP
    with migrations.connect(url) as connection:
        major = connection.info.server_version // 10000
        program = postgres_programs.fitting("pg_dump", major)
        connection.execute("SET idle_in_transaction_session_timeout = 0")
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with connection.transaction():
            snapshot = _one(connection, "SELECT pg_export_snapshot()")
            progress("counting")
            schemas = {schema: str(migrations.current(connection, schema)) for schema in migrate.locations()}
            if "None" in schemas.values():
                raise IdeslussenError("the database holds no Idéslussen: `idesluss migrate` makes one")
            counts, originals = archives.counts(connection), archives.originals(connection)
            postgres_programs.run(
                program,
                url,
                [
                    *("--format=custom", "--no-owner", "--no-comments", "--no-subscriptions", "--no-publications"),
                    *(f"--snapshot={snapshot}", f"--lock-wait-timeout={LOCK_WAIT}", f"--file={path}"),
                    *(f"--schema={schema}" for schema in SCHEMAS),
                    *(f"--exclude-table-data={table}" for table in LEFT_OUT),
                ],
                tick=lambda: progress(f"dumping: {_megabytes(path)} MB"),
            )
    path.chmod(0o600)
    archives.sync(path)
    progress("reading it through")
    size, digest = archives.sum_of(path)
    return Manifest(
        format=archives.FORMAT,
        made_at=now().astimezone(UTC).isoformat(timespec="seconds"),
        version=version("idesluss"),
        server_major=major,
        dump_major=program.major,
        schemas=schemas,
        counts=counts,
        originals=originals,
        size=size,
        sha256=digest,
        key=settings.signer.token(archives.KEY_PURPOSE, digest),
        seconds=round(time.monotonic() - began, 1),
    )


def _megabytes(path: Path) -> int:
    return path.stat().st_size // 1_000_000 if path.exists() else 0


def _one(connection: psycopg.Connection, query: LiteralString) -> str:
    row = connection.execute(query).fetchone()
    assert row is not None  # a function always has a value
    return str(row[0])
