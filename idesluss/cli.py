"""The command line. Every command imports what it needs when it runs, so that each starts fast."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from idesluss.cli_backup import backup, restore
from idesluss.cli_dkim import dkim
from idesluss.cli_events import event
from idesluss.cli_export import export
from idesluss.cli_people import person
from idesluss.cli_queue import queue
from idesluss.cli_replay import mail_replay
from idesluss.cli_retention import retention
from idesluss.cli_sluices import administrator, contact, sluice
from shared.errors import IdeslussenError, MisconfiguredError

if TYPE_CHECKING:
    from shared.settings import Settings


SERVICES = ("intake", "rsvp", "notify")


class _Commands(click.Group):
    """Says our own errors in one line. Exit code 2: a setting is wrong; 1: anything else."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except IdeslussenError as error:
            click.echo(f"idesluss: {error}", err=True)
            ctx.exit(2 if isinstance(error, MisconfiguredError) else 1)


@click.group(cls=_Commands)
@click.version_option(package_name="idesluss")
def main() -> None:
    """Idéslussen: ideas in by mail or form, answers out. Settings are environment variables: docs/settings.md."""


@main.command()
def up() -> None:
    """Start the whole suite on this machine; Ctrl-C stops it."""
    from idesluss import up as suite

    suite.main(_settings())


@main.command()
def migrate() -> None:
    """Make the database's roles, schemas and tables, or bring them up to date."""
    from idesluss import migrate as migrations

    moved = migrations.run(_settings())
    click.echo(f"migrated: {', '.join(moved)}" if moved else "everything was up to date")


def _add_role(name: str, text: str) -> None:
    @main.command(name, help=text)
    def run() -> None:
        _run_role(name)


_add_role("listener", "Run the mail listener (SMTP or LMTP) in the foreground.")
_add_role("relay", "Run the bus's relay in the foreground.")
_add_role("scheduler", "Run the scheduler in the foreground.")
_add_role("mailbox", "Run the catching mailbox in the foreground.")


@main.command()
@click.argument("service", type=click.Choice(SERVICES))
def worker(service: str) -> None:
    """Run one service's worker in the foreground."""
    _run_role(f"worker-{service}")


@main.command()
@click.argument("service", type=click.Choice(SERVICES), required=False)
def web(service: str | None) -> None:
    """Run the web server in the foreground: of all services, or of one, behind a proxy that joins them."""
    _run_role(f"web-{service}" if service else "web")


@main.command()
@click.argument("role")
def healthy(role: str) -> None:
    """Say whether a role that runs by itself on this machine is well: exit code 0, or 1 and what is wrong.

    ROLE is what was started, with a hyphen: listener, web-intake, worker-rsvp, relay. For health checks.
    """
    from idesluss import healthy as health
    from idesluss.roles import named

    if wrong := health.fault(_settings(), named(role).name):
        click.echo(f"{role}: {wrong}", err=True)
        raise SystemExit(1)
    click.echo(f"{role}: well")


@main.group()
def mail() -> None:
    """Look at mails."""


@mail.command("explain")
@click.option("--envelope-from", metavar="ADDR", help="The envelope's sender; else that of Return-Path.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
def mail_explain(envelope_from: str | None, files: tuple[str, ...]) -> None:
    """Say how each mail would be read: one JSON object a line, in the order given.

    A dry run without database, server or key. Exit code 0 always.
    """
    from pathlib import Path

    from services.intake.mail.explain import explain
    from services.intake.mail.limited import LimitedReader

    with LimitedReader() as reader:
        for file in files:
            line = explain(Path(file), envelope_from=envelope_from, read=reader.read)
            # half a surrogate pair (a file's name of other bytes) cannot be UTF-8, but its escape is good JSON
            click.echo(json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace"))


@mail.command("anonymise")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
def mail_anonymise(file: str) -> None:
    """Write a mail made anonymous to the standard output, to be kept as a regression case.

    Read it through before it is handed on: what only a person can see in the words stays.
    """
    from pathlib import Path

    from services.intake.usecases.anonymise_mail import anonymised

    click.echo(anonymised(Path(file).read_bytes()), nl=False)


main.add_command(sluice)
main.add_command(contact)
main.add_command(administrator)
main.add_command(event)
main.add_command(dkim)
main.add_command(queue)
main.add_command(person)
main.add_command(export)
main.add_command(retention)
mail.add_command(mail_replay)
main.add_command(backup)
main.add_command(restore)


@main.group()
def token() -> None:
    """Bearer tokens for the JSON APIs."""


@token.command("create")
@click.option("--name", required=True, help="Whom it is for: a-z, 0-9 and hyphens.")
@click.option("--scope", "scopes", multiple=True, default=("*",), show_default=True, help="For example intake:read.")
def token_create(name: str, scopes: tuple[str, ...]) -> None:
    """Print a token. Nothing is stored: it holds as long as the secret key."""
    from shared.web import tokens

    try:
        click.echo(tokens.issue(_settings().signer, name=name, scopes=scopes))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@main.command()
@click.option("--dns", is_flag=True, help="Look the sluices' mail domains up: MX, SPF, DKIM, DMARC.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
def doctor(dns: bool, as_json: bool) -> None:
    """Say what is set, what is wrong, and how to mend it. Exit code 1 where something is wrong."""
    from dataclasses import asdict
    from os import environ

    from idesluss.doctor.examine import examine
    from idesluss.doctor.finding import Level

    findings = list(examine(environ, dns=dns))
    for finding in findings:
        if as_json:
            click.echo(json.dumps(asdict(finding), ensure_ascii=False))
        else:
            click.echo(f"{finding.level:<8} {finding.subject:<34} {finding.text}")
    if any(finding.level is Level.FAULT for finding in findings):
        raise SystemExit(1)


def _settings() -> Settings:
    from shared import settings

    return settings.load()


def _run_role(name: str) -> None:
    from idesluss import beatfile, migrated, roles
    from idesluss.observing import observed
    from shared import logs

    settings = _settings()
    if (
        name in {"mailbox", "web", "web-notify", "worker-notify"}
        and settings.catches_mail
        and settings.mailbox_port == 0
    ):
        raise MisconfiguredError(
            "IDESLUSS_MAILBOX_PORT: where roles are started one by one they must agree on the mailbox's port; "
            "set it, or set SMTP_RELAY_URL"
        )
    logs.configure(settings, name)
    migrated.see(settings, name)
    with observed(settings, name), beatfile.beating(settings.data_dir, name) as file:
        roles.named(name).load()(settings, file.beat)
