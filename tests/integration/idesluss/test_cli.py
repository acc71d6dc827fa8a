"""The command line, as an operator meets it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import URL

from idesluss import migrate, migrated, roles
from idesluss.cli import main
from idesluss.doctor.examine import examine
from idesluss.doctor.finding import Level
from shared import migrations
from shared.bus import outbox
from shared.contracts import registry
from shared.db import Database, Role, admin_url
from shared.errors import TemporaryFailure
from shared.ids import new_id
from shared.settings import VARIABLES, Settings
from shared.web import tokens
from tests.support import databases
from tests.support.databases import SECRET_KEY
from tests.support.ideas import a_sluice, an_idea

BARE = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


@pytest.fixture
def environ(settings: Settings) -> dict[str, str]:
    """The environment that gives ``settings``, and nothing of ours besides."""
    return {
        **dict.fromkeys(VARIABLES.values(), ""),
        "IDESLUSS_DATA_DIR": str(settings.data_dir),
        "IDESLUSS_SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": settings.database_url,
    }


def run(environ: dict[str, str], *arguments: str) -> tuple[int, str]:
    cleared: dict[str, str | None] = dict.fromkeys(VARIABLES.values())
    given = {name: value for name, value in environ.items() if value}
    result = CliRunner(env=cleared | given).invoke(main, arguments)
    return result.exit_code, result.output


def park(settings: Settings) -> str:
    """A message to notify that failed too often; its id."""
    intake = Database(settings, Role.INTAKE, pool_size=1)
    with intake.transaction() as session:
        message_id = outbox.put(session, registry.NOTIFICATION_DUE, {"notification_id": new_id()})
    intake.dispose()
    with migrations.connect(admin_url(settings)) as owner:
        owner.execute("UPDATE bus.delivery SET parked_at = now(), attempts = 5, last_error = 'no\tuse'")
    return str(message_id)


def test_every_command_says_what_it_is_for() -> None:
    def walk(command: object, path: list[str]) -> None:
        result = CliRunner().invoke(main, [*path, "--help"])
        assert result.exit_code == 0
        for name, child in getattr(command, "commands", {}).items():
            assert child.get_short_help_str(), [*path, name]
            walk(child, [*path, name])

    walk(main, [])


def test_every_role_can_be_run_alone() -> None:
    workers = {f"worker-{service}" for service in ("intake", "rsvp", "notify")}
    assert {role.name for role in roles.ROLES} - workers <= set(main.commands)
    assert workers <= set(roles.BY_NAME)


def test_explaining_mails_needs_nothing_and_never_fails(tmp_path: Path) -> None:
    good, odd = tmp_path / "good.eml", tmp_path / os.fsdecode(b"\xe5.eml")
    good.write_bytes(b"From: Eva <eva@example.org>\r\nSubject: Id\xc3\xa9\r\n\r\nEn bok\xc3\xa5k.\r\n")
    odd.write_bytes(b"\x00\xff")

    done = subprocess.run(
        [Path(sys.executable).parent / "idesluss", "mail", "explain", good, tmp_path / "none.eml", odd],
        env=BARE,
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]
    assert [line["file"] for line in lines] == [str(good), str(tmp_path / "none.eml"), str(odd)]
    assert lines[0]["title"] == "Idé"
    assert "En bokåk." in done.stdout.decode(), "people read this too: no escapes"
    assert lines[1]["sha256"] is None
    assert lines[1]["reasons"]
    assert not (tmp_path / "var").exists(), "no settings, no key"


def test_a_token_made_here_is_accepted(environ: dict[str, str], settings: Settings) -> None:
    code, output = run(environ, "token", "create", "--name", "board", "--scope", "intake:read")

    assert code == 0
    token = tokens.verify(settings.signer, output.strip())
    assert token is not None
    assert token.scopes == {"intake:read"}
    assert run(environ, "token", "create", "--name", "No Name")[0] == 2


def test_a_parked_message_is_listed_and_tried_again(environ: dict[str, str], settings: Settings) -> None:
    message_id = park(settings)

    code, output = run(environ, "queue", "list")
    assert code == 0
    assert output.split("\t")[:4] == ["notify", message_id, "notification.due.v1", "5"]
    assert output.endswith("\tno use\n")

    assert run(environ, "queue", "retry", "notify", message_id)[0] == 0
    assert run(environ, "queue", "list") == (0, "")
    assert run(environ, "queue", "retry", "notify", message_id)[0] == 1, "it is parked no more"


def test_a_parked_message_is_discarded_with_a_reason_only(environ: dict[str, str], settings: Settings) -> None:
    message_id = park(settings)

    assert run(environ, "queue", "discard", "notify", message_id)[0] == 2
    assert run(environ, "queue", "discard", "notify", message_id, "--reason", "sent by hand")[0] == 0

    with migrations.connect(admin_url(settings)) as owner:
        row = owner.execute("SELECT discarded, done_at IS NOT NULL FROM bus.delivery").fetchone()
    assert row == ("sent by hand", True)


def test_migrating_twice_says_that_nothing_was_to_do(environ: dict[str, str]) -> None:
    assert run(environ, "migrate") == (0, "everything was up to date\n")


def test_a_wrong_setting_is_one_line_and_exit_code_2(environ: dict[str, str]) -> None:
    code, output = run(environ | {"IDESLUSS_HTTP_PORT": "eighty"}, "migrate")

    assert code == 2
    assert output.startswith("idesluss: ")
    assert output.count("\n") == 1
    assert "IDESLUSS_HTTP_PORT" in output


def test_roles_alone_must_agree_on_the_mailboxs_port(environ: dict[str, str]) -> None:
    code, output = run(environ, "mailbox")
    assert code == 2
    assert "IDESLUSS_MAILBOX_PORT" in output


def test_the_doctor_finds_a_healthy_database_and_an_old_schema(environ: dict[str, str], settings: Settings) -> None:
    given = {name: value for name, value in environ.items() if value}
    levels = {finding.subject: finding.level for finding in examine(given)}
    assert levels["database"] == levels["clock"] == Level.OK
    assert {levels[f"schema {schema}"] for schema in migrate.locations()} == {Level.OK}

    with migrations.connect(admin_url(settings)) as owner:
        owner.execute("UPDATE bus.alembic_version SET version_num = '0000'")
    code, output = run(environ, "doctor")

    assert code == 1
    assert "run `idesluss migrate`" in output


def test_no_command_is_slow_to_say_what_it_does() -> None:
    """What is imported for --help alone: nothing heavy."""
    program = "import sys, idesluss.cli; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"sqlalchemy", "flask", "psycopg", "dramatiq", "marshmallow", "environs", "structlog", "alembic"}
    assert not heavy & set(done.stdout.split())


def test_ideas_leave_as_lines_or_a_table_and_it_is_recorded(settings: Settings, environ: dict[str, str]) -> None:
    intake = Database(settings, Role.INTAKE, pool_size=1)
    with intake.transaction() as session:
        an_idea(session, settings, a_sluice(session), title="=HYPERLINK()", text="Tre elcyklar.")
        an_idea(session, settings, a_sluice(session, slug="berg", code="BER"))
    intake.dispose()

    code, lines = run(environ, "export", "ideas", "--sluice", "krokom")
    assert code == 0, lines
    [line] = map(json.loads, lines.splitlines())
    assert (line["title"], line["text"], line["sluice"]) == ("=HYPERLINK()", "Tre elcyklar.", "krokom")
    code, table = run(environ, "export", "ideas", "--format", "csv")
    assert code == 0
    assert "'=HYPERLINK()" in table
    with migrations.connect(admin_url(settings)) as owner:
        assert owner.execute("SELECT count(*) FROM intake.change WHERE what = 'ideas.exported'").fetchone() == (2,)


def test_replaying_mails_wants_to_know_which(environ: dict[str, str]) -> None:
    assert run(environ, "mail", "replay")[0] == 2
    code, text = run(environ, "mail", "replay", "--since", "2026-01-01", "--dry-run")
    assert (code, "no mail fits" in text) == (0, True)


def test_a_role_before_its_migrations_says_what_to_run(
    database_server: URL, database_template: str, tmp_path: Path
) -> None:
    with databases.clone(database_server, "template1") as url:
        empty = databases.settings_for(url, tmp_path)
        for name in ("listener", "relay", "scheduler", "mailbox", "web", "web-rsvp", "worker-notify"):
            with pytest.raises(TemporaryFailure, match="run `idesluss migrate` first"):
                migrated.see(empty, name)
