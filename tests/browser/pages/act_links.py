"""What a contact sees behind the links in a mail: every act, with faults, too late, done, and closed."""

from __future__ import annotations

from playwright.sync_api import Page as Tab

from services.intake.store import sluices
from services.intake.usecases.announce import Announcer
from services.intake.usecases.assign_idea import assign_idea
from shared.viewer import Viewer
from shared.web import links
from tests.browser.pages import Page, World
from tests.support.ideas import an_idea

TEXT = (
    "Vi kör bil korta sträckor mellan brukarna i centrala Krokom, och bilarna står ofta stilla mitt på dagen.\n\n"
    "Tre elcyklar med vinterdäck hade räckt för hela gruppen, och ingen hade behövt leta parkering."
)
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


def pages(world: World) -> dict[str, Page]:
    """One idea that waits, one that is held, one that is taken."""
    with world.transaction() as session:
        krokom = world.sluice(session)
        sluices.add_contact(session, krokom.id, name="Karin Kontakt", address="karin@krokom.example")
        me = krokom.contacts[0]
        waits = an_idea(session, world.settings, krokom, text=TEXT, submitter_name="Åsa Öberg").id
        held = an_idea(session, world.settings, krokom, title=UNBROKEN, text=UNBROKEN, held="spam", submitter=None).id
        taken = an_idea(session, world.settings, krokom, title="Låna ut verktyg på biblioteket", text=TEXT)
        viewer = Viewer(me.address, contact_of=frozenset({"krokom"}))
        assign_idea(session, Announcer(world.settings), viewer, taken.reference, to=me.id, version=None)
        ours = taken.id

    def path(act: str, idea: object = waits) -> str:
        return links.act_path(world.settings.signer, act, idea, me.id)  # type: ignore[arg-type]

    return {
        "act link, take": Page(path("ta")),
        "act link, ask": Page(path("fraga")),
        "act link, answer": Page(path("svara")),
        "act link, answer, faults": Page(
            path("svara"),
            prepare=_close_without_reason,
            # The walk begins in the summary, so that its last steps are beyond the page.
            excused=("focus fell out of the page",),
        ),
        "act link, hand over": Page(path("lamna")),
        "act link, held": Page(path("slapp", held)),
        "act link, taken": Page(path("ta", ours)),
        "act link, closed": Page("/kontakt/gor/ta/fel", status=404),
    }


def _close_without_reason(tab: Tab) -> None:
    tab.fill("#answer", f"Vi går inte vidare. {UNBROKEN}")
    tab.select_option("#move", "closed")
    tab.locator("main form button").click()
