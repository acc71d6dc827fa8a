"""Create an idea through the API, once for each Idempotency-Key however often it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.idea import SubmitterKind
from services.intake.store import sluices
from services.intake.store.tables import Idea
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import TITLE_LIMIT, NewIdea, open_idea
from shared.clock import now
from shared.db import hold
from shared.errors import Conflict, NotFound, Rejected
from shared.words import clean, one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class IdeaByApi:
    """What another system sends in on somebody's behalf."""

    sluice: str
    title: str
    text: str
    kind: SubmitterKind | None = None
    language: str | None = None
    submitter_name: str = ""
    submitter_address: str | None = None


def create_idea(session: Session, announcer: Announcer, asked: IdeaByApi, key: str | None) -> Idea:
    """Store the idea and announce it; with a ``key`` that was used before, give the idea that it made.

    The address is only what the caller says it is: nobody vouches for it, so its confirmation bears no free text.

    :raises Rejected: there is no such sluice, or no title.
    :raises Conflict: the key was used for another idea.
    """
    try:
        sluice = sluices.profile_by_slug(session, asked.sluice)
    except NotFound as error:
        raise Rejected("sluice", "There is no such sluice.") from error
    title = one_line(asked.title, TITLE_LIMIT)
    if not title:
        raise Rejected("title", "Say in a line what the idea is.")
    if key is not None:
        # Two requests with one key at the same time: the second waits here, and finds the first one's idea.
        hold(session, key)
        known = session.scalar(select(Idea).where(Idea.idempotency_key == key))
        if known is not None:
            if (known.sluice_id, known.title, known.text) != (sluice.id, title, clean(asked.text)):
                raise Conflict("This Idempotency-Key was used for another idea.")
            return known
    return open_idea(
        session,
        announcer,
        sluice,
        NewIdea(
            title=title,
            text=asked.text,
            via="api",
            received_at=now(),
            language=asked.language or sluice.language,
            kind=asked.kind,
            submitter_name=asked.submitter_name,
            submitter_address=asked.submitter_address,
            idempotency_key=key,
        ),
    )
