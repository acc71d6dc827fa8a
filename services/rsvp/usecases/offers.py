"""By the clock: end offers that nobody took, see that waiting lists are settled, and alarm where one was not."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from services.rsvp.domain import seating
from services.rsvp.store import seats
from services.rsvp.store.tables import Event
from services.rsvp.usecases.settling import end_offers, settle, takes_guests
from shared import logs
from shared.clock import Clock, now
from shared.db import Database
from shared.settings import Settings

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Alarm:
    """An event in which somebody waits for seats that are free, though the rules would give them."""

    event_id: UUID
    slug: str
    free: int | None
    """None: there is room for all."""
    could_come: int
    """Parties that could sit."""


def alarms(session: Session, clock: Clock = now, only: UUID | None = None) -> list[Alarm]:
    """Events with a free seat beside a waiting list that should have it. Empty, or something is broken.

    Seats that are kept for a larger party which may not be passed again are no alarm: that is the rule.

    :param only: look at this event alone.
    """
    found = []
    for event_id in seats.to_be_settled(session, clock(), only):
        event = session.get_one(Event, event_id)
        taken = seats.taken(session, event_id)
        moves = seating.move_up(
            seats.queue(session, event_id), capacity=event.capacity, taken=taken, most_passed=event.most_passed
        )
        if moves.up and takes_guests(event, clock()):
            free = seating.free_seats(event.capacity, taken)
            found.append(Alarm(event_id, event.slug, free, len(moves.up)))
    return found


class SettleOffers:
    """The scheduler's job. Nothing but time has to pass for an offer to end; all else is settled where it happens.

    So where a waiting list moves here without an offer that ended, something wrote past the rules: it is mended, and
    an error is logged, as nobody would notice a list that stands still.
    """

    def __init__(self, settings: Settings, database: Database, clock: Clock = now) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock

    def __call__(self) -> int:
        """Settle what is due; returns how many moved up."""
        with self._database.transaction() as session:
            due = seats.to_be_settled(session, self._clock())
        return sum(self._settle(event_id) for event_id in due)

    def _settle(self, event_id: UUID) -> int:
        moment = self._clock()
        with self._database.transaction() as session:
            event = seats.lock_event(session, event_id)
            stuck = settle(session, event, moment=moment)
            ended = end_offers(session, event, moment=moment)
            moved = settle(session, event, moment=moment) if ended else []
            slug = event.slug
        if stuck:
            log.error("free_seat_beside_waiting_list", slug=slug, parties=len(stuck))
        if ended:
            log.info("offers_ended", slug=slug, ended=ended, moved_up=len(moved))
        return len(stuck) + len(moved)
