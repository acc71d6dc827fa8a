"""Keep programs out of forms that anybody may send, and follow nobody: no cookie, no fingerprint, no foreign host.

Four signs, each worth little alone: a field that no person sees, a signed token that tells when the form was fetched,
a proof of work that a browser solves while somebody writes, and a limit by address. None of them refuses a person for
good: what looks like a program's is taken in and held for a person to see, and what comes too often is told where
else to write. Used by the form for ideas, and by support, comments and news on the public pages::

    guard = antibot.install(app, settings, database)     # once for the app; again gives the same
    render_template(…, guard=guard.fields("support:krokom"))  # with {{ hidden_fields(guard) }} of antibot.html
    seen = guard.look("support:krokom")                  # in the POST
    if seen.comes_too_often: …                           # 429
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from limits import RateLimitItem, parse
from sqlalchemy.exc import SQLAlchemyError

from shared import limits_storage, logs
from shared.clock import now
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import form_tokens, proof
from shared.web.proof import Solved

log = logs.get(__name__)

SHORTEST = timedelta(seconds=3)
"""Nobody fills in a form faster than this."""
LONGEST = timedelta(hours=24)
POSTS = "200/10minutes"
"""Posts from one address, whatever becomes of them. A whole town hall may be one address."""
SUSPECTS = "120/hour"
"""Posts from one address that look like a program's: what is held costs a person time."""
TASK = "/prov"
"""Where a browser gets its task, unless the app says otherwise."""
TRAP = "homepage"
TOKEN = "form_token"  # noqa: S105 - the name of a field
PROOF = "altcha"

_EXTENSION = "idesluss_guard"


@dataclass(frozen=True, slots=True)
class Fields:
    """What a form must carry, for the template."""

    token: str
    task: str
    """Where the browser gets its task."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a sent form looks like."""

    suspicion: str | None
    """Why a person should look first: ``form-trap``, ``form-token``, ``form-fast``, ``form-no-proof`` or
    ``form-wrong-proof``; None for nothing."""
    key: str | None
    """The form's idempotency key; None where its token is not ours."""
    proof: Solved | None
    """To be used up in the transaction that keeps what was sent (``hits.spend``)."""
    is_stale: bool = False
    """Was it fetched more than a day ago? It should be sent again, with a new token."""
    is_foreign: bool = False
    """Does a browser say that another site sends it?"""
    comes_too_often: bool = False


class Guard:
    """One app's guard over its open forms."""

    def __init__(self, app: Flask, settings: Settings, database: Database, task: str = TASK) -> None:
        self._settings = settings
        self._limiter = Limiter(
            self._caller,
            app=app,
            storage_uri=limits_storage.ADDRESS,
            storage_options={"database": database},  # type: ignore[dict-item] # handed to our own storage as it is
            strategy="fixed-window",
            headers_enabled=False,
        )
        self._task_address = task
        app.add_url_rule(task, "task", self._task)

    def fields(self, form: str, *, token: str | None = None, sent_again: bool = False) -> Fields:
        """What the form must carry.

        :param form: what it is for, and bound to: ``idea:krokom``.
        :param token: the one it came with, if it is shown again.
        :param sent_again: it was read already, so it may be sent at once.
        """
        moment = now() - SHORTEST if sent_again else now()
        known = form_tokens.read(self._settings.signer, form, token) if token else None
        is_fresh = known is not None and form_tokens.age(known, now()) <= LONGEST
        kept = token if token and is_fresh else form_tokens.issue(self._settings.signer, form, moment)
        return Fields(kept, f"{self._task_address}?for={form}")

    def look(self, form: str, *, is_whole: bool = True, posts: str = "", suspects: str = "") -> Seen:
        """Judge the present request. It counts against its address.

        :param is_whole: False where it will not be taken anyway, for a fault of its own: then it costs nobody time.
        :param posts: how many from one address, where a form is for many who share one; likewise ``suspects``.
        """
        if self._exceeds(posts or POSTS, "posts"):
            return Seen(None, None, None, comes_too_often=True)
        token = form_tokens.read(self._settings.signer, form, request.form.get(TOKEN, ""))
        payload = request.form.get(PROOF, "")
        found = proof.solved(self._settings.signer, form, payload) if payload else None
        suspicion = _suspicion(token, has_proof=bool(payload), is_solved=found is not None)
        return Seen(
            suspicion,
            token.key if token else None,
            found,
            is_stale=token is not None and form_tokens.age(token, now()) > LONGEST,
            is_foreign=_is_foreign(self._settings),
            comes_too_often=is_whole and suspicion is not None and self._exceeds(suspects or SUSPECTS, "suspects"),
        )

    def _exceeds(self, limit: str, scope: str) -> bool:
        """Count the present request; where the count fails the form is taken all the same."""
        try:
            if self._limiter.limiter.hit(_parsed(limit), self._caller(), scope):
                return False
        except SQLAlchemyError:
            log.exception("form_not_counted", scope=scope)
            return False
        log.info("form_limited", rule=str(request.url_rule))
        return True

    def _caller(self) -> str:
        """The caller's address as a sign that tells nobody the address. An IPv6 customer has a /64 at least."""
        address = ip_address(request.remote_addr or "::")
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        if isinstance(address, IPv6Address) and mapped is None:
            network = str(ip_network((address, 64), strict=False))
        else:
            network = str(mapped or address)
        return self._settings.signer.token("caller", network, length=26)

    def _task(self) -> ResponseReturnValue:
        """A task for a form; asking for one keeps nothing."""
        form = request.args.get("for", "")
        if not 0 < len(form) <= 100:
            raise NotFound("no such form")
        return jsonify(proof.task(self._settings.signer, form))


def install(app: Flask, settings: Settings, database: Database, task: str = TASK) -> Guard:
    """The app's guard, made when it is first asked for; ``task`` is an address of that app's own."""
    guard: Guard | None = app.extensions.get(_EXTENSION)
    if guard is None:
        guard = app.extensions[_EXTENSION] = Guard(app, settings, database, task)
    return guard


@cache
def _parsed(limit: str) -> RateLimitItem:
    return parse(limit)


def _suspicion(token: form_tokens.FormToken | None, *, has_proof: bool, is_solved: bool) -> str | None:
    if request.form.get(TRAP):
        return "form-trap"
    if token is None:
        return "form-token"
    if form_tokens.age(token, now()) < SHORTEST:
        return "form-fast"
    if not has_proof:
        return "form-no-proof"
    return None if is_solved else "form-wrong-proof"


def _is_foreign(settings: Settings) -> bool:
    """Browsers tell where a form stands; other programs tell nothing, and are judged by the rest."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin", "null")
    if origin == "null":
        return False
    ours = {urlsplit(settings.base_url).netloc, request.host}
    return urlsplit(origin).netloc not in ours
