"""`idesluss sluice`, `contact` and `administrator`: who takes in ideas, at which addresses, and who runs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

ACTOR = "idesluss"
"""Who the history says did it."""
LONGEST_LOCAL_PART = 19
"""Octets before the @: with the tag of a signed reply address they fit the 64 that RFC 5321 §4.5.3.1.1 allows."""


@click.group()
def sluice() -> None:
    """Sluices: the channels through which ideas come in."""


@sluice.command("list")
def sluice_list() -> None:
    """List the sluices: slug, code, name, whom they are open to, addresses, contacts."""
    from services.intake.store import sluices

    with _intake() as session:
        for found in sluices.profiles(session):
            contacts = ", ".join(contact.address for contact in found.contacts) or "no contact"
            facts = (found.slug, found.code, found.name, found.open_to, ", ".join(found.addresses), contacts)
            click.echo("\t".join(facts))


@sluice.command("save")
@click.argument("slug")
@click.option("--code", required=True, help="Two to eight capital letters: what references begin with.")
@click.option("--name", required=True, help="As people see it, for example “Krokoms kommun”.")
@click.option("--address", required=True, help="The address that ideas are mailed to, and answers come from.")
@click.option("--language", type=click.Choice(["sv", "en"]), default="sv", show_default=True)
@click.option("--open-to", type=click.Choice(["staff", "everybody"]), default="everybody", show_default=True)
@click.option("--staff-domain", "staff_domains", multiple=True, help="Vouched senders from here are employees.")
@click.option("--answer-days", type=click.IntRange(1, 250), default=10, show_default=True, help="Working days.")
def sluice_save(
    slug: str,
    code: str,
    name: str,
    address: str,
    language: str,
    open_to: str,
    staff_domains: tuple[str, ...],
    answer_days: int,
) -> None:
    """Make a sluice, or change the one with that SLUG."""
    from sqlalchemy.exc import IntegrityError

    from services.intake.store import sluices
    from services.intake.usecases.announce_sluice import announce_sluice
    from services.intake.usecases.changes import record_change

    _check(address)
    try:
        with _intake() as session:
            sluice_id = sluices.save(
                session,
                slug=slug,
                code=code,
                name=name,
                address=address,
                language=language,
                open_to=open_to,
                staff_domains=[domain.lower() for domain in staff_domains],
                answer_days=answer_days,
            )
            record_change(session, ACTOR, "sluice.saved", sluice_id=sluice_id, after={"name": name, "address": address})
            announce_sluice(session, sluice_id)
    except IntegrityError as error:
        raise click.UsageError(
            "slug: a-z, 0-9 and hyphens; code: two to eight capital letters, used by no other sluice"
        ) from error
    click.echo(f"{slug} takes in ideas at {address}")


@sluice.command("add-address")
@click.argument("slug")
@click.argument("address")
def sluice_add_address(slug: str, address: str) -> None:
    """Let mail to one more ADDRESS come to a sluice."""
    from services.intake.store import sluices
    from services.intake.usecases.announce_sluice import announce_sluice
    from services.intake.usecases.changes import record_change

    _check(address)
    with _intake() as session:
        found = sluices.profile_by_slug(session, slug)
        sluices.add_address(session, found.id, address)
        record_change(session, ACTOR, "address.added", sluice_id=found.id, after=address.lower())
        announce_sluice(session, found.id)
    click.echo(f"{slug} takes in ideas at {address}, too")


@click.group()
def contact() -> None:
    """Contacts: the people who answer for a sluice."""


@contact.command("add")
@click.argument("slug")
@click.option("--name", required=True, help="As submitters see it under an answer.")
@click.option("--address", required=True)
@click.option("--language", type=click.Choice(["sv", "en"]), default="sv", show_default=True)
def contact_add(slug: str, name: str, address: str, language: str) -> None:
    """Make somebody a contact of a sluice, or change their name and language."""
    from services.intake.store import sluices
    from services.intake.usecases.announce_sluice import announce_sluice
    from services.intake.usecases.changes import record_change

    _check(address, contact=True)
    with _intake() as session:
        found = sluices.profile_by_slug(session, slug)
        sluices.add_contact(session, found.id, name=name, address=address, language=language)
        record_change(session, ACTOR, "contact.added", sluice_id=found.id, after={"name": name, "address": address})
        announce_sluice(session, found.id)
    click.echo(f"{address} gets the ideas of {slug}")


@click.group()
def administrator() -> None:
    """Administrators: the people who may see and change everything in the browser."""


@administrator.command("add")
@click.option("--name", required=True)
@click.option("--address", required=True)
@click.option("--language", type=click.Choice(["sv", "en"]), default="sv", show_default=True)
def administrator_add(name: str, address: str, language: str) -> None:
    """Let somebody sign in as an administrator, by a link to their ADDRESS."""
    from services.intake.usecases.administer_people import add_administrator
    from shared.errors import Rejected

    _check(address, contact=True)
    try:
        with _intake() as session:
            add_administrator(session, ACTOR, name=name, address=address, language=language)
    except Rejected as error:
        raise click.UsageError(f"{address} is an administrator already") from error
    click.echo(f"{address} may sign in as an administrator")


@administrator.command("list")
def administrator_list() -> None:
    """List the administrators: address, name."""
    from services.intake.usecases.administer_people import administrators

    with _intake() as session:
        for found in administrators(session):
            click.echo(f"{found.address}\t{found.name}")


def _check(address: str, *, contact: bool = False) -> None:
    from shared.mail.addresses import is_sendable

    if not is_sendable(address):
        raise click.UsageError(f"{address} is not a mail address, such as ide@krokom.se")
    local = address.rpartition("@")[0]
    if not contact and ("+" in local or len(local.encode()) > LONGEST_LOCAL_PART):
        raise click.UsageError(
            f"{address}: before the @ at most {LONGEST_LOCAL_PART} octets and no +, since replies are told apart there"
        )


@contextmanager
def _intake() -> Iterator[Session]:
    from shared import settings
    from shared.db import Role, opened

    with opened(settings.load(), Role.INTAKE) as database, database.transaction() as session:
        yield session
