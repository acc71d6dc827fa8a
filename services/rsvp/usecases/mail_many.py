"""Tell many guests of an event one thing, each exactly once, whoever crashes meanwhile.

A mailing is a row that says whom it concerns and how far it has come. A worker takes the next hundred guests, asks for
a letter to each, notes how far it came and rings for the next hundred, all in one transaction: killed at any moment it
has told a hundred or none. A second ring for the same hundred finds that they are done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, and_, any_, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from services.rsvp.domain.said import said
from services.rsvp.domain.states import ActorKind, EventState, GuestState, Source
from services.rsvp.store import sluices
from services.rsvp.store.guest_tables import Guest, Mailing
from services.rsvp.store.guests import WAS_THERE
from services.rsvp.store.tables import Event
from services.rsvp.usecases import letters
from services.rsvp.usecases.calendar import calendar_of
from services.rsvp.usecases.history import note_guest
from shared import logs
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.clock import Clock, now
from shared.contracts.registry import MAILING_DUE
from shared.errors import Conflict
from shared.ids import new_id
from shared.settings import Settings
from shared.web import links

log = logs.get(__name__)

CHUNK: Final = 100
"""Guests told in one transaction."""
INVITATION: Final = "invitation"
AGAIN: Final = "again"
_NOTHING: Final[Mapping[str, Any]] = {}

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MailKind:
    """One kind of mailing: to whom, by which letter, with what."""

    letter: str
    whom: ColumnElement[bool]
    """Of the event's guests; asked again for each hundred, so that who has answered meanwhile hears nothing."""
    states: frozenset[EventState]
    """Those of the event in which it makes sense; in any other it stops by itself."""
    step: str = "mailed"
    """What the guest's history says."""
    facts: Callable[[Settings, Facts, Guest], Facts] = lambda settings, facts, guest: {}
    calendar: Callable[[Guest], Literal["REQUEST", "CANCEL"] | None] = lambda guest: None


_PUBLISHED = frozenset({EventState.PUBLISHED})
_AFTER = frozenset({EventState.PUBLISHED, EventState.HELD})
# Whoever only had their address typed into a form was told that they hear no more.
_SILENT = and_(Guest.state == GuestState.INVITED.value, Guest.answer.is_(None), Guest.source != Source.OPEN.value)
_INVITED = Guest.invited_at.is_not(None)
_MAY_COME = Guest.state.in_([state.value for state in GuestState if state not in ("invited", "declined")])
_CONCERNED = or_(_MAY_COME, and_(_SILENT, _INVITED))


def _note(_settings: Settings, facts: Facts, _guest: Guest) -> Facts:
    return {"note": str(facts.get("note", ""))}


def _party(_settings: Settings, _facts: Facts, guest: Guest) -> Facts:
    return {"party_size": guest.party_size}


def _before(_settings: Settings, facts: Facts, _guest: Guest) -> Facts:
    return {"before": dict(facts.get("before", {}))}


def _reason(_settings: Settings, facts: Facts, _guest: Guest) -> Facts:
    return {"reason": str(facts.get("reason", ""))}


def _text(_settings: Settings, facts: Facts, guest: Guest) -> Facts:
    words = facts.get("text", "")
    return {"text": said(words, guest.language) if isinstance(words, Mapping) else str(words)}


def _feedback(settings: Settings, _facts: Facts, guest: Guest) -> Facts:
    return {"feedback_url": links.feedback_url(settings, guest.id)}


def _request(guest: Guest) -> Literal["REQUEST"] | None:
    """To whom the event stands in the calendar by our doing, the change goes there too."""
    return "REQUEST" if guest.calendar_sequence is not None and guest.state != GuestState.DECLINED else None


def _withdrawal(guest: Guest) -> Literal["CANCEL"] | None:
    return "CANCEL" if guest.calendar_sequence is not None else None


