"""Administration in the browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page as Tab

from services.intake.domain.sluice_settings import Part
from services.intake.usecases import administer_people, administer_sluice, administer_tokens
from tests.browser.pages import Page, World
from tests.support.ideas import an_idea

START, BOSS = "/kontakt/admin/", "admin@region.example"
LONG = "Kommunalförbundet för gemensam räddningstjänst och samhällsskydd i Jämtlands län"


def settle(tab: Tab) -> None:
    """Begin at the top of the page again."""
    tab.locator(".ds-skip-link").focus()
    tab.keyboard.press("Shift+Tab")


def filling(**fields: str) -> Callable[[Tab], None]:
    """Fill in fields by their ids and send the form."""

    def prepare(tab: Tab) -> None:
        for name, value in fields.items():
            tab.locator(f"#{name.replace('_', '-') if name.startswith('q') else name}").fill(value)
        tab.locator("main form button:not([data-variant])").first.click()
        tab.wait_for_selector(".ds-error-summary")
        settle(tab)

    return prepare


def changed_meanwhile(tab: Tab) -> None:
    """Send an old form."""
    tab.evaluate("document.querySelector('[name=state]').value = '0'.repeat(16)")
    tab.locator("#answer_days").fill("20")
    tab.locator("main form button:not([data-variant])").first.click()
    tab.wait_for_selector("main .alarm")
    settle(tab)


def issue(tab: Tab) -> None:
    """Have a token made."""
    tab.locator("#name").fill("e-tjanst-" + tab.evaluate("Math.random().toString(36).slice(2, 12)"))
    tab.locator("#scope-intake_write").check()
    tab.locator("main form button:not([data-variant])").first.click()
    tab.wait_for_selector("main .pane")


def fill(world: World) -> str:
    """Settings, people, tokens and a history; the id of a contact."""
    questions = [
        {
            "id": "q1",
            "kind": "choice",
            "required": True,
            "label": {"sv": "Vilken verksamhet gäller det?", "en": "Which service is it about?"},
            "help": {"sv": "Välj den som ligger närmast."},
            "options": {"sv": ["Skola", "Vård och omsorg"], "en": ["Schools", "Care"]},
        },
        {"id": "q2", "kind": "long", "required": False, "label": {"sv": "Har du provat?"}, "help": {}, "options": {}},
    ]
    parts = {
        Part.RECEPTION: {
            "open_to": "everybody",
            "staff_domains": ["krokom.se"],
            "answer_days": 15,
            "escalate_days": 3,
            "registry_default": "none",
        },
        Part.TEXTS: {"form_texts": {"sv": {"intro": "Vi vill gärna ha idéer om vardagen i omsorgen."}}},
        Part.QUESTIONS: {"questions": questions},
        Part.WEB: {"origins": ["https://www.krokom.se"], "board": True, "comments": "held"},
        Part.COLOUR: {"accent": "#9b1b30"},
    }
    with world.transaction() as session:
        for part, values in parts.items():
            state = administer_sluice.look_at_part(session, "krokom", part).state
            administer_sluice.change_part(session, BOSS, "krokom", part, values, state)
        an_idea(session, world.settings, world.sluice(session))
        for name, address, role in (
            ("Kim Lång", "kim@krokom.example", "contact"),
            (LONG, "lang@region.example", "coach"),
        ):
            person = administer_people.PersonValues(name, address, "sv", role)
            administer_people.add_person(session, BOSS, "krokom", person)
        for name in ("diariet", "e-tjanster"):
            administer_tokens.issue_token(
                session, world.settings, BOSS, name=name, scopes=["intake:read", "intake:write"]
            )
        administer_tokens.revoke_token(session, BOSS, "diariet")
        return str(world.sluice(session).contacts[0].id)


def pages(world: World) -> dict[str, Page]:
    """Every page of administration, filled, empty and with faults."""
    person = fill(world)
    boss = world.signed_in("administrator", name=BOSS)
    krokom = f"{START}sluss/krokom"
    paths = {
        "start": START,
        "sluice, saved": f"{krokom}?sparat=changed",
        **{part.name.lower(): f"{krokom}/{part}" for part in (Part.NAME, Part.TEXTS, Part.WEB)},
        "addresses": f"{krokom}/adresser",
        "people": f"{krokom}/personer",
        "person": f"{krokom}/personer/{person}",
        "administrators": f"{START}administratorer",
        "history": f"{START}historik",
    }
    found = {name: Page(path, cookies=boss) for name, path in paths.items()}
    faulty = {
        "colour, fault": (f"{krokom}/{Part.COLOUR}", filling(accent="#f5a524")),
        "new, faults": (f"{START}ny", filling(name="", slug="Å")),
        "questions, fault": (f"{krokom}/{Part.QUESTIONS}", filling(q0_label_sv="", q0_label_en="")),
        "reception, late": (f"{krokom}/{Part.RECEPTION}", changed_meanwhile),
        "tokens, fresh": (f"{START}nycklar", issue),
    }
    for name, (path, prepare) in faulty.items():
        found[name] = Page(path, cookies=boss, prepare=prepare, needs_script=True)
    found["not an administrator"] = Page(START, cookies=world.signed_in("contact:krokom"), status=403)
    return found
