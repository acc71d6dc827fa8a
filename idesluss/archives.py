"""What a backup is on the disk: a folder with the dump and a manifest, renamed into place when it is whole."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from shared.errors import Conflict, IdeslussenError, MisconfiguredError

FORMAT = 1
DUMP, MANIFEST, KEY, ERASURES = "database.dump", "manifest.json", "secret-key", "erasures.json"
UNFINISHED = ".unfinished"
KEY_PURPOSE = "backup-key"
"""Under which an archive keeps a fingerprint of the secret key, so that a restore can tell whether it has the same."""

COUNTED: tuple[LiteralString, ...] = (
    "intake.sluice",
    "intake.idea",
    "intake.timeline_entry",
    "intake.inbound_email",
    "intake.raw_mail",
    "intake.attachment",
    "rsvp.event",
    "rsvp.guest",
    "notify.notification",
    "bus.message",
    "bus.delivery",
)
"""Tables whose rows are counted in the dump's own snapshot, and again after a restore."""

_NAME = re.compile(r"idesluss-\d{8}T\d{6}Z(?:-\d+)?")
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says about itself."""

    format: int
    made_at: str
    version: str
    server_major: int
    dump_major: int
    """The major version of the pg_dump that wrote it: an older pg_restore cannot read it."""
    schemas: dict[str, str]
    """Schema → the migration that it is at."""
    counts: dict[str, int]
    originals: str
    """SHA-256 over the SHA-256 of every original mail and file, in the order of their keys."""
    size: int
    sha256: str
    key: str
    """The dump's sha256, signed under the secret key: tells whether a restore has the same, and whose dump it is."""
    seconds: float

    @property
    def made(self) -> datetime:
        return datetime.fromisoformat(self.made_at)

    def write(self, folder: Path) -> None:
        """Write it beside the dump, durably."""
        write_durably(folder / MANIFEST, json.dumps(asdict(self), indent=2) + "\n")


