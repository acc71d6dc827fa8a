"""`idesluss doctor` looks at real engines: PostgreSQL's settings and roles, RabbitMQ's queues, DNS, backups."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pika
import psycopg
import pytest
from sqlalchemy import make_url

from idesluss import archives
from idesluss.doctor.backups import backups
from idesluss.doctor.broker import broker
from idesluss.doctor.database import connections_of_one_each, database, patch_level
from idesluss.doctor.dns import domains
from idesluss.doctor.exposure import exposure
from idesluss.doctor.finding import Finding, Level
from shared.clock import now
from shared.db import conninfo
from shared.ids import new_id
from shared.settings import Settings, load
from tests.support.dns_server import DnsServer

KEY = Path(__file__).parents[2] / "unit" / "notify" / "dkim_keys" / "rsa.pem"
RABBITMQ = "amqp://guest:guest@127.0.0.1:5672/"


def levels(findings: list[Finding]) -> dict[str, Level]:
    return {finding.subject: finding.level for finding in findings}


@pytest.mark.parametrize(
    ("number", "level"),
    [(140_020, Level.FAULT), (150_019, Level.WARNING), (150_020, Level.OK), (180_004, Level.WARNING), (190_000, "ok")],
)
def test_an_old_patch_level_of_postgresql_is_a_warning(number: int, level: Level) -> None:
    assert patch_level(number, "x", embedded=False).level == level


def test_a_database_that_loses_and_roles_that_reach_too_far_are_faults(settings: Settings) -> None:
    assert Level.FAULT not in levels(list(database(settings))).values()
    name = make_url(settings.database_url).database
    with psycopg.connect(conninfo(make_url(settings.database_url)), autocommit=True) as owner:
        owner.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off'.encode())
        owner.execute("GRANT USAGE ON SCHEMA intake TO idesluss_rsvp")

    found = levels(list(database(settings)))

    assert found["PostgreSQL synchronous_commit"] is Level.FAULT
    assert found["database roles"] is Level.FAULT


def test_the_connections_that_are_needed_are_reckoned(settings: Settings) -> None:
    with_bell = connections_of_one_each(settings)
    assert connections_of_one_each(replace(settings, broker_url=RABBITMQ)) == with_bell - 4 * 8
    many = replace(settings, database_pool=100)
    assert levels(list(database(many)))["connections"] is Level.WARNING


def test_rabbitmqs_queues_must_be_quorum_and_what_nobody_could_read_is_told(settings: Settings) -> None:
    mine = replace(settings, broker_url=RABBITMQ, queue_prefix=f"doctor-{new_id().hex[:8]}")
    try:
        connection = pika.BlockingConnection(pika.URLParameters(RABBITMQ))
    except pika.exceptions.AMQPConnectionError:
        pytest.skip("no RabbitMQ on this machine")
    channel = connection.channel()
    queues = [f"{mine.queue_prefix}.{name}" for name in ("intake", "notify", "notify.XQ")]
    try:
        channel.queue_declare(queues[0], durable=True)
        arguments = {
            "x-queue-type": "quorum",
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": queues[2],
        }
        channel.queue_declare(queues[1], durable=True, arguments=arguments)
        channel.queue_declare(queues[2], durable=True, arguments={"x-queue-type": "quorum"})
        assert levels(list(broker(mine))) == {
            "RabbitMQ": Level.OK,
            f"queue {queues[0]}": Level.FAULT,
            f"queue {mine.queue_prefix}.rsvp": Level.WARNING,
            f"queue {queues[1]}": Level.OK,
        }
        channel.confirm_delivery()
        channel.basic_publish("", queues[2], b"what no worker could read")
        assert levels(list(broker(mine)))[f"queue {queues[1]}"] is Level.WARNING
    finally:
        for queue in queues:
            channel.queue_delete(queue)
        connection.close()
    [away] = broker(replace(mine, broker_url="amqp://guest:wrong@127.0.0.1:5672/"))
    assert away.level is Level.FAULT


def test_dns_is_held_against_our_key_and_name(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "krokom.se"
    folder.mkdir()
    shutil.copy(KEY, folder / "idesluss.pem")
    from idesluss.dkim_records import public_key
    from services.notify.channels.dkim import read_key

    ours = public_key(folder / "idesluss.pem", read_key(folder / "idesluss.pem"))
    mine = replace(settings, dkim_keys=str(tmp_path), hostname="mx.krokom.se")
    records = {
        ("krokom.se", "MX"): ["10 mx.krokom.se."],
        ("krokom.se", "TXT"): ["v=spf1 mx -all"],
        ("idesluss._domainkey.krokom.se", "TXT"): [f"v=DKIM1; k=rsa; p={ours}"],
        ("_dmarc.krokom.se", "TXT"): ["v=DMARC1; p=none"],
    }
    with DnsServer(records) as server:
        good = list(domains(mine, ["ide@krokom.se", "annan@krokom.se"], resolver=server.resolver))
        assert set(levels(good).values()) == {Level.OK}
        assert len(good) == 4
        server.records["idesluss._domainkey.krokom.se", "TXT"] = ["v=DKIM1; k=rsa; p=AAAA"]
        del server.records["krokom.se", "MX"]
        found = levels(list(domains(mine, ["ide@krokom.se"], resolver=server.resolver)))
    assert found["DKIM idesluss._domainkey.krokom.se"] is Level.FAULT
    assert found["MX krokom.se"] is Level.FAULT


def test_an_old_or_missing_backup_is_a_fault(settings: Settings, tmp_path: Path) -> None:
    mine = replace(settings, backup_dir=str(tmp_path), backup_hours=26.0, demo=False)
    assert levels(list(backups(replace(mine, backup_dir="")))) == {"last backup": Level.WARNING}
    assert levels(list(backups(mine))) == {"last backup": Level.FAULT}
    for hours, level in ((30, Level.FAULT), (1, Level.OK)):
        made = now() - timedelta(hours=hours)
        archive = tmp_path / archives.new_name(tmp_path, made)
        archive.mkdir()
        (archive / archives.DUMP).write_bytes(b"x")
        archives.Manifest(
            archives.FORMAT, made.isoformat(), "0", 15, 15, {}, {}, "", size=1, sha256="", key="", seconds=0.1
        ).write(archive)
        assert levels(list(backups(mine))) == {"last backup": level, "erasures": Level.FAULT}


def test_settings_of_an_installation_that_others_reach_must_fit_together(tmp_path: Path) -> None:
    environ = {"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_SECRET_KEY": "k" * 40}
    assert list(exposure(load(environ))) == []
    open_one = load(environ | {"IDESLUSS_BASE_URL": "http://ide.krokom.se", "IDESLUSS_TRUSTED_PEERS": "10.0.0.5"})
    assert set(levels(list(exposure(open_one)))) == {
        "IDESLUSS_BASE_URL",
        "IDESLUSS_HTTP_PROXIES",
        "IDESLUSS_HOSTNAME",
        "IDESLUSS_DEMO",
        "SMTP_RELAY_URL",
        "IDESLUSS_TRUSTED_AUTHSERV_IDS",
    }
