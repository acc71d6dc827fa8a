"""The API's shapes of events and tours, in and out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from marshmallow import Schema, fields, validate

from services.rsvp.domain.local_time import FIRST_YEAR, LAST_YEAR
from services.rsvp.domain.plan import ContactsMode
from services.rsvp.domain.states import EventState
from services.rsvp.store.seats import Counts
from services.rsvp.store.tables import Event, EventContact, Tour
from services.rsvp.web.schemas import described
from shared.contracts.facts import LANGUAGES
from shared.settings import Settings
from shared.web.paging import PageQuery

STATES = [state.value for state in EventState]
_IN_OUR_TIME = validate.Range(date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))


def _is_in_our_time(moment: datetime) -> None:
    """Range compares a day; the ends of the calendar cannot be reckoned into UTC."""
    _IN_OUR_TIME(moment.date())


def _words(what: str = "") -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=fields.String(),
        metadata=described(f"{what} By language: sv, en.".strip()),
    )


class EventContactSchema(Schema):
    """Somebody whom guests may ask."""

    name = fields.String(required=True)
    email = fields.Email(required=True, attribute="address")
    phone = fields.String(load_default="")
    language = fields.String(load_default="sv", validate=validate.OneOf(LANGUAGES))
    is_told = fields.Boolean(load_default=True, metadata=described("Do they get a mail for each reply?"))


class PlanSchema(Schema):
    """What an event and a tour's plan have in common."""

    title = _words()
    text = _words("Markdown.")
    programme = _words("Markdown.")
    fika = _words("What is served; empty where nothing is.")
    languages = fields.List(fields.String(validate=validate.OneOf(LANGUAGES)), validate=validate.Length(min=1))
    zone = fields.String(metadata=described("The time zone that times are said in (IANA)."))
    capacity = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=1), metadata=described("Null: room for all.")
    )
    is_open = fields.Boolean(metadata=described("May anybody register, or only those invited?"))
    questions = fields.List(
        fields.Dict(), metadata=described("Own questions: id, kind, label, help, required, options.")
    )
    asks_diet = fields.Boolean()
    offer_hours = fields.Integer(strict=True, metadata=described("How long an offered seat is kept."))
    most_passed = fields.Integer(
        strict=True, metadata=described("How often smaller parties may be seated before a larger one.")
    )
    contacts = fields.List(fields.Nested(EventContactSchema))


class EventFieldsSchema(PlanSchema):
    """What may be said of an event."""

    place = fields.String()
    address = fields.String()
    map_url = fields.String()
    online_url = fields.String()
    starts_at = fields.AwareDateTime(
        allow_none=True,
        validate=_is_in_our_time,
        metadata=described("RFC 3339 with its zone; to the minute."),
    )
    ends_at = fields.AwareDateTime(allow_none=True, validate=_is_in_our_time)
    reply_by = fields.AwareDateTime(allow_none=True, validate=_is_in_our_time)
    anonymise_days = fields.Integer(strict=True, metadata=described("Days after its end until guests are anonymous."))


class NewEventSchema(EventFieldsSchema):
    """An event to be made: a draft, that nobody sees before it is published."""

    sluice = fields.String(required=True, metadata=described("Slug of the hosting municipality."))
    title = fields.Dict(
        keys=fields.String(validate=validate.OneOf(LANGUAGES)),
        values=fields.String(),
        required=True,
        metadata=described("By language: sv, en."),
    )


class EditedEventSchema(EventFieldsSchema):
    """What is to change; what is not named stays."""

    version = fields.Integer(strict=True, load_default=None, metadata=described("As last read: refused if it is old."))
    tells = fields.Boolean(
        load_default=True, metadata=described("Mail the guests where time, place or link of a published event change?")
    )


class ActSchema(Schema):
    """An act on an event."""

    version = fields.Integer(strict=True, load_default=None, metadata=described("As last read: refused if it is old."))


class CancelSchema(ActSchema):
    """A cancellation."""

    reason = fields.String(required=True, metadata=described("Shown on the event's page and in the mail."))
    tells = fields.Boolean(load_default=True, metadata=described("Mail the guests?"))


class CountsSchema(Schema):
    """How an event's guests stand: parties, and people in them."""

    invited = fields.Integer()
    coming = fields.Integer()
    coming_people = fields.Integer()
    waiting = fields.Integer()
    waiting_people = fields.Integer()
    offered = fields.Integer()
    offered_people = fields.Integer()
    declined = fields.Integer()
    maybe = fields.Integer()
    unanswered = fields.Integer()
    came = fields.Integer()
    came_people = fields.Integer()


