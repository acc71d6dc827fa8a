"""The catching mailbox in a browser, and as JSON in the form that Mailpit made known."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.exceptions import NotFound

from services.notify.mailbox.reading import Mailbox, read
from services.notify.mailbox.store import MailStore
from services.notify.mailbox.tables import Message
from shared.settings import Settings
from shared.web import security
from shared.web.tokens import check_scope

SCOPE = "notify:read"
PAGE = 50
MOST = 1000
"""Messages in one answer of the JSON list."""
LINKS_OPEN = "sandbox allow-popups allow-popups-to-escape-sandbox"
"""Within the frame still nothing runs; a link opens as a page of its own, as it does from a mail program."""
_HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
LAST = 2**31 - 1
"""The highest number taken from a query: PostgreSQL's OFFSET knows no number without end."""


def blueprint(settings: Settings, store: MailStore) -> Blueprint:
    """``/mailbox/`` and ``/mailbox/api/v1/``."""
    pages = Blueprint("mailbox", __name__, url_prefix="/mailbox")

    @pages.before_request
    def guard() -> None:
        # Caught mail holds signed links. On this machine alone it lies open; elsewhere it takes a token.
        if not _is_loopback(settings.http_host):
            check_scope(SCOPE)

    @pages.get("/")
    def show_list() -> str:
        start = _number("start", 0)
        total, found = store.newest(start, PAGE)
        rows = [{"mail": each, "read": read(each.raw)} for each in found]
        return render_template("mailbox/list.html", rows=rows, total=total, start=start, page=PAGE)

    @pages.get("/<uuid:identity>")
    def show_mail(identity: UUID) -> Response:
        mail = _found(identity)
        page = render_template("mailbox/mail.html", mail=mail, read=read(mail.raw))
        return Response(page, headers={"Content-Security-Policy": security.policy(frame_src="'self'")})

    @pages.get("/<uuid:identity>/html")
    def show_html(identity: UUID) -> Response:
        html = _HEAD.sub(lambda head: f'{head[0]}<base target="_blank">', read(_found(identity).raw).html, count=1)
        headers = security.MAIL_HEADERS | {
            "Content-Security-Policy": security.MAIL_HEADERS["Content-Security-Policy"].replace("sandbox", LINKS_OPEN)
        }
        return Response(html, mimetype="text/html", headers=headers)

    @pages.get("/api/v1/messages")
    def list_messages() -> Response:
        start, limit = _number("start", 0), min(_number("limit", PAGE), MOST)
        total, found = store.newest(start, limit)
        return jsonify(
            {
                "total": total,
                "messages_count": total,
                "start": start,
                "count": len(found),
                "messages": [_summary(each) for each in found],
            }
        )

    @pages.get("/api/v1/message/<uuid:identity>")
    def one_message(identity: UUID) -> Response:
        return jsonify(_whole(_found(identity)))

    @pages.get("/api/v1/message/<uuid:identity>/headers")
    def headers_of(identity: UUID) -> Response:
        return jsonify(read(_found(identity).raw).headers)

    @pages.get("/api/v1/message/<uuid:identity>/raw")
    def raw_of(identity: UUID) -> Response:
        headers = {
            "Content-Security-Policy": security.SANDBOXED,
            "Content-Disposition": f'inline; filename="{quote(str(identity))}.eml"',
        }
        return Response(_found(identity).raw, mimetype="message/rfc822", headers=headers)

    def _found(identity: UUID) -> Message:
        mail = store.get(identity)
        if mail is None:
            raise NotFound
        return mail

    return pages


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _number(name: str, default: int) -> int:
    """A number from the query, from 0 to ``LAST``; what is no number is the default, as Mailpit does it."""
    return min(max(0, request.args.get(name, default, type=int)), LAST)


def _summary(mail: Message) -> dict[str, Any]:
    said = read(mail.raw)
    return {
        "ID": str(mail.id),
        "MessageID": mail.message_id,
        "From": _box(said.sender),
        "To": [_box(each) for each in said.to],
        "Cc": [_box(each) for each in said.cc],
        "Bcc": _hidden(mail, said.to + said.cc),
        "ReplyTo": [_box(each) for each in said.reply_to],
        "Subject": said.subject,
        "Created": mail.created_at.isoformat(),
        "Size": len(mail.raw),
        "Attachments": len(said.attachments),
        "Snippet": said.snippet,
        "submissions": mail.submissions,
    }


def _whole(mail: Message) -> dict[str, Any]:
    said = read(mail.raw)
    summary = _summary(mail)
    del summary["Created"], summary["Snippet"]
    return summary | {
        "ReturnPath": mail.sender,
        "Date": mail.created_at.isoformat(),
        "Text": said.text,
        "HTML": said.html,
        "Attachments": [
            {"PartID": str(each.part), "FileName": each.name, "ContentType": each.type, "Size": each.size}
            for each in said.attachments
        ],
    }


def _box(box: Mailbox | None) -> dict[str, str] | None:
    return None if box is None else {"Name": box.name, "Address": box.address}


def _hidden(mail: Message, shown: list[Mailbox]) -> list[dict[str, str]]:
    """Recipients of the envelope that the header does not name."""
    named = {each.address.lower() for each in shown}
    return [{"Name": "", "Address": each} for each in mail.recipients if each.lower() not in named]
