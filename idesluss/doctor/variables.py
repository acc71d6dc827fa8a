"""The settings: each with its value, misspelt ones, and those that only a role would find wrong."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from idesluss.doctor.finding import Finding, Level
from services.notify.channels.relay_url import BETWEEN
from services.notify.domain.calm import parse_quiet_hours
from shared.errors import MisconfiguredError
from shared.settings import FILE, VARIABLES, Settings


def unknown_variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Variables that look like ours and are none: a misspelt one is silently without effect otherwise."""
    known = set(VARIABLES.values())
    for name in sorted(environ):
        if name.startswith("IDESLUSS_TEST_") or name.removesuffix(FILE) in known:
            continue
        if name.startswith("IDESLUSS_"):
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; perhaps {near[0]} was meant" if near else ""
            yield Finding(Level.WARNING, name, f"there is no such setting{hint}")


def values(environ: Mapping[str, str], loaded: Settings) -> Iterator[Finding]:
    """Each setting with its value, secrets hidden, and whether it was set."""
    for field, variable in VARIABLES.items():
        level = Level.SET if variable in environ or variable + FILE in environ else Level.DEFAULT
        yield Finding(level, variable, shown(field, getattr(loaded, field)))


def shown(field: str, value: object) -> str:
    """A setting's value as it may be shown: no key, no password."""
    if field == "secret_keys":
        assert isinstance(value, tuple)
        return f"({len(value)} hidden)"
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "(none)"
    if field == "smtp_relay_url" and value:
        return ", ".join(re.sub(r"//([^:/@]*):.*@", r"//\1:***@", url) for url in BETWEEN.split(str(value)))
    if field.endswith("_url") and value:
        return re.sub(r"//([^:/@]*):.*@", r"//\1:***@", str(value))
    return str(value) or "(empty)"


def quiet_hours(text: str) -> Iterator[Finding]:
    """A worker of notify's does not start with hours that it cannot read."""
    try:
        parse_quiet_hours(text)
    except MisconfiguredError as error:
        yield Finding(Level.FAULT, "IDESLUSS_QUIET_HOURS", str(error).removeprefix("IDESLUSS_QUIET_HOURS: "))
