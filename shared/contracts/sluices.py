"""What intake tells of sluices."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.facts import PersonFacts, SluiceFacts


class SluiceChangedV1(SluiceFacts):
    """A sluice as it now is, with all its contacts."""

    contacts = fields.List(fields.Nested(PersonFacts), required=True)
    at = fields.AwareDateTime(required=True, metadata={"description": "the newest wins"})
