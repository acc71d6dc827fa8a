"""Reads a form's fields one by one into what they mean, and collects what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from services.rsvp.domain.fault import Fault
from services.rsvp.domain.local_time import FIRST, SECOND, moments, read_day, read_time
from shared.words import clean

URL_LIMIT = 2000


class Reader:
    """A form, and the faults found in it so far, by field; the first of a field stays."""

    def __init__(self, form: Mapping[str, str], languages: Sequence[str]) -> None:
        self.form = form
        self.languages = languages
        self.faults: dict[str, Fault] = {}

    def fail(self, name: str, key: str, **facts: str) -> None:
        """Say what is wrong in a field."""
        self.faults.setdefault(name, Fault(f"organise.fault.{key}", facts))

    def text(self, name: str, limit: int) -> str:
        """A text with LF line ends, without control signs and without blanks around it."""
        found = clean(self.form.get(name, "").replace("\r\n", "\n")).strip()
        if len(found) > limit:
            self.fail(name, "too_long", limit=str(limit))
        return found

    def line(self, name: str, limit: int) -> str:
        """A text on one line."""
        return " ".join(self.text(name, limit).split())

    def words(self, name: str, limit: int, *, one_line: bool = False, needed: bool = False) -> dict[str, str]:
        """A text in each chosen language; in the others it is not kept."""
        read = self.line if one_line else self.text
        found = {language: read(f"{name}-{language}", limit) for language in self.languages}
        for language, text in found.items():
            if needed and not text:
                self.fail(f"{name}-{language}", f"no_{name}")
        return {language: text for language, text in found.items() if text}

    def number(self, name: str, least: int, most: int, *, empty: int | None = None) -> int | None:
        """A whole number within bounds; ``empty`` where nothing is written."""
        written = "".join(self.form.get(name, "").split())
        if not written:
            return empty
        if not (written.isascii() and written.isdigit() and len(written) < 8 and least <= int(written) <= most):
            self.fail(name, "number", least=str(least), most=str(most))
            return empty
        return int(written)

    def rows(self, name: str, most: int) -> range:
        """The numbers of a form's rows, as its field ``<name>_count`` says it."""
        written = self.form.get(f"{name}_count", "")
        count = int(written) if written.isascii() and written.isdigit() and len(written) < 3 else 0
        return range(min(count, most))

    def yes(self, name: str) -> bool:
        """True where a box is ticked."""
        return self.form.get(name) == "yes"

    def one_of(self, name: str, allowed: Sequence[str]) -> str:
        """One of the values that may be chosen."""
        found = self.form.get(name, "")
        if found not in allowed:
            self.fail(name, "choose")
            return allowed[0]
        return found

    def url(self, name: str) -> str:
        """A web address, or nothing: only http and https, with a host, so that no link can run a script."""
        found = self.line(name, URL_LIMIT)
        if found and not is_web_address(found):
            self.fail(name, "url")
        return found

    def moment(self, name: str, zone: ZoneInfo, *, day: str = "", clock: str = "") -> datetime | None:
        """A day and a time of day in a zone; None where neither is written, or where something is wrong.

        :param day: what stands for a day that is not written.
        :param clock: what stands for a time that is not written.
        """
        written_day = self.form.get(f"{name}_day", "").strip()
        written_time = self.form.get(f"{name}_time", "").strip()
        if not written_day and not written_time:
            return None
        found_day, found_time = read_day(written_day or day), read_time(written_time or clock)
        if found_day is None:
            self.fail(f"{name}_day", "day" if written_day else "no_day")
        if found_time is None:
            self.fail(f"{name}_time", "time" if written_time else "no_time")
        if found_day is None or found_time is None:
            return None
        found = moments(found_day, found_time, zone)
        if not found:
            self.fail(f"{name}_time", "no_such_hour")
            return None
        which = self.form.get(f"{name}_which", "")
        if len(found) > 1 and which not in (FIRST, SECOND):
            self.fail(f"{name}_which", "hour_twice")
            return None
        return found[-1] if which == SECOND else found[0]


def is_web_address(written: str) -> bool:
    """True for an http or https address with a host and without blanks, quotes or brackets."""
    if any(sign.isspace() or sign in "\"'<>\\" for sign in written):
        return False
    try:
        parts = urlsplit(written)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
