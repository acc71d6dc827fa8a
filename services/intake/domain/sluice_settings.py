"""What an administrator may set for a sluice, part by part: read from a form, or told beside the field what is off."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from services.intake.domain.accent import contrast, is_readable, nearest_readable, parse_accent
from services.intake.domain.fingerprint import fingerprint
from services.intake.domain.registry import FOR_NEW
from shared.mail.domains import ascii_domain
from shared.question_list import read_questions, write_questions

LONGEST_NAME = 100
LONGEST_TEXT = 5_000
MOST_DAYS = 250
MOST_LINES = 50
OPEN_TO = ("everybody", "staff")
COMMENTS = ("off", "held", "open")
TEXTS = ("intro", "consent", "after")

_CODE = re.compile(r"[A-Z]{2,8}\Z")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?\Z")
_DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]\Z")


class Part(StrEnum):
    """The parts, each a page and a form of its own."""

    NAME = "namn"
    RECEPTION = "mottagande"
    TEXTS = "texter"
    QUESTIONS = "fragor"
    COLOUR = "farg"
    WEB = "webb"


FIELDS: Mapping[Part, Sequence[str]] = {
    Part.NAME: ("name", "code", "language"),
    Part.RECEPTION: ("open_to", "staff_domains", "answer_days", "escalate_days", "registry_default"),
    Part.TEXTS: ("form_texts",),
    Part.QUESTIONS: ("questions",),
    Part.COLOUR: ("accent",),
    Part.WEB: ("origins", "board", "comments"),
}
"""Part → columns of a sluice."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field: the text's key and its facts."""

    key: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filled:
    """A form as read: values fit to keep, or faults by field."""

    values: Mapping[str, Any]
    faults: Mapping[str, Fault]


