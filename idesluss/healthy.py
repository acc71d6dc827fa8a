"""Is one role on this machine well? What a container's health check and a person ask; restarts follow from it.

Liveness alone: a database that is away makes nobody here ill, for a restart would not bring it back.
"""

from __future__ import annotations

import urllib.error
import urllib.request

from idesluss import beatfile
from shared.hosts import http_url
from shared.settings import Settings

SILENCE = 20.0
"""Seconds without a beat after which a role counts as hung, as for the supervisor."""
ANSWER_SECONDS = 3.0


def fault(settings: Settings, role: str) -> str:
    """What is wrong with the role, in a few words; nothing where it is well."""
    if role == "listener":
        return _greeting(settings)
    if role.partition("-")[0] == "web":
        return _answer(settings)
    return _beats(settings, role)


def _greeting(settings: Settings) -> str:
    from shared.web.health import Unhealthy, listener_check

    try:
        found = listener_check(settings)()
    except OSError as error:
        return f"no greeting on port {settings.smtp_port}: {error}"
    return found.note if isinstance(found, Unhealthy) else ""


def _answer(settings: Settings) -> str:
    url = f"{http_url(settings)}/health/live"
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS):  # noqa: S310 - http, to ourselves
            return ""
    except (OSError, urllib.error.URLError) as error:
        return f"{url}: {error}"


def _beats(settings: Settings, role: str) -> str:
    silences = beatfile.silences(settings.data_dir, role)
    if not silences:
        return f"no such process has beaten in {settings.data_dir / beatfile.FOLDER}"
    longest = max(silences)
    return "" if longest <= SILENCE else f"silent for {longest:.0f} s"
