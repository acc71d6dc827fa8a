"""How long a sluice keeps what: rules in days, in force only by a decision. Pure.

A Swedish authority must not destroy public records without a decision (gallringsbeslut; the Archives Act, section 10).
So nothing is removed where nobody has said so, and no rule can be set without the decision's number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.intake.domain.idea import Stage
from services.intake.domain.sluice_settings import Fault
from shared.errors import NotFound

MOST_DAYS: Final = 36_500
"""A hundred years."""
LONGEST_DECISION: Final = 60
LONGEST_REASON: Final = 300
"""Characters of why an idea is kept."""


class Rule(StrEnum):
    """What may be removed, in the order in which it is done: what goes with an idea before the idea itself."""

    NAMES = "names"
    """Name and address of the submitter, on ended ideas; the idea stays."""
    MAILS = "mails"
    """Mails of ended ideas, as they came."""
    STRAYS = "strays"
    """Mails that became no idea: automatic replies, bounces, junk, answers to invitations."""
    FILES = "files"
    """Files of ended ideas."""
    DRAFTS = "drafts"
    """Answers that contacts wrote by mail to ended ideas, confirmed or not; an answer that was given stays."""
    FOLLOWERS = "followers"
    """Addresses of those who follow ended ideas."""
    IDEAS = "ideas"
    """Closed ideas, whole."""
    IMPLEMENTED = "implemented"
    """Implemented ideas, whole."""

    @property
    def column(self) -> str:
        """The field that holds its days."""
        return f"{self.value}_days"


ENDED: Final = (Stage.CLOSED, Stage.IMPLEMENTED)
"""Stages in which nothing more is to be done."""


class RemovedIdea(NotFound):
    """There was such an idea, and a decision had it removed: whoever had its link is told so."""

    def __init__(self, reference: str, at: datetime, decision: str) -> None:
        super().__init__(f"idea {reference} was removed")
        self.reference, self.at, self.decision = reference, at, decision


@dataclass(frozen=True, slots=True)
class Rules:
    """A sluice's rules that are in force, and the decision that allows them."""

    days: Mapping[Rule, int]
    decision: str = ""
    version: int = 0
    """0 where nobody has set any."""


def read_rules(form: Mapping[str, str]) -> tuple[Rules, dict[str, Fault]]:
    """A form as read, with what is wrong with it by field. An empty field is kept for ever."""
    faults: dict[str, Fault] = {}
    days: dict[Rule, int] = {}
    for rule in Rule:
        typed = form.get(rule.column, "").strip()
        if not typed:
            continue
        if typed.isascii() and typed.isdigit() and len(typed) <= 5 and 1 <= int(typed) <= MOST_DAYS:
            days[rule] = int(typed)
        else:
            faults[rule.column] = Fault("retention.fault.days", {"most": str(MOST_DAYS)})
    decision = " ".join(form.get("decision", "").split())
    if days and not any(sign.isdigit() for sign in decision):
        faults["decision"] = Fault("retention.fault.decision")
    elif len(decision) > LONGEST_DECISION:
        faults["decision"] = Fault("retention.fault.long", {"most": str(LONGEST_DECISION)})
    return Rules(days, decision), faults
