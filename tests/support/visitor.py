"""Somebody with a browser that runs no scripts: looks at pages, fills in their forms as they stand, presses buttons."""

from __future__ import annotations

import html
import time
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import altcha
import requests


class Form(HTMLParser):
    """One form: where it goes, and what it would send if nobody touched it. Buttons are sent by whoever presses them."""

    def __init__(self, action: str, markup: str) -> None:
        super().__init__()
        self.action = action
        self.fields: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []
        self._textarea = self._select = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, value, kind = given.get("name", ""), given.get("value", ""), given.get("type", "text")
        if tag == "button":
            self.buttons.append((name, value))
        elif tag == "textarea":
            self._textarea = name
            self.fields[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and ("selected" in given or self._select not in self.fields):
            self.fields[self._select] = value
        elif tag == "input" and name and kind != "file" and (kind not in ("checkbox", "radio") or "checked" in given):
            self.fields[name] = value

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.fields[self._textarea] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # A line end right after the tag is none of the text (HTML's rule).
            self.fields[self._textarea] = self.fields[self._textarea].removeprefix("\n")
            self._textarea = ""


class Page:
    """What a visitor got to see."""

    def __init__(self, response: requests.Response) -> None:
        self.url, self.status, self.headers = response.url, response.status_code, response.headers
        self.markup = response.text
        self.text = html.unescape(response.text)
        self.fetched = time.monotonic()
        self.forms = _forms(response)

    def form(self, where: str) -> Form:
        """The one form whose address ends so, before its query."""
        found = [form for form in self.forms if urlsplit(form.action).path.endswith(where)]
        assert len(found) == 1, f"{len(found)} forms to {where!r} on {self.url}: {[each.action for each in self.forms]}"
        return found[0]


class Visitor:
    """A browser with cookies of its own."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.browser = requests.Session()

    def see(self, where: str) -> Page:
        """Open an address, whole or from the root."""
        return Page(self.browser.get(urljoin(self.base_url, where), timeout=15))

    def send(self, page: Page, where: str, press: Mapping[str, str] | None = None, **typed: Any) -> Page:
        """Fill in the form that goes there and press its button; the page that comes of it."""
        form = page.form(where)
        return self.post(form.action, form.fields | typed | dict(press or {}))

    def post(self, where: str, fields: Mapping[str, Any]) -> Page:
        """Send those fields."""
        return Page(self.browser.post(urljoin(self.base_url, where), data=fields, timeout=15))

    def solve(self, form: str, at: str = "/prov") -> str:
        """A form's proof of work, found as its script finds it; ``at`` is where its service gives tasks."""
        asked = self.browser.get(urljoin(self.base_url, at), params={"for": form}, timeout=15).json()
        task = altcha.Challenge.from_dict(asked)
        solution = altcha.solve_challenge(task)
        assert solution is not None
        return altcha.Payload(task, solution).to_base64()


class _Split(HTMLParser):
    """Cuts a page into its forms."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[str, list[str]]] = []
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "form":
            self.found.append((dict(attrs).get("action") or "", []))
            self._is_open = True
        self._keep(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self._keep(f"</{tag}>")
        self._is_open = self._is_open and tag != "form"

    def handle_data(self, data: str) -> None:
        self._keep(data)

    def handle_entityref(self, name: str) -> None:
        self._keep(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._keep(f"&#{name};")

    def _keep(self, markup: str) -> None:
        if self._is_open:
            self.found[-1][1].append(markup)


def _forms(response: requests.Response) -> list[Form]:
    split = _Split()
    split.feed(response.text)
    return [Form(urljoin(response.url, action), "".join(parts)) for action, parts in split.found]
