"""Ideas caught in a room let go of their words when the idea is gone, and lists nobody took are thrown away."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from services.rsvp.store.day_tables import CaughtIdea
from services.rsvp.store.guest_tables import ListDraft
from services.rsvp.usecases.tidy import Tidy, forget_ideas
from shared.clock import now
from shared.db import Database, Role
from shared.ids import new_id
from shared.settings import Settings
from tests.support.events import an_event


def test_words_go_with_the_idea_and_names_alone_with_the_names(settings: Settings) -> None:
    database = Database(settings, Role.RSVP)
    moment = now()
    with database.transaction() as session:
        event = an_event(session)
        for reference in ("KRO-2026-0001", "KRO-2026-0002", "KRO-2026-0003"):
            session.add(
                CaughtIdea(
                    id=new_id(),
                    event_id=event.id,
                    key=reference,
                    title="Elcyklar",
                    text="Vi kör bil.",
                    name="Åsa",
                    address="asa@krokom.example",
                    language="sv",
                    reference=reference,
                    at=moment,
                )
            )
        for age in (10, 40):
            at = moment - timedelta(days=age)
            session.add(ListDraft(id=new_id(), name="", rows=[], faults=[], created_by="x", created_at=at))
        forget_ideas(session, {"references": ["KRO-2026-0001"], "removed": True})
        forget_ideas(session, {"references": ["KRO-2026-0002"], "removed": False})
    Tidy(database, lambda: True)()

    with database.transaction() as session:
        rows = session.scalars(select(CaughtIdea).order_by(CaughtIdea.key)).all()
        assert [(row.text, row.name, row.address, row.is_hidden) for row in rows] == [
            ("", "", None, True),
            ("Vi kör bil.", "", None, False),
            ("Vi kör bil.", "Åsa", "asa@krokom.example", False),
        ]
        assert len(session.scalars(select(ListDraft)).all()) == 1
    database.dispose()
