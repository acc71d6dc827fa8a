"""``/metrics`` of a web role: what its process counts, and what the tables hold, so that every web tells the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

from flask import Flask, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared import logs, meters
from shared.db import Database

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Gauge:
    """One metric: its query gives a row per label values, the figure last."""

    name: str
    meaning: str
    labels: tuple[str, ...]
    sql: str
    keep_seconds: float = 0.0
    """How long an answer is told again: what looks at a whole table is not asked at each scrape."""


WHOLE_TABLE = 300.0
"""Seconds for which a count over a whole table is kept."""

BUS = (
    Gauge(
        "idesluss_outbox_open",
        "Deliveries that nobody has finished",
        ("consumer",),
        "SELECT consumer, count(*) FROM bus.delivery WHERE done_at IS NULL AND parked_at IS NULL GROUP BY 1",
    ),
    Gauge(
        "idesluss_outbox_parked",
        "Deliveries that failed too often and wait for a person",
        ("consumer",),
        "SELECT consumer, count(*) FROM bus.delivery WHERE parked_at IS NOT NULL AND done_at IS NULL GROUP BY 1",
    ),
    Gauge(
        "idesluss_outbox_oldest_seconds",
        "Age of the oldest delivery that nobody has finished",
        ("consumer",),
        "SELECT consumer, greatest(extract(epoch FROM now() - min(due_at)), 0) FROM bus.delivery"
        " WHERE done_at IS NULL AND parked_at IS NULL GROUP BY 1",
    ),
    Gauge(
        "idesluss_job_overdue_seconds",
        "For how long a job of the clock has been due without a scheduler taking it",
        ("name",),
        "SELECT name, greatest(extract(epoch FROM now() - due_at), 0) FROM bus.job",
    ),
    Gauge(
        "idesluss_job_finished_seconds",
        "Seconds since a job of the clock last came to a good end",
        ("name",),
        "SELECT name, extract(epoch FROM now() - finished_at) FROM bus.job WHERE finished_at IS NOT NULL",
    ),
    Gauge(
        "idesluss_job_failures",
        "How often a job of the clock has failed",
        ("name",),
        "SELECT name, failures FROM bus.job",
    ),
)
"""What is known of the bus; a service adds its own."""


class TableCollector(Collector):
    """Asks the tables at each scrape. A table that cannot be read leaves its metric out and says so."""

    def __init__(self, sources: Sequence[tuple[Database, Sequence[Gauge]]]) -> None:
        self._sources = sources
        self._kept: dict[str, tuple[float, GaugeMetricFamily]] = {}

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: registering must not ask the database."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """One family a gauge."""
        failures = 0
        for database, gauges in self._sources:
            try:
                yield from self._asked(database, gauges)
            except SQLAlchemyError as error:
                failures += 1
                log.warning("metrics_unread", role=str(database.role), fault=type(error).__name__)
        up = GaugeMetricFamily("idesluss_metrics_sources_failed", "Database roles whose metrics could not be read")
        up.add_metric([], failures)
        yield up

    def _asked(self, database: Database, gauges: Sequence[Gauge]) -> list[Metric]:
        families: list[Metric] = []
        with database.engine.connect() as connection:
            for gauge in gauges:
                told_until, family = self._kept.get(gauge.name, (0.0, None))
                if family is None or monotonic() >= told_until:
                    family = GaugeMetricFamily(gauge.name, gauge.meaning, labels=gauge.labels)
                    for *labels, figure in connection.execute(text(gauge.sql)):
                        family.add_metric([str(label) for label in labels], float(figure))
                    self._kept[gauge.name] = (monotonic() + gauge.keep_seconds, family)
                families.append(family)
        return families


def register(app: Flask, sources: Sequence[tuple[Database, Sequence[Gauge]]]) -> None:
    """Add ``/metrics`` to the app, told from these databases' tables and from what this process counts."""
    tables = CollectorRegistry()
    tables.register(TableCollector(sources))

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(generate_latest(meters.REGISTRY) + generate_latest(tables), content_type=CONTENT_TYPE_LATEST)
