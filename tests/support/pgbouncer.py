"""A PgBouncer of a test's own, in transaction mode, before the database that the tests use."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from shared.db import Role, role_password, role_url
from shared.processes import die_with_parent
from shared.settings import Settings
from tests.support.ports import free_port
from tests.support.waiting import wait_until

UNPRIVILEGED = "nobody"
"""It refuses to run as root."""


@contextmanager
def pooled(settings: Settings) -> Iterator[Settings]:
    """The same settings, whose DATABASE_URL leads through it; skips where it is not installed."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no PgBouncer here: on Debian, apt-get install pgbouncer")
    server = make_url(settings.database_url)
    with tempfile.TemporaryDirectory(prefix="idesluss-pgbouncer-") as folder:
        port, where = free_port(), Path(folder)
        where.chmod(0o755)
        users = [f'"{role.user}" "{role_password(settings, role.user)}"' for role in Role]
        (where / "users").write_text("\n".join(users) + "\n")
        (where / "pgbouncer.ini").write_text(
            f"[databases]\n{server.database} = host={server.host} port={server.port or 5432}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {where / 'users'}\n"
            "pool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 200\n"
        )
        parent = os.getpid()
        process = subprocess.Popen(
            [program, *(["-u", UNPRIVILEGED] if os.geteuid() == 0 else []), str(where / "pgbouncer.ini")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: die_with_parent(signal.SIGKILL, parent),
        )
        through = replace(
            settings,
            database_url=server.set(host="127.0.0.1", port=port).render_as_string(hide_password=False),
            database_owner_url=settings.database_url,
            database_pooler=True,
        )
        try:
            wait_until(lambda: _answers(through))
            yield through
        finally:
            process.terminate()
            process.wait(timeout=10)


def _answers(settings: Settings) -> bool:
    url = role_url(settings, Role.RELAY).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
