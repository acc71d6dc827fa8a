"""Which message goes to which use case."""

from __future__ import annotations

from collections.abc import Mapping

from services.intake.usecases.read_mail import ReadMail
from shared.bus.inbox import Handler
from shared.contracts.registry import MAIL_RECEIVED


def handlers(read_mail: ReadMail) -> Mapping[str, Handler]:
    """Intake's handlers by message name."""
    return {MAIL_RECEIVED.name: read_mail}
