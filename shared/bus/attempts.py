"""What is seen of an attempt at a message: how it ended and how long it took, as figures and as a span of its trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter

from shared import meters, tracing


class Outcome(StrEnum):
    """How an attempt ended."""

    DONE = "done"
    TAKEN_OVER = "taken-over"
    """Somebody else has it."""
    PUT_OFF = "put-off"
    """Not yet; costs no attempt."""
    FAILED = "failed"


@dataclass(slots=True)
class Attempt:
    """One attempt under way; done, unless its worker says otherwise."""

    outcome: Outcome = Outcome.DONE


@contextmanager
def observed(consumer: str, message: str, number: int, trace: str | None) -> Iterator[Attempt]:
    """Count and time what happens inside, as part of the ``trace`` of whoever said the message."""
    attempt = Attempt()
    about: dict[str, tracing.Attribute] = {
        "messaging.system": "idesluss",
        "messaging.destination.name": consumer,
        "idesluss.attempt": number,
    }
    began = perf_counter()
    try:
        with tracing.span(f"process {message}", tracing.Kind.CONSUMER, parent=trace, **about) as span:
            try:
                yield attempt
            finally:
                span.note("idesluss.outcome", str(attempt.outcome))
                if attempt.outcome is Outcome.FAILED:
                    span.fail()
    finally:
        meters.ATTEMPTS.labels(consumer, message, attempt.outcome).inc()
        meters.ATTEMPT_SECONDS.labels(consumer, message).observe(perf_counter() - began)
