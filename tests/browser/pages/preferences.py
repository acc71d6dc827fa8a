"""The pages on which somebody chooses their mails."""

from __future__ import annotations

from services.notify.domain.kinds import Category, Rhythm
from services.notify.usecases.prefer import Prefer
from shared.db import Role
from shared.web import links
from tests.browser.pages import Page, World

LONG = "asa.margareta.oberg-lindstrom.hemtjansten.nalden@langtnamn.krokom.example"


def pages(world: World) -> dict[str, Page]:
    """Choices new, saved and given up."""
    with world.transaction(Role.NOTIFY) as session:
        Prefer()(session, LONG, {Category.NEWS: Rhythm.NEVER, Category.IDEAS: Rhythm.DAILY}, by="test")
    people = ("asa@krokom.example", "bo@krokom.example", LONG)
    asa, bo, long = (f"/utskick/{links.preferences_token(world.settings.signer, each)}" for each in people)
    return {
        "choose": Page(asa),
        "choose, saved": Page(f"{long}?sparat=1"),
        "unsubscribe": Page(f"{bo}/avsluta?sort=reminders"),
        "unsubscribe, done": Page(f"{long}/avsluta?sort=news"),
        "wrong link": Page("/utskick/wrong", status=404),
    }
