"""The API's shapes of replies, in and out. Tours and events have theirs in ``event_schemas``."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.rsvp.domain.reply_form import COMMENT_LIMIT, DIET_LIMIT, NAME_LIMIT
from services.rsvp.domain.seating import MOST_PARTY, Reason
from services.rsvp.domain.states import Answer, GuestState
from services.rsvp.store.guest_tables import Guest
from shared.contracts.facts import LANGUAGES
from shared.settings import Settings
from shared.web import links
from shared.web.paging import PageQuery

API = "/api/rsvp/v1"
ANSWERS = [answer.value for answer in Answer]
TOLD_STATES = sorted({state.told for state in GuestState})
READ, WRITE = "rsvp:read", "rsvp:write"


def described(words: str, **more: Any) -> dict[str, Any]:
    """What the API's description says of a field."""
    return {"description": words, **more}


class CompanionSchema(Schema):
    """Somebody else in a party."""

    name = fields.String(load_default="", validate=validate.Length(max=NAME_LIMIT))
    diet = fields.String(load_default="", validate=validate.Length(max=DIET_LIMIT))


class NewReplySchema(Schema):
    """A reply sent on somebody's behalf. A known address changes its reply; a new one is a new guest."""

    email = fields.Email(required=True, validate=validate.Length(max=254))
    name = fields.String(required=True, validate=validate.Length(1, NAME_LIMIT))
    answer = fields.String(required=True, validate=validate.OneOf(ANSWERS))
    party_size = fields.Integer(
        strict=True,
        load_default=1,
        validate=validate.Range(1, MOST_PARTY),
        metadata=described("The guest and those with them. A party sits or waits as a whole."),
    )
    party = fields.List(fields.Nested(CompanionSchema), load_default=list, validate=validate.Length(max=MOST_PARTY - 1))
    diet = fields.String(load_default="", validate=validate.Length(max=DIET_LIMIT))
    answers = fields.Dict(
        keys=fields.String(),
        values=fields.Raw(allow_none=True),
        load_default=dict,
        metadata=described(
            "To the event's questions, by their id: text; the words or the number (from 0) of an option, or a list of"
            " them; true or false."
        ),
    )
    comment = fields.String(load_default="", validate=validate.Length(max=COMMENT_LIMIT))
    organisation = fields.String(load_default="", validate=validate.Length(max=NAME_LIMIT))
    language = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(LANGUAGES))
    wants_at_once = fields.Boolean(
        load_default=True,
        metadata=described("On the waiting list: straight to coming when there is a seat, or with time to confirm?"),
    )


class KeyHeader(Schema):
    """The header that makes a POST safe to repeat."""

    key = fields.String(
        data_key="Idempotency-Key",
        load_default=None,
        validate=validate.Regexp(r"^[!-~]{1,200}$", error="1 to 200 visible ASCII characters."),
        metadata=described("The same key gives the same answer, however often it is sent."),
    )


class GuestSchema(Schema):
    """A guest and their reply, as lists show it."""

    id = fields.String()
    email = fields.String(allow_none=True, metadata=described("Null after anonymising, and for who walked in."))
    name = fields.String()
    organisation = fields.String()
    answer = fields.String(allow_none=True, metadata=described("Null for somebody invited who has not answered."))
    state = fields.String(metadata=described(f"One of {', '.join(TOLD_STATES)}."))
    offered = fields.Boolean(metadata=described("Seats are kept for them until they say yes, or time runs out."))
    party_size = fields.Integer()
    party = fields.List(fields.Nested(CompanionSchema))
    diet = fields.String()
    answers = fields.Dict(keys=fields.String(), metadata=described("By the question's id: question and answer."))
    comment = fields.String()
    replied_at = fields.String(allow_none=True)
    came = fields.Integer(allow_none=True, metadata=described("How many of the party came; null before check-in."))
    reply_url = fields.Url(metadata=described("The guest's own page: whoever has the link can change the reply."))


class ReplySchema(GuestSchema):
    """A guest and their reply, with their place."""

    place = fields.Integer(allow_none=True, metadata=described("In the waiting list; 1 is first."))
    ahead = fields.Integer(allow_none=True, metadata=described("People in the parties that wait longer."))
    reason = fields.String(
        allow_none=True, metadata=described(f"Why they wait: {', '.join(reason.value for reason in Reason)}.")
    )


class ReplyPageSchema(Schema):
    """One page of guests, oldest first. Their places are told one by one, by reading a single reply."""

    items = fields.List(fields.Nested(GuestSchema))
    next = fields.String(allow_none=True, metadata=described("The cursor for the next page, or null."))


class ReplyQuery(PageQuery):
    """Which guests."""

    state = fields.String(validate=validate.OneOf(TOLD_STATES))
    answered = fields.Boolean(metadata=described("True: only those who have answered; false: the others."))


def reply_shape(guest: Guest, settings: Settings) -> dict[str, Any]:
    """A guest as plain data."""
    return {
        "id": str(guest.id),
        "email": guest.address,
        "name": guest.name,
        "organisation": guest.organisation,
        "answer": guest.answer,
        "state": GuestState(guest.state).told,
        "offered": guest.state == GuestState.OFFERED,
        "party_size": guest.party_size,
        "party": guest.party,
        "diet": guest.diet,
        "answers": guest.answers,
        "comment": guest.comment,
        "replied_at": guest.replied_at.isoformat() if guest.replied_at else None,
        "came": guest.came,
        "reply_url": links.reply_url(settings, guest.id),
    }


__all__ = [
    "API",
    "READ",
    "WRITE",
    "CompanionSchema",
    "KeyHeader",
    "NewReplySchema",
    "ReplyPageSchema",
    "ReplyQuery",
    "ReplySchema",
    "described",
    "reply_shape",
]
