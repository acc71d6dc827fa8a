"""The addresses at which a sluice takes in mail: add one, send from another, remove one."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.store import sluices
from services.intake.store.tables import Sluice, SluiceAddress
from services.intake.usecases.announce_sluice import announce_sluice
from services.intake.usecases.changes import record_change
from shared.db import hold
from shared.errors import NotFound, Rejected
from shared.mail.addresses import is_sendable

LONGEST_LOCAL_PART = 19
"""Octets before the @: with the tag of a signed reply address they fit the 64 that RFC 5321 §4.5.3.1.1 allows."""


def add_address(session: Session, actor: str, slug: str, address: str) -> None:
    """Let mail to one more address come to a sluice.

    :raises Rejected: it is no address, cannot bear the tag of a reply, or is a sluice's already.
    """
    sluice = sluices.profile_by_slug(session, slug)
    wanted = checked_sluice_address(session, address, field="address")
    sluices.add_address(session, sluice.id, wanted)
    record_change(session, actor, "address.added", sluice_id=sluice.id, after=wanted)
    announce_sluice(session, sluice.id)


def make_primary(session: Session, actor: str, slug: str, address: str) -> None:
    """Send the sluice's own mails from that address.

    :raises NotFound: it is not this sluice's.
    """
    sluice = sluices.profile_by_slug(session, slug)
    _own(session, slug, address)
    if sluice.address == address:
        return
    sluices.add_address(session, sluice.id, address, is_primary=True)
    record_change(session, actor, "address.primary", sluice_id=sluice.id, before=sluice.address, after=address)
    announce_sluice(session, sluice.id)


def remove_address(session: Session, actor: str, slug: str, address: str) -> None:
    """Let no mail to that address come in any more: its senders get 550.

    :raises NotFound: it is not this sluice's.
    :raises Rejected: mails are sent from it.
    """
    row = _own(session, slug, address)
    if row.is_primary:
        raise Rejected("address", "admin.fault.primary")
    session.delete(row)
    session.flush()
    record_change(session, actor, "address.removed", sluice_id=row.sluice_id, before=address)
    announce_sluice(session, row.sluice_id)


def checked_sluice_address(session: Session, address: str, *, field: str) -> str:
    """An address that a new sluice or one more may have, folded.

    :raises Rejected: it is none, cannot bear the tag of a reply, or is a sluice's already.
    """
    wanted = address.strip().lower()
    local = wanted.rpartition("@")[0]
    if not is_sendable(wanted):
        raise Rejected(field, "admin.fault.address")
    if "+" in local or len(local.encode()) > LONGEST_LOCAL_PART:
        raise Rejected(field, "admin.fault.local_part")
    hold(session, "sluices")
    if session.get(SluiceAddress, wanted) is not None:
        raise Rejected(field, "admin.fault.address_taken")
    return wanted


def _own(session: Session, slug: str, address: str) -> SluiceAddress:
    row = session.scalar(
        select(SluiceAddress)
        .join(Sluice, Sluice.id == SluiceAddress.sluice_id)
        .where(Sluice.slug == slug, SluiceAddress.address == address)
        .with_for_update(of=SluiceAddress)
    )
    if row is None:
        raise NotFound("no such address of that sluice")
    return row
