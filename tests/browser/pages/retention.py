"""How long things are kept, in the browser; and what is left of an idea that was removed."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page as Tab
from sqlalchemy import update

from services.intake.domain.retention import Rule, Rules
from services.intake.store.tables import Idea, TimelineEntry
from services.intake.usecases import administer_retention
from services.intake.usecases.retain import Retain
from shared.clock import now
from shared.db import Database, Role
from shared.web import links
from tests.browser.pages import Page, World
from tests.browser.pages.admin import BOSS, settle
from tests.support.ideas import an_idea

KROKOM = "/kontakt/admin/sluss/krokom"
DECISION = "Kommunstyrelsen 2026-11-18 § 204, dnr KS 2026/1182"


def press(act: str, waits: str, **fields: str):
    """Fill in fields and press one of the form's two buttons."""

    def prepare(tab: Tab) -> None:
        for name, value in fields.items():
            tab.locator(f"#{name}").fill(value)
        tab.locator(f"button[value={act}]").first.click()
        tab.wait_for_selector(waits)
        settle(tab)

    return prepare


def fill(world: World) -> str:
    """Twelve old ideas of which one is kept, and one that was removed: its reference."""
    then = now() - timedelta(days=800)
    with world.transaction() as session:
        sluice = world.sluice(session)
        ideas = [
            an_idea(session, world.settings, sluice, title=f"Idé {number}", submitter_name="Åsa", received_at=then)
            for number in range(13)
        ]
        session.execute(update(Idea).values(stage="closed", updated_at=then))
        session.execute(update(TimelineEntry).values(at=then))
        for idea in ideas[1:]:
            idea.kept = "tills vidare"
        removed, kept = ideas[0].reference, ideas[-1].reference
        rules = Rules({Rule.NAMES: 365, Rule.IDEAS: 730}, DECISION)
        administer_retention.set_rules(session, BOSS, "krokom", rules, 0)
    database = Database(world.settings, Role.INTAKE)
    Retain(database, lambda: True)()
    database.dispose()
    with world.transaction() as session:
        session.execute(update(Idea).values(kept=None))
        long = "Begärd av förvaltningsrätten i mål 4711-26 om rätt till ersättning; får inte gallras innan domen vunnit laga kraft"
        administer_retention.keep_idea(session, BOSS, "krokom", kept, long)
    return removed


def pages(world: World) -> dict[str, Page]:
    """Rules with a preview and a record, empty, asked, faulty; the page of a removed idea."""
    removed = fill(world)
    boss = world.signed_in("administrator", name=BOSS)
    page = f"{KROKOM}/gallring"
    asked = press("preview", "section[autofocus]", mails_days="365", files_days="365")
    faulty = press("save", ".ds-error-summary", decision="", mails_days="ett år")
    token = links.follow_token(world.settings.signer, removed)
    return {
        "rules": Page(page, cookies=boss),
        "no rules": Page("/kontakt/admin/sluss/ragunda/gallring", cookies=boss),
        "asked": Page(page, cookies=boss, prepare=asked, needs_script=True),
        "faults": Page(page, cookies=boss, prepare=faulty, needs_script=True),
        "sluice": Page(KROKOM, cookies=boss),
        "removed": Page(f"/i/{removed}?t={token}", status=410),
        "removed, contact": Page(f"/kontakt/ide/{removed}", cookies=boss, status=410),
    }
