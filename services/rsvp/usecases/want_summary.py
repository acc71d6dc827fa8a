"""Ask for an event's summary by mail without having been there: show that the address is one's own, and end it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.rsvp.domain.states import EventState
from services.rsvp.store import events, public, sluices, summaries
from services.rsvp.store.day_tables import SummaryReader
from services.rsvp.store.tables import Event, Sluice
from services.rsvp.usecases import letters
from services.rsvp.usecases.write_summary import mail_to_reader
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical, is_sendable
from shared.settings import Settings
from shared.web import links

MAY_ASK = (EventState.PUBLISHED.value, EventState.HELD.value)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked for, as their link shows it."""

    event: Event
    sluice: Sluice
    is_confirmed: bool
    has_stopped: bool
    is_there: bool
    """The summary is published: there is something to read already."""


def askable(session: Session, slug: str) -> Event:
    """An event whose summary may be asked for.

    :raises NotFound: there is none such; it is cancelled, or its readers were forgotten.
    """
    event = public.event_by_slug(session, slug)
    if event.state not in MAY_ASK or event.anonymised_at is not None:
        raise NotFound(f"event {slug}")
    return event


def ask_for_summary(
    session: Session, settings: Settings, slug: str, *, address: str, language: str, moment: datetime
) -> None:
    """Write to that address with a link whose button is the wish. The answer is the same for every address.

    :raises NotFound: there is no such event.
    :raises Rejected: we cannot write to that address.
    """
    event = askable(session, slug)
    address = address.strip()
    if not is_sendable(address):
        raise Rejected("address", "wrong" if address else "missing")
    key = canonical(address)
    session.execute(
        insert(SummaryReader)
        .values(
            id=new_id(),
            event_id=event.id,
            address=address,
            address_key=key,
            language=language,
            created_at=moment,
        )
        .on_conflict_do_nothing()
    )
    reader = session.scalars(
        select(SummaryReader).where(SummaryReader.event_id == event.id, SummaryReader.address_key == key)
    ).one()
    if reader.confirmed_at is not None and reader.stopped_at is None:
        return
    letters.ask(
        session,
        settings,
        "summary-wanted",
        about=f"{reader.id} {moment:%Y%m%d}",  # asked again on the same day, it is the same mail
        event=event,
        sluice=sluices.find(session, event.sluice_slug),
        person={"name": "", "address": reader.address, "language": language},
        facts={"confirm_url": links.summary_reader_url(settings, reader.id)},
        is_to_stranger=True,
    )


def look(session: Session, reader_id: UUID) -> Wish:
    """What somebody's link is about.

    :raises NotFound: nothing any more.
    """
    reader = summaries.reader(session, reader_id)
    event = events.by_id(session, reader.event_id)
    kept = summaries.of_event(session, event.id)
    return Wish(
        event,
        sluices.find(session, event.sluice_slug),
        is_confirmed=reader.confirmed_at is not None,
        has_stopped=reader.stopped_at is not None,
        is_there=kept is not None and kept.published_at is not None,
    )


def confirm(session: Session, settings: Settings, reader_id: UUID, *, moment: datetime) -> None:
    """Let the summary come; at once, where it was mailed to others already. Pressing twice changes nothing more.

    :raises NotFound: the link is of nobody.
    """
    event_id = session.scalar(select(SummaryReader.event_id).where(SummaryReader.id == reader_id))
    if event_id is None:
        raise NotFound("summary reader")
    # Whoever mails the summary at this moment holds the event: one of the two finds the other's row.
    event = events.locked(session, event_id)
    reader = summaries.reader(session, reader_id)
    reader.confirmed_at, reader.stopped_at = reader.confirmed_at or moment, None
    kept = summaries.of_event(session, event.id)
    was_mailed = summaries.mailing_of(session, event.id) is not None
    if kept is not None and kept.published_at is not None and was_mailed:
        mail_to_reader(session, settings, event, kept, reader)


def stop(session: Session, reader_id: UUID, *, moment: datetime) -> None:
    """Let no summary come.

    :raises NotFound: the link is of nobody.
    """
    reader = summaries.reader(session, reader_id)
    reader.stopped_at = reader.stopped_at or moment
