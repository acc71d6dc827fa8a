"""Restore a backup into an empty database: checked first, all or nothing, brought up to date, erasures done again."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import Connection
from sqlalchemy import URL

from idesluss import archives, datafolder, migrate, postgres_programs
from idesluss import erasures as erasing
from idesluss.archives import Manifest
from idesluss.backup import Progress
from shared import logs, migrations
from shared.db import admin_url
from shared.embedded_postgres import EmbeddedPostgres
from shared.errors import Conflict, IdeslussenError, MisconfiguredError
from shared.settings import Settings

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was brought back."""

    manifest: Manifest
    moved: list[str]
    """Schemas that were older than this release."""
    erased: Mapping[str, Any]
    """What ``idesluss.erasures.reapply`` did."""


def bring_key(archive: Path, data_dir: Path) -> bool:
    """Where an archive holds its secret key and the data folder has none, put it there; True if so."""
    kept, place = archive / archives.KEY, data_dir / "secrets" / "key"
    if place.exists() or not kept.exists():
        return False
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    archives.write_durably(place, kept.read_text(encoding="utf-8"))
    return True


def restore(
    settings: Settings, archive: Path, *, erasures: Path | None, other_key: bool, progress: Progress
) -> Restored:
    """Bring an archive back into a database that holds nothing.

    :param erasures: the newest list of erasures; None is the one beside the archive.
    :param other_key: go on under another secret key: every link and address sent so far ends.
    :raises Conflict: the database is not empty, or a suite runs on the data folder.
    :raises MisconfiguredError: another secret key, too old a server, or too few rights.
    :raises IdeslussenError: the archive is damaged, or what came back is not what was dumped.
    """
    manifest = archives.read(archive)
    _refuse_newer(manifest)
    progress("checking the archive")
    archives.check(archive, manifest)
    forgotten = _erasures(erasures or archive.parent / archives.ERASURES)
    if not other_key and not settings.signer.verify(archives.KEY_PURPOSE, manifest.sha256, manifest.key):
        raise MisconfiguredError(
            "IDESLUSS_SECRET_KEY: it is not the one that this archive was made under, so that links and addresses "
            "in mails sent so far would end: set the old one, or say --other-key"
        )
    with ExitStack() as stack:
        if settings.embedded_database:
            stack.enter_context(datafolder.held(settings.data_dir))
            postgres = EmbeddedPostgres(settings)
            postgres.initialise()
            postgres.start()
            stack.callback(postgres.stop)
            postgres.wait_ready()
        url = admin_url(settings)
        with migrations.connect(url) as connection:
            _refuse_unless_empty(connection)
            _refuse_older(connection, manifest)
            migrations.ensure_roles(connection, url, settings)
            progress("restoring")
            _restore_dump(url, archive / archives.DUMP, manifest, progress)
            progress("comparing")
            _compare(connection, manifest)
        progress("bringing it up to date")
        moved = migrate.run(settings)
        erased = erasing.reapply(settings, forgotten) if forgotten else {}
        with migrations.connect(url) as connection:
            connection.execute("ANALYZE")
    log.info("backup_restored", archive=archive.name, moved=moved)
    return Restored(manifest, moved, erased)


def _erasures(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise IdeslussenError(
            f"{path} is missing: without it people who were erased since would come back. Copy it from where the "
            "backups lie, or name another by --erasures"
        )
    return archives.read_erasures(path)


def _refuse_newer(manifest: Manifest) -> None:
    """Found out only by the migrations, it would leave a database that nobody brings up to date."""
    for schema, location in migrate.locations().items():
        at = manifest.schemas.get(schema, "nothing")
        if at != migrations.head(location) and at not in migrations.before_head(location):
            raise IdeslussenError(
                f"the backup was made by Idéslussen {manifest.version}, which is newer than this one (its schema "
                f"{schema} is at {at}): upgrade first"
            )


def _refuse_unless_empty(connection: Connection) -> None:
    row = connection.execute(
        "SELECT count(*), min(nspname || '.' || relname) FROM pg_class JOIN pg_namespace ON pg_namespace.oid ="
        " relnamespace WHERE nspname <> 'information_schema' AND nspname !~ '^pg_' AND relkind IN ('r', 'p', 'v', 'm')"
    ).fetchone()
    if row is not None and row[0]:
        info = connection.info
        raise Conflict(
            f"the database {info.dbname} holds {row[0]} tables already ({row[1]} …), and a backup goes into an empty "
            "one only: make a new one (createdb), or give IDESLUSS_DATA_DIR a new folder"
        )


def _refuse_older(connection: Connection, manifest: Manifest) -> None:
    major = connection.info.server_version // 10000
    if major < manifest.server_major:
        raise MisconfiguredError(
            f"DATABASE_URL: the backup is of PostgreSQL {manifest.server_major} and this server is {major}: "
            "it goes into the same or a newer one"
        )


def _restore_dump(url: URL, dump: Path, manifest: Manifest, progress: Progress) -> None:
    """In one transaction, so that a restore that fails leaves the database empty."""
    program = postgres_programs.fitting("pg_restore", manifest.dump_major)
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "contents"
        contents = subprocess.run(  # noqa: S603 - a program of PostgreSQL's
            [program.path, "--list", dump], capture_output=True, text=True, check=False
        )
        if contents.returncode:
            raise IdeslussenError(f"{dump} cannot be read: {contents.stderr.strip()[:300]}")
        # default privileges name the old owner; `migrate` gives them anew
        lines = [line for line in contents.stdout.splitlines() if " DEFAULT ACL " not in line]
        wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
        postgres_programs.run(
            program,
            url,
            ["--single-transaction", "--exit-on-error", "--no-owner", f"--use-list={wanted}", str(dump)],
            tick=lambda: progress("restoring"),
        )


def _compare(connection: Connection, manifest: Manifest) -> None:
    found = archives.counts(connection)
    other = [
        f"{table}: {manifest.counts[table]} then, {found.get(table)} now"
        for table in manifest.counts
        if manifest.counts[table] != found.get(table)
    ]
    if archives.originals(connection) != manifest.originals:
        other.append("the original mails and files are not the same bytes")
    if other:
        raise IdeslussenError(f"what came back is not what was dumped: {'; '.join(other)}")
