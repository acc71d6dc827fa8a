"""What is told of events, invitations and replies."""

from __future__ import annotations

from marshmallow import fields, validate

from shared.contracts.base import Contract
from shared.contracts.facts import PersonFacts, SluiceFacts

EVENT_LETTERS = (
    "invitation",
    "invitation-again",
    "reply-received",
    "reply-notice",
    "guest-note",
    "reply-proposed",
    "calendar-note",
    "seat-offered",
    "seat-given",
    "seat-lost",
    "reply-reminder",
    "day-reminder",
    "event-changed",
    "event-cancelled",
    "host-question",
    "host-answer",
    "summary",
    "summary-wanted",
    "feedback",
)
"""Kinds of mail that rsvp asks for by name."""


class CalendarFacts(Contract):
    """The iCalendar object that a mail carries (RFC 6047)."""

    method = fields.String(required=True, validate=validate.OneOf(("REQUEST", "CANCEL", "PUBLISH")))
    content = fields.String(required=True, metadata={"description": "the object, with CRLF line ends"})


class EventMailWantedV1(Contract):
    """One mail to one person about an event. Asked again under the same ``kind`` and ``about`` it is one mail."""

    kind = fields.String(required=True, validate=validate.OneOf(EVENT_LETTERS))
    about = fields.String(required=True, metadata={"description": "what it is about: ids, never words"})
    person = fields.Nested(PersonFacts, required=True)
    reply_to = fields.String(required=True, metadata={"description": "where a reply goes: the guest's own address"})
    sluice = fields.Nested(SluiceFacts, required=True, metadata={"description": "whose mail it is"})
    facts = fields.Dict(
        keys=fields.String(), required=True, metadata={"description": "what the wording says, plain data"}
    )
    calendar = fields.Nested(CalendarFacts, load_default=None, allow_none=True)
    series = fields.String(
        load_default=None,
        allow_none=True,
        metadata={"description": "mails of one series to one person leave in the order in which they were asked for"},
    )
    number = fields.Integer(
        load_default=None,
        allow_none=True,
        validate=validate.Range(min=1),
        metadata={"description": "its place in the series, from 1 and without gaps: the queue promises no order"},
    )
    guest_id = fields.UUID(load_default=None, allow_none=True)
    is_bulk = fields.Boolean(load_default=False, metadata={"description": "one of very many: it holds nobody up"})
    is_to_stranger = fields.Boolean(
        load_default=False, metadata={"description": "somebody typed the address into a form"}
    )


class EventChangedV1(Contract):
    """An event as it now is, as far as everybody may know it; a draft is told as state ``draft`` and nothing else."""

    id = fields.UUID(required=True)
    slug = fields.String(required=True)
    sluice = fields.String(required=True, metadata={"description": "slug of the hosting municipality"})
    tour = fields.String(required=True, allow_none=True, metadata={"description": "slug"})
    state = fields.String(required=True)
    title = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    place = fields.String(required=True)
    starts_at = fields.AwareDateTime(required=True, allow_none=True)
    ends_at = fields.AwareDateTime(required=True, allow_none=True)
    version = fields.Integer(required=True, metadata={"description": "the highest wins, whatever the clocks say"})
    at = fields.AwareDateTime(required=True)


class GuestDueV1(Contract):
    """Something happened to a guest; rsvp tells itself, to write the mails that follow."""

    guest_id = fields.UUID(required=True)
    entry_id = fields.UUID(required=True, metadata={"description": "the step in the guest's history"})


class ReplyReceivedV1(Contract):
    """A reply came or changed, told without who it was."""

    entry_id = fields.UUID(required=True)
    guest_id = fields.UUID(required=True)
    event_id = fields.UUID(required=True)
    event = fields.String(required=True, metadata={"description": "slug"})
    sluice = fields.String(required=True, metadata={"description": "slug of the hosting municipality"})
    answer = fields.String(required=True)
    state = fields.String(required=True)
    party_size = fields.Integer(required=True)
    at = fields.AwareDateTime(required=True)


class MailingDueV1(Contract):
    """The next guests of a mailing are to be told; rsvp tells itself."""

    mailing_id = fields.UUID(required=True)
    after = fields.UUID(load_default=None, allow_none=True, metadata={"description": "the last guest that was told"})


class GuestUnreachedV1(Contract):
    """A mail to a guest did not arrive, or was not even sent. May come late or double."""

    notification_id = fields.UUID(required=True)
    guest_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(EVENT_LETTERS))
    recipient = fields.String(required=True)
    reason = fields.String(required=True, metadata={"description": "a code, as notify's log has it"})
    line = fields.String(required=True, metadata={"description": "the server's words, or empty"})
    at = fields.AwareDateTime(required=True)


class EventAnswerReceivedV1(Contract):
    """A plain mail came to a guest's own address: what was written, to be understood by the service of events."""

    inbound_email_id = fields.UUID(required=True)
    guest_id = fields.UUID(required=True)
    sender = fields.String(required=True, allow_none=True)
    vouched = fields.Boolean(required=True)
    is_automatic = fields.Boolean(required=True, metadata={"description": "a program's: recorded, never answered"})
    is_suspect = fields.Boolean(
        load_default=False,
        metadata={"description": "its sender's domain, or a filter that we trust, speaks against it: nobody is mailed"},
    )
    files = fields.Integer(load_default=0, metadata={"description": "how many files came with it; intake has them"})
    subject = fields.String(required=True)
    text = fields.String(required=True, metadata={"description": "what the person wrote, without quote and signature"})
    received_at = fields.AwareDateTime(required=True)


class IdeaCaughtV1(Contract):
    """Somebody at a workshop wrote down an idea for the municipality's sluice."""

    caught_id = fields.UUID(required=True)
    sluice = fields.String(required=True, metadata={"description": "slug"})
    event = fields.String(required=True, metadata={"description": "slug"})
    event_title = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)
    theme = fields.String(required=True)
    name = fields.String(required=True)
    address = fields.String(required=True, allow_none=True)
    language = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


class IdeaCaughtKeptV1(Contract):
    """The idea caught at a workshop has its number in the sluice."""

    caught_id = fields.UUID(required=True)
    reference = fields.String(required=True)
