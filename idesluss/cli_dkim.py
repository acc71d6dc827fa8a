"""`idesluss dkim`: keys that sign our mails, and the DNS records that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def dkim() -> None:
    """Keys that sign our mails (DKIM). IDESLUSS_DKIM_KEYS names their folder."""


@dkim.command("create")
@click.argument("domain")
@click.option("--selector", default="idesluss", show_default=True, help="The key's name in DNS: a-z, 0-9, hyphens.")
@click.option("--type", "kind", type=click.Choice(["rsa", "ed25519"]), default="rsa", show_default=True)
def dkim_create(domain: str, selector: str, kind: str) -> None:
    """Make a key for DOMAIN and print the DNS record to publish.

    A mail is signed with every key of its domain, so ed25519, which not every receiver knows, stands beside rsa.
    Publish the record first, then restart the notify workers: they read the keys when they start.
    """
    import os

    from idesluss.dkim_records import openssl
    from shared.errors import Conflict

    path = _path(domain, selector)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    sort = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if kind == "rsa" else ["-algorithm", "ed25519"]
    key = openssl("genpkey", *sort)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict(f"{path} is there already: choose another --selector") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
    click.echo(_record(path))


@dkim.command("record")
@click.argument("domain")
def dkim_record(domain: str) -> None:
    """Print the DNS records of DOMAIN's keys, as a zone file has them."""
    from shared.errors import NotFound

    folder = _path(domain, "x").parent
    paths = sorted(folder.glob("*.pem"))
    if not paths:
        raise NotFound(f"{folder} holds no keys: `idesluss dkim create {domain}` makes one")
    for path in paths:
        click.echo(_record(path))


def _path(domain: str, selector: str) -> Path:
    import re
    from pathlib import Path

    from services.notify.channels.dkim import SELECTOR
    from shared import settings
    from shared.errors import MisconfiguredError
    from shared.mail.domains import ascii_domain

    name = ascii_domain(domain)
    if name is None or not re.fullmatch(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", name):
        raise click.UsageError(f"{domain} is no domain")
    if not SELECTOR.fullmatch(selector):
        raise click.UsageError("--selector: a-z, 0-9 and hyphens")
    folder = settings.load().dkim_keys
    if not folder:
        raise MisconfiguredError("IDESLUSS_DKIM_KEYS: set it to a folder for the keys, for example ./var/dkim")
    return Path(folder) / name / f"{selector}.pem"


def _record(path: Path) -> str:
    from idesluss.dkim_records import record
    from services.notify.channels.dkim import read_key

    return record(path, read_key(path))
