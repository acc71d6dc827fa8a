"""Sluices and contacts made by the command line are the ones that mail comes to."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result

from idesluss.cli import main
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
