"""Out by SMS, over the HTTP API of 46elks (https://46elks.se/docs): submit one, and ask whether one was taken.

Every request has a connection of its own: on a kept one, a provider that just closes it looks the same as one that
took the message and never answered. Nothing of an answer is believed but a plain yes with an id, or a plain no.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from requests import Response, Session
from requests.exceptions import ConnectTimeout, ProxyError, RequestException
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, SSLError

from services.notify.channels.base import NeedsAPerson, Refused, RelayAway, Unanswered
from services.notify.channels.retry_after import asked_pause
from services.notify.channels.sms_url import Provider
from services.notify.domain.sms import Sms, segments
from services.notify.domain.words import one_line
from shared import logs
from shared.clock import now

log = logs.get(__name__)

TIMEOUT = (5.0, 30.0)
"""Seconds to connect, and then for the whole answer."""
MAX_ANSWER = 64 * 1024
"""Bytes of an answer to one message."""
MAX_HISTORY = 1024 * 1024
"""Bytes of one page of the history: at most a hundred messages."""
PAGES = 20
CLOCKS_APART = timedelta(minutes=5)
"""How far the provider's clock may be from ours."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REFUSALS = (400, 403)
"""46elks says a plain no in one line of text under these; under 403 also that our account is empty."""
_OUR_ACCOUNT = re.compile(r"account|credit|balance|funds|payment", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SmsReceipt:
    """What the provider said of a message that it took."""

    provider_id: str
    parts: int
    reply: str


class SmsChannel:
    """Hands messages to one provider. Thread-safe: it keeps nothing between two calls."""

    def __init__(self, provider: Provider, *, timeout: tuple[float, float] = TIMEOUT) -> None:
        self.sender = provider.sender
        self._provider = provider
        self._timeout = timeout

    def submit(self, sms: Sms, *, callback_url: str) -> SmsReceipt:
        """Hand one message over.

        :param callback_url: where the provider posts what becomes of it.
        :raises RelayAway: it was not taken; try again later, where it ``NeedsAPerson`` too.
        :raises Unanswered: nobody knows whether it was taken: ask ``find`` before it is submitted again.
        :raises Refused: it never will be taken.
        """
        form = {"from": sms.sender, "to": sms.to, "message": sms.text, "whendelivered": callback_url}
        status, headers, body = self._ask("POST", MAX_ANSWER, form=form)
        words = self._words(status, body)
        if not 200 <= status < 300:
            raise _failure(status, headers, words)
        answer = _object(body)
        identity = answer.get("id")
        if not isinstance(identity, str) or not _ID.fullmatch(identity):
            raise Unanswered(f"an answer without an id: {words}"[:300])
        if answer.get("status") == "failed":
            raise Refused(words)
        parts = answer.get("parts")
        counted = parts if isinstance(parts, int) and 0 < parts < 256 else segments(sms.text).count
        return SmsReceipt(identity, counted, f"{status} id {identity}, {counted} SMS")

    def find(self, sms: Sms, since: datetime, *, others: Collection[str] = ()) -> SmsReceipt | None:
        """Look in the provider's history for a message to that number with that text, taken since then.

        :param others: ids that belong to other messages of ours with the same words.
        :raises RelayAway: the history cannot be read now; nobody knows, so do not send.
        """
        start: str | None = None
        found: SmsReceipt | None = None
        earliest = since - CLOCKS_APART
        for _ in range(PAGES):
            page, start = self._page(sms.to, earliest, start)
            for each in page:
                if _created(each) < earliest:
                    return found
                if _is_same(each, sms) and each["id"] not in others:
                    identity = str(each["id"])
                    found = SmsReceipt(identity, segments(sms.text).count, f"in the provider's history, id {identity}")
            if start is None or not page:
                return found
        raise RelayAway("the provider's history is too long to look through")

    def _page(self, to: str, earliest: datetime, start: str | None) -> tuple[list[Mapping[str, object]], str | None]:
        """One page, newest first, and where the next one starts; ``start`` is the later end of the time looked at."""
        query = {"to": to, "end": earliest.astimezone(UTC).replace(tzinfo=None).isoformat(), "limit": "100"}
        if start is not None:
            query["start"] = start
        try:
            status, _, body = self._ask("GET", MAX_HISTORY, query=query)
            if not 200 <= status < 300:
                raise RelayAway(f"no history: {self._words(status, body)}")
            answer = _object(body)
        except Unanswered as error:
            raise RelayAway(f"no history: {error}") from error
        page, onward = answer.get("data"), answer.get("next")
        if not isinstance(page, list) or not all(isinstance(each, dict) and "id" in each for each in page):
            raise RelayAway("no history: an answer without a list of messages")
        return page, onward if isinstance(onward, str) and onward != start else None

    def _ask(
        self,
        method: str,
        most: int,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer.

        :raises RelayAway: the request was not sent.
        :raises Unanswered: it was, or may have been, and no whole answer came.
        """
        headers = {"Connection": "close", "Accept-Encoding": "identity", "User-Agent": "idesluss"}
        with Session() as session:
            # A proxy of the organisation's is used where the environment names one, but not on our own machine.
            session.trust_env = self._provider.base.startswith("https:")
            try:
                with session.request(
                    method,
                    f"{self._provider.base}/a1/sms",
                    params=query,
                    data=form,
                    auth=(self._provider.user, self._provider.password),
                    headers=headers,
                    timeout=self._timeout,
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    return response.status_code, response.headers, self._body(response, most)
            except (RequestException, HTTPError, OSError) as error:
                raise _lost(error) from error

    def _body(self, response: Response, most: int) -> bytes:
        until = time.monotonic() + self._timeout[1]
        body = b""
        while piece := response.raw.read1(most + 1 - len(body)):
            body += piece
            if len(body) > most:
                raise Unanswered(f"{response.status_code} and an answer of more than {most} bytes")
            if time.monotonic() > until:
                raise Unanswered(f"{response.status_code} and an answer that does not end")
        return body

    def _words(self, status: int, body: bytes) -> str:
        text = body[:2000].decode("utf-8", "replace")
        for secret in (self._provider.password, self._provider.user):
            text = text.replace(secret, "…")
        return f"{status} {one_line(text)}".strip()


def _failure(status: int, headers: Mapping[str, str], words: str) -> Refused | RelayAway:
    pause = asked_pause(headers.get("Retry-After", ""), now())
    if status == 429:
        return RelayAway(words, retry_after=pause)
    if status in _REFUSALS and not _OUR_ACCOUNT.search(words):
        return Refused(words)
    if 400 <= status < 500:
        # The account, what is left on it, or the host in SMS_URL: a person must mend it, and the messages wait.
        log.error("sms_account_refused", status=status)
        return NeedsAPerson(words, retry_after=pause)
    # A fault within the provider, or of a proxy before it, says nothing of what became of the message.
    return Unanswered(words, retry_after=pause)


def _lost(error: Exception) -> RelayAway:
    """Whether the request had left when the connection was lost; where that is not certain, it had."""
    cause = error.args[0] if error.args else error
    cause = cause.reason if isinstance(cause, MaxRetryError) else cause
    words = f"{type(error).__name__}: {type(cause).__name__}"
    if isinstance(cause, SSLError) and any(isinstance(each, ssl.SSLCertVerificationError) for each in cause.args):
        log.error("sms_provider_untrusted")
        return NeedsAPerson(words)
    if isinstance(error, ConnectTimeout | ProxyError) or isinstance(cause, NewConnectionError):
        return RelayAway(words)
    return Unanswered(f"no answer after the message: {words}")


def _object(body: bytes) -> Mapping[str, object]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise Unanswered("an answer that is no JSON object")
    return answer


def _created(entry: Mapping[str, object]) -> datetime:
    """When the provider took a message: UTC, which it writes without a zone."""
    try:
        moment = datetime.fromisoformat(str(entry.get("created")))
    except ValueError as error:
        raise RelayAway("no history: a message without its time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _is_same(entry: Mapping[str, object], sms: Sms) -> bool:
    text = entry.get("message")
    return (
        entry.get("direction") == "outgoing"
        and entry.get("to") == sms.to
        and isinstance(text, str)
        and text.split() == sms.text.split()
    )
