"""What one service asks of another: a mail of a given kind, with the facts that its wording needs."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.base import Contract
from shared.contracts.facts import PersonFacts, SluiceFacts, ThreadFacts

LETTERS = (
    "sign-in",
    "verify",
    "question",
    "followed",
    "merged",
    "passed-on",
    "assigned",
    "reminder",
    "escalation",
    "news",
)
"""Kinds of mail that are asked for by name. What happened to an idea is told by the messages of ``ideas``."""


class MailWantedV1(Contract):
    """One mail to one person. Asked again under the same ``kind`` and ``about`` for the same person, it is one mail."""

    kind = fields.String(required=True, validate=validate.OneOf(LETTERS))
    about = fields.String(required=True, metadata={"description": "what it is about: an id, never words"})
    person = fields.Nested(PersonFacts, required=True)
    reply_to = fields.String(required=True, metadata={"description": "where a reply goes"})
    sluice = fields.Nested(SluiceFacts, required=True, metadata={"description": "whose mail it is"})
    idea_reference = fields.String(load_default=None, allow_none=True)
    facts = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "what the wording says, plain data"}
    )
    thread = fields.Nested(ThreadFacts, load_default=dict)
    is_to_stranger = fields.Boolean(
        load_default=False, metadata={"description": "somebody typed the address into a form"}
    )


class AccessEndedV1(Contract):
    """A session or an API token was ended before its time; whoever verifies signatures must know."""

    kind = fields.String(required=True, validate=validate.OneOf(("session", "token")))
    name = fields.String(required=True, metadata={"description": "the session's id or the token's name"})
    at = fields.AwareDateTime(required=True)
