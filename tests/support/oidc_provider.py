"""A small OpenID Connect provider on 127.0.0.1: everybody who comes is signed in there at once, as whoever a test says."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "idesluss", "hemligt med blank & tecken"


@dataclass
class Provider:
    """What the provider says, to be changed by tests."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    """Over the usual ones."""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "k1"}))
    signs_with: RSAKey | None = None
    algorithm: str = "RS256"
    faults: list[str] = field(default_factory=list)
    """What was wrong with what we asked."""
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is led to."""
        for name, value in {"response_type": "code", "code_challenge_method": "S256", "client_id": CLIENT}.items():
            if query.get(name) != value:
                self.faults.append(name)
        code = secrets.token_hex(8)
        self._codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> dict[str, Any] | None:
        """The answer to a code, once."""
        asked = self._codes.pop(form.get("code", ""), None)
        name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
        challenge = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        wrong = [
            ("code", asked is None),
            ("client", (unquote(name), unquote(secret)) != (CLIENT, SECRET)),
            ("redirect_uri", asked is not None and form.get("redirect_uri") != asked["redirect_uri"]),
            (
                "verifier",
                asked is not None
                and base64.urlsafe_b64encode(challenge).decode().rstrip("=") != asked["code_challenge"],
            ),
        ]
        found = [name for name, is_wrong in wrong if is_wrong]
        self.faults += found
        if asked is None or found:
            return None
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT, "sub": "1", "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        key = self.signs_with or self.key
        token = jwt.encode({"alg": self.algorithm, "kid": "k1"}, usual | self.claims, key, algorithms=[self.algorithm])
        return {"access_token": "a", "token_type": "Bearer", "expires_in": 60, "id_token": token}

    def description(self) -> dict[str, str]:
        """Its own description (OpenID Connect Discovery 1.0 §3)."""
        paths = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {"issuer": self.issuer} | {name: f"{self.issuer}/{path}" for name, path in paths.items()}


@contextmanager
def provider() -> Iterator[Provider]:
    """One that listens until the end."""
    served = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", served.authorize({n: v[0] for n, v in parse_qs(url.query).items()}))
                self.end_headers()
            elif url.path == "/keys":
                self._say({"keys": [served.key.as_dict(private=False)]})
            else:
                self._say(served.description())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            found = served.token(form, self.headers.get("Authorization", ""))
            self._say(found or {"error": "invalid_grant"}, 200 if found else 400)

        def _say(self, found: dict[str, Any], status: int = 200) -> None:
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
