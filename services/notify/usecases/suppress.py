"""Put an address on the list of those that are not written to, and take it off: by what came, or by hand."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from services.notify.domain.ahead import ahead
from services.notify.domain.kinds import Category, Channel, Reason
from services.notify.domain.suppression import Cause, deciding, expiry
from services.notify.domain.words import one_line
from services.notify.store import operations, suppressions
from services.notify.store.tables import Notification, Suppression
from shared import logs
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical, is_sendable

log = logs.get(__name__)

LONGEST = 500
"""Signs of a reason, or of a server's words."""


def held_back(session: Session, channel: Channel, address: str, category: Category, moment: datetime) -> Reason | None:
    """Why a message to an address does not go out, or None where it may. The list is of mail addresses."""
    if channel is not Channel.EMAIL:
        return None
    cause = deciding(suppressions.causes(session, channel, canonical(address), moment), category)
    return cause.reason if cause is not None else None


def because_of(session: Session, row: Notification, cause: Cause, line: str, moment: datetime) -> None:
    """Put a notification's own address on the list, with the words that show why. Twice is once."""
    found = suppressions.begin_once(
        session,
        Suppression(
            id=new_id(),
            channel=row.channel,
            address=canonical(row.recipient_address),
            cause=cause,
            line=line,
            notification_id=row.id,
            created_by=cause,
            created_at=moment,
            expires_at=expiry(cause, moment),
        ),
    )
    log.info("address_suppressed", suppression_id=str(found.id), notification_id=str(row.id), cause=cause)


def sought(text: str) -> str:
    """A part of an address in the spelling that the list is kept in."""
    text = text.strip()
    return canonical(text) if text.find("@") > 0 else text.lower()


def by_hand(
    session: Session, address: str, *, actor: str, reason: str, expires_at: datetime | None, moment: datetime
) -> Suppression:
    """Put an address on the list because somebody says so; the entry in force, which may be there already.

    :raises Rejected: there is no such address, no reason, or the time is over before it begins or in too many years.
    """
    address, reason = address.strip(), one_line(reason, LONGEST)
    if not is_sendable(address):
        raise Rejected("address", "suppressions.fault.address")
    if not reason:
        raise Rejected("reason", "suppressions.fault.reason")
    if expires_at is not None and ahead(expires_at, moment) is None:
        raise Rejected("expires_at", "suppressions.fault.expires_at")
    row = suppressions.begin_once(
        session,
        Suppression(
            id=(identity := new_id()),
            channel=Channel.EMAIL,
            address=canonical(address),
            cause=Cause.BY_HAND,
            line=reason,
            created_by=actor,
            created_at=moment,
            expires_at=expires_at,
        ),
    )
    if row.id == identity:
        operations.record(
            session, at=moment, actor=actor, act="address-suppressed", target=f"suppression:{row.id}", reason=reason
        )
        log.info("address_suppressed", suppression_id=str(row.id), cause=row.cause)
    return row


def release(session: Session, identity: UUID, *, actor: str, reason: str, moment: datetime) -> Suppression:
    """Let an address be written to again; what was held back meanwhile stays unsent.

    :raises NotFound: there is no such entry.
    :raises Rejected: there is no reason.
    :raises Conflict: it holds nothing back any more.
    """
    row = suppressions.locked(session, identity)
    if row is None:
        raise NotFound
    reason = one_line(reason, LONGEST)
    if not reason:
        raise Rejected("reason", "suppressions.fault.reason")
    if not suppressions.is_in_force(row, moment):
        raise Conflict("The address is released already.")
    row.released_at, row.released_by, row.release_reason = moment, actor, reason
    operations.record(
        session, at=moment, actor=actor, act="address-released", target=f"suppression:{row.id}", reason=reason
    )
    log.info("address_released", suppression_id=str(row.id), cause=row.cause)
    return row


def arrived(session: Session, row: Notification, moment: datetime) -> None:
    """A mail reached somebody at its address: what said that nobody is there, and is older than it, no longer holds.

    A complaint stays, and what somebody decided: neither is disproved by a mail that arrives.
    """
    address = canonical(row.recipient_address)
    if suppressions.lift(session, row.channel, address, Cause.RECIPIENT_GONE, before=row.created_at, now=moment):
        log.info("address_released", notification_id=str(row.id), cause=Cause.RECIPIENT_GONE)
