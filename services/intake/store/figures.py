"""What intake tells /metrics, worked out from its tables."""

from __future__ import annotations

from shared.web.metrics import WHOLE_TABLE, Gauge

_UNANSWERED = """
    SELECT s.slug, (SELECT count(*) FROM intake.idea i WHERE i.sluice_id = s.id AND i.answered_at IS NULL
                       AND i.merged_into IS NULL AND i.stage <> 'closed' {and_also})
      FROM intake.sluice s
"""
"""Sluices with none are told too, so that an alert ends. Served by ix_idea_unanswered."""

FIGURES = (
    Gauge(
        "idesluss_ideas",
        "Ideas by sluice and stage",
        ("sluice", "stage"),
        "SELECT s.slug, i.stage, count(*) FROM intake.idea i JOIN intake.sluice s ON s.id = i.sluice_id GROUP BY 1, 2",
        WHOLE_TABLE,
    ),
    Gauge(
        "idesluss_ideas_unanswered",
        "Open ideas without an official answer",
        ("sluice",),
        _UNANSWERED.format(and_also=""),
    ),
    Gauge(
        "idesluss_ideas_overdue",
        "Those of them whose promised day has passed",
        ("sluice",),
        _UNANSWERED.format(and_also="AND i.answer_by < date_trunc('day', now(), 'Europe/Stockholm')"),
    ),
    Gauge(
        "idesluss_inbound_emails",
        "Received mails by kind; unread where nobody has read them yet",
        ("kind",),
        "SELECT coalesce(kind, 'unread'), count(*) FROM intake.inbound_email GROUP BY 1",
        WHOLE_TABLE,
    ),
)
