"""What a notification says to its recipient, for somebody else to read: without what would let them act as that one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from services.notify.domain.kinds import Channel, Kind
from services.notify.domain.wording import Wording
from services.notify.render import Renderer, RenderError
from services.notify.store.tables import Notification
from services.notify.usecases.send_sms import text_of
from shared import logs
from shared.web.own_links import without_tokens

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it was written, or would be now."""

    subject: str | None
    text: str
    html: str | None


def show(renderer: Renderer, row: Notification, wording: Wording | None) -> Shown | None:
    """The message, or None where it cannot be written: its facts and its wording do not fit together.

    :param wording: the saved version that the row names; None is the built-in one.
    """
    # Every token came in with a fact, be it a link of ours or a person's quote of one.
    facts = _without_tokens(json.loads(row.facts))
    try:
        match Channel(row.channel):
            case Channel.EMAIL:
                mail = renderer.render(Kind(row.kind), row.language, facts, wording)
                return Shown(mail.subject, mail.text, mail.html)
            case Channel.SMS:
                return Shown(None, text_of(facts), None)
            case Channel.WEBHOOK:
                return Shown(None, json.dumps(facts, ensure_ascii=False, indent=2), None)
    except (RenderError, KeyError, ValueError) as error:
        log.warning("notification_unreadable", notification_id=str(row.id), kind=row.kind, fault=type(error).__name__)
        return None


def _without_tokens(value: Any) -> Any:
    if isinstance(value, str):
        return without_tokens(value)
    if isinstance(value, dict):
        return {name: _without_tokens(inner) for name, inner in value.items()}
    return [_without_tokens(inner) for inner in value] if isinstance(value, list) else value
