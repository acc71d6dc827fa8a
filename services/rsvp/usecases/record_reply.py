"""Take down what a guest answers: by their page, a form, the API, a calendar, a mail, a contact.

One transaction, in which the event's row is held: whether there is room and who is next is read and written by one at a
time. What follows from it (mails, calendars) is due by the outbox and made by a worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.rsvp.domain.reply_form import NAME_LIMIT
from services.rsvp.domain.seating import Reason
from services.rsvp.domain.states import ActorKind, GuestState, Source
from services.rsvp.store import guests, newcomers, seats
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event
from services.rsvp.usecases.one_reply import GivenReply, Keep, Outcome, Reply
from shared.errors import Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical, is_sendable
from shared.words import one_line

__all__ = ["GivenReply", "Outcome", "record_reply", "register"]


def record_reply(
    session: Session,
    guest_id: UUID,
    given: GivenReply,
    *,
    actor: str,
    actor_kind: ActorKind,
    moment: datetime,
    version: int | None = None,
    by_contact: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> Outcome:
    """Take down a guest's reply.

    :param version: of the guest, that whoever answers has seen; None answers whatever is there.
    :param by_contact: a contact writes it down: also after the deadline, and in a list that is closed to guests.
    :param facts: more for the history, for example ``via``.
    :raises NotFound: there is no such guest.
    :raises Rejected: ``reply`` is ``late``, ``frozen``, ``cancelled``, ``held``, ``unpublished`` or ``anonymised``;
        ``party_size`` is ``too_small``, ``too_large`` (for the event, ever) or ``no_room`` (they keep what they have).
    :raises Conflict: the guest has changed since ``version``.
    """
    event = seats.lock_event_of(session, guest_id)
    guest = guests.fresh(session, guest_id)
    reply = Reply(session, event, guest, given, actor, actor_kind, moment, by_contact, facts or {})
    return reply.record(version)


def register(
    session: Session,
    event_id: UUID,
    *,
    name: str,
    address: str | None,
    organisation: str = "",
    language: str,
    source: Source,
    given: GivenReply,
    actor: str,
    actor_kind: ActorKind,
    moment: datetime,
    by_contact: bool = False,
    facts: Mapping[str, Any] | None = None,
    event: Event | None = None,
    look: newcomers.Look | None = None,
    keep: Keep | None = None,
) -> Outcome:
    """Take down a reply from somebody who may not have been invited: the guest with that address, or a new one.

    From a public form (``source`` ``open``) an address that has answered before changes nothing, whatever is sent: the
    outcome has ``changed`` False and ``reason`` ``known``. Anybody can type an address; only its own link changes what
    it answered. Whoever shows an outcome of a public form must not show who was known.

    :param event: the same event, where the caller already holds it by ``seats.lock_event…``.
    :param look: of that address in the event, where the caller has looked since.
    :param keep: what is to be kept of the reply under its Idempotency-Key.
    :raises NotFound: there is no such event.
    :raises Rejected: as ``record_reply``; ``address`` is ``wrong``; ``name`` is ``missing``; ``reply`` is ``closed``
        where only those invited may answer and the form is public.
    """
    event = event or seats.lock_event(session, event_id)
    address = address.strip() if address else None
    if address is not None and not is_sendable(address):
        raise Rejected("address", "wrong")
    if source is Source.OPEN and not event.is_open:
        raise Rejected("reply", "closed")
    key = canonical(address) if address else None
    look = look or newcomers.look(session, event, address_key=key)
    guest = guests.fresh(session, look.guest_id) if look.guest_id is not None else None
    if guest is not None and source is Source.OPEN and guest.answer is not None:
        return Outcome(guest, GuestState(guest.state), None, 0, Reason.KNOWN.value, changed=False)
    if guest is not None:
        reply = Reply(session, event, guest, given, actor, actor_kind, moment, by_contact, facts or {}, keep)
        return reply.record(None)
    name = one_line(name, NAME_LIMIT)
    if not name:
        raise Rejected("name", "missing")
    guest = Guest(
        id=new_id(),
        event_id=event.id,
        source=source.value,
        name=name,
        organisation=one_line(organisation, NAME_LIMIT),
        address=address,
        address_key=key,
        language=language,
        invited_at=None,
        invitations=0,
        last_invited_at=None,
        answer=None,
        state=GuestState.INVITED.value,
        party_size=1,
        party=[],
        diet="",
        answers={},
        comment="",
        wants_at_once=True,
        arrival=None,
        passed=0,
        offer_ends_at=None,
        by_hand=False,
        replied_at=None,
        version=0,
        calendar_sequence=None,
        calendar_told_at=None,
        came=None,
        came_at=None,
        anonymised_at=None,
        created_at=moment,
    )
    reply = Reply(session, event, guest, given, actor, actor_kind, moment, by_contact, facts or {}, keep)
    reply.is_new = True
    reply.counted = look.standing
    return reply.record(None)
