"""`idesluss backup` and `idesluss restore`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Callable


@click.command()
@click.option("--to", "folder", metavar="DIR", type=click.Path(file_okay=False), help="Else IDESLUSS_BACKUP_DIR.")
@click.option("--keep", type=click.IntRange(min=0), default=14, show_default=True, help="Archives kept; 0 is all.")
@click.option("--with-key", is_flag=True, help="Put the secret key in, too: then the archive opens everything.")
@click.option("--erasures-only", is_flag=True, help="Write only who asked to be forgotten since; takes no time.")
def backup(folder: str | None, keep: int, with_key: bool, erasures_only: bool) -> None:
    """Back up the database while everything runs.

    Makes DIR/idesluss-<time>/ with a dump and a manifest, and DIR/erasures.json. Without the secret key, which is
    kept apart, links in mails sent so far and the database roles' passwords cannot be had back.
    """
    from idesluss import backup as backing_up
    from shared import settings
    from shared.errors import MisconfiguredError

    _stop_cleanly()
    loaded = settings.load()
    place = Path(folder or loaded.backup_dir or "").absolute()
    if not folder and not loaded.backup_dir:
        raise MisconfiguredError("IDESLUSS_BACKUP_DIR: say where backups go, or use --to DIR")
    if erasures_only:
        backing_up.write_erasures(loaded, place)
        click.echo(f"{place / 'erasures.json'} is up to date")
        return
    done = backing_up.back_up(loaded, place, keep=keep, with_key=with_key, progress=_progress())
    manifest = done.manifest
    click.echo(f"{done.archive}: {manifest.size / 1e6:.1f} MB in {manifest.seconds} s, {_summed(manifest.counts)}")
    if done.thinned:
        click.echo(f"{len(done.thinned)} older deleted, {keep} kept")
    if not with_key:
        click.echo("The secret key is not in it: keep a copy of it elsewhere (docs/operations.md)")


@click.command()
@click.argument("archive", type=click.Path(exists=True, file_okay=False))
@click.option("--erasures", type=click.Path(exists=True, dir_okay=False), help="Else erasures.json beside the archive.")
@click.option("--other-key", is_flag=True, help="Go on under another secret key: links sent so far end.")
def restore(archive: str, erasures: str | None, other_key: bool) -> None:
    """Bring a backup back into an empty database, and bring it up to date.

    Checks the archive first, restores in one transaction, compares what came back with what was dumped, runs the
    migrations, and erases again whoever was erased since. Then `idesluss doctor` should find no fault.
    """
    from os import environ

    from idesluss import restore as restoring
    from shared import settings
    from shared.settings import VARIABLES

    _stop_cleanly()
    path = Path(archive).absolute()
    if not settings.is_set(environ, "secret_keys"):
        data_dir = Path(environ.get(VARIABLES["data_dir"]) or "./var").absolute()
        if restoring.bring_key(path, data_dir):
            click.echo(f"The archive's secret key is now in {data_dir / 'secrets' / 'key'}")
    done = restoring.restore(
        settings.load(),
        path,
        erasures=Path(erasures) if erasures else None,
        other_key=other_key,
        progress=_progress(),
    )
    click.echo(f"restored what was there at {done.manifest.made_at}: {_summed(done.manifest.counts)}")
    if done.moved:
        click.echo(f"brought up to date: {', '.join(done.moved)}")
    if other_key:
        click.echo("Erasures are known under the old key alone: whoever was erased after this backup is back, unless")
        click.echo("IDESLUSS_SECRET_KEY lists that key after the new one. Then begin again in an empty database.")
    if done.erased:
        click.echo("erased again: " + ", ".join(f"{name} {number}" for name, number in done.erased.items()))
    click.echo("Now: idesluss doctor")


def _summed(counts: dict[str, int]) -> str:
    return f"{counts['intake.idea']} ideas, {counts['intake.raw_mail']} mails, {counts['rsvp.guest']} guests"


def _progress() -> Callable[[str], None]:
    """One line that changes, on a terminal; elsewhere silence."""
    if not sys.stderr.isatty():
        return lambda _: None

    def show(text: str) -> None:
        click.echo(f"\r\x1b[K{text}", nl=False, err=True)

    return show


def _stop_cleanly() -> None:
    """A service manager's SIGTERM is as good as Ctrl-C: what is half-made goes."""

    def stop(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
