"""Write what came out of an event, publish it, and mail it to those who were there and those who asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from services.rsvp.domain import summary_text
from services.rsvp.domain.said import said
from services.rsvp.domain.states import EventState
from services.rsvp.store import sluices, summaries
from services.rsvp.store.day_tables import Summary, SummaryReader
from services.rsvp.store.tables import Event
from services.rsvp.usecases import letters
from services.rsvp.usecases.access import own_event
from services.rsvp.usecases.history import note_change
from services.rsvp.usecases.mail_many import start_mailing
from shared import logs
from shared.errors import Conflict, Rejected
from shared.settings import Settings
from shared.viewer import Viewer

log = logs.get(__name__)

KIND = "summary"
"""Of the mailing and of the letter."""


def save_summary(
    session: Session, viewer: Viewer, slug: str, words: Mapping[str, str], *, version: int, moment: datetime
) -> Summary:
    """Keep the text. Where it is published, everybody reads the new one at once; nobody is mailed it again.

    :param words: by language, as ``summary_text.read_words`` gives them.
    :param version: what the writer began from; 0 where nothing was written yet.
    :raises NotFound: there is no such event, for them.
    :raises Conflict: somebody else has written meanwhile.
    :raises Rejected: ``text-<language>`` is ``too_long``, or ``text`` is ``empty`` though it is published.
    """
    event = own_event(session, viewer, slug)
    for code, fault in summary_text.faults(words).items():
        raise Rejected(f"text-{code}", fault)
    kept = summaries.of_event(session, event.id)
    if (kept.version if kept else 0) != version:
        raise Conflict("somebody else has written meanwhile")
    text = {code: written for code, written in words.items() if written}
    if kept is None:
        kept = Summary(event_id=event.id, text=text, version=1, written_by=viewer.address, updated_at=moment)
        session.add(kept)
        note_change(session, "summary.written", actor=viewer.address, moment=moment, event_id=event.id)
        session.flush()
        return kept
    if kept.published_at is not None and not text:
        raise Rejected("text", "empty")
    if text == kept.text:
        return kept
    note_change(
        session,
        "summary.changed",
        actor=viewer.address,
        moment=moment,
        event_id=event.id,
        # What everybody has read is kept; of a draft it is enough that it was changed.
        before=kept.text if kept.published_at is not None else None,
        after=text if kept.published_at is not None else None,
    )
    kept.text = text
    kept.version += 1
    kept.written_by, kept.updated_at = viewer.address, moment
    return kept


def publish_summary(session: Session, viewer: Viewer, slug: str, *, version: int, moment: datetime) -> Summary:
    """Show the summary on the event's page. Twice is once.

    :raises NotFound: there is no such event, for them.
    :raises Conflict: somebody else has written meanwhile.
    :raises Rejected: ``summary`` is ``early`` (the event has not begun), ``cancelled`` or ``unpublished``, or ``text``
        is ``empty``.
    """
    event = own_event(session, viewer, slug)
    kept = _held(session, event, version)
    if (fault := why_not_yet(event, moment)) is not None:
        raise Rejected("summary", fault)
    if not kept.text:
        raise Rejected("text", "empty")
    if kept.published_at is None:
        kept.published_at = moment
        kept.version += 1
        note_change(session, "summary.published", actor=viewer.address, moment=moment, event_id=event.id)
        log.info("summary_published", event_id=str(event.id))
    return kept


def unpublish_summary(session: Session, viewer: Viewer, slug: str, *, version: int, moment: datetime) -> Summary:
    """Take the summary off the event's page. Who has it in a mail keeps it.

    :raises NotFound: there is no such event, for them.
    :raises Conflict: somebody else has written meanwhile.
    """
    event = own_event(session, viewer, slug)
    kept = _held(session, event, version)
    if kept.published_at is not None:
        kept.published_at = None
        kept.version += 1
        note_change(session, "summary.unpublished", actor=viewer.address, moment=moment, event_id=event.id)
    return kept


def mail_summary(session: Session, settings: Settings, viewer: Viewer, slug: str, *, moment: datetime) -> None:
    """Mail the published summary to those who were there and to those who asked, each once, however often it is asked.

    :raises NotFound: there is no such event, for them.
    :raises Conflict: it is not published, or was mailed already.
    """
    event = own_event(session, viewer, slug)
    kept = summaries.of_event(session, event.id)
    if kept is None or kept.published_at is None or summaries.mailing_of(session, event.id) is not None:
        raise Conflict("the summary is not published, or was mailed already")
    start_mailing(
        session, event, KIND, key="once", actor=viewer.address, moment=moment, facts={"text": dict(kept.text)}
    )
    found = summaries.readers(session, event.id)
    for reader in found:
        mail_to_reader(session, settings, event, kept, reader)
    note_change(session, "summary.mailed", actor=viewer.address, moment=moment, event_id=event.id)
    log.info("summary_mailed", event_id=str(event.id), readers=len(found))


def mail_to_reader(session: Session, settings: Settings, event: Event, summary: Summary, reader: SummaryReader) -> None:
    """Mail a summary to one who asked for it; asked again, it is the same mail."""
    letters.ask(
        session,
        settings,
        KIND,
        about=f"{event.id}.{reader.id}",
        event=event,
        sluice=sluices.find(session, event.sluice_slug),
        person={"name": "", "address": reader.address, "language": reader.language},
        facts={"text": said(summary.text, reader.language)},
        is_bulk=True,
    )


def audience(session: Session, event: Event) -> tuple[int, int]:
    """How many the summary would be mailed to: guests who were there, and readers who asked."""
    return summaries.were_there(session, event.id), len(summaries.readers(session, event.id))


def why_not_yet(event: Event, moment: datetime) -> str | None:
    """Why the event has no summary to publish: ``cancelled``, ``unpublished`` or ``early``; None where it has."""
    if event.state == EventState.CANCELLED:
        return "cancelled"
    if not EventState(event.state).is_public:
        return "unpublished"
    return "early" if event.starts_at is None or event.starts_at > moment else None


def _held(session: Session, event: Event, version: int) -> Summary:
    kept = summaries.of_event(session, event.id)
    if kept is None or kept.version != version:
        raise Conflict("somebody else has written meanwhile")
    return kept
