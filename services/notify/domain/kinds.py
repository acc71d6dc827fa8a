"""What notify writes about: one kind per template, and what may be done with a mail of that kind."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """The messages there are."""

    CONFIRMATION = "confirmation"
    """To the submitter: we have your idea."""
    NOTICE = "notice"
    """To a contact: an idea came in."""
    NOTICE_HELD = "notice-held"
    """To a contact: an idea came in and waits for their decision."""
    ADDED = "added"
    """To a contact: somebody added to an idea."""
    ANSWER_DRAFT = "answer-draft"
    """To a contact: confirm the answer you mailed."""
    ANSWER = "answer"
    """To the submitter: the official answer."""
    UNDELIVERED = "undelivered"
    """To a contact: something did not reach the person it was for."""
    DIGEST = "digest"
    """To a contact: what happened in a day or a week, in one mail."""
    SIGN_IN = "sign-in"
    """To somebody who may sign in: the link by which they do."""
    VERIFY = "verify"
    """To an address that somebody typed into a page: is it yours? Carries nobody's words."""
    QUESTION = "question"
    """To the submitter: a contact asks something."""
    FOLLOWED = "followed"
    """To somebody who follows an idea: it took a step or got an answer."""
    MERGED = "merged"
    """To the submitter: the idea goes on together with another."""
    PASSED_ON = "passed-on"
    """To the submitter: another sluice answers."""
    ASSIGNED = "assigned"
    """To a contact: this idea is yours."""
    REMINDER = "reminder"
    """To a contact: ideas wait for an answer."""
    ESCALATION = "escalation"
    """To a coach: ideas have waited too long."""
    NEWS = "news"
    """To somebody who asked for them: news of a sluice's or the region's."""
    INVITATION = "invitation"
    """To somebody invited to an event."""
    INVITATION_AGAIN = "invitation-again"
    """To somebody invited who has not answered."""
    REPLY_RECEIVED = "reply-received"
    """To a guest: we have your reply, and this is what comes of it."""
    REPLY_NOTICE = "reply-notice"
    """To an event's contact: somebody replied."""
    GUEST_NOTE = "guest-note"
    """To an event's contact: a guest wrote, or wanted, what no program decides."""
    REPLY_PROPOSED = "reply-proposed"
    """To a guest: this is how we understood your mail; is it right?"""
    CALENDAR_NOTE = "calendar-note"
    """To a guest: what your calendar sent could not be done, and this is what to do."""
    SEAT_OFFERED = "seat-offered"
    """To a guest on the waiting list: there is a seat, do you want it?"""
    SEAT_GIVEN = "seat-given"
    """To a guest from the waiting list: you have a seat."""
    SEAT_LOST = "seat-lost"
    """To a guest: the seat has gone on."""
    REPLY_REMINDER = "reply-reminder"
    """To somebody invited: the deadline comes near."""
    DAY_REMINDER = "day-reminder"
    """To those who come: it is soon."""
    EVENT_CHANGED = "event-changed"
    """To guests: another time or place."""
    EVENT_CANCELLED = "event-cancelled"
    """To guests: it does not take place."""
    HOST_QUESTION = "host-question"
    """To the contact of a municipality that is to host a stop: which half-day suits?"""
    HOST_ANSWER = "host-answer"
    """To whoever asked a host: this is what they answered."""
    SUMMARY = "summary"
    """To those who came, and those who asked: what came out of an event."""
    SUMMARY_WANTED = "summary-wanted"
    """To an address that somebody typed into a page: do you want the summary? Carries nobody's words."""
    FEEDBACK = "feedback"
    """To those who came: what did you think?"""
    UNREACHED = "unreached"
    """To an event's contact: a mail did not reach a guest."""
    MESSAGE = "message"
    """To anybody: a text that the API was given."""
    EVENT = "event"
    """To a webhook: what happened."""


class Channel(StrEnum):
    """The ways out."""

    EMAIL = "email"
    SMS = "sms"
    WEBHOOK = "webhook"


class Category(StrEnum):
    """How far a person may decide that they get something, and when."""

    ASKED_FOR = "asked-for"
    """Follows from something the person did: always sent, at once."""
    IDEAS = "ideas"
    """A contact's notices: in the rhythm they chose, but never not at all."""
    DUTIES = "duties"
    """What a contact or coach must answer for: sent in waking hours of working days, and cannot be stopped."""
    REMINDERS = "reminders"
    """Sent in waking hours of working days; anybody may stop them."""
    NEWS = "news"
    """Anybody may stop it."""
    INVITATIONS = "invitations"
    """To events that somebody did not ask for: at once, since a person sends them; anybody may stop them."""
    AFTERWARDS = "afterwards"
    """What comes of an event that somebody was at; anybody may stop it."""
    EVENT_CONTACTS = "event-contacts"
    """What whoever answers for an event must know. Notices of replies are turned off at the event itself."""
    SERVICE = "service"
    """Between programs, or about the service itself."""

    @property
    def may_be_collected(self) -> bool:
        """True where a person may have it as a daily or weekly digest."""
        return self is Category.IDEAS

    @property
    def may_be_stopped(self) -> bool:
        """True where a person may say that they want none: such mails carry List-Unsubscribe (RFC 8058)."""
        return self in (Category.REMINDERS, Category.NEWS, Category.INVITATIONS, Category.AFTERWARDS)

    @property
    def is_bulk(self) -> bool:
        """True where there may be thousands of it: what somebody waits for overtakes it."""
        return self.may_be_stopped or self is Category.SERVICE

    @property
    def keeps_quiet_hours(self) -> bool:
        """True where nobody is disturbed by it in the evening or on a day off."""
        return self in (Category.REMINDERS, Category.DUTIES)


