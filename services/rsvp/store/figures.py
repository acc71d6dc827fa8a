"""What rsvp tells /metrics, worked out from its tables."""

from __future__ import annotations

from shared.web.metrics import Gauge

FIGURES = (
    Gauge(
        "idesluss_events",
        "Events by sluice and state",
        ("sluice", "state"),
        "SELECT sluice_slug, state, count(*) FROM rsvp.event GROUP BY 1, 2",
    ),
    Gauge(
        "idesluss_guests",
        "Guests of events that have not ended, by state",
        ("state",),
        "SELECT g.state, count(*) FROM rsvp.guest g JOIN rsvp.event e ON e.id = g.event_id"
        " WHERE e.state = 'published' AND e.ends_at > now() GROUP BY 1",
    ),
    Gauge(
        "idesluss_free_seats_beside_waiting_list",
        "Free seats of a coming event in which somebody waits whose party they would hold; kept ones are not free",
        ("event",),
        "SELECT e.slug, e.capacity - t.taken FROM rsvp.event e, LATERAL ("
        " SELECT coalesce(sum(party_size) FILTER (WHERE state IN ('coming', 'offered')), 0) AS taken,"
        " min(party_size) FILTER (WHERE state = 'waiting') AS smallest FROM rsvp.guest WHERE event_id = e.id) t"
        " WHERE e.state = 'published' AND e.starts_at > now() AND e.capacity - t.taken >= t.smallest",
    ),
    Gauge(
        "idesluss_mailings_unfinished",
        "Mailings to guests that are under way, by kind; stopped ones are not",
        ("kind",),
        "SELECT kind, count(*) FROM rsvp.mailing WHERE finished_at IS NULL AND stopped_at IS NULL GROUP BY 1",
    ),
)
