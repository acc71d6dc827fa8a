"""Every page of every area is for everybody: in each language, colour scheme and width, by keyboard and without scripts.

An area is a module of tests/browser/pages. One page with one fault fails, and the fault says page, place, rule, selector.
`make test` walks each page in one of the languages, by turns; `make pages` (IDESLUSS_SCREENS=1) walks each in all of
them, and saves it as pictures under screens/, to be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from zlib import crc32

import pytest
from playwright.sync_api import Browser

from shared.contracts.facts import LANGUAGES
from shared.settings import Settings
from tests.browser.look import WHOLE, faults_in, faults_of, faults_without_scripts, looking, pictures
from tests.browser.origin import origin
from tests.browser.pages import Page, World, areas, pages_of
from tests.support.database_pool import Pool
from tests.support.databases import settings_for


@dataclass(frozen=True, slots=True)
class Area:
    """An area's pages, served."""

    name: str
    world: World
    pages: dict[str, Page]


@pytest.fixture(scope="module", params=areas())
def area(request: pytest.FixtureRequest, database_pool: Pool, tmp_path_factory) -> Iterator[Area]:
    with database_pool.lend() as url, origin(settings_for(url, tmp_path_factory.mktemp(request.param))) as world:
        yield Area(request.param, world, pages_of(request.param, world))


def share(pages: dict[str, Page], language: str) -> dict[str, Page]:
    """The pages that are walked in that language: all, or those whose turn it is."""
    turns = len(LANGUAGES)
    mine = LANGUAGES.index(language)
    return {name: page for name, page in pages.items() if WHOLE or crc32(name.encode()) % turns == mine}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_for_everybody(browser: Browser, area: Area, language: str) -> None:
    faults = faults_of(browser, area.world, share(area.pages, language), language)
    assert not faults, "\n" + "\n".join(faults)


def test_every_page_says_the_same_without_scripts(browser: Browser, area: Area) -> None:
    faults = faults_without_scripts(browser, area.world, share(area.pages, LANGUAGES[-1]))
    assert not faults, "\n" + "\n".join(faults)


@pytest.mark.skipif(not WHOLE, reason="pictures are asked for by `make pages`")
def test_pictures_of_every_page(browser: Browser, area: Area) -> None:
    for file in pictures(browser, area.world, area.pages, area.name):
        assert file.stat().st_size > 5000, file


FAULTS = [
    ("<p style='color:#999'>pale</p>", "color-contrast: p"),
    ("<p style='color:#999'>pale</p>", "contrast 2."),
    ("<input id=bare>", "label: #bare"),
    ("<button></button>", "button-name: button"),
    ("<img src=''>", "image-alt: img"),
    ("<h3>deep</h3>", "heading-order: h3"),
    ("<a href=/ style='font-size:10px'>small</a>", "text of 10 px"),
    ("<div style='width:50rem'>wide</div>", "px wider"),
    ("<i id=x></i><i id=x></i>", "id twice: x"),
    ("<nav></nav>", "nav without a name"),
    ("<svg></svg>", "svg without a name"),
    ("<p aria-describedby=gone>a</p>", "points at nothing: gone"),
    ("<p style='margin:0'>a</p>", "inline style"),
    ("<button style='height:9px;padding:0'>low</button>", "too small to hit"),
    ("<h1>twice</h1>", "2 h1"),
    ("<header></header>", "not one header"),
    ("</main><main>", "landmark-no-duplicate-main"),
    ("<script>throw new Error('broken')</script>", "script fault: broken"),
    ("<script>console.error('loud')</script>", "console: loud"),
    ("<img alt='' src='http://127.0.0.2:9/x.png'>", "asks a foreign host: http://127.0.0.2:9/x.png"),
    ("<a href=/ style='outline:none'>unseen</a>", "focus is not seen"),
]
"""What is wrong in a page, and how its fault is told."""


def test_what_is_wrong_is_found(browser: Browser, module_settings: Settings) -> None:
    body = "".join(wrong for wrong, _ in FAULTS)
    html = f"<!doctype html><html lang=sv><title>a</title><header><h1>a</h1></header><main>{body}</main></html>"
    world = World(replace(module_settings, base_url="http://127.0.0.1:9"))
    with looking(browser, world) as look:
        look.tab.route(f"{world.origin}/**", lambda route: route.fulfill(body=html, content_type="text/html"))
        found = "\n".join(faults_in(look, Page("/", status=404), "en"))

    assert [
        told for _, told in [*FAULTS, ("", "status 200 instead of 404"), ("", "lang is sv")] if told not in found
    ] == []