class EventSchema(EventFieldsSchema):
    """An event."""

    slug = fields.String()
    url = fields.Url(metadata=described("Its page for everybody."))
    sluice = fields.String()
    tour = fields.String(allow_none=True, metadata=described("Slug of the tour that it is a stop of."))
    state = fields.String(validate=validate.OneOf(STATES))
    cancelled_reason = fields.String()
    version = fields.Integer()
    published_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()


class EventDetailSchema(EventSchema):
    """An event, and how its guests stand."""

    counts = fields.Nested(CountsSchema)
    warnings = fields.List(
        fields.String(),
        metadata=described("below-given: more seats are given than there are; below-waiting; past."),
    )


class EventPageSchema(Schema):
    """One page of events, newest first."""

    items = fields.List(fields.Nested(EventSchema))
    next = fields.String(allow_none=True, metadata=described("The cursor for the next page, or null."))


class EventQuery(PageQuery):
    """Which events."""

    sluice = fields.String(metadata=described("Slug of the hosting municipality."))
    tour = fields.String(metadata=described("Slug of a tour."))
    state = fields.String(validate=validate.OneOf(STATES))


class TourFieldsSchema(PlanSchema):
    """What may be said of a tour: the plan that its stops are made from."""

    starts = fields.String(metadata=described("When a stop begins, such as 09:00."))
    ends = fields.String()
    reply_days = fields.Integer(strict=True, metadata=described("Days before a stop by which people answer."))
    contacts_mode = fields.String(validate=validate.OneOf([mode.value for mode in ContactsMode]))


class NewStopSchema(Schema):
    """A stop of a new tour."""

    sluice = fields.String(required=True)
    day = fields.Date(
        load_default=None,
        allow_none=True,
        validate=_IN_OUR_TIME,
        metadata=described("Null where it is not known yet."),
    )


class NewTourSchema(TourFieldsSchema):
    """A tour to be made, with a draft for each stop."""

    sluice = fields.String(required=True, metadata=described("Slug of the municipality whose tour it is."))
    title = fields.Dict(keys=fields.String(validate=validate.OneOf(LANGUAGES)), values=fields.String(), required=True)
    stops = fields.List(fields.Nested(NewStopSchema), load_default=list, validate=validate.Length(max=100))


class EditedTourSchema(TourFieldsSchema):
    """What is to change in the plan; the stops stay as they are until it is applied."""

    version = fields.Integer(strict=True, load_default=None)


class ApplySchema(ActSchema):
    """Which stops take what the plan says."""

    stops = fields.List(fields.String(), required=True, metadata=described("Their slugs."))
    tells = fields.Boolean(load_default=True)


class TourSchema(TourFieldsSchema):
    """A tour."""

    slug = fields.String()
    sluice = fields.String()
    url = fields.Url()
    version = fields.Integer()
    stops = fields.List(fields.String(), metadata=described("Slugs of its events, in order."))
    created_at = fields.AwareDateTime()


class TourPageSchema(Schema):
    """One page of tours, newest first."""

    items = fields.List(fields.Nested(TourSchema))
    next = fields.String(allow_none=True)


_EVENT_COLUMNS = (
    *("slug", "state", "title", "text", "programme", "fika", "languages", "zone", "capacity", "is_open", "questions"),
    *("asks_diet", "offer_hours", "most_passed", "place", "address", "map_url", "online_url", "starts_at", "ends_at"),
    *("reply_by", "anonymise_days", "cancelled_reason", "version", "published_at", "created_at"),
)


def event_shape(
    event: Event,
    contacts: Sequence[EventContact],
    tour: str | None,
    settings: Settings,
    counts: Counts | None = None,
    warnings: Sequence[str] = (),
) -> dict[str, Any]:
    """An event as plain data."""
    return {
        **{name: getattr(event, name) for name in _EVENT_COLUMNS},
        "url": f"{settings.base_url}/traffar/{event.slug}",
        "sluice": event.sluice_slug,
        "tour": tour,
        "contacts": contacts,
        "counts": counts,
        "warnings": warnings,
    }


def tour_shape(tour: Tour, stops: Sequence[Event], settings: Settings) -> dict[str, Any]:
    """A tour as plain data."""
    plan = tour.plan
    return {
        **plan["values"],
        **{name: plan[name] for name in ("starts", "ends", "reply_days", "contacts_mode", "contacts")},
        "slug": tour.slug,
        "sluice": tour.sluice_slug,
        "url": f"{settings.base_url}/traffar/turne/{tour.slug}",
        "version": tour.version,
        "stops": [stop.slug for stop in stops],
        "created_at": tour.created_at,
    }
