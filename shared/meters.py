"""What a process counts while it works: what no table can tell, such as rates and times.

Each process counts for itself, and begins at nothing. Labels are names of our own (a role, a route's pattern, a
message's name): never an address, a reference or anything else that people bring, or their number would have no end.
"""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

from shared import logs
from shared.errors import MisconfiguredError
from shared.settings import Settings

log = logs.get(__name__)

# When each series began is nobody's question, and would double their number.
disable_created_metrics()  # type: ignore[no-untyped-call]

REGISTRY = CollectorRegistry()
"""Of this process. A service's own meters are registered here too, in ``services/<name>/meters.py``."""

SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Buckets in seconds for what somebody waits for."""
LONG = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
"""Buckets in seconds for work in the background."""

HTTP_REQUESTS = Counter(
    "idesluss_http_requests",
    "Answered HTTP requests",
    ("service", "method", "route", "status"),
    registry=REGISTRY,
)
HTTP_SECONDS = Histogram(
    "idesluss_http_request_seconds",
    "From a request's arrival at its service to its answer",
    ("service", "route"),
    buckets=SHORT,
    registry=REGISTRY,
)
ATTEMPTS = Counter(
    "idesluss_attempts",
    "Attempts at a message, by what came of them",
    ("consumer", "message", "outcome"),
    registry=REGISTRY,
)
ATTEMPT_SECONDS = Histogram(
    "idesluss_attempt_seconds",
    "How long an attempt at a message took",
    ("consumer", "message"),
    buckets=LONG,
    registry=REGISTRY,
)
PARKED = Counter(
    "idesluss_deliveries_parked",
    "Deliveries that this process gave up and left to a person",
    ("consumer", "message"),
    registry=REGISTRY,
)
RINGS = Counter("idesluss_rings", "Bells that this relay rang", ("consumer",), registry=REGISTRY)
CHECKOUT_SECONDS = Histogram(
    "idesluss_database_checkout_seconds",
    "How long work waited for a database connection of its role's pool, a new connection's opening included",
    ("database",),
    buckets=(0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10),
    registry=REGISTRY,
)
SPANS_LOST = Counter("idesluss_spans_lost", "Spans that no collector took", registry=REGISTRY)

ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)


def serve(settings: Settings, *, place: int = 0) -> int:
    """Tell what this process counted at ``/metrics`` on a port of its own; returns the port, 0 where none is opened.

    ``place`` is added to the port: processes of one supervisor stand behind one another. The web role needs none, for
    it tells at its own ``/metrics``. Served by a thread that ends with the process.

    :raises MisconfiguredError: the port cannot be had.
    """
    if not settings.metrics_port:
        return 0
    port = settings.metrics_port + place
    try:
        start_http_server(port, settings.metrics_host, registry=REGISTRY)
    except OSError as error:
        raise MisconfiguredError(
            f"IDESLUSS_METRICS_PORT: port {port} on {settings.metrics_host} cannot be had ({error.strerror}); each "
            "process on one machine needs a port of its own"
        ) from error
    log.info("metrics_served", host=settings.metrics_host, port=port)
    return port
