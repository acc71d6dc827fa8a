"""Tell of an event every webhook that wants to hear of it, in the transaction of what happened.

It makes rows and duties itself and not through ``queue_message``: nobody decides whether a program wants a mail,
and a change of one of these rows must never come back here as an event of its own.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.notify.domain.account import Account
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Category, Channel, Kind
from services.notify.domain.webhook import Event, Happened
from services.notify.domain.words import one_line
from services.notify.store import books, endpoints, notifications
from services.notify.store.tables import Endpoint, Notification
from shared import logs
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.contracts.registry import NOTIFICATION_DUE
from shared.ids import new_id

log = logs.get(__name__)

LONGEST_TITLE = 300
_EVENTS: Mapping[State, Event] = {
    State.SENT: Event.NOTIFICATION_SENT,
    State.DELIVERED: Event.NOTIFICATION_DELIVERED,
    State.TEMPORARY_FAILURE: Event.NOTIFICATION_FAILED,
    State.PERMANENT_FAILURE: Event.NOTIFICATION_FAILED,
    State.TECHNICAL_FAILURE: Event.NOTIFICATION_FAILED,
    State.SUPPRESSED: Event.NOTIFICATION_SUPPRESSED,
}


def idea_received(payload: Mapping[str, Any]) -> Happened:
    """``idea.received.v1`` as an event. A held idea may be spam or forged: its title is left out."""
    held = payload["held"] is not None
    return _about_idea(Event.IDEA_RECEIVED, payload, payload["idea"]["id"], held=held)


def idea_added_to(payload: Mapping[str, Any]) -> Happened:
    """``idea.added_to.v1`` as an event."""
    return _about_idea(Event.IDEA_ADDED, payload, payload["entry_id"])


def idea_answered(payload: Mapping[str, Any]) -> Happened:
    """``idea.answered.v1`` as an event."""
    return _about_idea(Event.IDEA_ANSWERED, payload, payload["answer_id"])


def event_changed(payload: Mapping[str, Any]) -> Happened | None:
    """``event.changed.v1`` as an event; None of a draft, which nobody hears of."""
    if payload["state"] == "draft":
        return None
    data = {
        "event": payload["slug"],
        "tour": payload["tour"],
        "title": one_line(payload["title"].get("sv") or next(iter(payload["title"].values()), ""), LONGEST_TITLE),
        "state": payload["state"],
        "starts_at": payload["starts_at"].isoformat() if payload["starts_at"] else None,
        "ends_at": payload["ends_at"].isoformat() if payload["ends_at"] else None,
        "place": one_line(payload["place"]),
        "sluice": payload["sluice"],
        "path": f"/traffar/{payload['slug']}",
    }
    key = f"{Event.EVENT_CHANGED}:{payload['id']}:{payload['version']}"
    return Happened(Event.EVENT_CHANGED, payload["sluice"], data, key)


def reply_received(payload: Mapping[str, Any]) -> Happened:
    """``reply.received.v1`` as an event: how many, and never who."""
    data = {
        "event": payload["event"],
        "reply": str(payload["guest_id"]),
        "answer": payload["answer"],
        "state": payload["state"],
        "party_size": payload["party_size"],
        "sluice": payload["sluice"],
        "path": f"/kontakt/traffar/{payload['event']}/gaster",
    }
    return Happened(Event.REPLY_RECEIVED, payload["sluice"], data, f"{Event.REPLY_RECEIVED}:{payload['entry_id']}")


def fan_out(session: Session, happened: Happened, now: datetime) -> int:
    """Make one message for each webhook that hears of the event, paused or not; how many are new.

    Told again under the same key, it makes none. Where nobody listens it costs one look at a small table.
    """
    made = 0
    for endpoint in endpoints.subscribed(session, happened.event, happened.sluice_slug):
        made += queue(session, endpoint, happened, now) is not None
    return made


def notification_changed(session: Session, row: Notification, now: datetime) -> None:
    """Tell that a notification reached a state that lasts. A webhook's own changes are told to nobody: no circle."""
    event = _EVENTS.get(State(row.state))
    if event is None or row.channel == Channel.WEBHOOK:
        return
    if row.state == State.TEMPORARY_FAILURE and row.next_try is not None:
        return
    data = {
        "notification": str(row.id),
        "kind": row.kind,
        "channel": row.channel,
        "state": row.state,
        "reason": row.reason,
        "reference": row.idea_reference,
        "sluice": row.sluice_slug,
        "path": f"/kontakt/drift/utskick/{row.id}",
    }
    fan_out(session, Happened(event, row.sluice_slug, data, f"{row.id}:{row.state}"), now)


def queue(session: Session, endpoint: Endpoint, happened: Happened, now: datetime) -> UUID | None:
    """Make one webhook's message and the duty to send it; its id, or None where it was there already."""
    facts = {"event": happened.event, "at": now.isoformat(), "format": endpoint.format, "data": happened.data}
    return _insert(session, endpoint, facts, f"webhook:{endpoint.id}:{happened.key}", now, happened.sluice_slug)


def queue_again(session: Session, endpoint: Endpoint, row: Notification, now: datetime) -> UUID | None:
    """Send a message anew: the same event under the same webhook-id, as a message of its own."""
    facts = json.loads(row.facts)
    facts["id"] = facts.get("id", str(row.id))
    key = f"webhook:{endpoint.id}:again:{new_id()}"
    return _insert(session, endpoint, facts, key, now, row.sluice_slug, row.idea_reference, replaces=row.id)


def _insert(
    session: Session,
    endpoint: Endpoint,
    facts: Mapping[str, Any],
    key: str,
    now: datetime,
    sluice_slug: str | None,
    reference: str | None = None,
    replaces: UUID | None = None,
) -> UUID | None:
    identity, duty = new_id(), new_id()
    row = Notification(
        id=identity,
        idempotency_key=key,
        kind=Kind.EVENT,
        channel=Channel.WEBHOOK,
        category=Category.SERVICE,
        recipient_address=str(endpoint.id),
        recipient_folded=str(endpoint.id),
        recipient_name=endpoint.name,
        language=endpoint.language,
        sluice_slug=sluice_slug,
        idea_reference=reference or facts["data"].get("reference"),
        facts=json.dumps(facts, ensure_ascii=False, separators=(",", ":")),
        state=State.CREATED,
        message_id=f"webhook:{identity}",
        priority=Priority.BULK,
        attempts=0,
        due_at=now,
        due_message_id=duty,
        replaces=replaces,
        wants_receipt=False,
        correlation_id=logs.correlation_id(),
        created_at=now,
        updated_at=now,
    )
    if not notifications.insert_once(session, row):
        return None
    books.book(session, now, Counter({Account.ASKED: 1}))
    outbox.put(session, NOTIFICATION_DUE, {"notification_id": identity}, priority=Priority.BULK, message_id=duty)
    log.info("webhook_event_made", notification_id=str(identity), event_type=facts["event"], webhook=str(endpoint.id))
    return identity


def _about_idea(event: Event, payload: Mapping[str, Any], about: UUID, *, held: bool = False) -> Happened:
    idea, sluice = payload["idea"], payload["sluice"]
    data = {
        "reference": idea["reference"],
        "title": None if held else one_line(idea["title"], LONGEST_TITLE),
        "stage": idea["stage"],
        "sluice": sluice["slug"],
        "sluice_name": one_line(sluice["name"]),
        "held": held,
        "path": f"/kontakt/ide/{idea['reference']}",
    }
    return Happened(event, sluice["slug"], data, f"{event}:{about}")
