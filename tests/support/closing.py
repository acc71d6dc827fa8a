"""Close what apps hold open for as long as their process lives, so that a test leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from shared.db import Database


@contextmanager
def databases_closed() -> Iterator[None]:
    """Every ``Database`` that is made inside is disposed at the end."""
    made: list[Database] = []
    original = Database.__init__

    def remembered(self: Database, *args: Any, **named: Any) -> None:
        original(self, *args, **named)
        made.append(self)

    with patch.object(Database, "__init__", remembered):
        try:
            yield
        finally:
            for database in made:
                database.dispose()
