"""Hand out a list of ideas as a file: only what the reader may see, in portions, and with a record of who took it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from services.intake.domain.inbox import Wanted
from services.intake.store import inbox
from services.intake.store.inbox import Row
from services.intake.store.people_tables import Change
from services.intake.usecases.access import visible
from services.intake.usecases.inbox import hits
from shared import logs
from shared.clock import STOCKHOLM, now
from shared.ids import new_id
from shared.viewer import Viewer
from shared.web.paging import Position

PORTION: Final = 500
"""Ideas that are read in one transaction: a slow reader holds none open."""

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Portion:
    """Some of the list, with whole texts, and where it goes on."""

    rows: Sequence[tuple[Row, str]]
    next: Position | None


def record(session: Session, viewer: Viewer, wanted: Wanted, *, form: str) -> None:
    """Write down that the list leaves the house: who takes it, in which form, by which filters."""
    filters = {name: value if isinstance(value, bool) else str(value) for name, value in wanted.filters.items()}
    session.add(
        Change(
            id=new_id(), at=now(), actor=viewer.address, what="ideas.exported", after={"form": form, "filters": filters}
        )
    )
    log.info("ideas_exported", form=form)


def portion(session: Session, viewer: Viewer, wanted: Wanted, after: Position | None = None) -> Portion:
    """The next ideas that fit, the newest first where no other order is asked for."""
    today = now().astimezone(STOCKHOLM).date()
    filters = inbox.conditions(wanted, viewer.address, today, hits(session, viewer, wanted))
    rows = inbox.find(session, visible(viewer), filters, group=None, sort=wanted.sort, limit=PORTION, after=after)
    shown = rows[:PORTION]
    texts = inbox.whole_texts(session, [row.id for row in shown])
    more = inbox.position(shown[-1], None, wanted.sort) if len(rows) > PORTION else None
    return Portion([(row, texts.get(row.id, row.beginning)) for row in shown], more)