CATEGORIES = {
    Kind.CONFIRMATION: Category.ASKED_FOR,
    Kind.ANSWER: Category.ASKED_FOR,
    Kind.ANSWER_DRAFT: Category.ASKED_FOR,
    Kind.NOTICE: Category.IDEAS,
    Kind.NOTICE_HELD: Category.IDEAS,
    Kind.ADDED: Category.IDEAS,
    Kind.DIGEST: Category.IDEAS,
    Kind.UNDELIVERED: Category.SERVICE,
    Kind.SIGN_IN: Category.ASKED_FOR,
    Kind.VERIFY: Category.ASKED_FOR,
    Kind.QUESTION: Category.ASKED_FOR,
    Kind.MERGED: Category.ASKED_FOR,
    Kind.PASSED_ON: Category.ASKED_FOR,
    Kind.ASSIGNED: Category.IDEAS,
    Kind.REMINDER: Category.DUTIES,
    Kind.ESCALATION: Category.DUTIES,
    Kind.FOLLOWED: Category.NEWS,
    Kind.NEWS: Category.NEWS,
    Kind.INVITATION: Category.INVITATIONS,
    Kind.INVITATION_AGAIN: Category.INVITATIONS,
    Kind.REPLY_RECEIVED: Category.ASKED_FOR,
    Kind.REPLY_NOTICE: Category.EVENT_CONTACTS,
    Kind.GUEST_NOTE: Category.EVENT_CONTACTS,
    Kind.REPLY_PROPOSED: Category.ASKED_FOR,
    Kind.CALENDAR_NOTE: Category.ASKED_FOR,
    Kind.SEAT_OFFERED: Category.ASKED_FOR,
    Kind.SEAT_GIVEN: Category.ASKED_FOR,
    Kind.SEAT_LOST: Category.ASKED_FOR,
    Kind.REPLY_REMINDER: Category.REMINDERS,
    Kind.DAY_REMINDER: Category.REMINDERS,
    Kind.EVENT_CHANGED: Category.ASKED_FOR,
    Kind.EVENT_CANCELLED: Category.ASKED_FOR,
    Kind.HOST_QUESTION: Category.EVENT_CONTACTS,
    Kind.HOST_ANSWER: Category.EVENT_CONTACTS,
    Kind.SUMMARY: Category.AFTERWARDS,
    Kind.SUMMARY_WANTED: Category.ASKED_FOR,
    Kind.FEEDBACK: Category.AFTERWARDS,
    Kind.UNREACHED: Category.SERVICE,
    Kind.MESSAGE: Category.ASKED_FOR,
    Kind.EVENT: Category.SERVICE,
}
"""What a kind is, where whoever asks for it does not say."""


class Rhythm(StrEnum):
    """How often a person gets what happened."""

    AT_ONCE = "at-once"
    DAILY = "daily"
    WEEKLY = "weekly"
    NEVER = "never"


class Reason(StrEnum):
    """Why a notification is in its state, where the state alone does not say it.

    A ``no_confirmation`` of intake's is kept in intake's own words beside these, and a delivery report's class
    (``shared.mail.bounce_class.BounceClass``) as it is.
    """

    RATE = "rate"
    AUTOMATIC_ADDRESS = "automatic-address"
    BAD_ADDRESS = "bad-address"
    RELAY_AWAY = "relay-away"
    RELAY_BUSY = "relay-busy"
    RELAY_REFUSED = "relay-refused"
    NOT_DELIVERED = "not-delivered"
    """The telephone network could not hand over an SMS."""
    EXPIRED = "expired"
    OWN_FAULT = "own-fault"
    NO_CHANNEL = "no-channel"
    """There is no way out of that kind: SMS_URL is not set."""
    IN_ORDER = "in-order"
    """Waits for an earlier mail of its series: a cancellation must not overtake its invitation."""
    PACED = "paced"
    """Waits for its turn: a relay or a domain takes only so many a minute."""
    COLLECTED = "collected"
    """Waits for, or went out in, a digest."""
    QUIET_HOURS = "quiet-hours"
    SCHEDULED = "scheduled"
    LAPSED = "lapsed"
    """A reminder that could not leave before what it reminds of."""
    STOPPED = "stopped"
    """The person said that they want none."""
    COMPLAINED = "complained"
    """The person marked a mail of ours as spam."""
    ADDRESS_GONE = "address-gone"
    """An earlier mail showed that there is nobody at that address."""
    WITHHELD_BY_HAND = "withheld-by-hand"
    """Somebody put the address on the list."""
    PAUSED = "paused"
    """The webhook is paused."""
    CANCELLED = "cancelled"
