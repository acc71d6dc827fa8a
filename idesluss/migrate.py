"""All services' migrations, in one call: what `idesluss migrate` and every start do first."""

from __future__ import annotations

from pathlib import Path

from shared import migrations
from shared.db import admin_url
from shared.settings import Settings

ROOT = Path(__file__).parent.parent

LOCATIONS = {
    "bus": ROOT / "shared/bus/migrations",
    "intake": ROOT / "services/intake/store/migrations",
    "rsvp": ROOT / "services/rsvp/store/migrations",
    "notify": ROOT / "services/notify/store/migrations",
    "mailbox": ROOT / "services/notify/mailbox/migrations",
}
"""Schema → folder of its migrations, in the order in which they run."""


def locations() -> dict[str, Path]:
    """Those of ``LOCATIONS`` that hold migrations: a service may still be without tables."""
    return {schema: path for schema, path in LOCATIONS.items() if (path / "env.py").exists()}


def run(settings: Settings) -> list[str]:
    """Prepare the database and bring every schema to its newest migration; the schemas that moved.

    :raises MisconfiguredError: the database cannot be reached or its owner has too few rights.
    """
    migrations.prepare(admin_url(settings), settings)
    moved = [schema for schema, path in locations().items() if migrations.upgrade(settings, schema, path)]
    with migrations.connect(admin_url(settings)) as connection:
        unheard = connection.execute("SELECT EXISTS (SELECT FROM intake.sluice WHERE announced_at IS NULL)").fetchone()
    if unheard and unheard[0]:
        _announce_sluices(settings)
    return moved


def _announce_sluices(settings: Settings) -> None:
    """Tell of the sluices of an installation that is older than the message that tells of them."""
    from services.intake.usecases.announce_sluice import announce_what_changed
    from shared.db import Role, opened

    with opened(settings, Role.INTAKE) as database, database.transaction() as session:
        announce_what_changed(session)
