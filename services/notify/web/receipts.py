"""Where an SMS provider tells what became of a message."""

from __future__ import annotations

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.notify.domain import receipt
from services.notify.usecases.handle_receipt import handle_receipt
from services.notify.usecases.queue_message import QueueMessage
from shared import logs
from shared.db import Database
from shared.settings import Settings

log = logs.get(__name__)

MAX_BODY = 8 * 1024
"""Bytes: a receipt is a form of three short fields."""


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/api/notify/v1/receipts/sms/<token>`` to the app."""
    queue = QueueMessage(settings)

    @app.post(f"{receipt.PATH}/<token>")
    def sms_receipt(token: str) -> ResponseReturnValue:
        request.max_content_length = MAX_BODY
        form = request.form
        # 204 whatever it says: the provider repeats for hours what gets another answer.
        identity = receipt.notification_of(settings.signer, token)
        if identity is None:
            log.warning("sms_receipt_unsigned")
            return "", 204
        with database.transaction() as session:
            handle_receipt(session, queue, identity, provider_id=form.get("id", ""), status=form.get("status", ""))
        return "", 204
