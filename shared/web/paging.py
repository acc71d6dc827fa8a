"""Lists in pages: ``{"items": […], "next": cursor or null}``, asked for with ``?limit=`` and ``?cursor=``.

A cursor names the last row seen by its time and id, so that what arrives meanwhile neither repeats nor hides
a row. It is opaque to callers, and checked: a made-up one is refused, not guessed at.
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, post_load, validate

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = struct.Struct(">q16s")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a row stands in a list that is ordered by time and id."""

    at: datetime
    id: UUID

    def __str__(self) -> str:
        packed = _FORM.pack((self.at - _EPOCH) // _MICROSECOND, self.id.bytes)
        return base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Position:
        """The position that ``str`` gave.

        :raises ValueError: it never gave that.
        """
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            microseconds, identity = _FORM.unpack(raw)
            return cls(_EPOCH + microseconds * _MICROSECOND, UUID(bytes=identity))
        except (binascii.Error, struct.error, OverflowError) as error:
            raise ValueError("not a cursor") from error


class Dated(Protocol):
    """A row of a list that is ordered by when its rows were made."""

    @property
    def id(self) -> UUID:
        """Its key."""
        ...

    @property
    def created_at(self) -> datetime:
        """When it was made."""
        ...


def position_of(row: Dated) -> Position:
    """Where a row stands in such a list."""
    return Position(row.created_at, row.id)


def position_in(text: str) -> Position | None:
    """The position in a page's address, or None for the beginning: a made-up one as well."""
    try:
        return Position.parse(text)
    except ValueError:
        return None


class Cursor(fields.Field[Position]):
    """A position as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Position:
        try:
            return Position.parse(str(value))
        except ValueError as error:
            raise ValidationError("Not a cursor that we gave.") from error


class PageQuery(Schema):
    """The part of a list's query that every list has; filters are added by subclasses."""

    limit = fields.Integer(
        load_default=DEFAULT_LIMIT,
        validate=validate.Range(min=1, max=MAX_LIMIT),
        metadata={"description": f"How many items at most; {MAX_LIMIT} is the highest."},
    )
    cursor = Cursor(load_default=None, metadata={"description": "What next said on the page before.", "type": "string"})

    @post_load
    def name_it(self, query: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Queries take ``after``: the position of the last row seen."""
        query["after"] = query.pop("cursor")
        return query


def page(rows: Sequence[T], limit: int, position_of: Callable[[T], Position]) -> dict[str, Any]:
    """One page of a list. ``rows`` holds one row more than ``limit`` where there is a next page."""
    shown = rows[:limit]
    return {"items": shown, "next": str(position_of(shown[-1])) if len(rows) > limit else None}
