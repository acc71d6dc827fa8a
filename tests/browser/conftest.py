"""A real Chromium, and the whole origin on a port, with ideas in every state."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from idesluss import demo
from idesluss.front import create_front
from services.intake.domain.idea import SubmitterKind
from services.intake.store import sluices
from services.intake.store.tables import Idea
from services.intake.usecases import answer
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import Addition, add_to_idea, note
from shared.clock import now
from shared.db import Database, Role
from shared.settings import Settings
from shared.web import links
from tests.browser.contact_ideas import contact_pages
from tests.support import browser_setup
from tests.support.closing import databases_closed
from tests.support.ideas import a_draft, a_file, an_idea

LONG = "Elcyklar som hemtjänsten i Nälden, Föllinge och Offerdal delar på under vinterhalvåret " * 2
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
WORDS = "Hej! Vi har pratat med tre grupper och alla vill vara med.\n\nNu räknar vi på tre cyklar med vinterdäck."


FONT_BROKEN_OFF = (
    r"ignore:Exception ignored in. <_io.FileIO name='[^']*\.woff2':pytest.PytestUnraisableExceptionWarning"
)
"""Seen once: a browser left while the test server was sending it a font, whose file was then closed late."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(FONT_BROKEN_OFF))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = browser_setup.find()
    if path is None:
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(module_settings: Settings) -> Iterator[dict[str, str]]:
    """Every page's address by name, served as `idesluss web` serves them."""
    with databases_closed():
        server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        settings = replace(module_settings, http_port=server.port, base_url=f"http://127.0.0.1:{server.port}")
        server.app = create_front(settings)
        demo.seed(settings)
        pages = _fill(settings)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield pages
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _fill(settings: Settings) -> dict[str, str]:
    """Ideas in every state; returns each page's whole address by name."""
    announcer, base = Announcer(settings), settings.base_url
    with Database(settings, Role.INTAKE).transaction() as session:
        krokom = sluices.profile_by_slug(session, "krokom")
        new = an_idea(session, settings, krokom)
        text = f"{WORDS}\n{UNBROKEN}"
        long = an_idea(session, settings, krokom, title=LONG, text=text, kind=SubmitterKind.EMPLOYEE)
        add_to_idea(
            session,
            announcer,
            krokom,
            long,
            Addition(text=UNBROKEN, at=now(), author=UNBROKEN, author_kind="other", files=[a_file()] * 2),
        )
        given = a_draft(session, settings, krokom, long, WORDS)
        answer.confirm(session, announcer, given.id, given.text)
        waiting = a_draft(session, settings, krokom, new, WORDS)
        closed = an_idea(session, settings, krokom, title="Stäng av gatlyktorna", kind=SubmitterKind.CITIZEN)
        _close(session, closed)
        return {
            "front": f"{base}/",
            "follow, new": links.follow_url(settings, new.reference),
            "follow, answered and long": links.follow_url(settings, long.reference),
            "follow, closed": links.follow_url(settings, closed.reference),
            "follow, wrong link": f"{base}/i/{new.reference}?t=wrong",
            "confirm": links.confirm_answer_url(settings, waiting.id),
            "confirm, done": links.confirm_answer_url(settings, given.id),
            "confirm, wrong link": f"{base}/kontakt/bekrafta/wrong",
            **contact_pages(session, settings, krokom, words=WORDS, unbroken=UNBROKEN),
            "docs": f"{base}/api/intake/docs",
            "mailbox": f"{base}/mailbox/",
            "missing": f"{base}/nowhere",
        }


def _close(session, idea: Idea) -> None:
    idea.stage = "closed"
    note(
        session,
        idea,
        event="answered",
        at=now(),
        actor="Kontaktperson",
        actor_kind="contact",
        text="Vi går inte vidare med idén. Belysningen är redan nattsänkt.",
        facts={"from": "triage", "to": "closed"},
    )
