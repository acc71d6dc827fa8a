"""The pages on which mails are worded."""

from __future__ import annotations

from playwright.sync_api import Page as Tab

from idesluss import demo
from services.notify.store import sluices
from shared.clock import now
from shared.db import Role
from tests.browser.pages import Page, World

START = "/kontakt/drift/mallar"


def pages(world: World) -> dict[str, Page]:
    """Wordings for all and for one of eight sluices, one with its versions, one with faults."""
    with world.transaction(Role.NOTIFY) as session:
        for slug, _code, name in demo.MUNICIPALITIES:
            about = {"slug": slug, "name": f"Idéslussen {name}", "address": f"ide@{slug}.example", "language": "sv"}
            sluices.keep(session, about | {"contacts": [], "at": now()})
    boss = world.signed_in("administrator")
    return {
        "wordings": Page(START, boss),
        "wordings, one sluice": Page(f"{START}?sluice=krokom", boss),
        "wording": Page(f"{START}/confirmation/sv", boss),
        "wording, one sluice": Page(f"{START}/digest/en?sluice=krokom", boss),
        "wording, versions": Page(f"{START}/confirmation/sv?sluice=are", boss, prepare=_saved),
        "wording, faults": Page(f"{START}/reminder/sv", boss, prepare=_refused),
        "sender": Page(f"{START}/avsandare/krokom", boss),
    }


def _saved(tab: Tab) -> None:
    _send(tab, tab.locator("[name=body]").input_value() + "\n\nVälkommen åter.")


def _refused(tab: Tab) -> None:
    _send(tab, "# Hej\n\n{{ 7*7 }}\n{{ idea.titel }}\n\n[Följ](follow_url)")


def _send(tab: Tab, body: str) -> None:
    tab.locator("[name=body]").fill(body)
    tab.locator("form:has([name=body]) button:not([name])").first.click()
