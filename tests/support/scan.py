"""Look for words in every column of every table, whatever is added to the schema later."""

from __future__ import annotations

from collections.abc import Collection

from psycopg import sql

from shared import migrations
from shared.db import admin_url
from shared.settings import Settings

_TABLES = """
    SELECT c.table_schema, c.table_name, array_agg(c.column_name::text), array_agg(c.data_type::text)
      FROM information_schema.columns AS c JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_type = 'BASE TABLE' AND c.table_schema NOT IN ('pg_catalog', 'information_schema')
       AND c.table_schema <> ALL (%s)
     GROUP BY 1, 2 ORDER BY 1, 2
"""


def columns_with(settings: Settings, words: str, *, but: Collection[str] = ()) -> dict[str, int]:
    """``schema.table.column`` → rows that hold the words, in bytes too, elsewhere in any letter case.

    :param but: schemas that are left out.
    """
    found: dict[str, int] = {}
    with migrations.connect(admin_url(settings)) as owner:
        for schema, table, names, kinds in owner.execute(_TABLES, [list(but)]).fetchall():
            says = [_says(name, kind, words) for name, kind in zip(names, kinds, strict=True)]
            asked = sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(says), sql.Identifier(schema, table))
            counted = owner.execute(asked).fetchone() or ()
            found |= {f"{schema}.{table}.{name}": rows for name, rows in zip(names, counted, strict=True) if rows}
    return found


def _says(name: str, kind: str, words: str) -> sql.Composed:
    if kind == "bytea":
        held = sql.SQL("position({words} IN {name}) > 0")
    else:
        held = sql.SQL("strpos(lower({name}::text), lower({words})) > 0")
    literal = sql.Literal(words.encode() if kind == "bytea" else words)
    return sql.SQL("count(*) FILTER (WHERE {})").format(held.format(name=sql.Identifier(name), words=literal))
