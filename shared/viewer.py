"""Who looks or acts, as use cases want to know it: a person signed in, without the web around them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody signed in, as far as it decides what they may see and do."""

    address: str
    contact_of: frozenset[str] = frozenset()
    """Slugs."""
    coach_of: frozenset[str] = frozenset()
    is_administrator: bool = False

    @property
    def sluices(self) -> frozenset[str]:
        """Slugs of the sluices that they answer for."""
        return self.contact_of | self.coach_of

    def answers_for(self, sluice: str) -> bool:
        """True where they may act for that sluice."""
        return self.is_administrator or sluice in self.sluices
