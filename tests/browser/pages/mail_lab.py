"""The mail lab, empty, with mails of every kind, and with faults; and the trails of stored mails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page as Tab

from tests.browser.pages import Page, World
from tests.support.ideas import a_file, a_mail, an_idea

FIXTURES = Path(__file__).parents[2] / "fixtures" / "mail"
CASES = [
    *("mime/smime-clear.eml", "reports/postfix-two-recipients.eml", "reports/ooo-exchange-sv.eml"),
    "mime/forwarded-as-attachment.eml",
]
FROM_THE_SUMMARY = ("focus fell out of the page",)
"""The walk by keyboard begins at the summary of faults, so that it ends below the page."""
READING = {
    "subject": "Elcyklar som hemtjänsten delar på",
    "sender": "Åsa Nilsdotter <asa@krokom.example>",
    "text": "Vi kör bil korta sträckor mellan brukarna i centrala Krokom.\n\nKöp tre elcyklar i stället.",
    "quoted": "Den 3 november skrev Karin:\n> Har du någon idé?",
    "signature": "Åsa Nilsdotter\nundersköterska",
    "language": "sv",
    "sender_check": {"spf": "pass", "dkim": "pass", "dmarc": "none", "source": "own check"},
}
REASONS = [
    "an idea: nothing shows that it is anything else",
    "2 lines set apart at 'Den 3 november skrev Karin:'",
    "confirmed: the sender is vouched for by DMARC",
]


def pages(world: World) -> dict[str, Page]:
    with world.transaction() as session:
        krokom = world.sluice(session)
        mail = a_mail(session, krokom, reading=READING, reasons=REASONS, vouched=True, tls="TLSv1.3")
        an_idea(session, world.settings, krokom, mail=mail, set_apart=READING["quoted"], held="spam", files=[a_file()])
        loose = a_mail(session, krokom, kind="automatic-reply", envelope_from="", message_id=None, reading=None)
        waiting = a_mail(session, krokom, read_at=None, kind=None, reasons=[], reading=None)
    boss = world.signed_in("administrator")
    contact = world.signed_in("contact:krokom", name="kontakt@krokom.example")
    lab = "/kontakt/brevlabb/"
    return {
        "lab": Page(lab, boss),
        "lab, mails read": Page(lab, boss, prepare=_dropping(_cases())),
        "lab, no mail": Page(lab, boss, prepare=_dropping([]), excused=FROM_THE_SUMMARY),
        "trail": Page(f"/kontakt/mejl/{mail.id}", contact),
        "trail, fault": Page(f"/kontakt/mejl/{mail.id}", contact, prepare=_without_reason),
        "trail, no idea": Page(f"/kontakt/mejl/{loose.id}", boss),
        "trail, not read": Page(f"/kontakt/mejl/{waiting.id}", boss),
        "trail, another's": Page(f"/kontakt/mejl/{mail.id}", world.signed_in("contact:berg"), status=404),
    }


def _cases() -> list[Path]:
    return [path for each in CASES if (path := FIXTURES / each).exists()] + sorted(
        (FIXTURES / "mime").glob("*cal*.eml")
    )[:1]


def _dropping(files: list[Path]) -> Callable[[Tab], None]:
    def drop(tab: Tab) -> None:
        tab.locator("#mail").set_input_files(files)
        tab.locator("main form button").first.click()
        tab.wait_for_load_state()
        if files:
            tab.locator(".case").first.wait_for()

    return drop


def _without_reason(tab: Tab) -> None:
    tab.locator("details:has(#split-reason) summary").click()
    tab.locator("#title").fill("Cykelparkering med tak")
    tab.locator("#text").fill("Det behövs också ett tak över cyklarna.")
    tab.locator("#split-reason").fill(" ")
    tab.locator("details:has(#split-reason) button").click()
    tab.wait_for_load_state()
