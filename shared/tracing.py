"""One trace from door to sent mail, over OTLP, where OTEL_EXPORTER_OTLP_ENDPOINT is set; else nothing, at no cost.

A span's attributes are names and numbers of our own: never people's words, addresses, references or tokens, and no
exception's text. What the collector does not take is dropped and counted: nobody waits for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from shared import logs, meters
from shared.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

log = logs.get(__name__)

QUEUE_SPANS = 2048
"""Spans that wait to be exported at most; more are dropped."""
EXPORT_SECONDS = 5.0
"""How long one export may take."""
FLUSH_SECONDS = 3.0
"""How long a stopping process may spend on its last spans."""
EVERY_SECONDS = 1.0
SILENCE_SECONDS = 300.0
"""The log says no oftener than this that the collector is away."""

Attribute = str | int | float | bool


class Kind(Enum):
    """What a span is to its trace, in OpenTelemetry's numbers."""

    INTERNAL = 0
    SERVER = 1
    CLIENT = 2
    PRODUCER = 3
    CONSUMER = 4


class Span(Protocol):
    """Something under way."""

    def note(self, name: str, value: Attribute) -> None:
        """Add an attribute: a name or number of our own."""

    def name(self, name: str) -> None:
        """Call it by what is known only now."""

    def fail(self) -> None:
        """It went wrong."""


class _Nothing:
    """What is noted where nothing is traced."""

    def note(self, name: str, value: Attribute) -> None:
        return

    def name(self, name: str) -> None:
        return

    def fail(self) -> None:
        return


_NOTHING = nullcontext(_Nothing())

_provider: TracerProvider | None = None
_tracer: Tracer | None = None


def begin(settings: Settings, role: str) -> None:
    """Trace this process, where the settings say so. To be called after forking, and before any other thread."""
    global _provider, _tracer
    if not settings.otlp_endpoint:
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    # It says in many lines, for each export, what one line of ours says.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    _provider = TracerProvider(
        resource=Resource.create({"service.name": f"idesluss-{role}", "service.namespace": "idesluss"}),
        shutdown_on_exit=False,
    )
    exporter = OTLPSpanExporter(f"{settings.otlp_endpoint}/v1/traces", timeout=EXPORT_SECONDS)
    _provider.add_span_processor(
        BatchSpanProcessor(
            _patient(exporter),
            max_queue_size=QUEUE_SPANS,
            max_export_batch_size=QUEUE_SPANS // 4,
            schedule_delay_millis=EVERY_SECONDS * 1000,
            export_timeout_millis=EXPORT_SECONDS * 1000,
        )
    )
    _tracer = _provider.get_tracer("idesluss")


def end() -> None:
    """Hand over what waits, and trace no more. Waits ``FLUSH_SECONDS`` at most, in vain where the collector is away."""
    global _provider, _tracer
    provider, _provider, _tracer = _provider, None, None
    if provider is not None:
        _hand_over(provider)


def span(
    name: str, kind: Kind = Kind.INTERNAL, *, parent: str | None = None, **attributes: Attribute
) -> AbstractContextManager[Span]:
    """A span around what happens inside, below ``parent`` (a ``traceparent``) or the span that is under way.

    Log lines inside bear its trace's id.
    """
    return _NOTHING if _tracer is None else _traced(_tracer, name, kind, parent, attributes)


def current() -> str | None:
    """The span under way as W3C ``traceparent``; None where nothing is traced."""
    if _tracer is None:
        return None
    from opentelemetry.trace import get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


@contextmanager
def _traced(
    tracer: Tracer, name: str, kind: Kind, parent: str | None, attributes: dict[str, Attribute]
) -> Iterator[Span]:
    from opentelemetry.trace import SpanKind, format_trace_id
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    above = TraceContextTextMapPropagator().extract({"traceparent": parent}) if parent else None
    with tracer.start_as_current_span(
        name,
        above,
        SpanKind(kind.value),
        attributes,
        # An exception's text may quote what somebody wrote.
        record_exception=False,
        set_status_on_exception=False,
    ) as under_way:
        trace_id = format_trace_id(under_way.get_span_context().trace_id)
        seen = _Traced(under_way)
        with structlog.contextvars.bound_contextvars(trace_id=trace_id):
            try:
                yield seen
            except Exception:
                seen.fail()
                raise


class _Traced:
    def __init__(self, under_way: Any) -> None:
        self._under_way = under_way

    def note(self, name: str, value: Attribute) -> None:
        self._under_way.set_attribute(name, value)

    def name(self, name: str) -> None:
        self._under_way.update_name(name)

    def fail(self) -> None:
        from opentelemetry.trace import StatusCode

        self._under_way.set_status(StatusCode.ERROR)


def _patient(inner: SpanExporter) -> SpanExporter:
    """The exporter, with what it fails at counted, and said once in a while."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Patient(SpanExporter):
        def __init__(self) -> None:
            self._said = float("-inf")

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            result = inner.export(spans)
            if result is not SpanExportResult.SUCCESS:
                meters.SPANS_LOST.inc(len(spans))
                if time.monotonic() - self._said > SILENCE_SECONDS:
                    self._said = time.monotonic()
                    log.warning("traces_not_taken", spans=len(spans))
            return result

        def shutdown(self) -> None:
            inner.shutdown()

    return Patient()


def _hand_over(provider: TracerProvider) -> None:
    """Flush and shut down; in a thread, since a collector that accepts and is silent must not hold up a stop."""
    handing_over = threading.Thread(target=provider.shutdown, name="traces", daemon=True)
    handing_over.start()
    handing_over.join(FLUSH_SECONDS)
