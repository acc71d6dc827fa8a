"""`idesluss event`: what stands and waits, who comes, and the few acts that are wanted where there is no browser."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from idesluss.cli_sluices import ACTOR

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from services.rsvp.store.tables import Event
    from shared.settings import Settings
    from shared.viewer import Viewer


@click.group()
def event() -> None:
    """Events: what people are invited to."""


@event.command("list")
@click.option("--sluice", help="Only those of that municipality.")
@click.option("--all", "is_all", is_flag=True, help="Also those that have ended.")
def event_list(sluice: str | None, is_all: bool) -> None:
    """List events by day: slug, state, beginning, people coming and seats, people waiting."""
    from sqlalchemy import true

    from services.rsvp.store import desk
    from shared.clock import now

    with _rsvp() as session:
        found = desk.list_events(session, true(), sluice)
        figures = desk.figures(session, [each.id for each in found])
        for each in found:
            if is_all or each.ends_at is None or each.ends_at > now():
                figure = figures.get(each.id, desk.NONE)
                seats = f"{figure.coming}/{each.capacity}" if each.capacity else str(figure.coming)
                click.echo("\t".join((each.slug, each.state, _begins(each), seats, str(figure.waiting))))


@event.command("show")
@click.argument("slug")
def event_show(slug: str) -> None:
    """Tell of one event: a fact a line, its name first."""
    from services.rsvp.domain.said import said
    from services.rsvp.store import events, guests

    with _rsvp() as session:
        found = events.by_slug(session, slug)
        counts = guests.counts(session, found.id)
        facts = {
            "title": said(found.title, "sv"),
            "state": found.state,
            "municipality": found.sluice_slug,
            "begins": _begins(found),
            "place": ", ".join(part for part in (found.place, found.address) if part),
            "capacity": found.capacity if found.capacity is not None else "no end",
            "invited": counts.invited,
            "coming": counts.coming_people,
            "offered": counts.offered,
            "waiting": counts.waiting_people,
            "maybe": counts.maybe,
            "declined": counts.declined,
            "unanswered": counts.unanswered,
            "came": counts.came_people,
            "contacts": ", ".join(contact.address for contact in events.contacts_of(session, found)) or "none",
        }
        for name, value in facts.items():
            click.echo(f"{name}\t{value}")


@event.command("figures")
@click.argument("slugs", nargs=-1, required=True, metavar="SLUG...")
def event_figures(slugs: tuple[str, ...]) -> None:
    """What came of events: a row each, for a spreadsheet."""
    from services.rsvp.domain.figures import NUMBERS
    from services.rsvp.store import events, outcomes

    with _rsvp() as session:
        found = [events.by_slug(session, slug) for slug in slugs]
        figures = outcomes.of_events(session, [each.id for each in found])
        write = csv.writer(sys.stdout, lineterminator="\n").writerow
        write(["event", *NUMBERS, "opinions", "mean"])
        for each in found:
            one = figures[each.id]
            mean = "" if one.mean is None else f"{one.mean:.1f}"
            write([each.slug, *(getattr(one, name) for name in NUMBERS), one.opinions, mean])


@event.group("export")
def event_export() -> None:
    """Take lists out."""


@event_export.command("guests")
@click.argument("slug")
def export_guests(slug: str) -> None:
    """Write an event's guests as CSV to the standard output. That it was done stands in the event's history."""
    from services.rsvp.usecases import export_guests as guests
    from shared.cells import harmless
    from shared.clock import now

    with _rsvp() as session:
        wanted = guests.begin(session, _viewer(), slug, form="csv", language="sv", moment=now())
        write = csv.writer(sys.stdout, lineterminator="\n").writerow
        columns = ("name", "organisation", "address", "language", "state", "party_size", "diet", "comment", "came")
        write([*columns, *(wording for _, wording in wanted.questions)])
        after = None
        while portion := guests.portion(session, _viewer(), slug, after):
            for guest in portion:
                answers = [guest.answers.get(identity, {}).get("answer", "") for identity, _ in wanted.questions]
                cells = [*(getattr(guest, name) for name in columns), *answers]
                write([harmless(cell) if isinstance(cell, str) else cell for cell in cells])
            after = portion[-1].id


@event.command("publish")
@click.argument("slug")
def event_publish(slug: str) -> None:
    """Let everybody see a draft."""
    from services.rsvp.store import events
    from services.rsvp.usecases import publish_event
    from shared.clock import now
    from shared.errors import Rejected

    try:
        with _rsvp() as session:
            version = events.by_slug(session, slug).version
            publish_event.publish(session, _viewer(), slug, version=version, moment=now())
    except Rejected as fault:
        raise click.UsageError(f"{slug} lacks its {fault.message_key}") from fault
    click.echo(f"{slug} is published")


@event.command("cancel")
@click.argument("slug")
@click.option("--reason", required=True, help="Shown on the event's page and in the mails.")
@click.option("--quietly", is_flag=True, help="Mail nobody.")
def event_cancel(slug: str, reason: str, quietly: bool) -> None:
    """Say that an event does not take place; whoever comes, waits or is invited gets a mail."""
    from services.rsvp.store import events
    from services.rsvp.usecases import publish_event
    from shared.clock import now
    from shared.errors import Rejected

    try:
        with _rsvp() as session:
            version = events.by_slug(session, slug).version
            publish_event.cancel(
                session, _viewer(), slug, reason.strip(), version=version, tells=not quietly, moment=now()
            )
    except Rejected as fault:
        raise click.UsageError("--reason: some words, at most a thousand characters") from fault
    click.echo(f"{slug} is cancelled")


@event.command("settle")
def event_settle() -> None:
    """End offers that ran out and fill free seats from the waiting lists now, as the scheduler does by the clock."""
    from services.rsvp.usecases.offers import SettleOffers
    from shared.db import Role, opened

    settings = _settings()
    with opened(settings, Role.RSVP) as database:
        click.echo(f"{SettleOffers(settings, database)()} moved up")


def _begins(found: Event) -> str:
    from zoneinfo import ZoneInfo

    return f"{found.starts_at.astimezone(ZoneInfo(found.zone)):%Y-%m-%d %H:%M}" if found.starts_at else "no day yet"


def _viewer() -> Viewer:
    from shared.viewer import Viewer

    return Viewer(ACTOR, is_administrator=True)


def _settings() -> Settings:
    from shared import settings

    return settings.load()


@contextmanager
def _rsvp() -> Iterator[Session]:
    from shared.db import Role, opened

    with opened(_settings(), Role.RSVP) as database, database.transaction() as session:
        yield session
