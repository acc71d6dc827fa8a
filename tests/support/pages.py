"""What a page is made of, and words that would run if a page let them."""

from __future__ import annotations

from html.parser import HTMLParser

PAYLOADS = [
    "<script>fire()</script>",
    "<img src=x onerror=fire()>",
    '"><svg onload=fire()>',
    "'><iframe src=javascript:fire()>",
    "</title><script>fire()</script>",
    "</textarea><script>fire()</script>",
    "{{7*7}}{% set x = fire %}",
    "%(when)s %s",
    "<a href=javascript:fire()>x</a>",
    "\u202e<script>\u2066fire()",
]
_RUNS = {"script", "iframe", "object", "embed", "style"}
_LINKS = ("href", "src", "action")


class Elements(HTMLParser):
    """The tags of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    @property
    def can_run(self) -> bool:
        """True if anything in the page could run or style: our pages have no such element at all."""
        for tag, attributes in self.found:
            if tag in _RUNS or any(name.startswith("on") or name == "style" for name in attributes):
                return True
            if any((attributes.get(name) or "").lower().startswith("javascript") for name in _LINKS):
                return True
        return False
