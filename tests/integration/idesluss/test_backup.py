"""A backup under traffic comes back whole, into another server's database and into an empty data folder."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, select

from idesluss import archives, backup
from idesluss.doctor.examine import examine
from idesluss.doctor.finding import Level
from idesluss.restore import bring_key, restore
from services.intake.store.tables import Idea, RawMail
from shared.db import Database, Role, admin_url, conninfo
from shared.embedded_postgres import EmbeddedPostgres
from shared.errors import Conflict, IdeslussenError, MisconfiguredError
from shared.settings import Settings, load
from tests.support import databases
from tests.support.databases import SECRET_KEY
from tests.support.ideas import a_mail, a_sluice, an_idea
from tests.support.waiting import wait_until

Kept = tuple[list[tuple[str, str]], list[bytes]]


def quiet(_: str) -> None:
    """No progress is shown."""


def kept(settings: Settings) -> Kept:
    """The ideas, and the sha256 of every original worked out anew."""
    database = Database(settings, Role.INTAKE, pool_size=1)
    with database.transaction() as session:
        ideas = [(idea.reference, idea.text) for idea in session.scalars(select(Idea).order_by(Idea.reference))]
        originals = sorted(hashlib.sha256(raw).digest() for raw in session.scalars(select(RawMail.raw)))
    database.dispose()
    return ideas, originals


@contextmanager
def traffic(settings: Settings) -> Iterator[list[int]]:
    """Mails that become ideas, one after another, while the block runs; how many so far."""
    database = Database(settings, Role.INTAKE, pool_size=1)
    with database.transaction() as session:
        sluice = a_sluice(session)
    stopping, made = threading.Event(), [0]

    def work() -> None:
        while not stopping.is_set():
            with database.transaction() as session:
                raw = f"Subject: {made[0]}\r\n\r\nEn bokåk.\r\n".encode()
                an_idea(session, settings, sluice, text=f"nr {made[0]}", mail=a_mail(session, sluice, raw=raw))
            made[0] += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        wait_until(lambda: made[0] > 5)
        yield made
    finally:
        stopping.set()
        thread.join()
        database.dispose()


@pytest.fixture
def archive(settings: Settings, tmp_path: Path) -> Path:
    with traffic(settings) as made:
        before = made[0]
        done = backup.back_up(settings, tmp_path / "backups", keep=3, with_key=True, progress=quiet)
        assert made[0] > before
    assert done.manifest.counts["intake.idea"] >= before
    return done.archive


@contextmanager
def empty_database(server: URL) -> Iterator[URL]:
    name = databases.new_name()
    databases.create(server, name, "template0")
    try:
        yield server.set(database=name)
    finally:
        databases.drop(server, name)


def faults(settings: Settings) -> list[str]:
    """What `idesluss doctor` calls a fault there."""
    environ = {"IDESLUSS_DATA_DIR": str(settings.data_dir), "IDESLUSS_SECRET_KEY": SECRET_KEY}
    environ |= {"DATABASE_URL": settings.database_url} if settings.database_url else {}
    return [f"{each.subject}: {each.text}" for each in examine(environ) if each.level is Level.FAULT]


def test_it_comes_back_into_a_database_of_a_server(
    archive: Path, settings: Settings, database_server: URL, tmp_path: Path
) -> None:
    with empty_database(database_server) as url:
        other = databases.settings_for(url, tmp_path / "other")
        done = restore(other, archive, erasures=None, other_key=False, progress=quiet)

        ideas, originals = kept(other)
        assert len(ideas) == len(originals) == done.manifest.counts["intake.idea"]
        all_ideas, all_originals = kept(settings)
        assert ideas == all_ideas[: len(ideas)]
        assert set(originals) <= set(all_originals)
        assert faults(other) == []
        with pytest.raises(Conflict, match="empty one only"):
            restore(other, archive, erasures=None, other_key=False, progress=quiet)


def test_it_comes_back_into_an_empty_data_folder(archive: Path, settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    other = load({"IDESLUSS_DATA_DIR": str(folder), "IDESLUSS_SECRET_KEY": SECRET_KEY})

    restore(other, archive, erasures=None, other_key=False, progress=quiet)

    postgres = EmbeddedPostgres(other)
    postgres.initialise()
    postgres.start()
    try:
        postgres.wait_ready()
        ideas, _ = kept(other)
        assert ideas == kept(settings)[0][: len(ideas)]
        assert faults(other) == []
    finally:
        postgres.stop()


def test_what_was_not_to_be_kept_is_not_in_it(archive: Path, settings: Settings) -> None:
    assert {path.name for path in archive.iterdir()} == {archives.DUMP, archives.MANIFEST, archives.KEY}
    assert all(path.stat().st_mode & 0o077 == 0 for path in (archive, *archive.iterdir()))
    with psycopg.connect(conninfo(admin_url(settings))) as connection:
        for table in backup.LEFT_OUT:  # each name is a table's, so that a renamed one is not suddenly kept
            assert connection.execute("SELECT to_regclass(%s) IS NOT NULL", [table]).fetchone() == (True,)


def test_a_damaged_one_or_another_key_is_refused_before_anything_is_touched(
    archive: Path, settings: Settings, tmp_path: Path
) -> None:
    stranger = replace(settings, secret_keys=("another-" + "k" * 40,))
    with pytest.raises(MisconfiguredError, match="--other-key"):
        restore(stranger, archive, erasures=None, other_key=False, progress=quiet)
    with (archive / archives.DUMP).open("r+b") as file:
        file.seek(-2, os.SEEK_END)
        file.write(b"\xff\xff")
    with pytest.raises(IdeslussenError, match="damaged"):
        restore(settings, archive, erasures=None, other_key=False, progress=quiet)
    manifest = archives.read(archive)
    size, digest = archives.sum_of(archive / archives.DUMP)
    replace(manifest, size=size, sha256=digest).write(archive)
    with pytest.raises(MisconfiguredError, match="IDESLUSS_SECRET_KEY"):  # another's dump under a true-looking sum
        restore(settings, archive, erasures=None, other_key=False, progress=quiet)
    replace(manifest, schemas=manifest.schemas | {"notify": "9999_later"}).write(archive)
    with pytest.raises(IdeslussenError, match="newer than this one"):
        restore(settings, archive, erasures=None, other_key=False, progress=quiet)
    assert bring_key(archive, tmp_path / "new")
    assert (tmp_path / "new" / "secrets" / "key").read_text().strip() == SECRET_KEY


def test_stopped_in_the_middle_it_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    with psycopg.connect(conninfo(admin_url(settings))) as blocker:
        blocker.execute("LOCK TABLE intake.blob IN ACCESS EXCLUSIVE MODE")
        process = subprocess.Popen(
            [Path(sys.executable).parent / "idesluss", "backup", "--to", folder],
            env={
                "PATH": os.environ["PATH"],
                "DATABASE_URL": settings.database_url,
                "IDESLUSS_DATA_DIR": str(settings.data_dir),
                "IDESLUSS_SECRET_KEY": SECRET_KEY,
            },
            stderr=subprocess.DEVNULL,
        )
        wait_until(lambda: list(folder.glob(f"*{archives.UNFINISHED}")))
        process.send_signal(signal.SIGINT)
        assert process.wait(10) != 0
    assert [path.name for path in folder.iterdir()] == ["lock"]


def test_old_ones_are_thinned_and_rubbish_is_swept(tmp_path: Path) -> None:
    names = [f"idesluss-2026010{day}T000000Z" for day in range(1, 6)]
    foreign = [f"x{archives.UNFINISHED}", "idesluss-elsewhere"]
    for name in (*names, *foreign, f"{names[0]}-1{archives.UNFINISHED}"):
        (tmp_path / name).mkdir()
    link = tmp_path / "idesluss-20250101T000000Z"  # what an operator keeps elsewhere
    link.symlink_to(tmp_path / foreign[0])
    with archives.held(tmp_path):
        gone = archives.thin(tmp_path, 2, spared=names[0])
    assert [path.name for path in archives.finished(tmp_path)] == [*names[:2:-1], names[0]]
    assert len(gone) == 2
    assert {path.name for path in tmp_path.iterdir()} == {*names[3:], names[0], *foreign, link.name, "lock"}


def test_the_list_of_erasures_only_grows(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    archives.add_erasures(folder, {"people": [{"hash": "a"}], "ideas": ["1"]})
    archives.add_erasures(folder, {"people": [{"hash": "b"}], "ideas": ["1"]})
    assert archives.read_erasures(folder / archives.ERASURES) == {
        "people": [{"hash": "a"}, {"hash": "b"}],
        "ideas": ["1"],
    }
    unfinished = folder / f"{archives.ERASURES}{archives.UNFINISHED}"
    unfinished.symlink_to("/dev/full")
    with pytest.raises(IdeslussenError, match="No space left"):
        archives.add_erasures(folder, {"people": [{"hash": "c"}]})
    unfinished.unlink()
    assert len(archives.read_erasures(folder / archives.ERASURES)["people"]) == 2
    (folder / archives.ERASURES).write_text("[")
    with pytest.raises(IdeslussenError, match="cannot be read"):  # better no list written than a shorter one
        archives.add_erasures(folder, {"people": []})
