"""The mail lab: any mail dropped here is read as a received one would be, and every decision is shown with its reason.

Nothing is stored, and no mail is read in this process: reading and making anonymous have children of their own.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from services.intake.mail.explain import return_path
from services.intake.mail.limited import LimitedReader
from services.intake.mail.model import Reading
from services.intake.usecases.anonymise_mail import anonymised
from services.intake.web import downloads
from services.intake.web.downloads import size_in_words
from shared.errors import TemporaryFailure
from shared.settings import Settings
from shared.web import session
from shared.web.room import room_for
from shared.words import one_line

PAGE = "/kontakt/brevlabb/"
MOST_FILES = 20
MAX_BODY = 44 * 1024 * 1024
"""Bytes of one request: one mail as large as the listener takes, or many of ordinary size. The server takes no more."""
MAX_CARRIED = 256 * 1024
"""Bytes of a mail that the page itself carries made anonymous, so that it need not be chosen again."""
_MAX_FIELDS = 4 * 1024 * 1024
_CASES = Path(__file__).parents[4] / "tests" / "fixtures" / "mail"


@dataclass(frozen=True, slots=True)
class _Result:
    """One file, and what reading it gave."""

    name: str
    size: int
    reading: Reading | None
    """None where the file is too large."""
    anonymous: str = ""
    """The mail made anonymous, in base64, where the page can carry it."""


def register(app: Flask, settings: Settings) -> None:
    """Add ``/kontakt/brevlabb/`` to the app, for administrators."""
    limit = settings.smtp_max_size

    def page(results: list[_Result], fault: str | None = None) -> str:
        return render_template(
            "mail_lab/mail_lab.html",
            results=results,
            fault=fault,
            most=MOST_FILES,
            limit=limit,
            in_words=size_in_words,
            has_cases=_CASES.is_dir(),
        )

    @app.get(PAGE)
    @session.require_admin
    def mail_lab() -> ResponseReturnValue:
        return page([])

    @app.post(PAGE)
    @room_for(fields=_MAX_FIELDS, body=MAX_BODY)
    @session.require_admin
    def read_dropped() -> ResponseReturnValue:
        files = [file for file in request.files.getlist("mail") if file.filename]
        if not files:
            return page([], "none"), 422
        if len(files) > MOST_FILES:
            return page([], "too_many"), 422
        with LimitedReader() as reader:
            results = [_read(reader, file, limit) for file in files]
        return page(results)

    @app.post(f"{PAGE}anonymt")
    @room_for(fields=_MAX_FIELDS, body=MAX_BODY)
    @session.require_admin
    def anonymous_mail() -> ResponseReturnValue:
        try:
            return _download(_asked_for(limit))
        except ValueError as fault:
            return page([], str(fault)), 422
        except TemporaryFailure:
            return page([], "not_made"), 503


def _read(reader: LimitedReader, file: FileStorage, limit: int) -> _Result:
    raw = file.stream.read(limit + 1)
    name = one_line(file.filename or "", 200)
    if len(raw) > limit:
        return _Result(name, len(raw), None)
    reading = reader.read(raw, envelope_from=return_path(raw))
    carried = ""
    if len(raw) <= MAX_CARRIED:
        try:
            carried = base64.b64encode(anonymised(raw)).decode()
        except TemporaryFailure:
            carried = ""
    return _Result(name, len(raw), reading, carried)


def _asked_for(limit: int) -> bytes:
    """The anonymous mail that the request carries, or the one made of the file that it carries.

    :raises ValueError: there is neither, or it is too large; the text is the fault's key.
    """
    if carried := request.form.get("carried"):
        try:
            return base64.b64decode(carried, validate=True)
        except binascii.Error as fault:
            raise ValueError("none") from fault
    file = next((file for file in request.files.getlist("mail") if file.filename), None)
    if file is None:
        raise ValueError("none")
    raw = file.stream.read(limit + 1)
    if len(raw) > limit:
        raise ValueError("too_large")
    return anonymised(raw)


def _download(raw: bytes) -> Response:
    return downloads.mail(raw, "anonymt.eml")
