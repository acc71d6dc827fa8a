"""Looking at one page as everybody must be able to: what is wrong with it, in words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Request, Response
from playwright.sync_api import Error as PlaywrightError

from shared.i18n import SOURCE
from tests.browser.pages import Page, World

CHECKS = (Path(__file__).parent / "checks.js").read_text()
SCREENS = Path(__file__).parents[2] / "screens"
WHOLE = "IDESLUSS_SCREENS" in os.environ
"""True in `make pages`: each page in all languages and with all rules at both widths; `make test` takes turns."""
PHONE, SMALL, DESKTOP = 390, 320, 1280
MOST_TABS = 12
PATIENCE = 10_000
"""Milliseconds until a page counts as broken."""
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")

_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Frames are pages of their own; a mail's frame runs no script, and axe would wait for its answer.
_EVERYTHING = {
    "runOnly": {"type": "tag", "values": _TAGS},
    "resultTypes": ["violations"],
    "iframes": False,
    "preload": False,
}
# All that the colour scheme can change.
_COLOURS = _EVERYTHING | {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
_RUN = """async (options) => (await axe.run(document, options)).violations.flatMap(({id, nodes}) =>
  nodes.map(({target, any, all, none}) =>
    `${id}: ${target.join(" ")} (${[...any, ...all, ...none].map(check => check.message).join("; ").slice(0, 200)})`))"""
# All unfolded, drawn in its own fonts and in its place.
_OPENED = """async () => {
  document.querySelectorAll("details").forEach((one) => (one.open = true));
  await document.fonts.ready;
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  return document.documentElement.getAttribute("lang");
}"""
_WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Where the Tab key stops: of radio buttons of one name once.
_STOPS = """() => new Set([...document.querySelectorAll("a[href],button,textarea,select,summary,input,[tabindex='0']")]
  .filter(one => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.tabIndex >= 0)
  .map(one => one.type === "radio" ? `${one.form?.id}|${one.name}` : one)).size"""
_FOCUSED = """() => {
  const here = document.activeElement;
  if (here.tagName === "BODY") return "focus fell out of the page";
  if (here.tagName === "IFRAME" || here.className.includes?.("skip")) return "";
  const drawn = (element) => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    return (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2) || boxShadow !== "none";
  };
  // Designsystemet draws the focus of a choice around the whole field, and of files around their drop zone.
  const around = ["radio", "checkbox", "file"].includes(here.type) && here.closest(".ds-field,.ds-file-upload,label");
  return drawn(here) || (around && drawn(around)) ? "" : `focus is not seen: ${here.outerHTML.slice(0, 80)}`;
}"""


class Look:
    """One tab of a browser, and what is wrong with the page that is in it."""

    def __init__(self, context: BrowserContext, world: World) -> None:
        self.context, self.faults = context, list[str]()
        self.page = Page("/")
        self._origin = world.origin
        self._width, self._scheme = 0, ""
        self.tab = context.new_page()
        self.tab.set_default_timeout(PATIENCE)
        self.tab.add_init_script(AXE_SCRIPT)
        self.tab.on("console", self._hear)
        self.tab.on("pageerror", lambda error: self.faults.append(f"script fault: {error}"))
        self.tab.on("request", self._asked)
        self.tab.on("response", self._answered)
        self.tab.on("dialog", lambda dialog: dialog.accept())  # "leave without saving?"

    def load(self, page: Page, language: str) -> None:
        """Go to a page as nobody who was here before, on a phone, in the light."""
        self._forget()
        self.page, self.faults = page, []
        self.show(PHONE, "light")
        self.context.add_cookies([dict(cookie) for cookie in page.cookies])  # type: ignore[misc] # its own TypedDict
        url, hash_, anchor = (page.url if "://" in page.url else self._origin + page.url).partition("#")
        if not re.search(r"[?&]lang=", url):
            url += f"{'&' if '?' in url else '?'}lang={language}"
        answer = self.tab.goto(url + hash_ + anchor)
        if answer is None or answer.status != page.status:
            self.faults.append(f"status {answer and answer.status} instead of {page.status}")
        try:
            if page.prepare:
                page.prepare(self.tab)
        except PlaywrightError as error:
            self.faults.append(f"cannot be prepared: {error.message.splitlines()[0]}")

    def check(self, language: str) -> None:
        """Everything there is to check, at each width and in each colour scheme."""
        if (lang := self.tab.evaluate(_OPENED)) != language:
            self.faults.append(f"html lang is {lang}")
        for width, scheme, rules in (
            (PHONE, "light", _EVERYTHING),
            (PHONE, "dark", _COLOURS if WHOLE else None),
            (DESKTOP, "dark", _EVERYTHING if WHOLE else _COLOURS),
            (DESKTOP, "light", None),
        ):
            self.show(width, scheme)
            found = self.tab.evaluate(_RUN, rules) if rules else []
            self.keep(f"{width} {scheme}", found + self.tab.evaluate(CHECKS))
        self.keep(f"{DESKTOP} keys", self._walk())
        self.show(SMALL, "light")
        self.keep(f"{SMALL}", self.wider())
        self.show(2 * SMALL, "light")
        self.tab.evaluate("document.documentElement.style.fontSize = '200%'")
        self.keep("twice the text size", self.wider())

    def keep(self, where: str, faults: list[str]) -> None:
        """Keep faults, with where they were seen first."""
        known = {fault.partition(": ")[2] for fault in self.faults}
        new = [fault for fault in faults if fault not in known and not fault.startswith(self.page.excused or ("\0",))]
        self.faults += [f"{where}: {fault}" for fault in new]

    def show(self, width: int, scheme: Literal["light", "dark"]) -> None:
        """Change the window and the colour scheme."""
        if width != self._width:
            self.tab.set_viewport_size({"width": width, "height": 800})
        if scheme != self._scheme:
            self.tab.emulate_media(color_scheme=scheme)
        self._width, self._scheme = width, scheme

    def wider(self) -> list[str]:
        """A fault where the page must be moved sideways to be read."""
        wide = self.tab.evaluate(_WIDER)
        return [f"{wide} px wider than the window"] if wide > 0 else []

    def picture(self, file: Path) -> Path:
        """Save the whole page as it is shown now."""
        if self.tab.locator("iframe").count():
            # Chromium paints a frame only where it is in the window.
            height = self.tab.evaluate("document.documentElement.scrollHeight")
            self.tab.set_viewport_size({"width": self.tab.evaluate("innerWidth"), "height": height})
            self._width = 0
            self.tab.wait_for_load_state("networkidle")
        self.tab.screenshot(path=file, full_page=True)
        return file

    def _forget(self) -> None:
        if self.tab.url.startswith("http"):
            self.tab.evaluate("localStorage.clear(); sessionStorage.clear()")
            self.context.clear_cookies()

    def _walk(self) -> list[str]:
        faults = []
        for _ in range(min(self.tab.evaluate(_STOPS), MOST_TABS)):
            self.tab.keyboard.press("Tab")
            faults.append(self.tab.evaluate(_FOCUSED))
        return [fault for fault in faults if fault]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self._origin + "/", "data:", "blob:", "about:")):
            self.faults.append(f"asks a foreign host: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            self.faults.append(f"status {response.status}: {response.url}")


@contextmanager
def looking(browser: Browser, world: World, **how: object) -> Iterator[Look]:
    """A tab in a context of its own."""
    context = browser.new_context(locale="sv-SE", **how)
    try:
        yield Look(context, world)
    finally:
        context.close()


def faults_of(browser: Browser, world: World, pages: dict[str, Page], language: str) -> list[str]:
    """What is wrong with the pages, each fault with its page, where it was seen, the rule and the selector."""
    found = []
    with looking(browser, world) as look:
        for name, page in pages.items():
            found += [f"{name} [{language}] {fault}" for fault in faults_in(look, page, language)]
    return found


def faults_in(look: Look, page: Page, language: str) -> list[str]:
    """What is wrong with one page."""
    look.load(page, language)
    look.check(language)
    return look.faults


def faults_without_scripts(browser: Browser, world: World, pages: dict[str, Page]) -> list[str]:
    """Pages of which a part is missing where JavaScript is off."""
    found = []
    with looking(browser, world, java_script_enabled=False) as look:
        for name, page in pages.items():
            if not page.needs_script:
                look.load(page, SOURCE)
                missing = [each for each in ("h1", "main") if not look.tab.locator(each).first.is_visible()]
                look.keep("without scripts", [f"no {each} is seen" for each in missing] + look.wider())
                found += [f"{name} {fault}" for fault in look.faults]
    return found


def pictures(browser: Browser, world: World, pages: dict[str, Page], area: str) -> Iterator[Path]:
    """Save each page on a phone and a wide screen, in the light and the dark."""
    SCREENS.mkdir(exist_ok=True)
    with looking(browser, world) as look:
        for name, page in pages.items():
            look.load(page, SOURCE)
            for width in (PHONE, DESKTOP):
                for scheme in SCHEMES:
                    look.show(width, scheme)
                    file = f"{area}-{re.sub('[^a-z0-9]+', '-', name)}-{width}-{scheme}.png"
                    yield look.picture(SCREENS / file)
