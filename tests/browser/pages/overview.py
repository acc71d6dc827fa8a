"""The overview of a coach of three, of a contact of one, and of somebody with nothing to show."""

from __future__ import annotations

from datetime import timedelta

from services.intake.domain.idea import PATH, SubmitterKind
from services.intake.store.tables import Idea
from services.intake.usecases.receive import note
from shared.clock import now
from tests.browser.pages import Page, World
from tests.support.ideas import a_message, an_idea

START = "/kontakt/oversikt/"


def pages(world: World) -> dict[str, Page]:
    """Half a year of ideas in three municipalities."""
    _fill(world)
    coach = world.signed_in(*(f"coach:{slug}" for slug in ("krokom", "harjedalen", "are")), name="coach@region.example")
    return {
        "coach": Page(START, cookies=coach),
        "coach, a year": Page(f"{START}?months=12", cookies=coach),
        "contact": Page(START, cookies=world.signed_in("contact:krokom", name="kontakt@krokom.example")),
        "nothing yet": Page(START, cookies=world.signed_in("contact:berg", name="kontakt@berg.example")),
        "nobody's": Page(START, cookies=world.signed_in("contact:gone", name="kontakt@gone.example")),
    }


def _fill(world: World) -> None:
    moment, kinds = now(), [*SubmitterKind, None]
    with world.transaction() as session:
        for slug, number in (("krokom", 24), ("harjedalen", 9), ("are", 3)):
            sluice = world.sluice(session, slug)
            for n in range(number):
                idea = an_idea(
                    session,
                    world.settings,
                    sluice,
                    title=f"Idé nummer {n}",
                    kind=kinds[n % 6],
                    received_at=moment - timedelta(days=n * 7 % 160 + 1),
                    held="spam" if n == 8 else None,
                )
                if n % 3 and slug != "are":
                    _answer(session, idea, n)
                if n == 2:
                    a_message(session, idea, state="permanent-failure", reason="recipient-gone")


def _answer(session, idea: Idea, n: int) -> None:
    idea.answered_at = min(idea.created_at + timedelta(days=2 + n % 9), now())
    before, idea.stage = idea.stage, PATH[1 + n % 5].value
    note(
        session,
        idea,
        event="answered",
        at=idea.answered_at,
        actor="Kontaktperson",
        actor_kind="contact",
        text="Vi prövar det i vår.",
        facts={"from": before, "to": idea.stage},
    )
