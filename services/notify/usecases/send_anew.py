"""Send again what did not arrive, because a person asks for it: to the same address, or to the right one.

The failed notification stays as it is, for the record; a new one takes its place. It asks for a receipt, and goes
out whatever the list of suppressed addresses says: that is how a wrong entry is found.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from services.notify.domain.account import Account
from services.notify.domain.asked import Asked
from services.notify.domain.delivery import State
from services.notify.domain.kinds import Category, Channel, Kind
from services.notify.domain.suppression import HELD_BACK
from services.notify.domain.words import cleaned
from services.notify.store import books, emptying, notifications, operations, replacements, sluices
from services.notify.store.tables import Notification
from services.notify.usecases.queue_message import QueueMessage
from services.notify.usecases.undelivered import TO_SUBMITTERS
from shared import logs
from shared.bus import outbox
from shared.contracts.registry import ADDRESS_CORRECTED
from shared.errors import Conflict, NotFound, Rejected
from shared.mail.addresses import canonical, folded, is_automatic, is_sendable

log = logs.get(__name__)

MOST = 10
"""How often one notification is sent anew, together with whatever was sent in its place and failed as well: whoever
finds a contact's link must not make a mailing machine of it, nor of the links that it leads to."""

MOST_A_DAY = 3
"""How much links send anew to one mailbox in a day. Whoever has signed in decides for themselves."""


@dataclass(frozen=True, slots=True)
class SendAnew:
    """Asked twice for the same, it sends once."""

    queue: QueueMessage

    def __call__(self, session: Session, identity: UUID, *, address: str | None, actor: str | None) -> Notification:
        """Send one anew; the new notification.

        With a corrected address all that failed to reach the submitter of the same idea at the wrong one is sent
        anew as well, and whoever knows of the idea hears which address is right from now on.

        :param address: the right address, or None for the same.
        :param actor: who asks for it; None where all that is known is that it is a contact of the sluice.
        :raises NotFound: there is no such notification.
        :raises Rejected: the address cannot be written to, or is a program's, such as our own; or it was tried often
            enough.
        :raises Conflict: the notification has not failed, or is a webhook's, which has a way of its own.
        """
        row = notifications.locked(session, identity)
        if row is None:
            raise NotFound
        if not has_ended_unsent(row):
            raise Conflict(f"It is {row.state}: only what did not arrive can be sent anew.")
        if row.channel == Channel.WEBHOOK:
            raise Conflict("Send a webhook's messages again on the webhook itself.")
        to = row.recipient_address if address is None else _checked(session, row, address)
        known = notifications.by_key(session, _key(row, to))
        if known is not None:
            return known
        moment = self.queue.clock()
        is_by_link = actor is None
        if (
            is_by_link and replacements.count_to(session, folded(to), moment - timedelta(days=1)) >= MOST_A_DAY
        ) or replacements.count_chain(session, row.id) >= MOST:
            raise Rejected("address", "undelivered.fault.too_many")
        actor = actor or json.loads(row.facts)["sluice"]["name"]
        rows = [row]
        if canonical(to) != canonical(row.recipient_address) and row.idea_reference and row.kind in TO_SUBMITTERS:
            rows += _also_unsent(session, row)
            self._tell(session, row, to, actor, moment)
        self.queue(session, _asked(rows, to))
        operations.record(session, at=moment, actor=actor, act="sent-anew", target=f"notification:{row.id}")
        made = notifications.by_key(session, _key(row, to))
        assert made is not None  # the queue has just made it
        log.info("notification_sent_anew", notification_id=str(row.id), by=str(made.id), count=len(rows))
        return made

    @staticmethod
    def _tell(session: Session, row: Notification, right: str, by: str, moment: datetime) -> None:
        outbox.put(
            session,
            ADDRESS_CORRECTED,
            {
                "idea_reference": row.idea_reference,
                "wrong": row.recipient_address,
                "right": right,
                "corrected_by": by,
                "at": moment,
            },
        )


def has_ended_unsent(row: Notification) -> bool:
    """True for what failed for good or was held back, so that nothing goes out unless somebody asks.

    Not for what has been emptied: there is nothing left to send.
    """
    if emptying.is_empty(row):
        return False
    return books.account(row) is Account.FAILED or row.state == State.SUPPRESSED


def _checked(session: Session, row: Notification, address: str) -> str:
    address = cleaned(address).strip()
    if row.channel != Channel.EMAIL:
        raise Rejected("address", "undelivered.fault.channel")
    if not address:
        raise Rejected("address", "undelivered.fault.missing")
    if not is_sendable(address):
        raise Rejected("address", "undelivered.fault.address")
    # With any tag: what comes in at our own reply addresses and return paths makes an idea, or goes in a circle.
    is_ours = folded(address) in {folded(each.address) for each in sluices.list_all(session)}
    if is_automatic(address) or is_ours:
        raise Rejected("address", "undelivered.fault.automatic")
    return address


def _also_unsent(session: Session, row: Notification) -> list[Notification]:
    """What else did not reach the submitter there, unless another was sent in its place or it was held back on
    grounds of its own."""
    wrong = canonical(row.recipient_address)
    found = replacements.unreplaced(session, row.idea_reference or "", row.recipient_folded)
    return [
        each
        for each in found
        if each.id != row.id
        and each.kind in TO_SUBMITTERS
        and canonical(each.recipient_address) == wrong
        and has_ended_unsent(each)
        and (each.state != State.SUPPRESSED or each.reason in HELD_BACK)
    ]


def _key(row: Notification, to: str) -> str:
    return f"anew:{row.id}:{canonical(to)}"


def _asked(rows: Iterable[Notification], to: str) -> Iterator[Asked]:
    for row in rows:
        facts = json.loads(row.facts)
        if row.kind == Kind.CONFIRMATION:
            # A person sends it now, and no program answers a mail: it has a return path, so reports find it.
            facts["via"] = "by-hand"
        yield Asked(
            key=_key(row, to),
            kind=Kind(row.kind),
            address=to,
            name=row.recipient_name,
            language=row.language,
            sluice_slug=row.sluice_slug,
            sluice_address=facts["sluice"]["address"],
            idea_reference=row.idea_reference,
            facts=facts,
            category=Category(row.category),
            channel=Channel(row.channel),
            series=row.series,
            number=row.series_number,
            replaces=row.id,
            wants_receipt=row.channel == Channel.EMAIL,
        )
