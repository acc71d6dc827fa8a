"""What every message between services has in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from marshmallow import EXCLUDE, Schema


class Contract(Schema):
    """A message's payload. Unknown fields are ignored, so that a newer sender is understood."""

    class Meta:
        unknown = EXCLUDE


@dataclass(frozen=True, slots=True)
class MessageType:
    """One kind of message: its versioned name, who sends it, who must hear it, and its shape."""

    name: str
    owner: str
    consumers: tuple[str, ...]
    schema: type[Contract]
    meaning: str

    def dump(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Validate a payload on its way out.

        :raises marshmallow.ValidationError: the sender's own fault, named field by field.
        """
        schema = _reader(self.schema)
        dumped = schema.dump(payload)
        schema.load(dumped)
        assert isinstance(dumped, dict)
        return dumped

    def load(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Validate a payload on its way in.

        :raises marshmallow.ValidationError: naming the field that is missing or wrong.
        """
        loaded = _reader(self.schema).load(payload)
        assert isinstance(loaded, dict)
        return loaded


@cache
def _reader(schema: type[Contract]) -> Contract:
    """One for all threads: marshmallow copies every field to make one, and keeps nothing in it while it reads."""
    return schema()
