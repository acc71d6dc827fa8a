"""The day: figures and lists, the door, the workshop, the wall, and the page on the telephones of those present."""

from __future__ import annotations

from datetime import timedelta

from services.rsvp.domain import door_code
from services.rsvp.store.day_tables import CaughtIdea
from shared.clock import now
from shared.db import Role
from shared.ids import new_id
from tests.browser.pages import Page, World
from tests.support.events import a_guest, an_event

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
FROM_THE_SUMMARY = ("focus fell out of the page",)
"""The walk by keyboard begins at the summary of faults, so that it ends below the page."""
THEMES = ["Hur får vi fler att cykla?", "Vård och omsorg", "Skola"]
IDEAS = [
    ("Elcyklar som hemtjänsten delar på, så slipper vi bilen korta sträckor.", THEMES[0]),
    ("Cykelpump vid varje busshållplats.", THEMES[0]),
    ("Låt biblioteket vara öppet utan personal på kvällarna. " * 6, ""),
    ("En gemensam lista över vem som kan vad.", THEMES[1]),
    (LONG * 2, THEMES[1]),
]


def pages(world: World) -> dict[str, Page]:
    with world.transaction(Role.RSVP) as session:
        event = an_event(session, slug="kreativa", themes=THEMES, workshop_open=True, workshop_code="abc123")
        empty = an_event(session, slug="tom", workshop_code="tom123", fika={})
        plain = an_event(session, slug="utan-teman", workshop_open=True, workshop_code="utan123")
        coming = {"state": "coming", "answer": "yes"}
        party = [{"name": "Örjan Lund", "diet": "gluten"}, {"name": LONG, "diet": ""}]
        asa = a_guest(
            session, event, name="Åsa Berg", organisation="Krokoms kommun", party_size=3, party=party, **coming
        )
        here = {"came": 2, "came_at": now()}
        a_guest(session, event, name="Bertil Ek", party_size=2, diet="vegetarian", **here, **coming)
        a_guest(session, event, name=LONG, organisation=LONG, diet="laktos och gluten, " + LONG, **coming)
        a_guest(session, event, name="Ulla Utan", source="walk-in", address=None, came=1, came_at=now(), **coming)
        nils = a_guest(session, event, name="Nils Nej", state="declined", answer="no")
        for number, (text, theme) in enumerate(IDEAS * 3):
            session.add(
                CaughtIdea(
                    id=new_id(),
                    event_id=event.id,
                    key=f"{number}",
                    title=text[:60],
                    text=text,
                    theme=theme,
                    language="sv",
                    reference=f"KRO-2026-00{number:02}" if number % 2 else None,
                    is_hidden=number == 6,
                    held="form-no-proof" if number == 7 else None,
                    at=now() - timedelta(minutes=number),
                )
            )
        slugs = event.slug, empty.slug, plain.slug
    codes = [door_code.code_of(world.settings.signer, guest.id) for guest in (asa, nils)]
    kim = world.signed_in("contact:krokom")
    full, bare, simple = (f"/kontakt/traffar/{slug}" for slug in slugs)
    return {
        "day": Page(f"{full}/dagen", kim),
        "day, nobody": Page(f"{bare}/dagen", kim),
        "attendance": Page(f"{full}/dagen/narvaro", kim),
        "kitchen": Page(f"{full}/dagen/koket", kim),
        "kitchen, names": Page(f"{full}/dagen/koket/namn", kim),
        "door": Page(f"{full}/dorren", kim),
        "door, nobody": Page(f"{bare}/dorren", kim),
        "door, faults": Page(f"{full}/dorren", kim, prepare=_without_name),
        "door, code": Page(f"{full}/dorren/{codes[0]}", kim),
        "door, code of somebody who said no": Page(f"{full}/dorren/{codes[1]}", kim),
        "door, no such code": Page(f"{full}/dorren/aaaaaaaa", kim, status=404),
        "workshop": Page(f"{full}/verkstad", kim),
        "workshop, closed and empty": Page(f"{bare}/verkstad", kim),
        "workshop, faults": Page(f"{simple}/verkstad", kim, prepare=_many_themes, excused=FROM_THE_SUMMARY),
        "sign": Page(f"{full}/verkstad/visa", kim),
        "wall": Page(f"{full}/vagg", kim),
        "wall, empty": Page(f"{simple}/vagg", kim),
        "catch": Page("/traffar/kreativa/ide/abc123"),
        "catch, sent": Page("/traffar/utan-teman/ide/utan123?skickad=1"),
        "catch, faults": Page("/traffar/kreativa/ide/abc123", prepare=_wrong_address, excused=FROM_THE_SUMMARY),
        "catch, closed": Page("/traffar/tom/ide/tom123"),
        "catch, no such code": Page("/traffar/tom/ide/annan", status=404),
    }


def _without_name(tab) -> None:
    tab.locator("#walk-in-form button").click()
    tab.wait_for_load_state()


def _many_themes(tab) -> None:
    tab.locator("#themes").fill("\n".join(f"Tema {number}" for number in range(13)))
    tab.locator("form:has(#themes) button").click()
    tab.wait_for_load_state()


def _wrong_address(tab) -> None:
    tab.locator("summary").click()
    tab.locator("#address").fill("ada@")
    tab.locator(".catch-form button").click()
    tab.locator(".ds-error-summary").wait_for()
