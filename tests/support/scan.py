"""Look for words in every row of every table, whatever is added to the schema later."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from shared import migrations
from shared.db import admin_url
from shared.settings import Settings

_TABLES = """
    SELECT table_schema, table_name FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')
     ORDER BY 1, 2
"""


def tables_with(settings: Settings, words: Sequence[str], *, but: Sequence[str] = ()) -> dict[str, int]:
    """Rows that hold any of the words (ASCII, in any case, in bytes too), by ``schema.table``; none for those left out."""
    found: dict[str, int] = {}
    with migrations.connect(admin_url(settings)) as owner:
        for schema, name in owner.execute(_TABLES).fetchall():
            if f"{schema}.{name}" in but or schema in but:
                continue
            signs = [sign for word in words for sign in (word.lower(), word.encode().hex())]
            asked = sql.SQL(
                "SELECT count(*) FROM {} AS row WHERE EXISTS"
                " (SELECT FROM unnest(%s::text[]) AS sign WHERE strpos(lower(row::text), sign) > 0)"
            ).format(sql.Identifier(schema, name))
            counted = owner.execute(asked, [signs]).fetchone()
            if counted is not None and counted[0]:
                found[f"{schema}.{name}"] = counted[0]
    return found
