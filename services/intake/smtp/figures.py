"""What a listener tells /metrics of itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.intake.smtp.listener import Listener


class SmtpFigures(Collector):
    """A listener's own counts, read when they are asked for: counting them costs its sessions nothing more."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def describe(self) -> Iterable[Metric]:
        """Nothing beforehand: the counts have their names when they are collected."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """One family a count."""
        counters = self._listener.counters
        yield CounterMetricFamily("idesluss_smtp_sessions", "Connections that came in", value=counters.connections)
        yield CounterMetricFamily("idesluss_smtp_mails", "Mails that were made durable", value=counters.mails)
        yield CounterMetricFamily("idesluss_smtp_recipients", "Their recipients", value=counters.recipients)
        yield CounterMetricFamily("idesluss_smtp_octets", "Their octets", value=counters.octets)
        refused = CounterMetricFamily("idesluss_smtp_refused", "Refusals by their reply's codes", labels=("code",))
        for code, number in list(counters.refused.items()):
            refused.add_metric([code], number)
        yield refused
        yield GaugeMetricFamily(
            "idesluss_smtp_open_sessions", "Connections under way", value=self._listener.open_sessions
        )
        yield GaugeMetricFamily(
            "idesluss_smtp_buffered_bytes",
            "Octets of mail in memory that are not yet durable",
            value=self._listener.buffered,
        )
