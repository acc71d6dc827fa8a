"""What was changed in an event or a tour, before and after, as words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.rsvp.store.tables import Change
from services.rsvp.web.event_words import moment_words, when
from shared.i18n import Texts
from shared.web.language import spoken
from shared.words import one_line

LONGEST = 300
"""Signs of a text that stand in a history."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change."""

    at: datetime
    actor: str
    what: str
    """``event.capacity`` and the like: the key of its words, after ``organise.did.``."""
    before: Sequence[str]
    after: Sequence[str]


def steps(changes: Sequence[Change], zone: str) -> list[Step]:
    """Changes as words.

    :param zone: in which times are said.
    """
    return [
        Step(
            change.at,
            change.actor,
            change.what,
            words_of(change.what.partition(".")[2], change.before, zone),
            words_of(change.what.partition(".")[2], change.after, zone),
        )
        for change in changes
    ]


def words_of(name: str, value: Any, zone: str) -> list[str]:
    """A column's value as lines of words; none where there is nothing."""
    texts, language = spoken()
    if value is None or value in ("", [], {}):
        return []
    if isinstance(value, bool):
        key = f"organise.told.{name}.{'yes' if value else 'no'}"
        plain = "organise.yes" if value else "organise.no"
        return [texts.get(language, key if texts.has(language, key) else plain)]
    if isinstance(value, str | datetime) and name in ("starts_at", "ends_at", "reply_by"):
        return [moment_words(_moment(value), zone, language)]
    if isinstance(value, Mapping):
        return _mapping(value, zone, language, texts)
    if isinstance(value, Sequence) and not isinstance(value, str):
        if name == "clock":
            return ["–".join(map(str, value))]
        return [line for one in value for line in words_of(name, one, zone)]
    key = f"organise.told.{name}.{value}"
    return [texts.get(language, key) if texts.has(language, key) else one_line(str(value), LONGEST)]


def _mapping(value: Mapping[str, Any], zone: str, language: str, texts: Texts) -> list[str]:
    if "label" in value:  # a question
        return [next(iter(value["label"].values()), "")]
    if "address" in value:  # a contact
        return [", ".join(filter(None, (value.get("name"), value["address"], value.get("phone"))))]
    if value.get("starts_at"):  # a half-day
        half_day = when(_moment(value["starts_at"]), _moment(value["ends_at"]), zone, language)
        return [half_day, *filter(None, [value.get("text")])]
    if "day" in value:
        return [f"{value['day']} {value['starts']}–{value['ends']}"]
    if "text" in value:
        return [str(value["text"])]
    names = {code: texts.get(language, f"organise.language.{code}") for code in ("sv", "en")}
    return [f"{names.get(code, code)}: {one_line(str(text), LONGEST)}" for code, text in value.items() if text]


def _moment(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)
