"""``idesluss queue``: what waits, what has stopped, and what a person does about it; the same as /kontakt/drift/."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING
from uuid import UUID

import click

from idesluss.operator_name import operator_name

if TYPE_CHECKING:
    from services.notify.usecases.mend_queue import MendQueue
    from shared.db import Database
    from shared.settings import Settings


@click.group()
def queue() -> None:
    """What waits, what is tried again, and what failed too often and waits for a person."""


@queue.command("status")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for programs.")
def queue_status(as_json: bool) -> None:
    """Show books, queues and alarms. Exit code 1 where an alarm is on."""
    from services.notify.usecases import watch
    from shared.clock import now

    settings, moment = _settings(), now()
    with _databases(settings) as (notify, bus):
        status = watch.look(settings, notify, bus, moment)
    unsent = (moment - status.overdue_since).total_seconds() if status.overdue_since else 0.0
    books = {str(account): number for account, number in status.books.booked.items()}
    if as_json:
        found = {
            "alarms": status.alarms,
            "books": {**books, "waiting": status.books.waiting, "difference": status.books.difference},
            "oldest_unsent_seconds": round(unsent, 1),
            "queues": [asdict(each) for each in status.backlogs],
        }
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        closed = " + ".join(f"{books.get(name, 0)} {name}" for name in ("sent", "failed", "suppressed"))
        click.echo(f"books    {books.get('asked', 0)} asked = {closed} + {status.books.waiting} waiting")
        click.echo(f"         {_balance(status.books.difference)}")
        click.echo(f"unsent   {f'the oldest has been due for {unsent:.0f} s' if unsent else 'nothing is late'}")
        for each in status.backlogs:
            click.echo(
                f"queue    {each.consumer}: {each.open} left ({each.due} due, {each.working} being done,"
                f" {each.retrying} tried again, {each.scheduled} later), {each.parked} parked,"
                f" the oldest due for {each.oldest_seconds:.0f} s"
            )
        for alarm in status.alarms:
            click.echo(f"ALARM    {alarm}: see docs/queue.md")
    if status.alarms:
        raise SystemExit(1)


@queue.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
def queue_list(as_json: bool) -> None:
    """List parked messages: consumer, message, name, attempts, when, last error."""
    from shared.bus import admin

    with _databases(_settings()) as (_, bus):
        for parked in admin.list_parked(bus):
            when = parked.parked_at.isoformat(timespec="seconds")
            if as_json:
                click.echo(json.dumps({**asdict(parked), "parked_at": when}, default=str, ensure_ascii=False))
                continue
            facts = (parked.consumer, parked.message_id, parked.name, parked.attempts, when, parked.last_error)
            click.echo("\t".join(" ".join(str(fact).split()) for fact in facts))


@queue.command("retry")
@click.argument("consumer", required=False)
@click.argument("message_id", required=False, type=click.UUID)
@click.option("--all", "name", metavar="NAME", help="Every parked message of that name, such as notification.due.v1.")
def queue_retry(consumer: str | None, message_id: UUID | None, name: str | None) -> None:
    """Try a parked message again, at once; or all of one name."""
    if (name is None) == (consumer is None or message_id is None) or (name and consumer):
        raise click.UsageError("give CONSUMER and MESSAGE_ID as list shows them, or --all NAME")
    with _mending() as mend:
        if name is not None:
            click.echo(f"{mend.retry_all(name, by=operator_name())} are tried again")
            return
        assert consumer is not None  # both were asked for above
        assert message_id is not None
        mend.retry(consumer, message_id, by=operator_name())
    click.echo("it is tried again")


@queue.command("discard")
@click.argument("consumer")
@click.argument("message_id", type=click.UUID)
@click.option("--reason", required=True, help="Kept with the message.")
def queue_discard(consumer: str, message_id: UUID, reason: str) -> None:
    """Give a parked message up, with a reason."""
    from shared.errors import Rejected

    with _mending() as mend:
        try:
            mend.discard(consumer, message_id, by=operator_name(), reason=reason)
        except Rejected as fault:
            raise click.UsageError("--reason: write one, of at most 500 characters") from fault
    click.echo("discarded")


def _balance(difference: int) -> str:
    return "they balance" if difference == 0 else f"they do NOT balance: the difference is {difference}"


def _settings() -> Settings:
    from shared import settings

    return settings.load()


@contextmanager
def _databases(settings: Settings) -> Iterator[tuple[Database, Database]]:
    """notify's own, and the bus as the relay sees it: every delivery, no payload."""
    from shared.db import Role, opened

    with opened(settings, Role.NOTIFY) as notify, opened(settings, Role.RELAY) as bus:
        yield notify, bus


@contextmanager
def _mending() -> Iterator[MendQueue]:
    from services.notify.usecases.mend_queue import MendQueue

    with _databases(_settings()) as (notify, bus):
        yield MendQueue(notify, bus)
