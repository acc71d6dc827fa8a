"""What an examination says: one finding a line, each with how to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    SET = "set"
    DEFAULT = "default"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. ``subject`` is a variable or what was looked at."""

    level: Level
    subject: str
    text: str
