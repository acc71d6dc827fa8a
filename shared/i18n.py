"""Texts in several languages: one catalogue (``<language>.po``) per folder and language, read at the start.

A language is data: a new one is a new file beside sv.po, and nothing in the code. Texts are found by keys such as
``follow.what_now``; a key without a text raises, and a test holds every catalogue against the others and against
the keys that templates use. Dates are written out in words, in Swedish time.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from shared.clock import STOCKHOLM

SOURCE = "sv"
"""The language that always exists and is fallen back on."""

_DAY = {"sv": "EEEE d MMMM", "en": "EEEE d MMMM"}
"""A day as we say it: "tisdag 1 december". A language not named here uses its locale's full form."""


class MissingText(KeyError):
    """A key has no text in that language: a fault in our catalogues, found by the tests."""


@dataclass(frozen=True, slots=True)
class Texts:
    """All texts of one web app or mail sender, by language."""

    catalogues: Mapping[str, gettext.NullTranslations]

    @classmethod
    def read(cls, *folders: Path) -> Texts:
        """Read every ``<language>.po`` in the folders; a later folder adds to the earlier ones.

        :raises ValueError: a catalogue cannot be read, or two folders have a text for the same key.
        """
        found: dict[str, dict[str, Path]] = {}
        merged: dict[str, gettext.NullTranslations] = {}
        for folder in folders:
            for path in sorted(folder.glob("*.po")):
                keys, translations = _read(path)
                earlier = found.setdefault(path.stem, {})
                if doubled := earlier.keys() & keys:
                    raise ValueError(f"{path}: already in {earlier[min(doubled)]}: {', '.join(sorted(doubled))}")
                earlier.update(dict.fromkeys(keys, path))
                if path.stem in merged:
                    translations.add_fallback(merged[path.stem])
                merged[path.stem] = translations
        return cls(merged)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages there are texts in, Swedish first."""
        return tuple(sorted(self.catalogues, key=lambda language: (language != SOURCE, language)))

    def get(self, language: str, key: str, /, **facts: object) -> str:
        """The text for ``key`` with its ``%(name)s`` filled in from ``facts``.

        :raises MissingText: there is none in that language.
        """
        text = self.catalogues[language].gettext(key)
        if text == key:
            raise MissingText(f"{language}: {key}")
        return text % facts if facts else text

    def has(self, language: str, key: str) -> bool:
        """True where there is a text for ``key``: for codes that others may have made."""
        return self.catalogues[language].gettext(key) != key

    def form(self, language: str, key: str, number: int) -> str:
        """The text for ``key`` in the plural form that ``number`` takes, with nothing filled in yet.

        :raises MissingText: there is none in that language.
        """
        text = self.catalogues[language].ngettext(key, key, number)
        if text == key:
            raise MissingText(f"{language}: {key}")
        return text

    def count(self, language: str, key: str, number: int, /, **facts: object) -> str:
        """As ``form``, with ``%(number)s`` and the facts filled in."""
        return self.form(language, key, number) % {"number": number, **facts}


def _read(path: Path) -> tuple[frozenset[str], gettext.GNUTranslations]:
    keys, translations = _kept(path, path.stat().st_mtime_ns)
    return keys, copy(translations)  # each reader gives it other catalogues to fall back on


@cache
def _kept(path: Path, _changed: int) -> tuple[frozenset[str], gettext.GNUTranslations]:
    """A catalogue's keys and texts; several apps in one process read the same files."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem, abort_invalid=True)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    keys = {str(message.id[0] if isinstance(message.id, tuple) else message.id) for message in catalogue}
    compiled.seek(0)
    return frozenset(keys - {""}), gettext.GNUTranslations(compiled)


def day(moment: date | datetime, language: str, *, today: date | None = None) -> str:
    """A day in words: "tisdag 1 december", with its year where that is not this year's.

    A datetime is taken to Swedish time first.
    """
    there = _in_sweden(moment)
    locale = Locale.parse(language)
    words = format_date(there, _DAY.get(language, "full"), locale=locale)
    this_year = (today or datetime.now(STOCKHOLM).date()).year
    return words if there.year == this_year else f"{words} {there.year}"


def short_day(moment: date | datetime, language: str, *, today: date | None = None) -> str:
    """A day without its weekday: "3 november", with its year where that is not this year's."""
    there = _in_sweden(moment)
    words = format_date(there, "d MMMM", locale=Locale.parse(language))
    this_year = (today or datetime.now(STOCKHOLM).date()).year
    return words if there.year == this_year else f"{words} {there.year}"


def clock_time(moment: datetime, language: str) -> str:
    """The time of day in Sweden: "09.14" in Swedish, "09:14" in English."""
    pattern = "HH.mm" if language == "sv" else "HH:mm"
    return format_time(moment.astimezone(STOCKHOLM), pattern, locale=Locale.parse(language))


def _in_sweden(moment: date | datetime) -> date:
    return moment.astimezone(STOCKHOLM).date() if isinstance(moment, datetime) else moment
