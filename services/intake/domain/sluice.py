"""A sluice and its people, as the use cases see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from services.intake.domain.idea import SubmitterKind


@dataclass(frozen=True, slots=True)
class ContactPerson:
    """Somebody who answers for a sluice."""

    id: UUID
    name: str
    address: str
    language: str
    deputy_id: UUID | None = None
    away_until: date | None = None


@dataclass(frozen=True, slots=True)
class SluiceProfile:
    """What must be known of a sluice to take in an idea."""

    id: UUID
    slug: str
    code: str
    name: str
    language: str
    open_to: str
    staff_domains: tuple[str, ...]
    answer_days: int
    address: str
    addresses: tuple[str, ...]
    contacts: tuple[ContactPerson, ...]
    coaches: tuple[ContactPerson, ...] = ()
    accent: str = "#0b5563"
    origins: tuple[str, ...] = ()
    board: bool = False
    comments: str = "held"
    form_texts: Mapping[str, Any] = field(default_factory=dict)
    questions: Sequence[Mapping[str, Any]] = ()
    escalate_days: int = 3
    registry_default: str = "none"

    @property
    def people(self) -> tuple[ContactPerson, ...]:
        """Everybody who answers for it: contacts, then coaches."""
        return self.contacts + self.coaches

    def kind_of(self, address: str | None, *, vouched: bool) -> SubmitterKind | None:
        """Who a sender is by the address alone: an employee, where the sender is vouched for."""
        return SubmitterKind.EMPLOYEE if vouched and self.is_staff_address(address) else None

    def is_staff_address(self, address: str | None) -> bool:
        """True if the address lies in one of the staff domains or below one."""
        domain = (address or "").rpartition("@")[2].lower()
        return any(domain == staff or domain.endswith("." + staff) for staff in self.staff_domains)

    def contact_with(self, address: str | None) -> ContactPerson | None:
        """The contact with that address, or None."""
        wanted = (address or "").lower()
        return next((contact for contact in self.contacts if contact.address.lower() == wanted), None)
