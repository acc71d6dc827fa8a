"""``idesluss retention``: what each sluice's rules remove, and when; the same as Gallring among its settings."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

from idesluss.operator_name import operator_name

if TYPE_CHECKING:
    from shared.db import Database


@click.group()
def retention() -> None:
    """How long things are kept: docs/data-life.md."""


@retention.command("show")
@click.option("--sluice", "slug", help="Only this one, by its slug.")
def retention_show(slug: str | None) -> None:
    """Show the rules in force: sluice, rule, days, decision."""
    from services.intake.store import sluices
    from services.intake.usecases.retain import rules_of, with_rules

    with _intake() as database, database.transaction() as session:
        for sluice_id in with_rules(session, slug):
            rules, name = rules_of(session, sluice_id), sluices.profile(session, sluice_id).slug
            for rule, days in rules.days.items():
                click.echo(f"{name}\t{rule.value}\t{days}\t{rules.decision}")


@retention.command("run")
@click.option("--sluice", "slug", help="Only this one, by its slug.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
def retention_run(slug: str | None, dry_run: bool) -> None:
    """Remove what the rules say, now, and not first when the scheduler does. Exit code 1 where the clock forbids it."""
    from services.intake.store import sluices
    from services.intake.usecases.retain import Retain, preview, rules_of, with_rules
    from shared.sane_clock import SaneClock

    with _intake() as database:
        if dry_run:
            with database.transaction() as session:
                for sluice_id in with_rules(session, slug):
                    name = sluices.profile(session, sluice_id).slug
                    for found in preview(session, sluice_id, rules_of(session, sluice_id)):
                        click.echo(f"{name}\t{found.rule.value}\t{found.count}\t{' '.join(found.oldest)}")
            return
        is_sane = SaneClock(database)
        if not is_sane():
            raise click.ClickException(
                "the clock is far ahead of when it was seen last, or not the database's: nothing was removed."
                " Is it right? Then: idesluss retention trust-clock"
            )
        for rule, number in Retain(database, is_sane, asked_by=operator_name())(slug).items():
            click.echo(f"{rule.value}\t{number}")


@retention.command("trust-clock")
def trust_clock() -> None:
    """Say that the clock is right although it jumped: what is old by it may be removed again."""
    from shared.sane_clock import SaneClock

    with _intake() as database:
        SaneClock(database).trust()
    click.echo("the clock is trusted from now on")


def _intake() -> AbstractContextManager[Database]:
    from shared import settings
    from shared.db import Role, opened

    return opened(settings.load(), Role.INTAKE, pool_size=2)
