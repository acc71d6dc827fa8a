"""The embedded database, started for real: made, killed, orphaned, moved to another user, out of space."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from idesluss import migrate
from shared import db, embedded_postgres, processes
from shared.db import Role, conninfo, embedded_url, role_url
from shared.embedded_postgres import EmbeddedPostgres
from shared.errors import MisconfiguredError
from shared.processes import closed_to_others
from shared.settings import Settings, load
from tests.support.databases import SECRET_KEY
from tests.support.waiting import wait_until

AS_ROOT = os.geteuid() == 0
ROOT = Path(__file__).parents[3]

StartAgain = Callable[[Settings], EmbeddedPostgres]


def settings_in(folder: Path, secret_key: str = SECRET_KEY) -> Settings:
    return load({"IDESLUSS_DATA_DIR": str(folder), "IDESLUSS_SECRET_KEY": secret_key})


def lives(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter (pytest's own are closed)."""
    folder = Path(tempfile.mkdtemp(prefix="idesluss-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def made(first_start: Path, open_folder: Path) -> Path:
    """A copy of it, in a folder that every user may enter."""
    shutil.copytree(first_start, open_folder, dirs_exist_ok=True)
    open_folder.chmod(0o755)
    return open_folder


@pytest.fixture
def start_again() -> Iterator[StartAgain]:
    """Starts what is there; stops it after the test, whatever came of it."""
    started = []

    def start(settings: Settings) -> EmbeddedPostgres:
        again = EmbeddedPostgres(settings)
        assert again.initialise() is False
        started.append(again)
        again.start()
        again.wait_ready()
        return again

    yield start
    for again in started:
        again.stop()


@pytest.fixture
def postgres(made: Path, start_again: StartAgain, monkeypatch: pytest.MonkeyPatch) -> EmbeddedPostgres:
    """Running; without fsync, as none of these tests cuts the power."""
    monkeypatch.setitem(embedded_postgres.TUNING, "fsync", "off")
    return start_again(settings_in(made))


def ask(settings: Settings, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo(embedded_url(settings)), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize("where", ["open_folder", "tmp_path"])
def test_the_second_start_finds_the_data_of_the_first(
    where: str, request: pytest.FixtureRequest, start_again: StartAgain
) -> None:
    """As root, the first folder lets it run as a user of its own, the second (0700) only in a namespace."""
    folder: Path = request.getfixturevalue(where)
    settings = settings_in(folder)
    first = EmbeddedPostgres(settings)
    assert first.initialise() is True
    if AS_ROOT:
        enters = where == "open_folder" and closed_to_others(Path(sys.prefix)) is None
        assert first.runs_as.startswith("user " if enters else "an ordinary user inside")
    first.start()
    first.wait_ready()
    ask(settings, "CREATE TABLE kept AS SELECT 42 AS number")
    first.stop()
    assert first.process is not None
    assert first.process.returncode == 0

    start_again(settings)
    assert ask(settings, "SELECT number FROM kept") == [(42,)]


@pytest.mark.skipif(sys.platform != "linux", reason="user namespaces are Linux's")
def test_an_ordinary_user_starts_it_too(tmp_path: Path) -> None:
    script = """
        import os, sys
        from pathlib import Path
        from shared.embedded_postgres import EmbeddedPostgres
        from shared.settings import load
        postgres = EmbeddedPostgres(load({"IDESLUSS_DATA_DIR": sys.argv[1], "IDESLUSS_SECRET_KEY": "k" * 40}))
        print(os.geteuid() != 0, postgres.initialise(), postgres.start() > 0, end=" ")
        print(postgres.wait_ready(), postgres.runs_as)
        postgres.stop()
    """
    enter = processes.candidates()[-1].enter if AS_ROOT else None
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)],
        preexec_fn=enter,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("True True True None user "), done.stderr


def test_it_is_as_durable_and_swedish_as_it_should_be(made: Path, start_again: StartAgain) -> None:
    settings = settings_in(made)
    start_again(settings)
    for name, value in {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "log_error_verbosity": "terse",
    }.items():
        assert ask(settings, f"SHOW {name}") == [(value,)], name
    assert ask(
        settings, "SELECT lower('ÅÄÖ'), to_tsvector('swedish', 'IDÉERNA') = to_tsvector('swedish', 'idéerna')"
    ) == [("åäö", True)]


def test_nobody_is_trusted_and_no_service_reads_anothers_schema(postgres: EmbeddedPostgres, open_folder: Path) -> None:
    settings = settings_in(open_folder)
    migrate.run(settings)

    for user in ("postgres", Role.INTAKE.user):
        for password in ("", "wrong"):
            url = embedded_url(settings).set(username=user, password=password)
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(conninfo(url))

    with migrate.migrations.connect(embedded_url(settings)) as owner:
        owner.execute("CREATE TABLE intake.probe (word text)")
    with psycopg.connect(conninfo(role_url(settings, Role.INTAKE)), autocommit=True) as intake:
        intake.execute("INSERT INTO intake.probe VALUES ('åäö')")
    with (
        psycopg.connect(conninfo(role_url(settings, Role.NOTIFY))) as notify,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        notify.execute("SELECT * FROM intake.probe")


def test_its_socket_is_closed_to_other_users(postgres: EmbeddedPostgres) -> None:
    assert postgres.socket.stat().st_mode & 0o077 == 0
    assert postgres.data.stat().st_mode & 0o077 == 0


def test_a_killed_postmaster_is_started_again_with_all_that_was_committed(
    postgres: EmbeddedPostgres, open_folder: Path
) -> None:
    settings = settings_in(open_folder)
    ask(settings, "CREATE TABLE kept AS SELECT 42 AS number")
    busy = psycopg.connect(conninfo(embedded_url(settings)), autocommit=True)
    busy.pgconn.send_query(b"SELECT pg_sleep(600)")
    children = psutil.Process(postgres.process.pid).children()

    os.kill(postgres.process.pid, signal.SIGKILL)
    postgres.process.wait()
    postgres.start()
    postgres.wait_ready()

    assert ask(settings, "SELECT number FROM kept") == [(42,)]
    assert not [child for child in children if lives(child)]
    busy.close()


def test_a_killed_backend_costs_its_session_alone_a_moment(postgres: EmbeddedPostgres, open_folder: Path) -> None:
    settings = settings_in(open_folder)
    with psycopg.connect(conninfo(embedded_url(settings))) as victim:
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.OperationalError):
            victim.execute("SELECT 1")

    postgres.wait_ready(10)
    assert ask(settings, "SELECT 1") == [(1,)]
    assert postgres.process.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_it_stops_when_its_supervisor_is_killed(open_folder: Path) -> None:
    script = """
        import sys, time
        from shared.embedded_postgres import EmbeddedPostgres
        from shared.settings import load
        postgres = EmbeddedPostgres(load({"IDESLUSS_DATA_DIR": sys.argv[1], "IDESLUSS_SECRET_KEY": sys.argv[2]}))
        postgres.initialise()
        print(postgres.start(), flush=True)
        postgres.wait_ready()
        print("ready", flush=True)
        time.sleep(600)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(open_folder), SECRET_KEY]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as supervisor:
        postmaster = psutil.Process(int(supervisor.stdout.readline()))
        assert supervisor.stdout.readline() == "ready\n"
        supervisor.kill()

    wait_until(lambda: not lives(postmaster), 10)
    assert not (open_folder / "postgres/data/postmaster.pid").exists()


def test_an_orphan_that_still_runs_is_stopped_before_the_next_start(
    postgres: EmbeddedPostgres, open_folder: Path, start_again: StartAgain
) -> None:
    settings = settings_in(open_folder)
    ask(settings, "CREATE TABLE kept AS SELECT 42 AS number")

    start_again(settings)

    assert postgres.process.wait(5) == 0, "it was asked to stop, not killed"
    assert ask(settings, "SELECT number FROM kept") == [(42,)]


def test_a_stale_lock_file_that_names_a_stranger_hinders_nothing(
    postgres: EmbeddedPostgres, open_folder: Path, start_again: StartAgain
) -> None:
    lock = postgres.data / "postmaster.pid"
    lines = lock.read_text().splitlines()
    postgres.stop()
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]))

    start_again(settings_in(open_folder))

    assert psutil.pid_exists(os.getpid())


def test_halted_processes_are_found(postgres: EmbeddedPostgres) -> None:
    assert postgres.halted() == []
    os.kill(postgres.process.pid, signal.SIGSTOP)
    assert wait_until(postgres.halted) == [postgres.process.pid]
    os.kill(postgres.process.pid, signal.SIGCONT)
    wait_until(lambda: not postgres.halted())


def test_a_new_secret_key_gives_the_superuser_a_new_password(
    postgres: EmbeddedPostgres, open_folder: Path, start_again: StartAgain
) -> None:
    postgres.stop()
    other = settings_in(open_folder, "another-secret-key-" + "x" * 32)

    start_again(other)

    assert ask(other, "SELECT 1") == [(1,)]
    with pytest.raises(psycopg.OperationalError, match="password"):
        ask(settings_in(open_folder), "SELECT 1")


def test_data_of_an_unknown_version_is_left_alone_with_a_word(postgres: EmbeddedPostgres, open_folder: Path) -> None:
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("13\n")

    with pytest.raises(MisconfiguredError, match=r"made by PostgreSQL 13.*pg_upgrade"):
        EmbeddedPostgres(settings_in(open_folder)).initialise()


def test_a_first_start_that_was_cut_short_is_made_anew(open_folder: Path) -> None:
    halfway = open_folder / "postgres" / "data.new"
    halfway.mkdir(parents=True)
    (halfway / "PG_VERSION").write_text("18\n")

    made = EmbeddedPostgres(settings_in(open_folder))

    assert made.initialise() is True
    assert not halfway.exists()


@pytest.mark.skipif(not AS_ROOT, reason="only root gives files away")
def test_files_of_another_user_change_hands(
    postgres: EmbeddedPostgres, open_folder: Path, start_again: StartAgain
) -> None:
    postgres.stop()
    for path in [postgres.data, *postgres.data.rglob("*")]:
        os.chown(path, 12345, 12345)

    again = start_again(settings_in(open_folder))

    assert {path.stat().st_uid for path in postgres.data.rglob("*")} == {again.identity.uid}


@pytest.mark.skipif(not AS_ROOT, reason="only root may mount")
def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", tmp_path], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(MisconfiguredError, match=r"disk that holds .* is full"):
            EmbeddedPostgres(settings_in(tmp_path)).initialise()

        monkeypatch.setattr(embedded_postgres, "NEEDED_SPACE", 0)
        with pytest.raises(MisconfiguredError, match=r"disk that holds .* is full"):
            EmbeddedPostgres(settings_in(tmp_path)).initialise()
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_long_path_gets_its_socket_elsewhere(open_folder: Path) -> None:
    deep = open_folder / ("a" * 60) / ("b" * 60)
    settings = settings_in(deep)
    made = EmbeddedPostgres(settings)
    made.initialise()
    made.start()
    made.wait_ready()

    assert db.socket_dir(settings).parent == Path("/tmp")
    made.stop()
    assert not db.socket_dir(settings).exists(), "nothing is left behind"


def test_a_socket_folder_of_somebody_else_is_not_trusted(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = open_folder / "planted"
    planted.symlink_to("/tmp")
    monkeypatch.setattr(db, "socket_dir", lambda settings: planted)

    with pytest.raises(MisconfiguredError, match="not a folder of ours"):
        EmbeddedPostgres(settings_in(open_folder)).initialise()


def test_a_data_folder_that_cannot_be_one_is_named_with_its_variable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(MisconfiguredError, match="IDESLUSS_DATA_DIR"):
        EmbeddedPostgres(settings_in(tmp_path / "file")).initialise()


def test_where_nobody_may_enter_the_word_names_the_folder_to_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    tmp_path.chmod(0o755)
    closed.chmod(0o700)
    monkeypatch.setattr(processes, "candidates", list)
    outermost = next(path for path in [*reversed(closed.parents), closed] if not path.stat().st_mode & 1)

    with pytest.raises(MisconfiguredError, match=rf"chmod o\+x {outermost}\b"):
        processes.choose_identity(closed, Path("/bin/true"))


def test_a_server_that_cannot_start_says_why(postgres: EmbeddedPostgres, open_folder: Path) -> None:
    postgres.stop()
    (postgres.data / "global" / "pg_control").unlink()
    broken = EmbeddedPostgres(settings_in(open_folder))
    broken.initialise()
    broken.start()

    with pytest.raises(MisconfiguredError, match="pg_control"):
        broken.wait_ready(10)
    broken.process.wait()
