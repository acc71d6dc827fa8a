"""What intake tells of ideas."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.base import Contract
from shared.contracts.facts import ContactFacts, IdeaFacts, RecipientFacts, SluiceFacts, ThreadFacts


class SimilarFacts(Contract):
    """An earlier idea that resembles one, as it stands on the public board."""

    reference = fields.String(required=True)
    title = fields.String(required=True)
    stage = fields.String(required=True)
    answer = fields.String(required=True, metadata={"description": "the newest official answer, or empty"})
    same_url = fields.String(required=True, metadata={"description": "a signed link by which the submitter follows it"})


class IdeaReceivedV1(Contract):
    """An idea came in. The submitter is confirmed unless ``no_confirmation`` says why not."""

    idea = fields.Nested(IdeaFacts, required=True)
    sluice = fields.Nested(SluiceFacts, required=True)
    via = fields.String(required=True, metadata={"description": "email, form, workshop or api"})
    submitter = fields.Nested(RecipientFacts, required=True, allow_none=True)
    submitter_kind = fields.String(required=True)
    vouched = fields.Boolean(required=True, metadata={"description": "may the mail repeat the sender's words"})
    asks_kind = fields.Boolean(required=True, metadata={"description": "the sender is asked whether employee"})
    no_confirmation = fields.String(required=True, allow_none=True)
    held = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "code of why it is held, or null: forged, spam, form-fast …"},
    )
    answer_by = fields.Date(required=True, metadata={"description": "the sluice's promise"})
    follow_url = fields.String(required=True)
    submitter_thread = fields.Nested(ThreadFacts, required=True)
    contacts = fields.List(fields.Nested(ContactFacts), required=True)
    contact_thread = fields.Nested(ThreadFacts, required=True)
    contact_notes = fields.List(fields.String(), load_default=list)
    attachments = fields.List(fields.String(), load_default=list)
    similar = fields.List(
        fields.Nested(SimilarFacts),
        load_default=list,
        metadata={"description": "only where the sender is vouched for"},
    )


class IdeaAddedToV1(Contract):
    """Somebody added text or files to an idea; its contacts hear of it."""

    entry_id = fields.UUID(required=True)
    idea = fields.Nested(IdeaFacts, required=True)
    sluice = fields.Nested(SluiceFacts, required=True)
    author = fields.String(required=True, metadata={"description": "who wrote it, as shown"})
    text = fields.String(required=True)
    attachments = fields.List(fields.String(), load_default=list)
    contacts = fields.List(fields.Nested(ContactFacts), required=True)
    contact_thread = fields.Nested(ThreadFacts, required=True)


class AnswerDraftedV1(Contract):
    """A contact answered by mail; the answer waits until the contact confirms it by a link."""

    draft_id = fields.UUID(required=True)
    idea = fields.Nested(IdeaFacts, required=True)
    sluice = fields.Nested(SluiceFacts, required=True)
    contact = fields.Nested(ContactFacts, required=True)
    text = fields.String(required=True)
    confirm_url = fields.String(required=True)
    contact_thread = fields.Nested(ThreadFacts, required=True)


class IdeaAnsweredV1(Contract):
    """An official answer was given; the submitter hears it."""

    answer_id = fields.UUID(required=True)
    idea = fields.Nested(IdeaFacts, required=True)
    sluice = fields.Nested(SluiceFacts, required=True)
    submitter = fields.Nested(RecipientFacts, required=True, allow_none=True)
    signed_by = fields.String(required=True)
    text = fields.String(required=True)
    stage_before = fields.String(
        load_default=None, allow_none=True, metadata={"description": "where the idea was; it moved if this differs"}
    )
    close_reason = fields.String(
        load_default=None, allow_none=True, metadata={"description": "in words, where the idea was closed"}
    )
    follow_url = fields.String(required=True)
    submitter_thread = fields.Nested(ThreadFacts, required=True)


class IdeasForgottenV1(Contract):
    """Retention has removed ideas, or their submitters' names: whoever holds words or names of them lets them go."""

    references = fields.List(fields.String(), required=True)
    removed = fields.Boolean(
        required=True, metadata={"description": "true where the ideas are gone, false where only the names are"}
    )
    at = fields.AwareDateTime(required=True)