KINDS: Final[Mapping[str, MailKind]] = {
    INVITATION: MailKind("invitation", and_(_SILENT, ~_INVITED), _PUBLISHED, "invited", facts=_note),
    AGAIN: MailKind("invitation-again", and_(_SILENT, _INVITED), _PUBLISHED, "invited", facts=_note),
    "reply-reminder": MailKind("reply-reminder", and_(_SILENT, _INVITED), _PUBLISHED),
    "day-reminder": MailKind("day-reminder", _MAY_COME, _PUBLISHED, facts=_party),
    "changed": MailKind("event-changed", _CONCERNED, _PUBLISHED, facts=_before, calendar=_request),
    "cancelled": MailKind(
        "event-cancelled", _CONCERNED, frozenset({EventState.CANCELLED}), facts=_reason, calendar=_withdrawal
    ),
    "summary": MailKind("summary", WAS_THERE, _AFTER, facts=_text),
    "feedback": MailKind("feedback", WAS_THERE, _AFTER, facts=_feedback),
}
"""Every kind of mailing, by the name that ``Mailing.kind`` has."""


def start_mailing(
    session: Session,
    event: Event,
    kind: str,
    *,
    key: str,
    actor: str,
    moment: datetime,
    facts: Mapping[str, Any] = _NOTHING,
    guests: Sequence[UUID] | None = None,
) -> Mailing:
    """Begin to tell the event's guests something; the one that was begun before where kind and key are the same.

    Whoever is put on the list later is not part of it. The caller holds the event.

    :param key: names it within its kind.
    :param facts: plain data (JSON), what the letter says besides: see ``letters.FACTS``.
    :param guests: only these, as far as the kind concerns them.
    """
    chosen = None if guests is None else [str(guest) for guest in guests]
    told: dict[str, Any] = {"facts": dict(facts), "after": None, "guests": chosen, "upto": None}
    whom = _whom(event.id, KINDS[kind], told)
    total = session.scalars(whom.with_only_columns(func.count())).one()
    last = session.scalar(whom.with_only_columns(Guest.id).order_by(Guest.id.desc()).limit(1))
    told["upto"] = None if last is None else str(last)
    values = {
        "id": new_id(),
        "event_id": event.id,
        "kind": kind,
        "key": key,
        "facts": told,
        "total": total,
        "created_at": moment,
        "created_by": actor,
        "finished_at": moment if total == 0 else None,
    }
    made = session.scalar(insert(Mailing).values(values).on_conflict_do_nothing().returning(Mailing.id))
    if made is not None and total:
        _ring(session, made, None)
    found = session.scalar(
        select(Mailing).where(Mailing.event_id == event.id, Mailing.kind == kind, Mailing.key == key)
    )
    assert found is not None
    return found


def stop_mailing(session: Session, mailing: Mailing, *, actor: str, moment: datetime) -> None:
    """Tell nobody more. What was asked for already is on its way.

    :raises Conflict: it is finished.
    """
    session.refresh(mailing, with_for_update=True)
    if mailing.finished_at is not None:
        raise Conflict("everybody has been told")
    if mailing.stopped_at is None:
        mailing.stopped_at = moment
        mailing.facts = {**mailing.facts, "stopped_by": actor}


def continue_mailing(session: Session, mailing: Mailing) -> None:
    """Go on where a stopped mailing stood.

    :raises Conflict: it is finished.
    """
    session.refresh(mailing, with_for_update=True)
    if mailing.finished_at is not None:
        raise Conflict("everybody has been told")
    if mailing.stopped_at is not None:
        mailing.stopped_at = None
        mailing.facts = {name: value for name, value in mailing.facts.items() if name != "stopped_by"}
        _ring(session, mailing.id, _uuid(mailing.facts["after"]))


