"""The secret key is changed while processes run: none is refused by the database, and old links hold."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from idesluss import migrate
from idesluss.doctor.database import database as look
from services.intake.smtp.link import Link
from shared.bus.broker import build_broker
from shared.db import Database, Role, admin_url, conninfo, role_password, role_url
from shared.embedded_postgres import EmbeddedPostgres
from shared.settings import load
from tests.support.databases import SECRET_KEY

NEW = "another-key-" + "n" * 32


@pytest.fixture
def folder(first_start: Path) -> Iterator[Path]:
    """Short, so that the socket lies in it whatever the key is."""
    with tempfile.TemporaryDirectory(prefix="rot-") as name:
        shutil.copytree(first_start, Path(name) / "d")
        Path(name).chmod(0o755)
        yield Path(name) / "d"


def test_every_process_signs_in_before_and_after_the_roles_get_their_new_passwords(folder: Path) -> None:
    only_old = load({"IDESLUSS_DATA_DIR": str(folder), "IDESLUSS_SECRET_KEY": SECRET_KEY})
    first_step = replace(only_old, secret_keys=(SECRET_KEY, NEW))
    second_step = replace(only_old, secret_keys=(NEW, SECRET_KEY))
    postgres = EmbeddedPostgres(only_old)
    postgres.initialise()
    postgres.start()
    try:
        postgres.wait_ready()
        link = only_old.signer.token("follow", "KRO-2026-0001")

        # the embedded superuser's password is changed by a restart; services' by `migrate`
        with psycopg.connect(conninfo(admin_url(only_old)), autocommit=True) as owner:
            owner.execute(f"ALTER ROLE postgres PASSWORD '{role_password(second_step, 'postgres')}'".encode())
        running = [(step, Database(step, Role.INTAKE, pool_size=1)) for step in (first_step, second_step)]
        for _, each in running:
            assert _answers(each)
        migrate.run(second_step)
        for step, each in running:
            each.dispose()  # so that it connects anew
            assert _answers(each)
            asyncio.run(_listens(Link(step)))
            build_broker(step, Role.RELAY).close()
            assert step.signer.verify("follow", "KRO-2026-0001", link)
            each.dispose()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(conninfo(role_url(only_old, Role.INTAKE)))
        assert [each.text for each in look(second_step) if each.subject == "database roles"] == [
            "each service signs in, and reaches its own schema alone"
        ]
    finally:
        postgres.stop()


def _answers(database: Database) -> bool:
    with database.transaction() as session:
        return session.scalar(text("SELECT 1")) == 1


async def _listens(link: Link) -> None:
    connection = await link.open()
    await connection.execute("SELECT 1")
    await link.drop()
