"""Sluices and contacts made by the command line are the ones that mail comes to."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from click.testing import CliRunner, Result

from idesluss import demo
from idesluss.cli import main
from services.intake.store import sluices
from services.intake.usecases.announce_sluice import announce_sluice
from services.intake.usecases.changes import past_changes
from shared.db import Database, Role, admin_url, conninfo
from shared.settings import Settings

SAVE = ["sluice", "save", "krokom", "--code", "KRO", "--name", "Krokoms kommun", "--address", "ide@krokom.example"]


@pytest.fixture
def run(settings: Settings):
    def run_it(*arguments: str) -> Result:
        return CliRunner().invoke(
            main,
            arguments,
            env={
                "DATABASE_URL": settings.database_url,
                "IDESLUSS_SECRET_KEY": settings.secret_keys[0],
                "IDESLUSS_DATA_DIR": str(settings.data_dir),
            },
        )

    return run_it


def test_a_sluice_is_made_changed_and_listed(run) -> None:
    assert run(*SAVE).exit_code == 0
    assert run(*SAVE[:-1], "idé@krokom.example", "--open-to", "staff").exit_code == 0
    assert run("sluice", "add-address", "krokom", "tips@krokom.example").exit_code == 0
    assert run("contact", "add", "krokom", "--name", "Kim", "--address", "kim@krokom.example").exit_code == 0

    [line] = run("sluice", "list").output.splitlines()

    assert line.split("\t") == [
        "krokom",
        "KRO",
        "Krokoms kommun",
        "staff",
        "idé@krokom.example, ide@krokom.example, tips@krokom.example",
        "kim@krokom.example",
    ]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (["--code", "kro"], "capital letters"),
        (["--address", "ingen adress"], "not a mail address"),
        (["--address", "a-very-long-local-part@krokom.example"], "octets"),
        (["--address", "ide+x@krokom.example"], "no +"),
    ],
)
def test_what_cannot_work_is_refused_with_a_word(run, change: list[str], word: str) -> None:
    refused = run(*SAVE, *change)

    assert refused.exit_code != 0
    assert word in refused.output


def test_an_unknown_sluice_is_named(run) -> None:
    refused = run("contact", "add", "nowhere", "--name", "Kim", "--address", "kim@krokom.example")

    assert refused.exit_code == 1
    assert "nowhere" in refused.output


def told(settings: Settings) -> list[dict[str, object]]:
    """What others were told of sluices, in order."""
    with psycopg.connect(conninfo(admin_url(settings))) as connection:
        rows = connection.execute("SELECT payload FROM bus.message WHERE name = 'sluice.changed.v1' ORDER BY id")
        return [json.loads(payload) for (payload,) in rows]


def test_whatever_is_changed_in_a_sluice_is_told_at_once_with_all_its_contacts(run, settings: Settings) -> None:
    run(*SAVE)
    run("contact", "add", "krokom", "--name", "Kim", "--address", "kim@krokom.example")
    run("contact", "add", "krokom", "--name", "Bo", "--address", "bo@krokom.example", "--language", "en")
    run("sluice", "add-address", "krokom", "tips@krokom.example")
    run(*SAVE[:-3], "Krokom", "--address", "nya@krokom.example")

    news = told(settings)

    assert [each["name"] for each in news] == ["Krokoms kommun"] * 4 + ["Krokom"]
    assert [len(each["contacts"]) for each in news] == [0, 1, 2, 2, 2]
    assert news[-1] | {"at": None} == {
        "slug": "krokom",
        "name": "Krokom",
        "address": "nya@krokom.example",
        "language": "sv",
        "accent": "#0b5563",
        "origins": [],
        "contacts": [
            {"name": "Kim", "address": "kim@krokom.example", "language": "sv"},
            {"name": "Bo", "address": "bo@krokom.example", "language": "en"},
        ],
        "at": None,
    }
    moments = [each["at"] for each in news]
    assert moments == sorted(set(moments))


def test_a_refused_change_is_not_told(run, settings: Settings) -> None:
    run(*SAVE[:2], "berg", "--code", "kro", *SAVE[5:])

    assert told(settings) == []


def test_an_older_installations_sluices_are_told_once_when_it_is_migrated(run, settings: Settings) -> None:
    run(*SAVE)
    run(*SAVE[:2], "berg", "--code", "BER", "--name", "Bergs kommun", "--address", "ide@berg.example")
    with psycopg.connect(conninfo(admin_url(settings))) as connection:
        connection.execute("UPDATE intake.sluice SET announced_at = NULL")
        connection.execute("DELETE FROM bus.message")

    for _ in range(2):
        assert run("migrate").exit_code == 0

    assert [each["slug"] for each in told(settings)] == ["krokom", "berg"]


def test_two_who_change_a_sluice_at_the_same_time_are_both_in_the_newest_message(run, settings: Settings) -> None:
    """Neither sees what the other has not committed, so one waits for the other."""
    run(*SAVE)
    database = Database(settings, Role.INTAKE)

    def add(name: str) -> None:
        with database.transaction() as session:
            sluice_id = sluices.profile_by_slug(session, "krokom").id
            both.wait()
            sluices.add_contact(session, sluice_id, name=name, address=f"{name}@krokom.example")
            announce_sluice(session, sluice_id)

    both = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(add, name) for name in ("kim", "bo")]:
            each.result(timeout=20)
    database.dispose()

    newest = max(told(settings), key=lambda each: str(each["at"]))
    assert {each["name"] for each in newest["contacts"]} == {"kim", "bo"}


def test_the_demos_sluices_are_told_once_each(settings: Settings) -> None:
    demo.seed(settings)
    demo.seed(settings)

    news = told(settings)

    assert len({each["slug"] for each in news}) == len(news) == len(demo.MUNICIPALITIES)
    assert all(len(each["contacts"]) == 1 for each in news)


def test_an_administrator_is_made_once_listed_and_kept_in_the_history(run, settings: Settings) -> None:
    made = ["administrator", "add", "--name", "Kim", "--address", "Kim@region.example"]
    assert run(*made).exit_code == 0
    assert run(*made).exit_code == 2
    assert run("administrator", "list").output == "kim@region.example\tKim\n"
    assert run(*SAVE).exit_code == 0

    database = Database(settings, Role.INTAKE, pool_size=1)
    with database.transaction() as session:
        told = [(change.actor, change.what) for change in past_changes(session)]
    database.dispose()
    assert told == [("idesluss", "sluice.saved"), ("idesluss", "administrator.added")]
