"""The way out by mail: facts and wording become a mail, which goes to the relay."""

from __future__ import annotations

import json

from services.notify.channels.base import Channel
from services.notify.compose import compose
from services.notify.domain.kinds import Category, Kind
from services.notify.domain.mail import CalendarPart, Mail, Submission
from services.notify.render import Renderer
from services.notify.store.notifications import Claimed
from services.notify.usecases.outlet import Taken
from shared.settings import Settings


class SendMail:
    """An ``Outlet``: the same notification gives the same bytes at every attempt."""

    def __init__(self, settings: Settings, channel: Channel, renderer: Renderer) -> None:
        self._signer = settings.signer
        self._channel = channel
        self._renderer = renderer

    def send(self, claimed: Claimed) -> Taken:
        """See ``Outlet``."""
        return Taken(self._channel.submit(self._submission(claimed)))

    def close(self) -> None:
        """Close the channel's connections."""
        self._channel.close()

    def _submission(self, claimed: Claimed) -> Submission:
        facts = json.loads(claimed.facts)
        rendered = self._renderer.render(claimed.kind, claimed.language, facts, claimed.wording)
        sluice, thread = facts["sluice"], facts.get("thread") or {}
        mail = Mail(
            notification_id=claimed.id,
            message_id=claimed.message_id,
            recipient=claimed.address,
            recipient_name=claimed.name,
            language=claimed.language,
            sluice_slug=sluice["slug"],
            sender_name=facts.get("sender_name") or sluice["name"],
            sluice_address=sluice["address"],
            reply_to=facts["reply_to"],
            in_reply_to=thread.get("in_reply_to"),
            references=tuple(thread.get("references", ())),
            written_at=claimed.created_at,
            unsubscribe_url=facts.get("unsubscribe_url") if Category(claimed.category).may_be_stopped else None,
            calendar=CalendarPart(**facts["calendar"]) if facts.get("calendar") else None,
            wants_receipt=claimed.wants_receipt,
            # Rows from before facts said so answered mails alone.
            answers_mail=claimed.kind is Kind.CONFIRMATION and facts.get("via", "email") == "email",
        )
        return compose(mail, rendered, self._signer)
