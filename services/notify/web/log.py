"""The delivery log: what was sent to whom, what became of it and why, and what a person can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask, Response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from services.notify.domain.account import Account
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Channel, Kind
from services.notify.render import Renderer
from services.notify.store import books, endpoints, log, notifications, operations, replacements, sluices, wordings
from services.notify.store.log import Search
from services.notify.store.tables import Notification
from services.notify.usecases.cancel import cancel
from services.notify.usecases.queue_message import QueueMessage
from services.notify.usecases.send_anew import SendAnew, has_ended_unsent
from services.notify.usecases.show_message import Shown, show
from services.notify.web.frame import SECTIONS
from shared.clock import now
from shared.db import Database
from shared.errors import Conflict, NotFound, Rejected
from shared.settings import Settings
from shared.web import security, session
from shared.web.language import link
from shared.web.paging import page, position_in, position_of

START = SECTIONS["log"]
ONE = f"{START}/<uuid:identity>"
PAGE = 50
DAYS = (1, 7, 30, 365)
"""How far back one may look; 0 is everything."""
USUAL_DAYS = 30
DONE = frozenset({"cancelled", "sent-anew"})
GROUPS = (Account.WAITING, Account.SENT, Account.FAILED, Account.SUPPRESSED)

_Choice = TypeVar("_Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Whole:
    """Everything that is known of one notification."""

    row: Notification
    facts: Mapping[str, Any]
    shown: Shown | None


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/kontakt/drift/utskick`` and the page of each message."""
    renderer = Renderer()
    send_anew = SendAnew(QueueMessage(settings))

    @app.get(START)
    @session.require_admin
    def delivery_log() -> ResponseReturnValue:
        days = _days()
        since = now() - timedelta(days=days) if days else None
        words = request.args.get("q", "").strip()[:320]
        search = Search(
            words=words,
            account=_choice(Account, "group"),
            kind=_choice(Kind, "kind"),
            channel=_choice(Channel, "channel"),
            sluice=request.args.get("sluice") or None,
            since=since,
        )
        with database.transaction() as asked:
            after = position_in(request.args.get("cursor", ""))
            found = page(log.find(asked, search, limit=PAGE, after=after), PAGE, position_of)
            known = sluices.list_all(asked)
            names = _endpoint_names(asked, found["items"])
        kept = {name: value for name, value in request.args.items() if name not in ("cursor", "lang") and value}
        return render_template(
            "drift/log.html",
            rows=found["items"],
            older=link(START, **kept, cursor=found["next"]) if found["next"] else None,
            first=link(START, **kept) if request.args.get("cursor") else None,
            search=search,
            days=days,
            choices={"group": GROUPS, "kind": list(Kind), "channel": list(Channel), "days": (*DAYS, 0)},
            sluices=known,
            endpoint_names=names,
            account_at=books.account,
        )

    @app.get(ONE)
    @session.require_admin
    def one_message(identity: UUID) -> ResponseReturnValue:
        return message_page(identity)

    @app.get(f"{ONE}/html")
    @session.require_admin
    def message_html(identity: UUID) -> ResponseReturnValue:
        shown = read(identity).shown
        if shown is None or shown.html is None:
            raise NotFound("no such page")
        return Response(shown.html, mimetype="text/html", headers=security.MAIL_HEADERS)

    @app.post(f"{ONE}/stall-in")
    @session.require_admin
    def cancel_message(identity: UUID) -> ResponseReturnValue:
        try:
            with database.transaction() as asked:
                cancel(asked, identity, actor=session.who(), reason=request.form.get("reason", ""), moment=now())
        except (Rejected, Conflict) as fault:
            return message_page(identity, fault)
        return redirect(link(f"{START}/{identity}", done="cancelled"), 303)

    @app.post(f"{ONE}/skicka-igen")
    @session.require_admin
    def send_message_anew(identity: UUID) -> ResponseReturnValue:
        address = request.form.get("address", "").strip()
        try:
            with database.transaction() as asked:
                made = send_anew(asked, identity, address=address or None, actor=session.who())
        except (Rejected, Conflict) as fault:
            return message_page(identity, fault)
        return redirect(link(f"{START}/{made.id}", done="sent-anew"), 303)

    def message_page(identity: UUID, fault: Rejected | Conflict | None = None) -> Response:
        whole = read(identity)
        done = request.args.get("done")
        body = render_template(
            "drift/message.html",
            row=whole.row,
            shown=whole.shown,
            done=done if done in DONE else None,
            fault=fault.message_key if isinstance(fault, Rejected) else "message.moved_on" if fault else None,
            fault_at=fault.field if isinstance(fault, Rejected) else None,
            given=request.form,
            account_at=books.account,
            **whole.facts,
        )
        status = 422 if isinstance(fault, Rejected) else 409 if fault else 200
        return Response(body, status, headers={"Content-Security-Policy": security.policy(frame_src="'self'")})

    def read(identity: UUID) -> Whole:
        """Everything about one.

        :raises NotFound: there is no such notification.
        """
        with database.transaction() as asked:
            found = notifications.read(asked, identity)
            if found is None:
                raise NotFound("no such notification")
            row, attempts = found
            wording = wordings.read(asked, row.wording_id) if row.wording_id is not None else None
            waits = books.account(row) is Account.WAITING and row.state != State.SENDING
            facts = {
                "attempts": attempts,
                "acts": operations.about(asked, f"notification:{row.id}"),
                "replaced_by": replacements.of(asked, row.id),
                "carried": log.carried(asked, row),
                "endpoint_names": _endpoint_names(asked, [row]),
                "may_cancel": waits and row.carried_by is None,
                "may_send_anew": has_ended_unsent(row) and row.channel != Channel.WEBHOOK,
                "may_correct": row.channel == Channel.EMAIL,
            }
        return Whole(row, facts, show(renderer, row, wording))


def _choice(choices: type[_Choice], name: str) -> _Choice | None:
    """What a list of the form was set to; anything else is everything."""
    try:
        return choices(request.args.get(name, ""))
    except ValueError:
        return None


def _days() -> int:
    days = request.args.get("days", USUAL_DAYS, type=int)
    return days if days in (*DAYS, 0) else USUAL_DAYS


def _endpoint_names(asked: Session, rows: list[Notification]) -> dict[str, str]:
    """The names of the webhooks among the recipients, by what stands as the recipient's address."""
    if not any(row.channel == Channel.WEBHOOK for row in rows):
        return {}
    return {str(endpoint.id): endpoint.name for endpoint in endpoints.list_all(asked)}
