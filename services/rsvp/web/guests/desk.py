"""The guests' desk as a whole: every page on which contacts keep guests, lists and address books."""

from __future__ import annotations

from flask import Flask

from services.rsvp.web.guests import book_pages, export, guest_page, invitations, list_page, lists
from shared.db import Database
from shared.settings import Settings


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add them all."""
    list_page.register(app, database)
    guest_page.register(app, settings, database)
    invitations.register(app, database)
    lists.register(app, database)
    book_pages.register(app, database)
    export.register(app, database)
