"""From a kind of mail, a language and facts to subject, text and HTML.

One source says a mail once (``templates/<kind>/<language>.txt``, or a wording that somebody saved); both parts are
made from it. Facts are other people's words and never become template, mark or tag. A fact that a source names
and that is not there is an error, never an empty place in somebody's mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import Environment, StrictUndefined, Template

from services.notify.domain import markup, plain_text, template, wording
from services.notify.domain.kinds import Kind
from services.notify.domain.mail import Rendered
from services.notify.domain.markup import Run
from services.notify.domain.template import FillError
from services.notify.domain.variables import Say, values
from services.notify.domain.wording import Wording, WordingError
from services.notify.domain.words import cleaned, one_line
from shared import i18n
from shared.clock import STOCKHOLM
from shared.errors import IdeslussenError
from shared.i18n import Texts
from shared.mail import reasons

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"
TEXTS = (HERE / "texts" / "mails", reasons.TEXTS)
LAYOUT = TEMPLATES / "layout.html"


class RenderError(IdeslussenError):
    """A template and its facts do not fit together: our own fault."""


class Renderer:
    """Holds the sources of a folder, compiled. Thread-safe."""

    def __init__(self, folder: Path = TEMPLATES) -> None:
        self._texts = Texts.read(*TEXTS)
        self._layout = _layout()
        # Per instance, so that a test's folder and ours do not meet.
        self.built_in = cache(lambda kind, language: _read(folder / kind / f"{language}.txt"))

    def render(self, kind: Kind, language: str, facts: Mapping[str, Any], wording: Wording | None = None) -> Rendered:
        """Write one mail, in the built-in wording or in another.

        ``signature``, ``preferences_url`` and ``unsubscribe_url`` may be missing from the facts: older rows lack them.
        ``is_trial`` marks a mail that is sent to try a wording.

        :raises RenderError: a fact is missing, or the source is at fault.
        """
        try:
            return self._render(kind, language, facts, wording or self.built_in(kind, language))
        except (FillError, WordingError, OSError, KeyError, ValueError, TypeError) as error:
            raise RenderError(f"{kind}/{language}: {error}") from error

    def _render(self, kind: Kind, language: str, facts: Mapping[str, Any], source: Wording) -> Rendered:
        compiled = wording.compiled(kind, source)
        if compiled.faults:
            raise WordingError("; ".join(_told(fault) for fault in compiled.faults))
        say: Say = lambda key: self._texts.get(language, key)  # noqa: E731 - a name for its type
        day = _days(facts, language)
        known = values(kind, facts, say)
        subject = markup.plain(template.fill(compiled.subject, known, say, day))
        if facts.get("is_trial"):
            subject = f"{say('subject.trial')} {subject}"
        said = markup.document(template.fill(compiled.body, known, say, day))
        sluice = one_line(facts["sluice"]["name"])
        signature = [one_line(line) for line in cleaned(facts.get("signature") or sluice).strip().split("\n")]
        links = _links(facts, say)
        text = plain_text.set_text(said, signature, links)
        page = self._layout.render(
            language=language,
            subject=subject,
            sluice_name=sluice,
            reference=facts["idea"]["reference"] if facts.get("idea") else "",
            blocks=said.blocks,
            signature=signature,
            foot=said.foot,
            links=links,
        )
        return Rendered(subject, text, page)


def _read(path: Path) -> Wording:
    return wording.from_source(path.read_text(encoding="utf-8"))


def _told(fault: template.Fault) -> str:
    return f"{fault.where}, line {fault.line}: {fault.text_key} {' '.join(value for _, value in fault.facts)}".rstrip()


@cache
def _layout() -> Template:
    """The page with its styles written into its tags: once, before there is anything of anybody's in it."""
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False)
    environment = Environment(undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(inliner.inline(LAYOUT.read_text(encoding="utf-8")))


def _days(facts: Mapping[str, Any], language: str) -> template.WriteDay:
    """Days in words, with their year where that is not the idea's or the mail's: true whenever the mail is read."""
    created = (facts.get("idea") or {}).get("created_at") or facts.get("written_at")
    written = datetime.fromisoformat(created).astimezone(STOCKHOLM).date() if created else None

    def write(day: date) -> str:
        return i18n.day(day, language, today=written or day)

    return write


def _links(facts: Mapping[str, Any], say: Say) -> list[Run]:
    """What the foot offers: to choose which mails one gets, and to have no more of this sort."""
    offered = (("foot.preferences", "preferences_url"), ("foot.unsubscribe", "unsubscribe_url"))
    # Where the mail itself says how to have no more of its sort, a second way that ends more would only confuse.
    told = {"unsubscribe_url"} if facts.get("stop_url") else set()
    return [Run(say(key), url=facts[name]) for key, name in offered if facts.get(name) and name not in told]
