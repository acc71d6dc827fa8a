"""Planning of events and tours, and the host's page."""

from __future__ import annotations

from datetime import date, timedelta

from playwright.sync_api import Page as Tab

from services.rsvp.domain.plan import new_plan
from services.rsvp.store import events
from services.rsvp.usecases import ask_host, plan_tour
from services.rsvp.usecases.history import note_change
from services.rsvp.usecases.pictures import PictureChange, change_picture
from shared.clock import now
from shared.contracts.facts import LANGUAGES
from shared.db import Role
from shared.viewer import Viewer
from shared.web import links
from tests.browser.pages import Page, World
from tests.browser.pages.admin import settle
from tests.support.events import a_guest, a_sluice, an_event

START = "/kontakt/traffar/"
BOSS = Viewer("anna", is_administrator=True)
NAMES = {"krokom": "Krokoms kommun", "berg": "Bergs kommun", "are": "Åre kommun", "ragunda": "Ragunda kommun"}
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c636860f80f0002830180a2dd5b3a0000000049454e44ae426082"
)


def emptied(tab: Tab) -> None:
    """Take the title away and send the form."""
    tab.locator("#title-sv").fill("")
    tab.locator("#ends_time").fill("07:00")
    tab.locator("main form button:not([data-variant])").last.click()
    tab.wait_for_selector(".ds-error-summary")
    settle(tab)


def changed_meanwhile(tab: Tab) -> None:
    """Send an old form."""
    tab.evaluate("document.querySelector('[name=version]').value = '999'")
    tab.locator("#place").fill("Sporthallen")
    tab.locator("main form button:not([data-variant])").last.click()
    tab.wait_for_selector("main .alarm")
    settle(tab)


def chooses_nothing(tab: Tab) -> None:
    """Send the host's form without an answer."""
    tab.locator("main form button").last.click()
    tab.wait_for_selector(".ds-error-summary")
    settle(tab)


def fill(world: World) -> dict[str, str]:
    """A tour with stops in every state, an event that is full, and what they are called."""
    moment = now()
    first = date.today() + timedelta(days=20)  # noqa: DTZ011 - a day, whatever the zone
    plan = new_plan(LANGUAGES)
    plan["values"] |= {
        "title": {"sv": "Kalasturné", "en": "Party tour"},
        "languages": ["sv", "en"],
        "capacity": 30,
        "is_open": True,
        "text": {"sv": "Idéverkstad och fika.", "en": "A workshop and coffee."},
    }
    plan["proposals"] = [
        {"day": (first + timedelta(days=n)).isoformat(), "starts": "09:00", "ends": "12:00"} for n in (0, 1)
    ]
    with world.transaction(Role.RSVP) as session:
        for slug, name in NAMES.items():
            a_sluice(session, slug, name=name)
        stops = [("krokom", first), ("berg", None), ("are", first + timedelta(days=2)), ("ragunda", None)]
        tour = plan_tour.create_tour(session, BOSS, "krokom", plan, stops, moment=moment)
        krokom, are, berg, ragunda = events.of_tour(session, tour)
        krokom.state, krokom.place = "published", "Kulturhuset"
        krokom.title = {"sv": "Kalas i Krokom", "en": "Party in Krokom"}
        are.place = "Stationen"
        questions = {}
        for stop, picked in ((berg, None), (ragunda, 0)):
            question = ask_host.ask_host(
                session,
                world.settings,
                BOSS,
                stop.slug,
                person={"name": "Kim Kontakt", "address": "kim@berg.example", "language": "sv"},
                proposals=plan["proposals"],
                note="",
                version=stop.version,
                moment=moment,
            )
            questions[stop.slug] = links.id_token(world.settings.signer, links.HOST, question.id)
            if picked is not None:
                ask_host.answer_host_question(
                    session, world.settings, question.id, picked=picked, counter=None, moment=moment
                )
        tour.plan = {**tour.plan, "values": {**tour.plan["values"], "capacity": 40, "title": {"sv": "Kalas"}}}
        full = an_event(session, slug="kreativa-byrakrater", capacity=3)
        full.place = "Rådhuset, stora salen med den långa trappan och hissen på baksidan"
        change_picture(session, full, PictureChange(PNG, {"sv": "En tavla"}), actor="anna", moment=moment)
        for number in range(2):
            a_guest(session, full, state="coming", answer="yes", party_size=2 - number)
        a_guest(session, full, state="waiting", answer="yes", arrival=9)
        a_guest(session, full)
        note_change(session, "event.place", actor="anna", moment=moment, event_id=full.id, before="A", after="Rådhuset")
        note_change(session, "event.asks_diet", actor="anna", moment=moment, event_id=full.id, before=False, after=True)
        cancelled = an_event(session, state="cancelled", cancelled_reason="Vi blev för få.", sluice_slug="berg")
        return {
            "tour": tour.slug,
            "full": full.slug,
            "cancelled": cancelled.slug,
            "draft": are.slug,
            "asked": berg.slug,
            "answered": ragunda.slug,
            "open link": questions[berg.slug],
            "answered link": questions[ragunda.slug],
        }


def pages(world: World) -> dict[str, Page]:
    """Every page of planning."""
    names = fill(world)
    boss = world.signed_in("administrator")
    full, tour = f"{START}{names['full']}", f"{START}turne/{names['tour']}"
    paths = {
        "list": START,
        "new": f"{START}ny",
        "published": f"{full}/?sparat=moved_told",
        "draft": f"{START}{names['draft']}/",
        "asked": f"{START}{names['asked']}/",
        "answered": f"{START}{names['answered']}/",
        "cancelled": f"{START}{names['cancelled']}/",
        "edit": f"{full}/redigera",
        "ask the host": f"{START}{names['draft']}/vard",
        "cancel": f"{full}/stall-in",
        "discard": f"{START}{names['draft']}/kasta",
        "history": f"{full}/historik",
        "tour": f"{tour}/",
        "tour new": f"{START}turne/ny",
        "plan": f"{tour}/redigera",
        "changes": f"{tour}/andra",
        "tour history": f"{tour}/historik",
        "remove": f"{tour}/stopp/{names['draft']}/ta-bort",
    }
    found = {name: Page(path, cookies=boss) for name, path in paths.items()}
    found |= {
        "list, empty": Page(START, cookies=world.signed_in("contact:harjedalen")),
        "edit, faults": Page(f"{full}/redigera", cookies=boss, prepare=emptied, needs_script=True),
        "edit, late": Page(f"{full}/redigera", cookies=boss, prepare=changed_meanwhile, needs_script=True),
        "host": Page(f"/svar/vard/{names['open link']}"),
        "host, nothing": Page(f"/svar/vard/{names['open link']}", prepare=chooses_nothing, needs_script=True),
        "host, answered": Page(f"/svar/vard/{names['answered link']}?sparat=ja"),
        "another's": Page(f"{full}/", cookies=world.signed_in("contact:berg"), status=404),
    }
    return found
