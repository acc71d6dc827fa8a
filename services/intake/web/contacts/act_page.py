"""The small page of one act on an idea: a form that loses nothing, whatever goes wrong with it.

A form carries the version that its writer looked at. Where somebody else was first, the page comes again with what was
typed, and tells what has happened since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import render_template, request
from sqlalchemy.orm import Session

from services.intake.domain.idea import PATH, Stage
from services.intake.domain.registry import LONGEST_NUMBER, LONGEST_RECEIPT
from services.intake.store import queries
from services.intake.store.tables import TimelineEntry
from services.intake.usecases import ask_submitter, handing_over, note_idea, official, tag_idea
from services.intake.usecases.look_at_idea import May, Seen, look_at_idea
from services.intake.web.known_reference import known
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound
from shared.web.form_text import form_text, version_in
from shared.web.viewer import viewer

IDEA = "/kontakt/ide/<reference>"
LIMITS: Mapping[str, int] = {
    "answer": official.MAX_ANSWER,
    "close_reason": official.MAX_REASON,
    "question": ask_submitter.MAX_QUESTION,
    "text": note_idea.MAX_NOTE,
    "note": handing_over.MAX_WORDS,
    "name": tag_idea.MAX_TAG,
    "number": LONGEST_NUMBER,
    "receipt": LONGEST_RECEIPT,
}
"""Field → characters."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody typed into a form, as texts are kept: with LF alone."""

    fields: Mapping[str, str] = field(default_factory=dict)
    several: Sequence[str] = ()
    """What was ticked under ``to``, where several may be."""
    version: int | None = None
    looked_at: datetime | None = None

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


def typed() -> Typed:
    """What the present request's form holds."""
    fields = form_text()
    return Typed(fields, tuple(request.form.getlist("to")), version_in(fields), _moment(fields))


def looked(session: Session, reference: str, *, may: Sequence[May] = (May.ACT,)) -> Seen:
    """The idea, where the person signed in may do so much with it.

    :raises NotFound: they may not, or there is none.
    """
    seen = look_at_idea(session, viewer(), known(reference))
    if seen.may not in may:
        raise NotFound("no such page")
    return seen


def shown(
    database: Database,
    reference: str,
    template: str,
    *,
    may: Sequence[May] = (May.ACT,),
    kept: Typed | None = None,
    faults: Mapping[str, str] | None = None,
    is_late: bool = False,
    **more: Any,
) -> str:
    """The act's page, with what was typed; ``is_late`` where somebody else was first.

    :raises NotFound: see ``looked``.
    """
    with database.transaction() as session:
        seen = looked(session, reference, may=may)
        since = _since(session, seen, kept.looked_at if kept else None) if is_late else []
    return render_template(
        f"contact/{template}.html",
        seen=seen,
        idea=seen.idea,
        sluice=seen.sluice,
        typed=kept or Typed(),
        faults=faults or {},
        is_late=is_late,
        entries=since,
        limits=LIMITS,
        stages=[stage.value for stage in (*PATH, Stage.CLOSED)],
        here=f"/kontakt/ide/{seen.idea.reference}",
        looked_at=now(),
        **more,
    )


def closed() -> tuple[str, int]:
    """What somebody sees who may not do this, or where there is no such idea."""
    return render_template("contact/closed.html"), 404


def _since(session: Session, seen: Seen, moment: datetime | None) -> list[TimelineEntry]:
    """What has happened since, newest first; without a moment, the last thing that did."""
    entries = queries.timeline(session, seen.idea.id)
    newer = [entry for entry in entries if moment is not None and entry.at >= moment]
    return list(reversed(newer or entries[-1:]))


def _moment(fields: Mapping[str, str]) -> datetime | None:
    try:
        found = datetime.fromisoformat(fields.get("looked_at", ""))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
