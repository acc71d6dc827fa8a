"""The states of events and guests, and who may be said to have acted."""

from __future__ import annotations

from enum import StrEnum


class EventState(StrEnum):
    """Where an event is in its life."""

    DRAFT = "draft"
    ASKED = "asked"
    """Its host has been asked which day suits."""
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    HELD = "held"
    """It has taken place."""

    @property
    def is_public(self) -> bool:
        """True where everybody may see its page."""
        return self in (EventState.PUBLISHED, EventState.CANCELLED, EventState.HELD)


class Answer(StrEnum):
    """What a guest says."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


class GuestState(StrEnum):
    """Where a guest is: what their answer and the seats make of it."""

    INVITED = "invited"
    """Has not answered."""
    COMING = "coming"
    """Has seats."""
    WAITING = "waiting"
    """Wants seats, and there are none yet."""
    OFFERED = "offered"
    """Seats are kept for them until they say yes, or time runs out."""
    DECLINED = "declined"
    MAYBE = "maybe"

    @property
    def holds_seats(self) -> bool:
        """True where their party counts against the capacity."""
        return self in (GuestState.COMING, GuestState.OFFERED)

    @property
    def told(self) -> str:
        """The state as programs are told it: an offer is still waiting."""
        return GuestState.WAITING.value if self is GuestState.OFFERED else self.value


class Source(StrEnum):
    """How somebody came to be an event's guest."""

    INVITATION = "invitation"
    OPEN = "open"
    """A public form: whoever typed the address may not be its owner."""
    API = "api"
    HAND = "hand"
    """A contact added them."""
    WALK_IN = "walk-in"


class ActorKind(StrEnum):
    """Who did something."""

    GUEST = "guest"
    CONTACT = "contact"
    CALENDAR = "calendar"
    MAIL = "mail"
    API = "api"
    SYSTEM = "system"
