"""An idea's life: its stages, the moves between them, who sends ideas, and what a reference looks like."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far an idea has been lifted; every move carries an official answer."""

    RECEIVED = "received"
    TRIAGE = "triage"
    DEVELOPING = "developing"
    DECIDED = "decided"
    PILOTING = "piloting"
    IMPLEMENTED = "implemented"
    CLOSED = "closed"


PATH = (
    Stage.RECEIVED,
    Stage.TRIAGE,
    Stage.DEVELOPING,
    Stage.DECIDED,
    Stage.PILOTING,
    Stage.IMPLEMENTED,
)
"""The chambers in their order. A closed idea leaves by the side, from any of them."""


class SubmitterKind(StrEnum):
    """Who sent an idea."""

    EMPLOYEE = "employee"
    CITIZEN = "citizen"
    SERVICE_USER = "service_user"
    NONPROFIT = "nonprofit"
    COMPANY = "company"


def after_answer(stage: Stage) -> Stage:
    """The stage after an official answer: a first answer shows that somebody has begun to look."""
    return Stage.TRIAGE if stage is Stage.RECEIVED else stage


_REFERENCE = re.compile(r"([A-Z]{2,8})-(\d{4})-(\d{4,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference such as KRO-2026-0042: sluice code, year of arrival in Sweden, number without gaps."""

    code: str
    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.code}-{self.year}-{self.number:04d}"

    @classmethod
    def parse(cls, text: str) -> Reference | None:
        """The reference that ``text`` is (in any case), or None."""
        match = _REFERENCE.fullmatch(text.upper())
        return cls(match[1], int(match[2]), int(match[3])) if match else None

    @classmethod
    def find(cls, text: str) -> Reference | None:
        """The first reference inside ``text``, or None. It proves nothing: anybody can write one."""
        match = _REFERENCE.search(text[:1000].upper())
        return cls(match[1], int(match[2]), int(match[3])) if match else None
