"""What is wrong in one field of a form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """A text's key, and the facts that are filled into it."""

    key: str
    facts: Mapping[str, str] = field(default_factory=dict)
