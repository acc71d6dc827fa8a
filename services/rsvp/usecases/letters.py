"""Ask notify for a mail about an event. What every such mail may say of it (when, where, whom to ask, the links) is
added here, in the reader's language; what is special to one kind comes as ``facts``.

``FACTS`` names what each kind needs besides. Facts are plain data: times are ISO 8601 with their offset, codes are
codes, and notify has the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.rsvp.domain.said import said
from services.rsvp.domain.states import EventState, GuestState, Source
from services.rsvp.store import events, sluices
from services.rsvp.store.guest_tables import Guest, GuestSeries
from services.rsvp.store.tables import Event, Sluice
from shared import markdown
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.clock import now
from shared.contracts.registry import EVENT_MAIL_WANTED
from shared.mail import guest_addresses
from shared.settings import Settings
from shared.web import links
from shared.words import one_line

_NOTHING: Final[Mapping[str, Any]] = {}
FACTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "invitation": {"note": ""},
    "invitation-again": {"note": ""},
    "reply-received": {"reply": {}, "is_echoed": False},
    "reply-notice": {"reply": {}, "before": None, "guest": {}, "counts": {}, "guests_url": ""},
    "guest-note": {"why": "", "guest": {}, "sender": "", "text": "", "wanted": {}, "files": 0, "guests_url": ""},
    "reply-proposed": {"proposal": {}, "proposal_url": ""},
    "calendar-note": {"why": ""},
    "seat-offered": {"until": "", "party_size": 1},
    "seat-given": {"why": "", "party_size": 1},
    "seat-lost": {"why": "", "state": "", "place": None},
    "reply-reminder": _NOTHING,
    "day-reminder": {"party_size": 1},
    "event-changed": {"before": {}},
    "event-cancelled": {"reason": ""},
    "host-question": {"host_url": "", "proposals": [], "note": ""},
    "host-answer": {"host": "", "answer": "", "picked": None, "counter": None, "text": "", "event_url": ""},
    "summary": {"text": ""},
    "summary-wanted": {"confirm_url": ""},
    "feedback": {"feedback_url": ""},
}
"""Kind → its own facts, with what stands there where the caller gives none.

