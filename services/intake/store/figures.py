"""What intake tells /metrics, worked out from its tables."""

from __future__ import annotations

from shared.web.metrics import Gauge

FIGURES = (
    Gauge(
        "idesluss_ideas",
        "Ideas by sluice and stage",
        ("sluice", "stage"),
        "SELECT s.slug, i.stage, count(*) FROM intake.idea i JOIN intake.sluice s ON s.id = i.sluice_id GROUP BY 1, 2",
    ),
    Gauge(
        "idesluss_inbound_emails",
        "Received mails by kind; unread where nobody has read them yet",
        ("kind",),
        "SELECT coalesce(kind, 'unread'), count(*) FROM intake.inbound_email GROUP BY 1",
    ),
)
