"""What the services say to each other so that one person is told what is held about them, or is forgotten."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.base import Contract

ACCESS, ERASURE = KINDS = ("access", "erasure")
"""What is asked for: to be told what is held (GDPR article 15), or to be forgotten (article 17)."""
PIECE = 400_000
"""Signs of content in one message: what a service holds may be far more than one message should bear."""


class _Wanted(Contract):
    job_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    address = fields.String(required=True, metadata={"description": "whom it is about"})
    mobile = fields.String(load_default="", metadata={"description": "E.164, where it is known"})
    asked_at = fields.AwareDateTime(required=True)


class PersonDataWantedV1(_Wanted):
    """Tell of, or take away, what you hold about a person. Done twice, it is done once."""


class PersonMessagesWantedV1(_Wanted):
    """The same of what was written to and about them, once it is known by which names and numbers."""

    names = fields.List(fields.String(), load_default=list)
    ideas = fields.List(fields.String(), load_default=list, metadata={"description": "references of their ideas"})
    guests = fields.List(fields.UUID(), load_default=list, metadata={"description": "who they are at events"})


class PersonDataToldV1(Contract):
    """One service has done its part. What it holds comes in pieces, each in a message of its own."""

    job_id = fields.UUID(required=True)
    service = fields.String(required=True)
    piece = fields.Integer(load_default=0, metadata={"description": "from 0"})
    pieces = fields.Integer(load_default=1)
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), load_default=dict)
    names = fields.List(fields.String(), load_default=list)
    guests = fields.List(fields.UUID(), load_default=list)
    content = fields.String(load_default="", metadata={"description": "a piece of JSON text; empty after erasure"})


class PersonClosingV1(_Wanted):
    """All parts are done: see once more that nothing came meanwhile, and empty what this job itself has said."""