def read(archive: Path) -> Manifest:
    """The manifest of a finished archive.

    :raises IdeslussenError: there is none, or it is of a release that we do not know.
    """
    try:
        found = json.loads((archive / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(**found)
    except (OSError, ValueError, TypeError) as error:
        raise IdeslussenError(f"{archive} is no backup of ours ({error})") from error
    if manifest.format != FORMAT:
        raise IdeslussenError(f"{archive}: made by a newer release (format {manifest.format}); upgrade first")
    return manifest


def check(archive: Path, manifest: Manifest) -> None:
    """See that the dump is the one that was written.

    :raises IdeslussenError: it is missing or damaged.
    """
    try:
        size, digest = sum_of(archive / DUMP)
    except OSError as error:
        raise IdeslussenError(f"{archive / DUMP} cannot be read ({error})") from error
    if (size, digest) != (manifest.size, manifest.sha256):
        raise IdeslussenError(f"{archive / DUMP} is damaged: its size or sha256 is not the manifest's")


def finished(folder: Path) -> list[Path]:
    """The archives in a folder, the newest first."""
    return sorted((path for path in folder.glob("idesluss-*") if _is_ours(path, path.name)), reverse=True)


def new_name(folder: Path, moment: datetime) -> str:
    """A name that no archive has, in the order of time."""
    name = moment.astimezone(UTC).strftime("idesluss-%Y%m%dT%H%M%SZ")
    taken = {path.name for path in finished(folder)}
    return next(each for each in (name, *(f"{name}-{more}" for more in range(1, 1000))) if each not in taken)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Be the only backup at work in a folder, made where it is missing; takes away what a killed one left.

    :raises Conflict: another backup runs.
    :raises MisconfiguredError: the folder cannot be made or written to.
    """
    descriptor = _lock_file(folder, "lock")
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict(f"another backup to {folder} runs just now") from error
        for rubbish in folder.glob(f"idesluss-*{UNFINISHED}"):
            if _is_ours(rubbish, rubbish.name.removesuffix(UNFINISHED)):
                shutil.rmtree(rubbish)
        yield
    finally:
        os.close(descriptor)


def add_erasures(folder: Path, fresh: Mapping[str, list[Any]]) -> None:
    """Add to the list of erasures beside the archives. Nothing ever leaves it: a restored database does not know of
    those after its backup, and an older archive may still hold whom they concerned.

    :raises MisconfiguredError: the folder cannot be made or written to.
    :raises IdeslussenError: the list that is there cannot be read.
    """
    descriptor = _lock_file(folder, f"{ERASURES}.lock")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        kept = read_erasures(folder / ERASURES) if (folder / ERASURES).exists() else {}
        for kind, listed in fresh.items():
            known = kept.setdefault(kind, [])
            seen = {json.dumps(each, sort_keys=True) for each in known}
            known += [each for each in listed if json.dumps(each, sort_keys=True) not in seen]
        write_durably(folder / ERASURES, json.dumps(kept, ensure_ascii=False, indent=2) + "\n")
    finally:
        os.close(descriptor)


def read_erasures(path: Path) -> dict[str, list[Any]]:
    """The list of erasures: kind → what tells whom or what it was.

    :raises IdeslussenError: it cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise IdeslussenError(f"{path} cannot be read ({error})") from error
    if not isinstance(found, dict) or not all(isinstance(each, list) for each in found.values()):
        raise IdeslussenError(f"{path} is no list of erasures")
    return found


def _lock_file(folder: Path, name: str) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise MisconfiguredError(f"IDESLUSS_BACKUP_DIR: {folder} cannot be used ({error})") from error


def _is_ours(path: Path, name: str) -> bool:
    return _NAME.fullmatch(name) is not None and path.is_dir() and not path.is_symlink()


@contextmanager
def being_made(folder: Path, name: str) -> Iterator[Path]:
    """A folder to fill, which gets its name when the block ends well and is gone when it does not."""
    unfinished = folder / f"{name}{UNFINISHED}"
    unfinished.mkdir(mode=0o700)
    try:
        yield unfinished
        sync(unfinished)
        unfinished.rename(folder / name)
        sync(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def thin(folder: Path, keep: int, *, spared: str = "") -> list[Path]:
    """Delete all but the newest archives; those that went. ``spared`` stays, though a clock that went back named it."""
    gone = [archive for archive in finished(folder)[keep:] if archive.name != spared]
    for archive in gone:
        doomed = archive.with_name(f"{archive.name}{UNFINISHED}")  # half an archive must not pass for one
        archive.rename(doomed)
        shutil.rmtree(doomed)
    return gone


def write_durably(path: Path, text: str) -> None:
    """Replace a file by one that only its owner may read; whole or not at all.

    :raises IdeslussenError: the disk is full, or the folder cannot be written to.
    """
    fresh = path.with_name(f"{path.name}{UNFINISHED}")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        fresh.rename(path)
        sync(path.parent)
    except OSError as error:
        raise IdeslussenError(f"{path} cannot be written ({error.strerror})") from error


def sync(path: Path) -> None:
    """Have a file or folder on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sum_of(path: Path, *, tick: Callable[[], None] = lambda: None) -> tuple[int, str]:
    """A file's size in bytes and its SHA-256."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            tick()
    return size, digest.hexdigest()


def counts(connection: psycopg.Connection) -> dict[str, int]:
    """The rows of the main tables, as one transaction sees them."""
    found: dict[str, int] = {}
    for table in COUNTED:
        schema, _, name = table.partition(".")
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, name))
        found[table] = _one(connection.execute(query).fetchone())
    return found


def originals(connection: psycopg.Connection) -> str:
    """One digest over the bytes of all original mails and files as they are now, in the order of their keys."""
    found = connection.execute(
        "SELECT encode(sha256(coalesce(string_agg(digest, ''::bytea ORDER BY key), ''::bytea)), 'hex') FROM ("
        "SELECT id::text AS key, sha256(raw) AS digest FROM intake.raw_mail "
        "UNION ALL SELECT encode(sha256, 'hex'), sha256(content) FROM intake.blob) AS original"
    ).fetchone()
    return str(_one(found))


def _one(row: tuple[Any, ...] | None) -> Any:
    assert row is not None  # an aggregate always has a row
    return row[0]
