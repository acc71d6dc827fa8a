"""An SMS provider for tests on a real socket: takes messages as 46elks does, or misbehaves as the test tells it to."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "u1234567890", "p@ss:word/1"


@dataclass(frozen=True)
class Answer:
    """One answer. ``taken``: the message goes out all the same, and stands in the history."""

    status: int = 200
    body: bytes | None = None
    """None is what 46elks answers when it takes a message."""
    headers: dict[str, str] = field(default_factory=dict)
    taken: bool = False
    drops: bool = False
    """Close the connection instead of answering."""
    hangs: bool = False
    """Say nothing until the provider is closed."""
    endless: bool = False
    """A body that never ends."""
    drips: bool = False
    """A body of one byte at a time, for ever."""


OK = Answer(taken=True)


@dataclass
class ScriptedProvider:
    """Answers each POST by the next of ``script``, then as 46elks; each GET by the next of ``histories``."""

    script: deque[Answer | Callable[[], Answer]] = field(default_factory=deque)
    histories: deque[Answer] = field(default_factory=deque)
    requests: list[dict[str, str]] = field(default_factory=list)
    """Fields of every POST, in order, answered or not."""
    queries: list[dict[str, str]] = field(default_factory=list)
    authorization: list[str] = field(default_factory=list)
    sent: list[dict[str, object]] = field(default_factory=list)
    """What telephones got, oldest first: the provider's history."""
    page: int = 100
    port: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """SMS_URL for it."""
        user, password = (text.replace("@", "%40").replace(":", "%3A").replace("/", "%2F") for text in (USER, PASSWORD))
        return f"46elks+http://{user}:{password}@127.0.0.1:{self.port}?from=Krokom"

    def says(self, *answers: Answer | Callable[[], Answer]) -> None:
        """What the next messages are answered."""
        self.script.extend(answers)

    @contextmanager
    def listening(self, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedProvider]:
        """Serve until the block ends."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                provider.requests.append(form)
                provider.authorization.append(_credentials(self.headers["Authorization"]))
                answer = provider.script.popleft() if provider.script else OK
                answer = answer if isinstance(answer, Answer) else answer()
                entry = provider.take(form) if answer.taken else {}
                _say(self, answer, json.dumps(entry).encode(), provider.closing)

            def do_GET(self) -> None:
                query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
                provider.queries.append(query)
                answer = provider.histories.popleft() if provider.histories else Answer()
                _say(self, answer, json.dumps(provider.history(query)).encode(), provider.closing)

            def log_message(self, *_: object) -> None:
                """Tests look at ``requests``."""

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # clients hang up; that is what is tested
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            server.shutdown()
            server.server_close()
            thread.join()

    def take(self, form: dict[str, str], **changes: object) -> dict[str, object]:
        """Send a message, as the real provider would write it down."""
        entry: dict[str, object] = {
            "id": f"s{len(self.sent) + 1:032d}",
            "direction": "outgoing",
            "status": "created",
            "from": form["from"],
            "to": form["to"],
            "message": form["message"],
            "created": datetime.now(UTC).replace(tzinfo=None).isoformat(),
            "parts": 1,
            "cost": 5200,
        }
        entry |= changes
        self.sent.append(entry)
        return entry

    def history(self, query: dict[str, str]) -> dict[str, object]:
        """46elks' history: newest first, before ``start``, after ``end``, to one number, in pages."""
        found = [
            entry
            for entry in sorted(self.sent, key=lambda entry: str(entry["created"]), reverse=True)
            if str(entry["created"]) > query.get("end", "")
            and ("start" not in query or str(entry["created"]) < query["start"])
            and query.get("to", entry["to"]) == entry["to"]
        ]
        page = found[: min(int(query.get("limit", "100")), self.page)]
        return {"data": page} | ({"next": page[-1]["created"]} if len(page) < len(found) else {})


def _credentials(header: str | None) -> str:
    return base64.b64decode((header or "").removeprefix("Basic ")).decode()


def _say(handler: BaseHTTPRequestHandler, answer: Answer, usual: bytes, closing: threading.Event) -> None:
    if answer.hangs:
        closing.wait(30)
    if answer.drops or answer.hangs:
        handler.close_connection = True
        return
    body = usual if answer.body is None else answer.body
    handler.send_response(answer.status)
    for name, value in answer.headers.items():
        handler.send_header(name, value)
    if not (answer.endless or answer.drips):
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
    while (answer.endless or answer.drips) and not closing.is_set():
        handler.wfile.write(b" " * (65_536 if answer.endless else 1))
        handler.wfile.flush()
        if answer.drips:
            closing.wait(0.05)
