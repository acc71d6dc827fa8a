"""What intake tells of sluices."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.facts import PersonFacts, SluiceFacts


class SluiceChangedV1(SluiceFacts):
    """A sluice as it now is, with all its contacts."""

    accent = fields.String(load_default="", metadata={"description": "its colour as #rrggbb"})
    origins = fields.List(
        fields.String(), load_default=list, metadata={"description": "sites that may frame its forms"}
    )
    contacts = fields.List(fields.Nested(PersonFacts), required=True)
    at = fields.AwareDateTime(required=True, metadata={"description": "the newest wins"})
