"""Write down a new idea and the first entry of its timeline.

Not by the session's own unit of work, which takes twice as long: whoever sends a form waits for it, and so does
everybody who sends one after them, since the sluice's next reference is locked until the transaction ends.
"""

from __future__ import annotations

from sqlalchemy import insert
from sqlalchemy.orm import Session, make_transient_to_detached

from services.intake.store.tables import Idea, TimelineEntry


def keep(session: Session, idea: Idea, first: TimelineEntry) -> None:
    """Insert both, and let the session know them. What is not set is null: no default of the database's applies."""
    connection = session.connection()
    for row in (idea, first):
        written = _WRITTEN[type(row)]
        for name in written.difference(vars(row)):
            setattr(row, name, None)
        connection.execute(_INSERT[type(row)], {name: vars(row)[name] for name in written})
        make_transient_to_detached(row)
        session.add(row)


_WRITTEN = {
    table: frozenset(column.key for column in table.__mapper__.columns if column.computed is None)
    for table in (Idea, TimelineEntry)
}
_INSERT = {table: insert(table.__mapper__.local_table) for table in (Idea, TimelineEntry)}  # type: ignore[arg-type] # a mapped class' table is one
