"""The facts that several messages carry, so that notify can write a mail without asking anybody."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.base import Contract

LANGUAGES = ("sv", "en")


class SluiceFacts(Contract):
    """The idésluss that an idea belongs to."""

    slug = fields.String(required=True)
    name = fields.String(required=True)
    address = fields.String(required=True, metadata={"description": "the address mails are sent from"})
    language = fields.String(required=True, validate=validate.OneOf(LANGUAGES))


class PersonFacts(Contract):
    """Somebody who gets mail."""

    name = fields.String(required=True)
    address = fields.String(required=True)
    language = fields.String(required=True, validate=validate.OneOf(LANGUAGES))


class IdeaFacts(Contract):
    """An idea as others need to know it."""

    id = fields.UUID(required=True)
    reference = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)
    stage = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)


class RecipientFacts(PersonFacts):
    """Somebody who gets mail and may answer it: each has a signed reply address of their own."""

    reply_to = fields.String(required=True, metadata={"description": "a signed reply address"})


class ContactFacts(RecipientFacts):
    """A contact, with a link to the page on which contacts see the idea with its files and decisions."""

    idea_url = fields.String(required=True)
    acts = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        load_default=dict,
        metadata={"description": "signed links by which this contact acts: ta, fraga, svara, lamna, slapp"},
    )


class ThreadFacts(Contract):
    """What a mail must carry to land in the same thread."""

    in_reply_to = fields.String(load_default=None, allow_none=True)
    references = fields.List(fields.String(), load_default=list)
