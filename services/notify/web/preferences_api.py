"""What an address gets and how often, in the JSON API."""

from __future__ import annotations

from typing import Any

from flask import Flask
from marshmallow import Schema, fields, validate

from services.notify.domain.kinds import Category, Rhythm
from services.notify.usecases.prefer import CHOICES, Prefer
from services.notify.web.schemas import API
from shared.db import Database
from shared.errors import NotFound
from shared.mail.addresses import canonical, is_sendable
from shared.settings import Settings
from shared.web import links
from shared.web.api import Blueprint
from shared.web.tokens import bearer, bearer_name

READ = "notify:read"
WRITE = "notify:write"


def _choice(category: Category, about: str, *, required: bool = True) -> fields.String:
    allowed = [rhythm.value for rhythm in CHOICES[category]]
    return fields.String(required=required, validate=validate.OneOf(allowed), metadata={"description": about})


class ChoicesSchema(Schema):
    """What a person gets. What is left out of the later ones stays as it is; the first three are told each time."""

    ideas = _choice(Category.IDEAS, "A contact's notices of ideas and additions.")
    reminders = _choice(Category.REMINDERS, "Sent on working days outside quiet hours.")
    news = _choice(Category.NEWS, "What is not about something that the person did.")
    invitations = _choice(Category.INVITATIONS, "To events that the person did not ask for.", required=False)
    afterwards = _choice(Category.AFTERWARDS, "What comes of an event that the person was at.", required=False)


class PreferencesSchema(ChoicesSchema):
    """What an address gets."""

    address = fields.String(metadata={"description": "In lower case, its domain in ASCII."})
    preferences_url = fields.String(
        allow_none=True,
        metadata={
            "description": f"The page on which the person chooses by themselves; null for whoever lacks {WRITE}, "
            "since the address alone lets choose."
        },
    )


def resource(app: Flask, database: Database) -> Blueprint:
    """``/api/notify/v1/preferences/<address>``."""
    settings: Settings = app.extensions["idesluss"]
    preferences = Blueprint(API, "preferences", "Which mails a person gets, and how often.")
    prefer = Prefer()

    def shape(address: str, chosen: dict[Category, Rhythm]) -> dict[str, Any]:
        told = {category.value: rhythm.value for category, rhythm in chosen.items()}
        token = bearer()
        may_choose = token is not None and token.allows(WRITE)
        url = links.preferences_url(settings, address) if may_choose else None
        return told | {"address": address, "preferences_url": url}

    @preferences.route("/<address>", method="GET")
    @preferences.scope(READ)
    @preferences.gives(200, PreferencesSchema)
    def read_preferences(address: str) -> dict[str, Any]:
        """Read what an address gets; somebody who chose nothing gets everything at once."""
        address = _known(address)
        with database.transaction() as session:
            return shape(address, prefer.read(session, address))

    @preferences.route("/<address>", method="PUT")
    @preferences.scope(WRITE)
    @preferences.takes(ChoicesSchema)
    @preferences.gives(200, PreferencesSchema)
    def write_preferences(chosen: dict[str, str], address: str) -> dict[str, Any]:
        """Choose on somebody's behalf. What waits for a digest follows the choice."""
        address = _known(address)
        given = {Category(category): Rhythm(rhythm) for category, rhythm in chosen.items()}
        with database.transaction() as session:
            prefer(session, address, given, by=f"token:{bearer_name()}")
            return shape(address, prefer.read(session, address))

    return preferences


def _known(address: str) -> str:
    if not is_sendable(address):
        raise NotFound
    return canonical(address)
