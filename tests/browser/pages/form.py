"""The public form, its receipt, and both as they stand in a frame, in every state."""

from __future__ import annotations

from playwright.sync_api import Page as Tab
from sqlalchemy import update

from services.intake.store.tables import Sluice
from shared.web import links
from tests.browser.pages import Page, World
from tests.support.ideas import an_idea

UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
QUESTIONS = [
    {
        "id": "verksamhet",
        "kind": "choice",
        "required": True,
        "label": {"sv": "Vilken verksamhet handlar idén om?", "en": "Which service is the idea about?"},
        "help": {"sv": "Välj den som ligger närmast.", "en": "Choose the one that is nearest."},
        "options": {"sv": ["Skola och förskola", "Vård och omsorg"], "en": ["Schools", "Care"]},
    },
    {"id": "kostnad", "kind": "text", "label": {"sv": "Vad kan den kosta?", "en": "What may it cost?"}},
    {"id": "fler", "kind": "long", "label": {"sv": "Vilka fler berörs?", "en": "Who else is concerned?"}},
    {"id": "med", "kind": "yes_no", "label": {"sv": "Vill du vara med och pröva?", "en": "Do you want to try it?"}},
]


def pages(world: World) -> dict[str, Page]:
    """A plain sluice, one with questions of its own, and one for staff alone."""
    settings = world.settings
    with world.transaction() as session:
        krokom, berg = world.sluice(session), world.sluice(session, "berg")
        texts = {
            language: {"intro": f"Vi söker idéer om vintern.\n{UNBROKEN}", "after": "Vi ses på mötet i maj."}
            for language in ("sv", "en")
        }
        session.execute(update(Sluice).where(Sluice.id == berg.id).values(questions=QUESTIONS, form_texts=texts))
        session.execute(update(Sluice).where(Sluice.slug == "are").values(open_to="staff"))
        named = an_idea(session, settings, krokom).reference
        nobody = an_idea(session, settings, berg, submitter=None).reference
    token = {reference: links.follow_token(settings.signer, reference) for reference in (named, nobody)}
    return {
        "form": Page("/ide/krokom"),
        "form, faults": Page("/ide/krokom", prepare=_send_wrong),
        "form, questions": Page("/ide/berg"),
        "form, questions, faults": Page("/ide/berg", prepare=_send_wrong),
        "form, staff": Page("/ide/are"),
        "form, no such sluice": Page("/ide/nej", status=404),
        "form in a frame": Page("/embed/krokom", excused=("not one header",)),
        "receipt": Page(f"/ide/krokom/tack/{named}?t={token[named]}"),
        "receipt, anonymous": Page(f"/ide/berg/tack/{nobody}?t={token[nobody]}"),
        "receipt in a frame": Page(f"/embed/krokom/tack/{named}?t={token[named]}", excused=("not one header",)),
    }


def _send_wrong(tab: Tab) -> None:
    tab.locator("#text").fill("Vi kör bil korta sträckor mellan brukarna.\n" + UNBROKEN)
    tab.locator("#email").fill("asa@")
    tab.locator("form.idea-form").evaluate("one => one.submit()")  # as without scripts
    tab.locator(".ds-error-summary").wait_for()