- ``reply``: ``state``, ``answer``, ``party_size``, ``place`` (1 is first, or None), ``why`` (the reason's code),
  ``wants_at_once``, ``party`` [{name, diet}], ``diet``, ``comment``; see ``tell_guest.reply_facts``.
- ``before`` of reply-notice: the state they had, or None; of event-changed: ``starts_at``, ``ends_at``, ``place``,
  ``address``, ``online_url`` as they were, as far as they are known.
- ``guest``: ``name``, ``organisation``, ``address``. ``counts``: ``people``, ``capacity`` (None: no end), ``waiting``.
- ``why`` of guest-note: see ``tell_contacts``. ``text`` of summary may be Markdown.
- ``proposal``: ``answer`` (yes, no, maybe, or None where nothing was understood), ``party_size``, ``diet``.
- ``why`` of calendar-note: ``delegated``, ``counter``, ``late``, ``frozen``, ``cancelled``, ``held``,
  ``refused``; of seat-given: ``freed``, ``capacity``, ``hand``; of seat-lost: ``offer-ended``.
- ``proposals``, ``picked`` and ``counter``: each half-day has ``starts_at`` and ``ends_at``; ``answer`` of host-answer
  is ``picked`` or ``countered``.
"""

_KEPT = "letters"


def ask(
    session: Session,
    settings: Settings,
    kind: str,
    *,
    about: str,
    event: Event,
    sluice: Sluice,
    guest: Guest | None = None,
    person: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] = _NOTHING,
    calendar: Mapping[str, str] | None = None,
    is_bulk: bool = False,
    is_to_stranger: bool = False,
) -> bool:
    """Put ``event.mail_wanted.v1``; False where there is nobody to write to. Asked again under the same kind and
    ``about`` for the same person, it is the same mail.

    :param about: ids of what brought it about: it becomes part of the mail's key.
    :param guest: whose mail it is: it then has their reply link, and a reply to it comes back as theirs.
    :param person: somebody else (``name``, ``address``, ``language``); given with ``guest``, the mail is about that
        guest and to this person, and has no link of the guest's.
    :param calendar: what ``usecases.calendar.calendar_of`` gave. Such mails leave in the order in which they are asked.
    :param is_to_stranger: somebody typed the address into a form: nothing of what they typed is told.
    :raises ValueError: no kind of ours, or a fact that the kind does not have.
    """
    known = FACTS.get(kind)
    if known is None or not set(facts) <= set(known):
        raise ValueError(f"{kind}: the facts are {sorted(known or ())}, not {sorted(facts)}")
    to = dict(person) if person is not None else _person(guest)
    if to is None or not to["address"]:
        return False
    reader = guest if person is None else None
    if kind == "summary":
        facts = {**facts, "text": markdown.plain(facts.get("text", ""))}
    reply_to = (
        guest_addresses.make(settings.signer, sluice.address, reader.id) if reader is not None else sluice.address
    )
    outbox.put(
        session,
        EVENT_MAIL_WANTED,
        {
            "kind": kind,
            "about": about,
            "person": to,
            "reply_to": reply_to,
            "sluice": sluices.facts(sluice),
            "facts": {
                **known,
                **facts,
                "event": _event(session, settings, event, to["language"], reader),
                "contacts": _contacts(session, event),
                "reply_url": links.reply_url(settings, reader.id) if reader is not None else None,
                "guest_state": reader.state if reader is not None else None,
            },
            "calendar": None if calendar is None else dict(calendar),
            "series": f"guest:{reader.id}" if reader is not None and calendar is not None else None,
            "number": _next_number(session, reader) if reader is not None and calendar is not None else None,
            "guest_id": reader.id if reader is not None else None,
            "is_bulk": is_bulk,
            "is_to_stranger": is_to_stranger,
        },
        priority=Priority.BULK if is_bulk else Priority.PROMPT,
    )
    return True


def _person(guest: Guest | None) -> dict[str, str] | None:
    if guest is None or guest.address is None:
        return None
    # Whoever registers openly may have typed somebody else's address: their words do not stand in its mails.
    name = "" if guest.source == Source.OPEN else guest.name
    return {"name": name, "address": guest.address, "language": guest.language}


def _event(session: Session, settings: Settings, event: Event, language: str, reader: Guest | None) -> dict[str, Any]:
    """The event as a mail tells of it. The link to the meeting itself is for those who have a seat."""
    tour = events.tour_of(session, event) if event.tour_id is not None else None
    has_seat = reader is not None and reader.state == GuestState.COMING
    return {
        "slug": event.slug,
        "title": one_line(said(event.title, language)),
        "text": markdown.plain(said(event.text, language)),
        "tour": "" if tour is None else one_line(said(tour.title, language)),
        "starts_at": _iso(event.starts_at),
        "ends_at": _iso(event.ends_at),
        "zone": event.zone,
        "place": one_line(event.place),
        "address": one_line(event.address),
        "map_url": event.map_url or None,
        "online_url": (event.online_url or None) if has_seat else None,
        "is_online": bool(event.online_url),
        "fika": one_line(said(event.fika, language)),
        "reply_by": _iso(event.reply_by) if _may_answer(event) else None,
        "page_url": f"{settings.base_url}/traffar/{event.slug}",
    }


def _may_answer(event: Event) -> bool:
    """True while a deadline is worth telling."""
    return event.state == EventState.PUBLISHED and event.reply_by is not None and event.reply_by > now()


def _contacts(session: Session, event: Event) -> list[dict[str, str]]:
    """Looked up once a transaction: a mailing asks for a hundred mails in one."""
    kept: dict[Any, list[dict[str, str]]] = session.info.setdefault(_KEPT, {})
    if event.id not in kept:
        kept[event.id] = [
            {"name": one_line(each.name), "address": each.address, "phone": each.phone, "language": each.language}
            for each in events.contacts_of(session, event)
        ]
    return kept[event.id]


def _next_number(session: Session, guest: Guest) -> int:
    """The next number of the guest's series. Whoever asks meanwhile waits: numbers follow the order of commits."""
    statement = insert(GuestSeries).values(guest_id=guest.id, number=1)
    counted = statement.on_conflict_do_update(index_elements=["guest_id"], set_={"number": GuestSeries.number + 1})
    return session.scalars(counted.returning(GuestSeries.number)).one()


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
