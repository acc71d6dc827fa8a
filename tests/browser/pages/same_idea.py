"""What the submitter of an idea sees behind "same as mine" in their confirmation."""

from __future__ import annotations

from playwright.sync_api import Page as Tab

from services.intake.domain.idea import Stage
from services.intake.store.tables import Sluice
from services.intake.usecases import official
from services.intake.usecases.announce import Announcer
from shared.clock import now
from shared.web import links
from tests.browser.pages import Page, World
from tests.support.ideas import an_idea

TEXT = "Sätt upp en fast cykelpump vid busstorget.\n\nDet tar fem minuter att laga en punktering."
ANSWER = "Hej!\n\nVi provar en pump vid stationen i vår. Går det bra kommer en till vid torget före sommaren."


def pages(world: World) -> dict[str, Page]:
    """One that stands on the board and is answered, before and after the button."""
    with world.transaction() as session:
        krokom = world.sluice(session)
        session.get_one(Sluice, krokom.id).board = True
        other = an_idea(session, world.settings, krokom, title="Cykelpump vid stationen", text=TEXT)
        other.published_at, other.public_title, other.public_text = now(), other.title, other.text
        official.give(
            session, Announcer(world.settings), other, to=Stage.PILOTING, text=ANSWER, signed_by="Karin Kontakt"
        )
        mine = an_idea(session, world.settings, krokom, title="En pump på torget", submitter="nils@hem.example")
        second = an_idea(session, world.settings, krokom, title="Pump", submitter="maria@hem.example")
        paths = [
            links.same_idea_url(world.settings, one.id, other.id).removeprefix(world.settings.base_url)
            for one in (mine, second)
        ]
    return {
        "same idea": Page(paths[0]),
        "same idea, followed": Page(paths[1], prepare=_press),
        "same idea, closed": Page("/i/samma/fel", status=404),
    }


def _press(tab: Tab) -> None:
    """The second time there is no button any more."""
    button = tab.locator("main form button")
    if button.count():
        button.click()
