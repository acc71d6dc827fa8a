"""Signing in, and the page of whoever is signed in."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from playwright.sync_api import Page as Tab

from services.intake.store import sluices
from services.intake.store.people_tables import SignInLink
from services.intake.usecases import sessions, sign_in
from shared.clock import now
from shared.ids import new_id
from tests.browser.pages import Page, World

CONTACT = "kontakt@krokom.example"
TOKEN = "abcdefghijklmnopqrstuvwxyz"[:26]


def send(tab: Tab) -> None:
    """Press the page's one main button, and wait for the answer."""
    tab.locator("main form button:not([data-variant])").first.click()
    tab.wait_for_selector(".ds-error-summary")
    tab.locator(".ds-skip-link").focus()
    tab.keyboard.press("Shift+Tab")  # begin at the top again


def pages(world: World) -> dict[str, Page]:
    """Every page of signing in, and "Du" as a contact, a coach of several and an administrator see it."""
    with world.transaction() as session:
        session.add(
            SignInLink(
                id=new_id(),
                token_hash=hashlib.sha256(TOKEN.encode()).digest(),
                address=CONTACT,
                browser_hash=b"another",
                asked_at=now(),
                asked_from="2001:db8:2f0a:77::1842 (Samsung Internet, Android)",
                expires_at=now() + timedelta(hours=1),
            )
        )
        krokom = world.sluice(session, "krokom")
        sluices.add_contact(session, krokom.id, name="Ersättare, vård och omsorg", address="vik@krokom.example")
        for place in (
            sessions.Place("198.51.100.23", "Firefox, Windows"),
            sessions.Place("2001:db8:2f0a:77::1842", "Samsung Internet, Android"),
            sessions.Place("192.0.2.99", ""),
        ):
            sessions.begin_session(session, CONTACT, "link", place, now())
    contact = world.signed_in("contact:krokom", name=CONTACT)
    return {
        "ask, fault": Page("/kontakt/in", prepare=send, needs_script=True),
        "ask, after all that may come before": Page("/kontakt/in?ut=1&fel=okand"),
        "sent": Page("/kontakt/in/skickat"),
        "link, fault": Page(f"/kontakt/in/{TOKEN}", prepare=send, needs_script=True),
        "closed": Page(f"/kontakt/in/{sign_in.new_token()}", status=404),
        "you": Page("/kontakt/du?sparat=language", cookies=contact),
        "you, coach": Page("/kontakt/du", cookies=world.signed_in("coach:berg", name="coach@region.example")),
        "you, by token": Page("/kontakt/du", cookies=world.signed_in("administrator", name="demo")),
    }
