"""The public form in a real browser: proof of work, draft, files, and the frame on somebody else's site."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select, update

from services.intake.store.tables import Attachment, Idea, Sluice
from shared.web import antibot, proof
from tests.browser.pages import World

TITLE = "Elcyklar som hemtjänsten delar på"
TEXT = "Vi kör bil korta sträckor mellan brukarna."
SEND = "Skicka idén"


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    """A task that takes a moment, and nobody who is too fast."""
    monkeypatch.setattr(proof, "TRIES", (20, 30))
    monkeypatch.setattr(antibot, "SHORTEST", antibot.SHORTEST * 0)


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="sv-SE")
    faults: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    yield page
    context.close()
    assert faults == []


def fill(where) -> None:
    where.get_by_label("Idén i en mening").fill(TITLE)
    where.get_by_label("Berätta mer").fill(TEXT)
    where.get_by_label("E-postadress").fill("asa@krokom.example")
    where.get_by_role("checkbox", name="allmän handling").check()


def newest(world: World) -> Idea:
    with world.transaction() as session:
        return session.scalars(select(Idea).order_by(Idea.created_at.desc()).limit(1)).one()


def test_a_browser_solves_the_task_unseen_and_a_fault_is_told_in_place(tab: Page, world: World) -> None:
    tab.goto(f"{world.origin}/ide/krokom")
    tab.get_by_label("Idén i en mening").fill(TITLE)
    tab.get_by_role("button", name=SEND).click()

    summary = tab.locator(".ds-error-summary")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="Berätta lite mer om idén").click()
    expect(tab.get_by_label("Berätta mer")).to_be_focused()
    fill(tab)
    tab.get_by_role("button", name=SEND).click()
    tab.wait_for_url("**/tack/**")

    idea = newest(world)
    assert (idea.title, idea.held) == (TITLE, None)
    expect(tab.get_by_text(idea.reference, exact=True)).to_be_visible()
    tab.goto(f"{world.origin}/ide/krokom")
    expect(tab.get_by_label("Idén i en mening")).to_have_value("")


def test_without_javascript_the_form_is_whole_and_held_for_a_person(browser: Browser, world: World) -> None:
    context = browser.new_context(locale="sv-SE", java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{world.origin}/ide/krokom")
    tab.get_by_label("Idén i en mening").fill(TITLE)
    tab.get_by_role("button", name=SEND).click()
    expect(tab.get_by_label("Idén i en mening")).to_have_value(TITLE)
    fill(tab)
    tab.get_by_role("button", name=SEND).click()
    tab.wait_for_url("**/tack/**")

    assert newest(world).held == "form-no-proof"
    context.close()


def test_a_draft_survives_a_reload_and_can_be_thrown_away(tab: Page, world: World) -> None:
    tab.goto(f"{world.origin}/ide/berg")
    fill(tab)
    tab.get_by_label("invånare eller besökare").check()
    expect(tab.get_by_text("Utkast sparat i den här webbläsaren.")).to_be_visible()

    tab.reload()
    expect(tab.get_by_label("Berätta mer")).to_have_value(TEXT)
    expect(tab.get_by_label("invånare eller besökare")).to_be_checked()
    expect(tab.get_by_role("checkbox", name="allmän handling")).not_to_be_checked()
    tab.get_by_role("button", name="Släng utkastet").click()
    expect(tab.get_by_text("Utkastet är borta.")).to_be_visible()

    tab.reload()
    expect(tab.get_by_label("Berätta mer")).to_have_value("")
    assert tab.evaluate("Object.keys(localStorage)") == []


# The test server parses a broken-off upload and leaves its file to the collector; waitress hands over whole bodies only.
@pytest.mark.filterwarnings("ignore:Exception ignored in:pytest.PytestUnraisableExceptionWarning")
def test_files_are_chosen_removed_sent_with_progress_and_stopped(tab: Page, world: World, tmp_path: Path) -> None:
    names = ["karta.png", "stor.bin", "bort.txt"]
    for name in names:
        (tmp_path / name).write_bytes(
            b"\x89PNG\r\n\x1a\n" if name.endswith("png") else b"0" * (4_000_000 if "stor" in name else 9)
        )
    tab.goto(f"{world.origin}/ide/krokom")
    fill(tab)
    chooser = tab.locator("#files")
    chooser.set_input_files(tmp_path / "karta.png")
    chooser.set_input_files([tmp_path / "stor.bin", tmp_path / "bort.txt"])
    expect(tab.locator("#file-list li")).to_have_count(3)
    tab.get_by_role("button", name="Ta bort bort.txt").click()
    expect(tab.locator("#file-list li")).to_have_count(2)

    network = tab.context.new_cdp_session(tab)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
    network.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": 400_000})
    tab.get_by_role("button", name=SEND).click()
    expect(tab.get_by_role("progressbar")).to_be_visible()
    expect(tab.get_by_role("progressbar")).not_to_have_attribute("value", "0")
    tab.get_by_role("button", name="Avbryt").click()
    expect(tab.get_by_text("Du avbröt.")).to_be_visible()
    expect(tab.get_by_label("Berätta mer")).to_have_value(TEXT)

    gc.collect()
    network.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    tab.get_by_role("button", name=SEND).click()
    tab.wait_for_url("**/tack/**")
    with world.transaction() as session:
        ideas = session.scalars(select(Idea.id).where(Idea.title == TITLE, Idea.reference == newest(world).reference))
        kept = session.scalars(select(Attachment.name).where(Attachment.idea_id == ideas.one())).all()
    assert sorted(kept) == ["karta.png", "stor.bin"]


HOST = """<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>Krokoms kommun</title><body><h1>Lämna en idé</h1>
<p id="way"><a href="{origin}/ide/krokom">Lämna en idé till Krokom</a></p>
<script src="{origin}/embed.js" data-sluice="krokom" async></script><p id="after">Slut</p>"""


FOREIGN = """<!doctype html><script>
for (let n = 0; n < 10; n++) parent.postMessage({idesluss: 1, height: 90 + n, title: "Fel"}, "*");
for (let n = 0; n < 10; n++) parent.frames[0].postMessage({idesluss: 1, hello: true}, "*");
setTimeout(() => parent.postMessage("said it all", "*"));
</script>"""


@pytest.fixture
def host(world: World, tmp_path: Path) -> Iterator[str]:
    """A municipality's own page: another host name, another port."""
    handler = type("Quiet", (SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *given: handler(*given, directory=str(tmp_path)))
    for lang in ("sv", "en"):
        (tmp_path / f"{lang}.html").write_text(HOST.format(lang=lang, origin=world.origin), encoding="utf-8")
    (tmp_path / "foreign.html").write_text(FOREIGN)
    address = f"http://localhost:{server.server_port}"
    with world.transaction() as session:
        session.execute(update(Sluice).where(Sluice.slug == "krokom").values(origins=[address]))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()


def height_of(tab: Page) -> int:
    return int(tab.evaluate("document.querySelector('iframe').getBoundingClientRect().height"))


def test_the_form_stands_whole_in_a_page_of_another_site(tab: Page, world: World, host: str) -> None:
    tab.context.clear_cookies()
    tab.goto(f"{host}/en.html")
    frame = tab.frame_locator("iframe >> nth=0")
    expect(frame.get_by_role("heading", name="What is your idea?")).to_be_visible()
    expect(tab.locator("#way")).to_be_hidden()
    tab.wait_for_function("document.querySelector('iframe').getBoundingClientRect().height > 1000")
    before = height_of(tab)
    assert tab.locator("iframe").get_attribute("title").startswith("What is your idea?")
    assert frame.locator("html").evaluate("one => one.scrollHeight - innerHeight") <= 0

    # Nobody but our own frame sizes anything, and nobody but the page around it is listened to there.
    tab.evaluate("for (let n = 0; n < 10; n++) window.postMessage({idesluss: 1, height: 50 + n, title: 'Fel'}, '*')")
    foreign = tab.evaluate_handle(
        """address => new Promise(done => {
            window.addEventListener("message", said => said.data === "said it all" && done());
            document.body.append(Object.assign(document.createElement("iframe"), {src: address}));
        })""",
        f"{host.replace('localhost', '127.0.0.1')}/foreign.html",
    )
    foreign.dispose()
    assert height_of(tab) == before
    assert tab.locator("iframe").first.get_attribute("title").startswith("What is your idea?")

    frame.get_by_label("The idea in one sentence").fill(TITLE)
    frame.get_by_label("Tell us more").fill(TEXT)
    frame.get_by_label("I want to be anonymous").check()
    expect(frame.get_by_label("Email address")).to_be_hidden()
    tab.wait_for_function(f"document.querySelector('iframe').getBoundingClientRect().height < {before - 50}")
    frame.get_by_role("checkbox", name="public record").check()
    frame.get_by_role("button", name="Send the idea").click()
    expect(frame.get_by_role("heading", name="We have your idea")).to_be_visible()
    assert frame.get_by_role("link", name="Follow the idea").get_attribute("target") == "_blank"
    idea = newest(world)
    assert (idea.held, idea.submitter_address, idea.language) == (None, None, "en")
    assert tab.context.cookies() == []


def test_a_site_that_is_not_listed_keeps_its_link_and_gets_no_frame(browser: Browser, host: str) -> None:
    tab = browser.new_page()
    tab.goto(f"{host.replace('localhost', '127.0.0.1')}/sv.html")
    tab.wait_for_function("document.querySelector('iframe') !== null")
    tab.wait_for_load_state("networkidle")

    expect(tab.get_by_role("link", name="Lämna en idé till Krokom")).to_be_visible()
    assert all("/embed/" not in frame.url for frame in tab.frames)
    tab.close()
