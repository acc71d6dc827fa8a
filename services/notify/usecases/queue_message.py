"""Make a notification's row and, in the same transaction, the duty to send it; or record why it is not sent."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from services.notify.domain import calm, digest
from services.notify.domain.asked import Asked
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Channel, Kind, Reason, Rhythm
from services.notify.domain.phone import e164
from services.notify.domain.wording import Place
from services.notify.store import notifications, preferences, sluices, strangers, wordings
from services.notify.store.tables import Notification
from services.notify.usecases import collect, lifecycle, suppress, undelivered
from shared import logs
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.clock import Clock, now
from shared.contracts.registry import NOTIFICATION_DUE
from shared.ids import new_id
from shared.mail import message_ids
from shared.mail.addresses import canonical, folded, is_sendable
from shared.settings import Settings
from shared.web import links

log = logs.get(__name__)

RATE_WINDOW = timedelta(hours=1)
DRAFT_WINDOW = timedelta(days=1)
MOST_DRAFTS = 5
"""Drafts of one contact on one idea in ``DRAFT_WINDOW``: people answer many ideas in an hour, but rarely draft five
answers to one of them in a day. A machine that answers whatever it gets would go on for ever."""

MOST_REPLY_NOTICES = 30
"""Notices of replies to one contact in an hour: the guest list has them all, and when a whole town answers an
invitation nobody reads each mail."""

MOST_UNDELIVERED = 5
"""Notices to one contact in an hour of what did not arrive: all of it stands on the ideas' pages anyway, and when much
fails at once each further mail tells nothing new, but is one more that a machine can answer."""

STRANGER_WINDOW = timedelta(days=1)
MOST_VERIFIED = 10
"""Requests to confirm in ``STRANGER_WINDOW`` to an address that has been shown to be somebody's own: they may support
many ideas in an evening."""
MOST_STRANGERS = 200
"""Confirmations, and requests to confirm an address, that one sluice sends to strangers in an hour. A campaign fills a
form some dozen times in an hour; a program that goes through a list of addresses would soon have every mail of the
sluice taken for spam."""


MOST_REGISTERED = 2_000
"""The same for events: a whole town may register within an hour after the news was on the radio."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is done with what was asked for."""

    state: State
    reason: str | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """Takes what is asked for. Asked twice under one key, it makes one notification."""

    settings: Settings
    clock: Clock = now

    def __call__(self, session: Session, wanted: Iterable[Asked]) -> list[UUID]:
        """Make what is not there yet and say that it is due; the ids of those that will be sent."""
        # In one order: each person counted or collected for is locked, and two of us must not wait crosswise.
        ordered = sorted(map(_in_one_spelling, wanted), key=_turn)
        unsent: list[Notification] = []
        made = [identity for each in ordered if (identity := self._one(session, each, unsent)) is not None]
        moment = self.clock()
        if told := [each for row in unsent for each in undelivered.notices(session, self.settings, row, moment)]:
            self(session, told)
        return made

    def _one(self, session: Session, wanted: Asked, unsent: list[Notification]) -> UUID | None:
        identity, duty, moment = new_id(), new_id(), self.clock()
        ruling = self._rule(session, wanted, moment)
        priority = Priority.BULK if wanted.is_bulk or wanted.category.is_bulk else Priority.PROMPT
        row = Notification(
            id=identity,
            idempotency_key=wanted.key,
            kind=wanted.kind,
            channel=wanted.channel,
            category=wanted.category,
            recipient_address=wanted.address,
            recipient_folded=folded(wanted.address),
            recipient_name=wanted.name,
            language=wanted.language,
            sluice_slug=wanted.sluice_slug,
            idea_reference=wanted.idea_reference,
            facts=json.dumps(self._facts(session, wanted), ensure_ascii=False, separators=(",", ":")),
            wording_id=self._wording(session, wanted),
            state=ruling.state,
            reason=ruling.reason,
            message_id=message_ids.make(self.settings.signer, identity, wanted.sluice_address),
            priority=priority,
            attempts=0,
            due_at=ruling.due_at,
            due_message_id=None if ruling.reason == Reason.COLLECTED else duty,
            series=wanted.series,
            series_number=wanted.number,
            replaces=wanted.replaces,
            wants_receipt=wanted.wants_receipt,
            correlation_id=logs.correlation_id(),
            created_at=moment,
            updated_at=moment,
        )
        if not notifications.insert_once(session, row):
            return None
        lifecycle.begin(session, row, now=moment)
        log.info(
            "notification_made",
            notification_id=str(identity),
            kind=wanted.kind,
            state=ruling.state,
            reason=ruling.reason,
        )
        if ruling.state is not State.CREATED:
            unsent.append(row)
            return None
        if ruling.reason == Reason.COLLECTED:
            collect.call(session, canonical(wanted.address), ruling.due_at)
            return identity
        outbox.put(
            session,
            NOTIFICATION_DUE,
            {"notification_id": identity},
            priority=priority,
            not_before=ruling.due_at if ruling.due_at > moment else None,
            message_id=duty,
        )
        return identity

    def _facts(self, session: Session, wanted: Asked) -> dict[str, Any]:
        """What it is written from, with what its reader may choose, and how its sluice presents itself now."""
        if wanted.channel is not Channel.EMAIL:
            return dict(wanted.facts)
        facts = {**wanted.facts, **self._choices(wanted)}
        sluice = sluices.find(session, wanted.sluice_slug) if wanted.sluice_slug else None
        if sluice is None:
            return facts
        swedish = wanted.language == "sv"
        return {
            **facts,
            "sender_name": sluice.sender_name_sv if swedish else sluice.sender_name_en,
            "signature": sluice.signature_sv if swedish else sluice.signature_en,
        }

    def _choices(self, wanted: Asked) -> dict[str, str]:
        choices = {}
        if wanted.category.may_be_collected or wanted.category.may_be_stopped:
            choices["preferences_url"] = links.preferences_url(self.settings, wanted.address)
        if wanted.category.may_be_stopped:
            # What the person asked for in one place is ended there, by one POST (RFC 8058), and nothing else with it.
            choices["unsubscribe_url"] = wanted.facts.get("stop_url") or links.unsubscribe_url(
                self.settings, wanted.address, wanted.category
            )
        return choices

    def _wording(self, session: Session, wanted: Asked) -> UUID | None:
        """The saved version that it is written in, fixed now, so that each attempt writes the same mail."""
        if wanted.channel is not Channel.EMAIL:
            return None
        found = wordings.active(session, Place(wanted.kind, wanted.language, wanted.sluice_slug))
        return found.id if found is not None else None

    def _rule(self, session: Session, wanted: Asked, moment: datetime) -> Ruling:
        if wanted.withheld is not None:
            return Ruling(State.SUPPRESSED, wanted.withheld, moment)
        if not _can_be_reached(wanted):
            return Ruling(State.PERMANENT_FAILURE, Reason.BAD_ADDRESS, moment)
        if wanted.replaces is None:
            held_back = suppress.held_back(session, wanted.channel, wanted.address, wanted.category, moment)
            if held_back is not None:
                return Ruling(State.SUPPRESSED, held_back, moment)
        if self._is_too_much(session, wanted, moment):
            return Ruling(State.SUPPRESSED, Reason.RATE, moment)
        if self._is_stopped(session, wanted):
            return Ruling(State.SUPPRESSED, Reason.STOPPED, moment)
        earliest = max(moment, wanted.not_before or moment)
        if slot := self._slot(session, wanted, earliest):
            return Ruling(State.CREATED, Reason.COLLECTED, slot)
        if wanted.category.keeps_quiet_hours:
            waking = calm.next_waking_moment(earliest, calm.parse_quiet_hours(self.settings.quiet_hours))
            if waking > earliest:
                return Ruling(State.CREATED, Reason.QUIET_HOURS, waking)
        return Ruling(State.CREATED, Reason.SCHEDULED if earliest > moment else None, earliest)

    def _is_stopped(self, session: Session, wanted: Asked) -> bool:
        if not wanted.category.may_be_stopped or wanted.channel is not Channel.EMAIL:
            return False
        return preferences.rhythm(session, canonical(wanted.address), wanted.category) is Rhythm.NEVER

    def _slot(self, session: Session, wanted: Asked, moment: datetime) -> datetime | None:
        """When it goes out in a digest, or None where it is sent by itself: as a digest is, and what is sent anew."""
        if wanted.replaces is not None or not (wanted.category.may_be_collected and digest.can_tell_of(wanted.kind)):
            return None
        return collect.slot_for(session, canonical(wanted.address), wanted.category, moment)

    def _is_too_much(self, session: Session, wanted: Asked, moment: datetime) -> bool:
        if not wanted.is_echo:
            return False
        recipient = folded(wanted.address)
        most, since, idea = self.settings.confirmations_per_hour, moment - RATE_WINDOW, None
        if wanted.kind is Kind.ANSWER_DRAFT:
            most, since, idea = MOST_DRAFTS, moment - DRAFT_WINDOW, wanted.idea_reference
        elif wanted.kind in (Kind.UNDELIVERED, Kind.UNREACHED):
            most = MOST_UNDELIVERED
        elif wanted.kind in (Kind.REPLY_NOTICE, Kind.GUEST_NOTE):
            most = MOST_REPLY_NOTICES
        sent = notifications.count_sent(session, wanted.kind, recipient, since, idea=idea)
        return sent >= most or self._is_bombing(session, wanted, recipient, moment)

    def _is_bombing(self, session: Session, wanted: Asked, recipient: str, moment: datetime) -> bool:
        """True where a form may be in use to fill somebody's mailbox, or those of many strangers."""
        since = moment - STRANGER_WINDOW
        if not wanted.is_to_stranger:
            is_asked = wanted.kind is Kind.VERIFY
            return is_asked and notifications.count_sent(session, Kind.VERIFY, recipient, since) >= MOST_VERIFIED
        if strangers.count_to(session, recipient, since) >= self.settings.stranger_confirmations_per_day:
            return True
        sluice, is_event = wanted.sluice_slug, wanted.kind in strangers.ABOUT_EVENTS
        if sluice is None:
            return False
        written = strangers.count_written(session, sluice, moment - RATE_WINDOW, about_events=is_event)
        return written >= (MOST_REGISTERED if is_event else MOST_STRANGERS)


def _in_one_spelling(wanted: Asked) -> Asked:
    """A phone number has many; one is written to, searched for and counted."""
    number = e164(wanted.address) if wanted.channel is Channel.SMS else None
    return wanted if number is None else replace(wanted, address=number)


def _turn(wanted: Asked) -> tuple[str, str, str]:
    return wanted.kind, folded(wanted.address), wanted.key


def _can_be_reached(wanted: Asked) -> bool:
    match wanted.channel:
        case Channel.EMAIL:
            return is_sendable(wanted.address)
        case Channel.SMS:
            return e164(wanted.address) is not None
        case Channel.WEBHOOK:
            return True
