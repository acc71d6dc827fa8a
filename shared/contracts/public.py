"""What intake tells itself to do for many people at once, some at a time."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.base import Contract


class FollowersDueV1(Contract):
    """An idea got an official answer: its next followers are to be told."""

    idea_id = fields.UUID(required=True)
    entry_id = fields.UUID(required=True, metadata={"description": "the answer in the idea's timeline"})
    after = fields.String(load_default="", metadata={"description": "the last address that was told"})


class NewsDueV1(Contract):
    """A post is being mailed: its next subscribers are to get it."""

    news_id = fields.UUID(required=True)
    after = fields.String(load_default="", metadata={"description": "the last address that got it"})
