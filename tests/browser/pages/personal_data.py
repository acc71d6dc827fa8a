"""People's data in the browser: a request, how far it has come, and the file."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page as Tab

from services.intake.usecases import person_jobs
from services.intake.usecases.person_jobs import Asked
from shared.clock import now
from shared.contracts.people import ACCESS, ERASURE
from shared.contracts.registry import INTAKE, RSVP
from tests.browser.pages import Page, World

HERE, BOSS = "/kontakt/admin/personuppgifter", "admin@region.example"
REASON = "Begäran om registerutdrag, dnr KS 2026/1432, muntligen på medborgarkontoret"


def send_empty(tab: Tab) -> None:
    """Send the form with nothing in it."""
    tab.locator("main form button:not([data-variant])").first.click()
    tab.wait_for_selector(".ds-error-summary")
    tab.locator(".ds-skip-link").focus()
    tab.keyboard.press("Shift+Tab")


def look_up(tab: Tab) -> None:
    """Ask what was done for an address that nothing was done for."""
    tab.locator("#sought").fill("nagon@annan.example")
    tab.locator("main form button[data-variant=secondary]").click()
    tab.wait_for_selector("[role=status]")


def pages(world: World) -> dict[str, Page]:
    """The list, empty and filled, and a job in each of its states."""
    jobs = {}
    with world.transaction() as session:
        for number, (name, kind) in enumerate(
            (("runs", ACCESS), ("erases", ERASURE), ("done", ACCESS), ("erased", ERASURE), ("stopped", ACCESS))
        ):
            asked = Asked(kind, f"person{number}@invanare.example", REASON, "KS 2026/17" if name == "erased" else "")
            job = person_jobs.start(session, world.settings, BOSS, asked)
            jobs[name] = job.id
            person_jobs.part_done(session, job, INTAKE, counts={"idea": 2, "timeline_entry": 9})
            if name in ("done", "erased"):
                person_jobs.part_done(session, job, RSVP, counts={"guest": 1})
                person_jobs.part_done(session, job, "notify", counts={"notification": 7})
                person_jobs.finish(session, job, now() + timedelta(minutes=1), 12)
            elif name == "stopped":
                person_jobs.stop(session, job.id, BOSS)
        done = person_jobs.look(session, jobs["erased"]).job
        done.counts = done.counts | {"intake.kept_for_register": 1}
    boss = world.signed_in("administrator", name=BOSS)
    found = {name: Page(f"{HERE}/{identity}", cookies=boss) for name, identity in jobs.items()}
    return found | {
        "list": Page(HERE, cookies=boss),
        "faults": Page(HERE, cookies=boss, prepare=send_empty, needs_script=True),
        "nothing found": Page(HERE, cookies=boss, prepare=look_up, needs_script=True),
    }
