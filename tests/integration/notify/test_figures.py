"""The figures for /metrics: the books, what waits, and how long the oldest has."""

from __future__ import annotations

from sqlalchemy import text

from services.notify.store.figures import FIGURES
from shared.web.metrics import TableCollector
from tests.support.outgoing import Outgoing, in_every_state


def told(made: Outgoing) -> dict[str, float]:
    """Each figure by its name and labels' values."""
    found = {}
    for family in TableCollector([(made.database, FIGURES)]).collect():
        for sample in family.samples:
            found[" ".join([sample.name, *sample.labels.values()])] = sample.value
    return found


def test_an_empty_database_has_its_figures_too(made: Outgoing) -> None:
    found = told(made)
    assert found["idesluss_books_difference"] == 0
    assert found["idesluss_notification_oldest_unsent_seconds"] == 0
    assert found["idesluss_metrics_sources_failed"] == 0


def test_the_figures_add_up(made: Outgoing) -> None:
    in_every_state(made)
    found = told(made)

    booked = {
        name: found[f"idesluss_notifications_booked {name}"] for name in ("asked", "sent", "failed", "suppressed")
    }
    assert booked == {"asked": 7, "sent": 1, "failed": 1, "suppressed": 1}
    assert found["idesluss_notifications_waiting email"] == 3
    assert found["idesluss_notifications_waiting sms"] == 1
    assert found["idesluss_notifications temporary-failure"] == 1
    assert found["idesluss_books_difference"] == 0


def test_a_lost_row_and_a_late_message_are_seen(made: Outgoing) -> None:
    lost, late = made.ask("a@invanare.example"), made.ask("b@invanare.example")
    with made.database.transaction() as session:
        session.execute(text("DELETE FROM notify.notification WHERE id = :id"), {"id": lost})
        session.execute(
            text("UPDATE notify.notification SET due_at = now() - interval '100 s' WHERE id = :id"), {"id": late}
        )
    found = told(made)

    assert found["idesluss_books_difference"] == 1
    assert 100 <= found["idesluss_notification_oldest_unsent_seconds"] < 160
