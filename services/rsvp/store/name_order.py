"""Names in the order of a Swedish list, by the database: for lists that are read some at a time.

No collation of the server's: an embedded one and a managed one know different ones, and "C" is everywhere. Lists that
are read whole are sorted by ``domain.name_order``, which knows more letters.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import InstrumentedAttribute


def in_swedish_order(name: InstrumentedAttribute[str]) -> ColumnElement[str]:
    """What rows are ordered by: å, ä and ö last, without regard to capitals."""
    return func.lower(func.translate(name, "ÅÄÖåäöÉéÜü", "{|}{|}eeuu")).collate("C")
