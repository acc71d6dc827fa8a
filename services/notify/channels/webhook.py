"""Out by webhook: one POST, and what its answer means for the next attempt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from services.notify.channels.base import Refused, RelayAway, RelayBusy, Unanswered
from services.notify.channels.guarded_http import GuardedHttp, NoReply, Reply, Unreached
from services.notify.channels.retry_after import asked_pause
from services.notify.domain.webhook import WebhookRequest
from services.notify.domain.words import one_line
from shared.clock import now
from shared.errors import Rejected

LONGEST_REPLY = 500
"""Characters of a reply that are kept."""
_ASKS_TO_WAIT = (429, 503)
_REFUSALS = {
    "webhook.url.inside": "the name leads inside our own network",
    "webhook.url.https": "http is for networks of our own alone",
    "webhook.url.port": "that port is not for webhooks",
    "webhook.url.form": "that is no web address",
    "webhook.url.user": "an address may hold no user name",
}


class Gone(Refused):
    """410: nobody is there any more, and nobody wants to be asked again (Standard Webhooks)."""


class WebhookChannel:
    """Hands a request to its receiver. Thread-safe. See ``Channel``."""

    def __init__(self, http: GuardedHttp, clock: Callable[[], datetime] = now) -> None:
        self._http = http
        self._clock = clock

    def submit(self, request: WebhookRequest) -> str:
        """Send it and return what came back, on one line.

        :raises RelayAway, RelayBusy: try again later. ``Unanswered`` may have been taken: the id is the same again.
        :raises Gone: do not, and send nothing more to that endpoint.
        """
        try:
            reply = self._http.post(request.url, request.headers, request.body)
        except Rejected as refusal:
            # Names and networks change; for a day it may be mended.
            raise RelayBusy(f"not sent: {_REFUSALS[refusal.message_key]}") from refusal
        except Unreached as error:
            raise RelayAway(str(error)) from error
        except NoReply as error:
            raise Unanswered(str(error)) from error
        words = _in_words(reply)
        if 200 <= reply.status < 300:
            return words
        if reply.status == 410:
            raise Gone(words)
        if 300 <= reply.status < 400:
            raise RelayBusy(f"redirect not followed: {words}")
        raise RelayBusy(words, retry_after=self._asked(reply))

    def close(self) -> None:
        """Nothing is kept open."""

    def _asked(self, reply: Reply) -> timedelta | None:
        if reply.status not in _ASKS_TO_WAIT:
            return None
        return asked_pause(reply.headers.get("Retry-After", ""), self._clock())


def _in_words(reply: Reply) -> str:
    said = one_line(reply.body.decode("utf-8", "replace"), LONGEST_REPLY)
    return f"{reply.status} {said}".rstrip()
