"""The public board: full, empty, searched in vain, an idea with all there is to it, its forms, and the mailed links."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page as Tab

from services.intake.domain.idea import Stage
from services.intake.store import board
from services.intake.store.public_tables import Comment, Follower, Story
from services.intake.store.tables import Idea
from services.intake.usecases.receive import note
from shared.clock import now
from shared.ids import new_id
from shared.web import links
from tests.browser.pages import Page, World
from tests.support.ideas import an_idea

LONG = "Elcyklar som hemtjänsten i Nälden, Föllinge och Offerdal delar på under vinterhalvåret, med däck som tål is"
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
WORDS = "Hej! Vi har pratat med tre grupper och alla vill vara med.\n\nNu räknar vi på tre cyklar med vinterdäck."

MIDDLE = ("focus fell out of the page",)
"""The summary of faults has the focus, so a walk by Tab begins in the middle of the page and comes to its end."""


def pages(world: World) -> dict[str, Page]:
    """Every page of the board, in every state."""
    with world.transaction() as session:
        krokom = world.sluice(session)
        made = {
            stage: _published(an_idea(session, world.settings, krokom), f"Elcyklar {stage}", stage) for stage in Stage
        }
        long = _published(an_idea(session, world.settings, krokom), LONG, Stage.IMPLEMENTED, UNBROKEN)
        for to in (Stage.TRIAGE, Stage.IMPLEMENTED):
            facts: dict[str, object] = {"from": long.stage, "to": to.value}
            about = {"event": "answered", "actor": "Kim, vård och omsorg", "actor_kind": "contact", "text": WORDS}
            note(session, long, at=now(), facts=facts, **about)
        session.add(Story(idea_id=long.id, title=LONG, text=WORDS, published_at=now(), actor="Kim"))
        session.add(_comment(long, "Lena i Brunflo", WORDS, state="shown", confirmed_at=now()))
        asks, hears = (_follower(made[Stage.TRIAGE], f"{n}@x.example", n > 0) for n in range(2))
        waits = _comment(made[Stage.TRIAGE], UNBROKEN[:80], UNBROKEN, state="held")
        sent = _comment(made[Stage.DECIDED], "Nils", WORDS, state="held", confirmed_at=now())
        session.add_all([asks, hears, waits, sent])
        session.flush()
        board.recount(session, made[Stage.TRIAGE])
        here = f"/tavla/krokom/{long.reference}"
        closed = f"/tavla/krokom/{made[Stage.CLOSED].reference}"
    signed = world.settings
    kim = world.signed_in("contact:krokom")
    return {
        "board": Page("/tavla/krokom?ordning=stod"),
        "board, nothing found": Page("/tavla/krokom?q=zeppelinare"),
        "board, empty": Page("/tavla/berg"),
        "idea": Page(here),
        "idea, closed": Page(closed),
        "idea, fault": Page(here, prepare=_send, excused=MIDDLE),
        "idea, gone": Page("/tavla/krokom/KRO-2026-9999", status=404),
        "comment, fault": Page(f"{here}/kommentar", prepare=_send, excused=MIDDLE),
        "stories": Page("/tavla/krokom/berattelser"),
        "support": Page(links.support_url(signed, asks.id)),
        "stop": Page(links.stop_following_url(signed, hears.id)),
        "comment, to confirm": Page(links.comment_url(signed, waits.id)),
        "comments": Page("/kontakt/kommentarer/", cookies=kim),
        "story": Page(f"/kontakt/ide/{long.reference}/berattelse", cookies=kim),
        "story, too early": Page(f"{closed.replace('/tavla/krokom', '/kontakt/ide')}/berattelse", cookies=kim),
    }


def _send(tab: Tab) -> None:
    """Send the page's form empty, and wait for what it says."""
    tab.locator("main form[method=post] button").first.click()
    tab.locator(".ds-error-summary").wait_for()


def _published(idea: Idea, title: str, stage: Stage, text: str = WORDS) -> Idea:
    idea.public_title, idea.public_text, idea.stage, idea.published_at = title, text, stage.value, now()
    return idea


def _comment(idea: Idea, name: str, text: str, **columns: object) -> Comment:
    at = now() - timedelta(hours=1)
    return Comment(id=new_id(), idea_id=idea.id, name=name, address="lena@x.example", text=text, at=at, **columns)


def _follower(idea: Idea, address: str, is_confirmed: bool) -> Follower:
    at = now() if is_confirmed else None
    return Follower(
        id=new_id(), idea_id=idea.id, address=address, why="supports", supports=True, asked_at=now(), confirmed_at=at
    )
