"""What notify's processes count while they work: how long people wait."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from prometheus_client import Counter, Histogram

from shared import ids
from shared.meters import REGISTRY

HANDED_OVER_SECONDS = Histogram(
    "idesluss_handed_over_seconds",
    "From the moment a mail or form came in by our door to the relay's taking the confirmation of it",
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600),
    registry=REGISTRY,
)

UNREACHABLE_SEEN = Counter(
    "idesluss_contacts_unreachable_seen",
    "Looks that found a sluice of which every contact is blocked; the log names it",
    registry=REGISTRY,
)


def handed_over(correlation_id: str, now: datetime) -> None:
    """Count a confirmation that the relay has taken. Its correlation id was made at the door, and tells when."""
    try:
        came = ids.made_at(UUID(correlation_id))
    except ValueError:
        return
    HANDED_OVER_SECONDS.observe(max(0.0, (now - came).total_seconds()))
