"""A mail's HTML as readable text, as lines that know where they came from, and as HTML safe to show.

Reading is one pass over ``markup.scan`` with a stack that never recurses, so that depth and size cost no more
than their length.
"""

from __future__ import annotations

import html as escaping
import re
from collections import Counter
from dataclasses import dataclass

import nh3

from services.intake.mail.words.lines import Line, Role, fold, show
from services.intake.mail.words.markup import End, Start, Text, scan
from services.intake.mail.words.wordlists import phrases, word_set

MAX_DEPTH_SHOWN = 20
"""Quote signs shown on one line at most."""
MAX_SAFE_DEPTH = 64
"""Levels of nesting kept in safe HTML; deeper tags are left out and their text stays."""
MAX_AMPERSANDS = 20_000
"""Ampersands in safe HTML; nh3 0.3.8 takes quadratic time for them (8 s for a million), so the rest are
written as the full-width sign."""
MAX_URL = 300
"""A longer address is a tracker's and is not written into the text."""

_VOID = word_set(
    """
    area base br col embed hr img input link meta param source track wbr
    """
)
_BLOCKS = word_set(
    """
    address article aside body center dd div dl dt fieldset figcaption figure footer form header html main
    nav section tbody thead tfoot tr caption details summary
    """
)
_SPACED = word_set(
    """
    blockquote h1 h2 h3 h4 h5 h6 ol p pre table ul
    """
)
_SILENT = word_set(
    """
    script style title xml head template select datalist
    """
)

_SIGNATURES = phrases(
    """
    gmail_signature | moz-signature | protonmail_signature_block | ms-outlook-mobile-signature |
    applemailsignature | composer_signature | bloop_sign | messagesignaturesection | tutanota_signature |
    zmail_signature | mailbirdsignature
    """
)
_SIGNATURE_IDS = frozenset(("signature", "x_signature", "divsignature", "mail-signature", "signature-id"))
_ATTRIBUTIONS = ("gmail_attr", "moz-cite-prefix", "reply-intro", "protonmail_attribution")
_BOUNDARIES = phrases(
    """
    divrplyfwdmsg | olk_src_body_section | mail-editor-reference-message-container | yahoo_quoted |
    messagereplysection | mail_android_quote | _origmsg_ | originalmessage | zmail_extra
    """
)
_QUOTES = (
    "gmail_quote",
    "protonmail_quote",
    "tutanota_quote",
    "yahoo_quote",
    "front-blockquote",
    "moz-quote",
    "reply-quote",
)
_TOP_BORDER = re.compile(r"border-top:\s?solid #(?:e1e1e1|b5c4df|b5c4d0|cccccc|c0c0c0) 1(?:\.0)?pt", re.IGNORECASE)
_HIDDEN = re.compile(
    r"(?i)display\s?:\s?none|mso-hide\s?:\s?all|visibility\s?:\s?hidden|max-height\s?:\s?0(?:px|pt)?\s?(?:;|$|!)"
    r"|(?<![\w-])opacity\s?:\s?0(?:\.0)?\s?(?:;|$)|font-size\s?:\s?0(?:px|pt)?\s?(?:;|$)"
)
_NO_MARGIN = re.compile(r"(?i)margin(?:-top|-bottom)?\s?:\s?0(?:px|cm|in|pt|em)?(?![\d.])")
_BLANKS = re.compile(r"[ \t\r\n\f]+")


def to_text(html: str) -> str:
    """The readable text of HTML: paragraphs, lists, tables; links as ``text (url)`` where the text is not the url.

    Quotes carry ``>``. Scripts, styles and hidden elements are left out. Never raises.
    """
    return show(to_lines(html))


def to_lines(html: str) -> list[Line]:
    """The same text as lines that know how deep they are quoted and which client mark-up they stood in."""
    writer = _Writer()
    for token in scan(html):
        if isinstance(token, Text):
            writer.text(token.text)
        elif isinstance(token, Start):
            writer.start(token)
        else:
            writer.end(token.name)
    writer.finish()
    return writer.lines


@dataclass(slots=True)
class _Element:
    name: str
    quote: bool = False
    indent: bool = False
    hidden: bool = False
    pre: bool = False
    role: Role | None = None
    spaced: bool = False
    href: str = ""
    words: list[str] | None = None
    count: int = 0


