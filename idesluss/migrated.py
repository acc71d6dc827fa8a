"""Whether the database is as this code needs it: what a role that is started by itself asks before it begins."""

from __future__ import annotations

import psycopg

from idesluss import migrate
from shared import migrations
from shared.db import CONNECT_TIMEOUT, Role, conninfo, role_url
from shared.errors import TemporaryFailure
from shared.settings import Settings

ROLES = {"listener": Role.INTAKE, "relay": Role.RELAY, "scheduler": Role.RELAY, "mailbox": Role.MAILBOX}
"""As whom those ask whose name does not end with their service's."""
SCHEMAS = {Role.RELAY: "bus"}
"""Of other roles it is the one called like them."""


def see(settings: Settings, name: str) -> None:
    """Let a role begin, unless its part of the database is missing or older than this code.

    A database that is away is waited for by the role itself, and one that is newer is an upgrade under way.

    :raises TemporaryFailure: `idesluss migrate` has not run yet; whoever started us may try again.
    """
    role = ROLES.get(name) or Role(name.rpartition("-")[2] if "-" in name else Role.INTAKE)
    schema = SCHEMAS.get(role, role.value)
    try:
        with psycopg.connect(
            conninfo(role_url(settings, role)), autocommit=True, connect_timeout=CONNECT_TIMEOUT
        ) as connection:
            at = migrations.current(connection, schema)
    except psycopg.errors.InsufficientPrivilege:
        at = None  # the relay may read it since migrate has run as of this code
    except psycopg.OperationalError as error:
        if not any(word in str(error) for word in ("does not exist", "authentication failed")):
            return
        at = None
    location = migrate.locations()[schema]
    if at is None or at in migrations.before_head(location):
        raise TemporaryFailure(
            f"the database's schema {schema} is at {at or 'nothing'}, and {migrations.head(location)} is needed: "
            "run `idesluss migrate` first"
        )