class _Reader:
    """Reads fields one by one and gathers their faults."""

    def __init__(self, form: Mapping[str, str], languages: Sequence[str]) -> None:
        self.form, self.languages = form, languages
        self.faults: dict[str, Fault] = {}

    def text(self, name: str) -> str:
        return self.form.get(name, "").replace("\r\n", "\n").strip()

    def fail(self, name: str, key: str, **facts: str) -> None:
        self.faults.setdefault(name, Fault(f"admin.fault.{key}", facts))

    def one_of(self, name: str, allowed: Sequence[str]) -> str:
        found = self.text(name)
        if found not in allowed:
            self.fail(name, "choose")
        return found

    def days(self, name: str, least: int) -> int:
        found = self.text(name)
        if not (found.isascii() and found.isdigit() and len(found) <= 4 and least <= int(found) <= MOST_DAYS):
            self.fail(name, "days", least=str(least), most=str(MOST_DAYS))
            return least
        return int(found)

    def lines(self, name: str, read: Callable[[str], str | None], key: str) -> list[str]:
        given = [line.strip() for line in re.split(r"[\n,]", self.text(name)) if line.strip()]
        if len(given) > MOST_LINES:
            self.fail(name, "many", most=str(MOST_LINES))
        found = []
        for line in given[:MOST_LINES]:
            one = read(line)
            if one is None:
                self.fail(name, key, given=line)
            else:
                found.append(one)
        return list(dict.fromkeys(found))

    def name(self) -> str:
        found = " ".join(self.text("name").split())
        if not found:
            self.fail("name", "name")
        elif len(found) > LONGEST_NAME:
            self.fail("name", "long", most=str(LONGEST_NAME))
        return found

    def code(self) -> str:
        found = self.text("code").upper()
        if not _CODE.match(found):
            self.fail("code", "code")
        return found

    def accent(self) -> str:
        found = parse_accent(self.text("proposal") or self.text("accent"))
        if found is None:
            self.fail("accent", "colour")
            return ""
        if not is_readable(found):
            ratio = str(contrast(found, "#ffffff"))
            self.fail("accent", "contrast", contrast=ratio, proposal=nearest_readable(found))
        return found

    def texts(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for language in self.languages:
            for name in TEXTS:
                words = self.text(f"{name}-{language}")
                if len(words) > LONGEST_TEXT:
                    self.fail(f"{name}-{language}", "long", most=str(LONGEST_TEXT))
                if words:
                    found.setdefault(language, {})[name] = words
        return found


def read_part(part: Part, form: Mapping[str, str], languages: Sequence[str]) -> Filled:
    """Read one part's form. ``languages`` are those that there are texts in."""
    reader = _Reader(form, languages)
    match part:
        case Part.NAME:
            values: dict[str, Any] = {
                "name": reader.name(),
                "code": reader.code(),
                "language": reader.one_of("language", languages),
            }
        case Part.RECEPTION:
            values = {
                "open_to": reader.one_of("open_to", OPEN_TO),
                "staff_domains": reader.lines("staff_domains", read_domain, "domain"),
                "answer_days": reader.days("answer_days", 1),
                "escalate_days": reader.days("escalate_days", 0),
                "registry_default": reader.one_of("registry_default", FOR_NEW),
            }
        case Part.TEXTS:
            values = {"form_texts": reader.texts()}
        case Part.QUESTIONS:
            questions, faults = read_questions(form, languages)
            values = {"questions": questions}
            for name, key in faults.items():
                reader.fail(name, f"question.{key}")
        case Part.COLOUR:
            values = {"accent": reader.accent()}
        case Part.WEB:
            values = {
                "origins": reader.lines("origins", read_origin, "origin"),
                "board": reader.text("board") == "yes",
                "comments": reader.one_of("comments", COMMENTS),
            }
    return Filled(values, reader.faults)


def read_new(form: Mapping[str, str], languages: Sequence[str]) -> Filled:
    """Read the form for a new sluice: what cannot be changed later, and where mail comes in."""
    reader = _Reader(form, languages)
    slug = reader.text("slug").lower()
    if not _SLUG.match(slug):
        reader.fail("slug", "slug")
    values = {
        "slug": slug,
        "name": reader.name(),
        "code": reader.code(),
        "language": reader.one_of("language", languages),
        "address": reader.text("address").lower(),
        "contact_name": " ".join(reader.text("contact_name").split())[:LONGEST_NAME],
        "contact_address": reader.text("contact_address").lower(),
    }
    if not values["contact_name"]:
        reader.fail("contact_name", "person_name")
    return Filled(values, reader.faults)


def write_part(part: Part, values: Mapping[str, Any], languages: Sequence[str]) -> dict[str, str]:
    """The form's fields as they stand where nothing is typed yet."""
    match part:
        case Part.TEXTS:
            texts = values["form_texts"]
            return {
                f"{name}-{language}": texts.get(language, {}).get(name, "") for language in languages for name in TEXTS
            }
        case Part.QUESTIONS:
            return write_questions(values["questions"], languages)
    return {name: _written(values[name]) for name in FIELDS[part]}


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return "\n".join(value) if isinstance(value, list | tuple) else str(value)


def state_of(values: Mapping[str, Any]) -> str:
    """A fingerprint of what somebody looked at, by which it is seen that another changed it meanwhile."""
    return fingerprint(json.dumps(values, sort_keys=True, ensure_ascii=False, default=list))


def read_domain(written: str) -> str | None:
    """A mail domain in ASCII, or None where it is none; ``@krokom.se`` is understood."""
    found = ascii_domain(written.strip().removeprefix("@").rstrip("."))
    return found if found and _DOMAIN.match(found) else None


def read_origin(written: str) -> str | None:
    """A site as a browser names it (RFC 6454 §6.2), or None where it is none: https, or http on this machine.

    A path is cut off: people copy addresses of pages.
    """
    try:
        parts = urlsplit(written if "://" in written else f"https://{written}")
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    is_local = host in ("localhost", "127.0.0.1")
    if parts.username or parts.scheme not in ("https", "http") or (parts.scheme == "http" and not is_local):
        return None
    domain = host if is_local else read_domain(host)
    if domain is None:
        return None
    usual = {"https": 443, "http": 80}[parts.scheme]
    return f"{parts.scheme}://{domain}{f':{port}' if port and port != usual else ''}"
