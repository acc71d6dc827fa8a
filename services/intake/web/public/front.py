"""The region's page: what this is, where to leave an idea, how far the ideas have come, stories and news."""

from __future__ import annotations

from flask import Flask, render_template

from services.intake.store import board, news, sluices
from services.intake.web.public.region_stair import flow
from shared.db import Database
from shared.settings import Settings

STORIES, POSTS = 3, 4
"""How many of each the page shows."""


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/`` to the app."""

    @app.get("/")
    def front() -> str:
        with database.transaction() as session:
            found = sluices.profiles(session)
            counts = board.counts(session)
            stories = board.stories(session, limit=STORIES)
            posts, _ = news.published(session, limit=POSTS)
        return render_template(
            "region/front.html",
            sluices=found,
            flow=flow(counts),
            is_moving=any(counts.values()),
            most_counted=board.MOST_COUNTED,
            stories=stories,
            posts=posts,
            meetings=(),  # the meetings to come, once rsvp has some to tell of
            catches_mail=settings.catches_mail,
        )
