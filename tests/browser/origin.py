"""The whole origin on a port of its own, as `idesluss web` serves it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from werkzeug.serving import make_server

from idesluss import demo
from idesluss.front import create_front
from shared.settings import Settings
from tests.browser.pages import World
from tests.support.closing import databases_closed


@contextmanager
def origin(settings: Settings) -> Iterator[World]:
    """Serve it until the end, with the demo's sluices and nothing else. ``settings`` need not name its port."""
    with databases_closed():
        server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True)
        settings = replace(settings, http_port=server.port, base_url=f"http://127.0.0.1:{server.port}")
        demo.seed(settings)
        server.app = create_front(settings)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield World(settings)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
