"""Publishing an idea: what is marked, previews, faults, what stands on the board; and ideas that may not."""

from __future__ import annotations

from services.intake.store.tables import Sluice
from services.intake.usecases import publish
from shared.viewer import Viewer
from tests.browser.pages import Page, World
from tests.support.ideas import an_idea

TEXT = """Hej!

Jag heter Åsa Nilsdotter och kör hemtjänst i Nälden. Vi åker bil korta sträckor mellan brukarna, fast det är närmare att cykla. Brukaren Sven Olofsson (850709-9805) på Storgatan 12 B fick vänta i fyrtio minuter i onsdags eftersom båda bilarna stod på service.

Köp in tre elcyklar med vinterdäck och ladda dem vid Näldens vårdcentral. Min chef Karin har räknat på det och säger att det lönar sig på ett år.

Ring mig på 070-123 45 67 eller mejla asa.nilsdotter@krokom.example.

Mvh
Åsa Nilsdotter"""
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft " * 3
FROM_THE_PREVIEW = ("focus fell out of the page",)
"""The walk by keyboard begins at the preview, so that it ends below the page."""
CONTACT = Viewer("kontakt@krokom.example", frozenset(("krokom",)))


def pages(world: World) -> dict[str, Page]:
    with world.transaction() as session:
        krokom = world.sluice(session)
        session.get_one(Sluice, krokom.id).board = True
        berg = world.sluice(session, "berg")
        new = an_idea(session, world.settings, krokom, text=TEXT).reference
        plain = an_idea(session, world.settings, berg, title=LONG, text="Fler bänkar längs sjön, tack. " * 40).reference
        shown = an_idea(session, world.settings, krokom, text=TEXT).reference
        publish.publish(session, CONTACT, shown, version=1, title="Elcyklar i hemtjänsten", text="Tre elcyklar, tack.")
        held = an_idea(session, world.settings, krokom, held="spam").reference
    contact = world.signed_in("contact:krokom", name="kontakt@krokom.example")
    boss = world.signed_in("administrator")
    here = "/kontakt/ide/{}/publicera"
    return {
        "new": Page(here.format(new), contact),
        "previewed": Page(
            here.format(new),
            contact,
            prepare=lambda tab: tab.locator("button[value=preview]").click(),
            excused=FROM_THE_PREVIEW,
        ),
        "faults": Page(here.format(new), contact, prepare=_without_words),
        "nothing marked, no board": Page(here.format(plain), boss),
        "on the board": Page(here.format(shown), contact),
        "held": Page(here.format(held), contact),
        "another's": Page(here.format(plain), contact, status=404),
    }


def _without_words(tab) -> None:
    tab.locator("#title").fill(" ")
    tab.locator("#text").fill(" ")
    tab.locator("button[value=publish]").click()
    tab.wait_for_load_state()
