"""The region's page: what this is, where to leave an idea, how far the ideas have come, stories and news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import Flask, render_template

from services.intake.store import board, meetings, news, sluices
from services.intake.store.meeting_tables import Meeting
from services.intake.web.public.region_stair import flow
from shared.clock import now
from shared.db import Database
from shared.settings import Settings
from shared.web.language import spoken

STORIES, POSTS, MEETINGS = 3, 4, 6
"""How many of each the page shows."""


@dataclass(frozen=True, slots=True)
class ShownMeeting:
    """A meeting to come, as the page tells of it."""

    path: str
    title: str
    at: datetime | None
    where: str
    """Its place and its host, as far as they are known."""


def _shown(meeting: Meeting, names: Mapping[str, str]) -> ShownMeeting:
    """In the page's language, or in the first that it has."""
    words: Mapping[str, str] = meeting.title
    title = words.get(spoken()[1]) or next((each for each in words.values() if each), meeting.slug)
    where = ", ".join(part for part in (meeting.place, names.get(meeting.sluice_slug, "")) if part)
    return ShownMeeting(f"/traffar/{meeting.slug}", title, meeting.starts_at, where)


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/`` to the app."""

    @app.get("/")
    def front() -> str:
        with database.transaction() as session:
            found = sluices.profiles(session)
            counts = board.counts(session)
            stories = board.stories(session, limit=STORIES)
            posts, _ = news.published(session, limit=POSTS)
            coming = meetings.coming(session, now(), limit=MEETINGS)
        return render_template(
            "region/front.html",
            sluices=found,
            flow=flow(counts),
            is_moving=any(counts.values()),
            most_counted=board.MOST_COUNTED,
            stories=stories,
            posts=posts,
            meetings=[_shown(meeting, {sluice.slug: sluice.name for sluice in found}) for meeting in coming],
            catches_mail=settings.catches_mail,
        )