@dataclass(frozen=True, slots=True)
class MailMany:
    """Handles ``mailing.due.v1``: one letter each to the next hundred guests, and the ring for those after them."""

    settings: Settings
    clock: Clock = now

    def __call__(self, session: Session, told: Mapping[str, Any]) -> None:
        """Tell the next hundred; nothing where they have been told, or the mailing is stopped."""
        event_id = session.scalar(select(Mailing.event_id).where(Mailing.id == told["mailing_id"]))
        # Held together with others who mail, but not with who cancels: nobody is invited behind a cancellation's back.
        event = session.scalar(select(Event).where(Event.id == event_id).with_for_update(read=True))
        mailing = session.scalar(select(Mailing).where(Mailing.id == told["mailing_id"]).with_for_update())
        if event is None or mailing is None or mailing.finished_at is not None or mailing.stopped_at is not None:
            return
        if _uuid(mailing.facts["after"]) != told["after"]:
            return  # an older ring: these have been told
        moment = self.clock()
        if event.state not in KINDS[mailing.kind].states:
            mailing.stopped_at = moment
            mailing.facts = {**mailing.facts, "stopped_by": ""}
            return
        guests = self._tell_next(session, event, mailing, moment)
        mailing.done += len(guests)
        mailing.total = max(mailing.total, mailing.done)
        if len(guests) < CHUNK:
            mailing.finished_at = moment
            log.info("mailing_finished", mailing_id=str(mailing.id), kind=mailing.kind, guests=mailing.done)
            return
        mailing.facts = {**mailing.facts, "after": str(guests[-1].id)}
        _ring(session, mailing.id, guests[-1].id)

    def _tell_next(self, session: Session, event: Event, mailing: Mailing, moment: datetime) -> Sequence[Guest]:
        kind = KINDS[mailing.kind]
        # Held, as by ``TellGuest``: a confirmation that is being written at this moment has put the event into a
        # calendar, which must hear of this too.
        next_ones = _whom(event.id, kind, mailing.facts).order_by(Guest.id).limit(CHUNK)
        guests = session.scalars(next_ones.with_for_update(key_share=True, of=Guest)).all()
        sluice = sluices.find(session, event.sluice_slug)
        for guest in guests:
            method = kind.calendar(guest)
            letters.ask(
                session,
                self.settings,
                kind.letter,
                about=f"{mailing.id} {guest.id}",
                event=event,
                sluice=sluice,
                guest=guest,
                facts=kind.facts(self.settings, mailing.facts["facts"], guest),
                calendar=calendar_of(self.settings, session, event, guest, method=method, moment=moment)
                if method
                else None,
                is_bulk=True,
            )
            note_guest(
                session,
                guest,
                kind.step,
                actor=mailing.created_by,
                actor_kind=ActorKind.CONTACT if mailing.created_by else ActorKind.SYSTEM,
                moment=moment,
                facts={"kind": mailing.kind},
                tells=False,
            )
        if kind.step == "invited":
            _note_invited(session, guests, moment)
        return guests


def _whom(event_id: UUID, kind: MailKind, told: Facts) -> Select[Guest]:
    """Those whom a mailing still concerns."""
    wanted = select(Guest).where(Guest.event_id == event_id, Guest.address.is_not(None), kind.whom)
    if told["guests"] is not None:
        wanted = wanted.where(Guest.id == any_(cast([UUID(guest) for guest in told["guests"]], ARRAY(Uuid))))
    if told["after"] is not None:
        wanted = wanted.where(Guest.id > UUID(told["after"]))
    if told["upto"] is not None:
        wanted = wanted.where(Guest.id <= UUID(told["upto"]))
    return wanted


def _note_invited(session: Session, guests: Sequence[Guest], moment: datetime) -> None:
    session.execute(
        update(Guest)
        .where(Guest.id.in_([guest.id for guest in guests]))
        .values(
            invited_at=func.coalesce(Guest.invited_at, moment),
            last_invited_at=moment,
            invitations=Guest.invitations + 1,
        )
        .execution_options(synchronize_session=False)
    )


def _ring(session: Session, mailing_id: UUID, after: UUID | None) -> None:
    outbox.put(session, MAILING_DUE, {"mailing_id": mailing_id, "after": after}, priority=Priority.BULK)


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
