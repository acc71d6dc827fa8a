"""An event's life: published, cancelled, held, or thrown away while nobody has seen it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.rsvp.domain.states import EventState
from services.rsvp.store import events
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event, EventContact, HostQuestion
from services.rsvp.usecases.access import own_event
from services.rsvp.usecases.announce_event import announce_event
from services.rsvp.usecases.history import note_change
from services.rsvp.usecases.mail_many import start_mailing
from shared import logs
from shared.clock import Clock, now
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.viewer import Viewer

log = logs.get(__name__)

REASON_LIMIT = 1000
BEFORE_PUBLIC = (EventState.DRAFT.value, EventState.ASKED.value)
OPEN_QUESTIONS = ("open", "picked", "countered")
AFTER = timedelta(hours=1)
"""How long after its end an event counts as held by itself."""


def missing(event: Event, contacts: Sequence[EventContact]) -> list[str]:
    """What an event lacks before it can be published, as codes: ``title``, ``date``, ``where``, ``contacts``."""
    lacks = {
        "title": not all(event.title.get(language) for language in event.languages),
        "date": event.starts_at is None or event.ends_at is None,
        "where": not (event.place or event.address or event.online_url),
        "contacts": not contacts,
    }
    return [code for code, is_lacking in lacks.items() if is_lacking]


def publish(session: Session, viewer: Viewer, slug: str, *, version: int, moment: datetime) -> Event:
    """Let everybody see a draft.

    :raises NotFound: there is none, for them.
    :raises Conflict: somebody else has changed it since, or it is no draft any more.
    :raises Rejected: something is missing; its code.
    """
    event = own_event(session, viewer, slug, version=version)
    if event.state not in BEFORE_PUBLIC:
        raise Conflict("it is published already")
    lacks = missing(event, events.contacts_of(session, event))
    if lacks:
        raise Rejected("publish", lacks[0])
    close_questions(session, event, "settled")
    event.published_at = moment
    _enter(session, event, EventState.PUBLISHED, "event.published", viewer.address, moment)
    return event


def cancel(
    session: Session, viewer: Viewer, slug: str, reason: str, *, version: int, tells: bool, moment: datetime
) -> Event:
    """Say that a published event does not take place. Who has or waits for a seat, or is invited, gets a mail.

    :param reason: shown on its page and in the mail.
    :param tells: False mails nobody.
    :raises NotFound: there is none, for them.
    :raises Conflict: somebody else has changed it since, or it is not published.
    :raises Rejected: there is no reason, or too long a one.
    """
    event = own_event(session, viewer, slug, version=version)
    if event.state != EventState.PUBLISHED:
        raise Conflict("it is not published")
    if not reason:
        raise Rejected("reason", "no_reason")
    if len(reason) > REASON_LIMIT:
        raise Rejected("reason", "too_long_reason")
    event.cancelled_reason = reason
    event.sequence += 1
    _enter(session, event, EventState.CANCELLED, "event.cancelled", viewer.address, moment, after=reason)
    if tells:
        start_mailing(
            session,
            event,
            "cancelled",
            key=str(event.sequence),
            actor=viewer.address,
            moment=moment,
            facts={"reason": reason},
        )
    return event


def mark_held(session: Session, viewer: Viewer, slug: str, *, version: int, moment: datetime) -> Event:
    """Say that a published event has taken place.

    :raises NotFound: there is none, for them.
    :raises Conflict: somebody else has changed it since, or it is not published or has not begun.
    """
    event = own_event(session, viewer, slug, version=version)
    if event.state != EventState.PUBLISHED or event.starts_at is None or event.starts_at > moment:
        raise Conflict("it has not begun")
    _enter(session, event, EventState.HELD, "event.held", viewer.address, moment)
    return event


def discard(session: Session, viewer: Viewer, slug: str, *, version: int) -> None:
    """Throw away an event that nobody has seen and nobody is on the list of, with its history.

    :raises NotFound: there is none, for them.
    :raises Conflict: somebody else has changed it since, or it has been published, or has guests.
    """
    event = own_event(session, viewer, slug, version=version)
    if not may_be_discarded(session, event):
        raise Conflict("it is public, or has guests")
    session.delete(event)


def may_be_discarded(session: Session, event: Event) -> bool:
    """True while an event is nobody's but its planners'."""
    if event.state not in BEFORE_PUBLIC or event.published_at is not None:
        return False
    return session.scalar(select(Guest.id).where(Guest.event_id == event.id).limit(1)) is None


class HoldEvents:
    """Scheduler job: every published event that has ended counts as held."""

    def __init__(self, database: Database, clock: Clock = now) -> None:
        self._database = database
        self._clock = clock

    def __call__(self) -> None:
        """Mark them, each in a transaction of its own: somebody may be changing one."""
        moment = self._clock()
        ended = Event.state == EventState.PUBLISHED.value, Event.ends_at < moment - AFTER
        with self._database.transaction() as session:
            found = session.scalars(select(Event.id).where(*ended).order_by(Event.id)).all()
        for event_id in found:
            with self._database.transaction() as session:
                event = session.scalar(
                    select(Event).where(Event.id == event_id, *ended).with_for_update(skip_locked=True)
                )
                if event is not None:
                    _enter(session, event, EventState.HELD, "event.held", "", moment)
                    log.info("event_held", event_id=str(event_id))


def close_questions(session: Session, event: Event, state: str) -> None:
    """Let no host answer any more what is decided."""
    session.execute(
        update(HostQuestion)
        .where(HostQuestion.event_id == event.id, HostQuestion.state.in_(OPEN_QUESTIONS))
        .values(state=state)
    )


def _enter(
    session: Session,
    event: Event,
    state: EventState,
    what: str,
    actor: str,
    moment: datetime,
    *,
    after: str | None = None,
) -> None:
    note_change(session, what, actor=actor, moment=moment, event_id=event.id, before=event.state, after=after)
    event.state = state.value
    event.version += 1
    event.updated_at = moment
    session.flush()
    announce_event(session, event, moment)
