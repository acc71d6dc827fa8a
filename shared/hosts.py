"""Where a server of our own is found by who runs on the same machine."""

from __future__ import annotations

from shared.settings import Settings


def reachable(host: str) -> str:
    """A wildcard address is bound, but loopback is what one connects to."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - compared, not bound


def http_url(settings: Settings) -> str:
    """Where the web role answers on this machine."""
    host = reachable(settings.http_host)
    return f"http://[{host}]:{settings.http_port}" if ":" in host else f"http://{host}:{settings.http_port}"
