"""News: for everybody, by mail, and where it is written. Beside it the region's page while nothing has happened."""

from __future__ import annotations

from playwright.sync_api import Page as Tab

from services.intake.store.public_tables import News, NewsSubscriber
from services.intake.usecases import write_news
from services.intake.usecases.write_news import Written
from shared.clock import now
from shared.ids import new_id
from shared.viewer import Viewer
from shared.web import links
from tests.browser.pages import Page, World
from tests.browser.pages.board import LONG, MIDDLE, UNBROKEN

TEXT = f"Första stycket med en [länk](https://krokom.example/sida).\n\n## Rubrik\n\n- ett\n- {UNBROKEN}\n\nSlut."
BOSS = Viewer("anna@x.example", is_administrator=True)


def pages(world: World) -> dict[str, Page]:
    """Every page of news, in every state."""
    with world.transaction() as session:
        asks = NewsSubscriber(id=new_id(), address="a@x.example", asked_at=now())
        hears = NewsSubscriber(id=new_id(), address="b@x.example", asked_at=now(), confirmed_at=now())
        session.add_all([asks, hears])
        given = Written(title=LONG, text=TEXT, press_contact="Kim, press\n063-000 00 00", sluice="krokom")
        _, shown = (write_news.write(session, BOSS, given) for _ in range(2))
        write_news.publish(session, BOSS, shown)
        slug = session.get_one(News, shown).slug
    boss = world.signed_in("administrator")
    signed, desk = world.settings, "/kontakt/nyheter/"
    return {
        "front, nothing yet": Page("/"),
        "news": Page("/nyheter/"),
        "news, fault": Page("/nyheter/", prepare=_send, excused=MIDDLE),
        "post": Page(f"/nyheter/{slug}"),
        "subscription": Page(links.news_url(signed, asks.id)),
        "stop news": Page(links.stop_news_url(signed, hears.id)),
        "desk": Page(desk, cookies=boss),
        "write, fault": Page(f"{desk}ny", cookies=boss, prepare=_send, excused=MIDDLE),
        "published": Page(f"{desk}{shown}", cookies=boss),
        "edit": Page(f"{desk}{shown}/andra", cookies=boss),
    }


def _send(tab: Tab) -> None:
    """Send the page's form empty, and wait for what it says."""
    tab.locator("main form[method=post] button").first.click()
    tab.locator(".ds-error-summary").wait_for()
