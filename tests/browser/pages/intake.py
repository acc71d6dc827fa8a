"""What submitters and contacts see of ideas, in every state, and what nobody needs to sign in for."""

from __future__ import annotations

from email.message import EmailMessage
from uuid import UUID

from services.intake.domain.idea import SubmitterKind
from services.intake.store.tables import Idea
from services.intake.usecases import answer
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import Addition, add_to_idea, note
from services.notify.mailbox.store import MailStore
from shared.clock import now
from shared.db import Role
from shared.web import links
from tests.browser.contact_ideas import contact_pages
from tests.browser.pages import Page, World
from tests.support.ideas import a_draft, a_file, an_idea

LONG = "Elcyklar som hemtjänsten i Nälden, Föllinge och Offerdal delar på under vinterhalvåret " * 2
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2
WORDS = "Hej! Vi har pratat med tre grupper och alla vill vara med.\n\nNu räknar vi på tre cyklar med vinterdäck."


def pages(world: World) -> dict[str, Page]:
    """Ideas in every state."""
    settings, announcer = world.settings, Announcer(world.settings)
    with world.transaction() as session:
        krokom = world.sluice(session)
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
            "front": Page("/"),
            "follow, new": Page(links.follow_url(settings, new.reference)),
            "follow, answered and long": Page(links.follow_url(settings, long.reference)),
            "follow, closed": Page(links.follow_url(settings, closed.reference)),
            "follow, wrong link": Page(f"/i/{new.reference}?t=wrong", status=404),
            "confirm": Page(links.confirm_answer_url(settings, waiting.id)),
            "confirm, done": Page(links.confirm_answer_url(settings, given.id)),
            "confirm, wrong link": Page("/kontakt/bekrafta/wrong", status=404),
            **contact_pages(session, settings, krokom, words=WORDS, unbroken=UNBROKEN),
            "docs": Page("/api/intake/docs"),
            "mailbox": Page("/mailbox/"),
            "mailbox, a mail": Page(f"/mailbox/{_caught(world)}"),
            "missing": Page("/nowhere", status=404),
        }


def _caught(world: World) -> UUID:
    """A mail in the mailbox, with a page of its own and a link in its text."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "ide@krokom.example", "asa@krokom.example", LONG
    mail.set_content(f"{WORDS}\n\n  {world.origin}/i/KRO-2026-0001?t={UNBROKEN}\n")
    mail.add_alternative(f"<html lang=sv><head><title>Svar</title></head><body><p>{WORDS}</p></body></html>", "html")
    store = MailStore(world.database(Role.MAILBOX))
    return store.keep("studs@krokom.example", ["asa@krokom.example"], mail.as_bytes())


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
