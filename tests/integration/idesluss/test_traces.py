"""Traces: one from door to sent mail, without a word of anybody's; and a collector that is away changes nothing."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from uuid import UUID

import pytest
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from sqlalchemy import text
from werkzeug.test import Client

from idesluss import demo
from idesluss.forwarded import believing
from idesluss.front import create_front
from services.intake.actors import handlers
from services.intake.usecases.announce import Announcer
from services.intake.usecases.read_mail import ReadMail
from shared import meters, tracing
from shared.bus import outbox
from shared.bus.inbox import Inbox
from shared.contracts.registry import INTAKE, MAIL_RECEIVED
from shared.db import Database, Role
from shared.ids import new_id
from shared.settings import Settings
from tests.integration.intake.desk import Checker, one_desk
from tests.integration.intake.smtp.harness import Client as Smtp
from tests.integration.intake.smtp.harness import listening
from tests.integration.notify.workbench import worker
from tests.support.closing import databases_closed
from tests.support.ports import free_port
from tests.support.receivers import Receiver
from tests.support.relays import ScriptedRelay

CANARY = "kanariefågel"
SENDER = "asa.kanarie@krokom.example"
ROOT = Path(__file__).parents[3]
MAIL = (
    f"From: Åsa {CANARY} <{SENDER}>\r\nSubject: {CANARY}\r\nMessage-ID: <kanarie1@krokom.example>\r\n\r\n{CANARY}\r\n"
)


@pytest.fixture(scope="module")
def seeded(module_settings: Settings) -> Settings:
    demo.seed(module_settings)
    return module_settings


@pytest.fixture
def collector() -> Iterator[Receiver]:
    with Receiver().listening() as receiver:
        yield receiver


def spans_of(collector: Receiver) -> list[Span]:
    """What has been taken; to be asked after ``tracing.end``."""
    found = []
    for taken in collector.taken:
        assert taken.line.startswith("POST /v1/traces")
        for resource in ExportTraceServiceRequest.FromString(taken.body).resource_spans:
            assert {"service.name", "service.namespace"} <= {each.key for each in resource.resource.attributes}
            found += [span for scope in resource.scope_spans for span in scope.spans]
    return found


def traced(settings: Settings, port: int) -> Settings:
    return dataclasses.replace(settings, otlp_endpoint=f"http://127.0.0.1:{port}")


def a_mail_goes_its_way(settings: Settings) -> None:
    """By the door, through intake's worker, to notify's, and out."""
    with listening(settings) as running, Smtp(running.port) as client:
        assert client.hello().mail(MAIL.encode(), "ide@krokom.example").startswith("250 2.0.0")
    intake = Database(settings, Role.INTAKE)
    inbox = Inbox(intake, INTAKE, handlers(ReadMail(Announcer(settings), one_desk(Checker()))))
    with intake.transaction() as session:
        waiting = session.scalars(
            text("SELECT message_id FROM bus.delivery WHERE consumer = 'intake' AND done_at IS NULL")
        ).all()
    for message_id in waiting:
        inbox.run(message_id)
    intake.dispose()
    with ScriptedRelay().listening() as relay, worker(settings, relay.port) as notify:
        notify.ring_all()
        assert relay.taken


def test_a_mail_s_way_is_one_trace_without_a_word_of_it(seeded: Settings, collector: Receiver) -> None:
    settings = traced(seeded, collector.port)
    tracing.begin(settings, "test")
    try:
        a_mail_goes_its_way(settings)
    finally:
        tracing.end()

    spans = spans_of(collector)
    by_id = {span.span_id: span for span in spans}
    [door] = [span for span in spans if span.name == "accept mail"]
    way = [span for span in spans if span.trace_id == door.trace_id]
    [reading] = [span for span in way if span.name == f"process {MAIL_RECEIVED.name}"]
    sending = [span for span in way if span.name == "send email"]

    assert reading.parent_span_id == door.span_id
    assert {each.key: each.value for each in reading.attributes}["idesluss.outcome"].string_value == "done"
    assert sending
    for span in sending:
        above = []
        while span.parent_span_id:
            span = by_id[span.parent_span_id]
            above.append(span.name)
        assert above[0] == "process notification.due.v1"
        assert above[-2:] == [f"process {MAIL_RECEIVED.name}", "accept mail"]
    told = b"".join(taken.body for taken in collector.taken).decode(errors="replace")
    assert not [word for word in (CANARY, SENDER, "kanarie", "krokom.example", "KRO-") if word in told]


def test_a_collector_that_is_away_or_silent_changes_nothing(seeded: Settings) -> None:
    lost = meters.SPANS_LOST._value.get()
    tracing.begin(traced(seeded, free_port()), "test")
    try:
        with tracing.span("one"):
            message_id = said(seeded)
    finally:
        began = time.monotonic()
        tracing.end()

    assert time.monotonic() - began < tracing.FLUSH_SECONDS + 1
    assert trace_of(seeded, message_id) is not None
    assert meters.SPANS_LOST._value.get() >= lost


def test_without_a_collector_nothing_is_traced_or_even_loaded(seeded: Settings) -> None:
    tracing.begin(seeded, "test")
    with tracing.span("one") as span:
        span.note("idesluss.kind", "x")
        assert trace_of(seeded, said(seeded)) is None

    program = "import sys, shared.bus.inbox; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
    sources = [path for folder in ("shared", "services", "idesluss") for path in (ROOT / folder).rglob("*.py")]
    assert [path.name for path in sources if "opentelemetry" in path.read_text()] == ["tracing.py"]


def test_only_a_listed_proxy_says_what_trace_a_request_is_part_of(seeded: Settings, collector: Receiver) -> None:
    told = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    settings = traced(seeded, collector.port)
    tracing.begin(settings, "web")
    try:
        with databases_closed():
            origin = Client(believing([ip_network("10.0.0.0/8")], create_front(settings)))
            for peer in ("10.0.0.1", "192.0.2.1"):
                origin.get("/ide/krokom", headers={"Traceparent": told}, environ_overrides={"REMOTE_ADDR": peer})
    finally:
        tracing.end()

    proxied, stranger = spans_of(collector)
    assert proxied.name == stranger.name == "GET /ide/<slug>"
    assert proxied.trace_id.hex() == told.split("-")[1]
    assert stranger.trace_id.hex() != told.split("-")[1]
    assert not stranger.parent_span_id


def test_lines_of_the_log_bear_the_trace(seeded: Settings, collector: Receiver) -> None:
    tracing.begin(traced(seeded, collector.port), "test")
    try:
        with tracing.span("one"):
            inside = structlog.contextvars.get_contextvars()["trace_id"]
    finally:
        tracing.end()

    assert [span.trace_id.hex() for span in spans_of(collector)] == [inside]
    assert "trace_id" not in structlog.contextvars.get_contextvars()


def said(settings: Settings) -> UUID:
    database = Database(settings, Role.INTAKE, pool_size=1)
    with database.transaction() as session:
        message_id = outbox.put(session, MAIL_RECEIVED, {"inbound_email_id": new_id()})
        session.execute(text("UPDATE bus.delivery SET done_at = now() WHERE message_id = :id"), {"id": message_id})
    database.dispose()
    return message_id


def trace_of(settings: Settings, message_id: UUID) -> str | None:
    database = Database(settings, Role.RELAY, pool_size=1)
    with database.transaction() as session:
        found: str | None = session.execute(
            text("SELECT trace FROM bus.message WHERE id = :id"), {"id": message_id}
        ).scalar_one()
    database.dispose()
    return found