class _Writer:
    """Turns tags and text into lines; everything that is open is in ``_stack`` and counted beside it."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._stack: list[_Element] = []
        self._open: Counter[str] = Counter()
        self._quotes = self._indents = self._hidden = self._pre = self._lists = 0
        self._roles: list[Role] = []
        self._link: _Element | None = None
        self._current: list[str] = []
        self._mark: tuple[int, Role | None, bool] = (0, None, False)
        self._prefix = ""
        self._gap = False

    def start(self, tag: Start) -> None:
        name = tag.name
        if name == "br":
            self._new_line()
        elif name == "hr":
            self._break(spaced=False)
            self._write("---")
            self._break(spaced=False)
        elif name == "img":
            alt = tag.attributes.get("alt", "")
            if 0 < len(alt) <= 8 and not alt.isascii():
                self.text(alt)
        if name in _VOID:
            return
        if name == "p" and self._open["p"] and self._stack and self._stack[-1].name == "p":
            self.end("p")
        if name == "li" and self._stack and self._stack[-1].name == "li":
            self.end("li")
        element = _element(tag)
        self._before(element, tag)
        self._stack.append(element)
        self._open[name] += 1
        self._count(element, 1)

    def end(self, name: str) -> None:
        if name == "p" and not self._open["p"]:
            self._break(spaced=True)
        if not self._open[name]:
            return
        while self._stack:
            element = self._stack.pop()
            self._open[element.name] -= 1
            self._after(element)
            if element.name == name:
                return

    def text(self, text: str) -> None:
        if self._hidden or not text:
            return
        if self._pre:
            first, *rest = text.replace("\r\n", "\n").split("\n")
            self._write(first)
            for line in rest:
                self._new_line()
                self._write(line)
            return
        text = _BLANKS.sub(" ", text)
        if text[0] == " " and (not self._current or self._current[-1].endswith((" ", "\t"))):
            text = text[1:]
        if text:
            self._write(text)

    def finish(self) -> None:
        while self._stack:
            self.end(self._stack[-1].name)
        self._break(spaced=False)

    def _before(self, element: _Element, tag: Start) -> None:
        name = element.name
        if name in _BLOCKS:
            self._break(spaced=False)
        elif name in _SPACED:
            self._break(spaced=element.spaced and not (self._open["li"] and not element.quote))
        elif name == "li":
            self._break(spaced=False)
            self._prefix = "  " * min(max(0, self._lists - 1), 8) + self._bullet()
        elif name in ("td", "th") and self._current and not self._current[-1].endswith("\t"):
            self._current.append("\t")
        if name == "ol":
            start = tag.attributes.get("start", "")
            element.count = int(start) - 1 if start.isdecimal() and len(start) < 6 else 0

    def _bullet(self) -> str:
        for element in reversed(self._stack[-8:]):
            if element.name == "ol":
                element.count += 1
                return f"{element.count}. "
            if element.name == "ul":
                break
        return "- "

    def _after(self, element: _Element) -> None:
        if element.words is not None:
            if self._link is element:
                self._link = None
            self._write_url(element)
        if element.name in _BLOCKS or element.name == "li":
            self._break(spaced=False)
        elif element.name in _SPACED:
            self._break(spaced=element.spaced and not (self._open["li"] and not element.quote))
        self._count(element, -1)

    def _count(self, element: _Element, by: int) -> None:
        self._quotes += by * element.quote
        self._indents += by * element.indent
        self._hidden += by * element.hidden
        self._pre += by * element.pre
        self._lists += by * (element.name in ("ul", "ol"))
        if element.role and by > 0:
            self._roles.append(element.role)
        elif element.role:
            self._roles.pop()
        if element.words is not None and by > 0:
            self._link = element

    def _write_url(self, link: _Element) -> None:
        words, href = fold("".join(link.words or ())), link.href
        if not words or self._hidden or len(href) > MAX_URL:
            return
        if href.startswith("mailto:"):
            href = href[7:].split("?", 1)[0]
            if href and "@" not in words:
                self._write(f" ({href})")
        elif href.startswith(("http://", "https://")) and _bare_url(href) != _bare_url(words):
            self._write(f" ({href})")

    def _write(self, text: str) -> None:
        if not text:
            return
        if not self._current:
            self._mark = (self._quotes, self._roles[-1] if self._roles else None, self._indents > 0)
            if self._prefix and text.strip():
                self._current.append(self._prefix)
                self._prefix = ""
        self._current.append(text)
        if self._link and self._link.words is not None:
            self._link.words.append(text)

    def _break(self, *, spaced: bool) -> None:
        """End the line that is being written, if any; ``spaced`` asks for a blank line before the next."""
        if self._current:
            self._flush()
        self._gap = self._gap or spaced

    def _new_line(self) -> None:
        if self._hidden:
            return
        if self._current:
            self._flush()
        else:
            self._mark = (self._quotes, self._roles[-1] if self._roles else None, self._indents > 0)
            self._emit("")

    def _flush(self) -> None:
        text = "".join(self._current).replace("\u00a0", " ").rstrip()
        self._current.clear()
        if not text.strip() and self._gap and self.lines and self.lines[-1].blank:
            return
        self._emit(text)

    def _emit(self, text: str) -> None:
        quotes, role, indented = self._mark
        if self._gap and self.lines and not self.lines[-1].blank and text.strip():
            between = min(quotes, self.lines[-1].depth)
            self.lines.append(Line(_quoted("", between), "", between, None, indented))
        self._gap = False
        self.lines.append(Line(_quoted(text, quotes), fold(text), quotes, role, indented))


def _quoted(text: str, depth: int) -> str:
    if not depth:
        return text
    return f"{'>' * min(depth, MAX_DEPTH_SHOWN)} {text}".rstrip()


def _element(tag: Start) -> _Element:
    """What a start tag means for the lines inside it."""
    attributes = tag.attributes
    style = attributes.get("style", "")
    marks = f"{attributes.get('class', '')} {attributes.get('id', '')} {attributes.get('name', '')}".casefold()
    element = _Element(tag.name)
    element.hidden = tag.name in _SILENT or "hidden" in attributes or bool(style and _HIDDEN.search(style))
    if tag.name in ("body", "html"):
        element.hidden = False
    element.pre = tag.name in ("pre", "textarea") or "white-space:pre" in style.replace(" ", "")
    if tag.name == "blockquote":
        cited = attributes.get("type", "").casefold() == "cite" or attributes.get("cite", "").startswith("mid:")
        element.quote = cited or any(mark in marks for mark in _QUOTES)
        element.indent = not element.quote
    elif tag.name == "div" and attributes.get("name") == "quote":
        element.quote = True
    if marks.strip():
        element.role = _role(marks, attributes.get("id", "").casefold())
    if style and element.role is None and _TOP_BORDER.search(style):
        element.role = Role.BOUNDARY
    element.spaced = tag.name in _SPACED and not (
        tag.name == "p" and ("msonormal" in marks or bool(style and _NO_MARGIN.search(style)))
    )
    if tag.name == "a":
        element.href, element.words = attributes.get("href", "").strip(), []
    return element


def _role(marks: str, identity: str) -> Role | None:
    if any(mark in marks for mark in _SIGNATURES) or identity in _SIGNATURE_IDS:
        return Role.SIGNATURE
    if any(mark in marks for mark in _ATTRIBUTIONS):
        return Role.ATTRIBUTION
    if any(mark in marks for mark in _BOUNDARIES):
        return Role.BOUNDARY
    return Role.FORWARD if "moz-forward-container" in marks else None


def _bare_url(url: str) -> str:
    url = url.strip("<>() ").casefold()
    for start in ("https://", "http://", "www."):
        url = url.removeprefix(start)
    return url.rstrip("/")


_SAFE_TAGS = word_set(
    """
    a abbr b blockquote br caption code dd del div dl dt em h1 h2 h3 h4 h5 h6 hr i img ins li ol p pre s
    small span strong sub sup table tbody td tfoot th thead tr u ul
    """
)
_SAFE_ATTRIBUTES = {
    "*": {"lang", "dir"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_SAFE_SCHEMES = {"http", "https", "mailto", "tel", "cid"}


def safe(html: str) -> str:
    """HTML that may be shown in a sandboxed frame: text and structure, no style, script, form, svg or math.

    Images only from the mail itself (``cid:``), so that showing a mail tells its sender nothing. Links open
    without opener or referrer. Written anew from ``markup.scan`` with bounded depth, then cleaned by nh3:
    the first keeps hostile shapes from the second, the second is the judge of what is safe.
    """
    return nh3.clean(
        _bounded(html),
        tags=set(_SAFE_TAGS),
        attributes={name: set(kept) for name, kept in _SAFE_ATTRIBUTES.items()},
        attribute_filter=_safe_attribute,
        url_schemes=_SAFE_SCHEMES,
        link_rel="noopener noreferrer nofollow",
        strip_comments=True,
    )


def _safe_attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "img" and name == "src":
        return value if value.casefold().startswith("cid:") else None
    if tag == "a" and name == "href":
        return value if value.casefold().strip().startswith(("http:", "https:", "mailto:", "tel:")) else None
    return value


def _bounded(html: str) -> str:
    """The allowed tags and all visible text again, nested no deeper than ``MAX_SAFE_DEPTH``."""
    out: list[str] = []
    stack: list[tuple[str, bool, bool]] = []
    opened: Counter[str] = Counter()
    hidden = ampersands = 0
    for token in scan(html):
        if isinstance(token, Text):
            if not hidden:
                text = token.text.replace("\0", "")
                ampersands += text.count("&")
                if ampersands > MAX_AMPERSANDS:
                    text = text.replace("&", "＆")
                out.append(escaping.escape(text, quote=False))
        elif isinstance(token, Start):
            concealed = _element(token).hidden
            written = token.name in _SAFE_TAGS and not (hidden or concealed) and len(stack) < MAX_SAFE_DEPTH
            if written:
                out.append(_tag(token))
            if token.name not in _VOID:
                hidden += concealed
                stack.append((token.name, written, concealed))
                opened[token.name] += 1
        elif isinstance(token, End) and opened[token.name]:
            name = ""
            while name != token.name:
                name, written, concealed = stack.pop()
                opened[name] -= 1
                hidden -= concealed
                if written:
                    out.append(f"</{name}>")
    return "".join(out)


def _tag(token: Start) -> str:
    kept = _SAFE_ATTRIBUTES["*"] | _SAFE_ATTRIBUTES.get(token.name, set())
    attributes = "".join(
        f' {name}="{escaping.escape(value)}"' for name, value in token.attributes.items() if name in kept
    )
    return f"<{token.name}{attributes}>"
