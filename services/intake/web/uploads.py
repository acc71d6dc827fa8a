"""Files that are added to an idea that is here already: read, named safely, and judged as the form's files are."""

from __future__ import annotations

from typing import Final

from flask import request

from services.intake.domain.idea_form import file_faults
from services.intake.mail.model import Attachment
from services.intake.mail.parts import attachments
from shared.errors import Rejected

MAX_FIELDS: Final = 1024 * 1024
"""Bytes of everything in the form but its files."""
MAX_BODY: Final = 32 * 1024 * 1024
"""More than the files may be together, so that whoever sends somewhat too much gets their words back."""


def received(field: str) -> list[Attachment]:
    """The files in that field, empty choices left out, with safe names and the type that their bytes show.

    Read them before a transaction begins: it may take a while.

    :raises Rejected: there are too many, together they are too large, or one is a program.
    """
    chosen = [file for file in request.files.getlist(field) if file.filename]
    found = [
        attachments.of_bytes(file.read(), name=file.filename or "", declared=file.mimetype, number=number)
        for number, file in enumerate(chosen, start=1)
    ]
    for fault, _ in file_faults(found):
        raise Rejected(field, f"upload.fault.{fault}")
    return found
