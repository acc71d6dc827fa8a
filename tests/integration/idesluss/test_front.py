"""One origin: every address reaches its service, and health and metrics tell of all of them."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator

import pytest
from werkzeug.test import Client

from idesluss import demo
from idesluss.front import create_front, create_one, dispatch
from shared.bus import outbox
from shared.contracts import registry
from shared.db import Database, Role
from shared.ids import new_id
from shared.settings import Settings, load
from tests.support.closing import databases_closed
from tests.support.databases import SECRET_KEY


@pytest.fixture(scope="module")
def origin(module_settings: Settings) -> Iterator[Client]:
    demo.seed(module_settings)
    with databases_closed():
        yield Client(create_front(module_settings))


@pytest.fixture
def greeting_listener(module_settings: Settings) -> Iterator[None]:
    """Something that greets as the listener does, on its port."""

    class Greeter(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(b"220 test\r\n")
            self.request.recv(100)

    with socketserver.ThreadingTCPServer(("127.0.0.1", module_settings.smtp_port), Greeter) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/", 200, "text/html"),
        ("/mailbox/", 200, "text/html"),
        ("/mailbox/api/v1/messages", 200, "application/json"),
        ("/api/intake/openapi.json", 200, "application/json"),
        ("/api/notify/openapi.json", 200, "application/json"),
        ("/api/intake/docs", 200, "text/html"),
        ("/api/notify/docs", 200, "text/html"),
        ("/api/intake/v1/ideas", 401, "application/problem+json"),
        ("/api/notify/v1/notifications", 401, "application/problem+json"),
        ("/static/face.css", 200, "text/css"),
        ("/health/live", 200, "application/json"),
        ("/kontakt/drift/", 303, "text/html"),
        ("/kontakt/drift/in", 200, "text/html"),
        ("/metrics", 200, "text/plain"),
        ("/healthy", 404, "text/html"),
        ("/api/nowhere", 404, "application/problem+json"),
    ],
)
def test_every_address_reaches_its_service(origin: Client, path: str, status: int, kind: str) -> None:
    answer = origin.get(path, buffered=True)

    assert (answer.status_code, answer.mimetype) == (status, kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Correlation-Id"]


def test_the_path_reaches_each_app_whole() -> None:
    def named(name: str):
        def app(environ, start_response):
            start_response("200 OK", [])
            return [f"{name} {environ['SCRIPT_NAME']}|{environ['PATH_INFO']}".encode()]

        return app

    origin = Client(dispatch({"/api/notify": named("notify")}, otherwise=named("intake")))

    assert origin.get("/api/notify").text == "notify |/api/notify"
    assert origin.get("/api/notify/v1").text == "notify |/api/notify/v1"
    assert origin.get("/api/notifyx").text == "intake |/api/notifyx"
    assert origin.get("/").text == "intake |/"


def test_ready_names_what_is_not_ready(origin: Client) -> None:
    answer = origin.get("/health/ready")

    assert answer.status_code == 503
    checks = answer.json["checks"]
    assert {name for name, check in checks.items() if not check["ok"]} == {"listener"}
    assert set(checks) == {"database", "queue", "outbox", "listener"}


def test_ready_when_every_part_is(origin: Client, greeting_listener: None) -> None:
    assert origin.get("/health/ready").status_code == 200


def test_a_delivery_that_nobody_finishes_is_counted_and_aged(origin: Client, module_settings: Settings) -> None:
    database = Database(module_settings, Role.INTAKE)
    with database.transaction() as session:
        outbox.put(session, registry.MAIL_RECEIVED, {"inbound_email_id": new_id()})
    database.dispose()

    told = origin.get("/metrics").text

    assert 'idesluss_outbox_open{consumer="intake"} 1.0' in told
    assert 'idesluss_outbox_oldest_seconds{consumer="intake"}' in told
    assert "idesluss_metrics_sources_failed 0.0" in told


def test_without_a_database_pages_say_so_and_health_is_red(tmp_path) -> None:
    away = load(
        {
            "DATABASE_URL": "postgresql://127.0.0.1:1/nowhere",
            "IDESLUSS_SECRET_KEY": SECRET_KEY,
            "IDESLUSS_DATA_DIR": str(tmp_path),
        }
    )
    with databases_closed():
        origin = Client(create_front(away))
        page, call, ready = (origin.get(path) for path in ("/", "/mailbox/api/v1/messages", "/health/ready"))
        told = origin.get("/metrics")

    assert (page.status_code, call.status_code, ready.status_code) == (503, 503, 503)
    assert "Felet är vårt" in page.text
    assert page.headers["Retry-After"]
    assert all(word not in page.text + call.text + ready.text for word in ("postgres", "psycopg", "Traceback"))
    assert "idesluss_metrics_sources_failed 4.0" in told.text


def test_one_service_alone_serves_its_own_and_health(module_settings: Settings) -> None:
    with databases_closed():
        rsvp = Client(create_one("rsvp")(module_settings))

        assert [rsvp.get(path).status_code for path in ("/traffar/", "/health/live", "/kontakt/", "/mailbox/")] == [
            200,
            200,
            404,
            404,
        ]
