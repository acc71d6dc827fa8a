"""Tell others of a sluice as it is: whoever makes or changes one, or its contacts, does so in the same transaction."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.store import sluices
from services.intake.store.tables import Sluice, SluiceAddress
from shared.bus import outbox
from shared.clock import now
from shared.contracts.registry import SLUICE_CHANGED


def announce_sluice(session: Session, sluice_id: UUID) -> None:
    """Put ``sluice.changed.v1`` with all its contacts.

    Whoever changes the same sluice at the same time waits for this transaction, so that the newest message tells all.
    """
    row = session.get_one(Sluice, sluice_id, with_for_update={"key_share": True}, populate_existing=True)
    row.announced_at = now()
    session.flush()
    sluice = sluices.profile(session, sluice_id)
    outbox.put(
        session,
        SLUICE_CHANGED,
        {
            "slug": sluice.slug,
            "name": sluice.name,
            "address": sluice.address,
            "language": sluice.language,
            "accent": sluice.accent,
            "origins": list(sluice.origins),
            "contacts": [
                {"name": contact.name, "address": contact.address, "language": contact.language}
                for contact in sluice.contacts
            ],
            "at": row.announced_at,
        },
    )


def announce_what_changed(session: Session) -> int:
    """Tell of every sluice that has changed since others last heard of it, or of which they never did; how many."""
    unheard = session.scalars(
        select(Sluice.id)
        .where(Sluice.announced_at.is_(None), Sluice.id.in_(select(SluiceAddress.sluice_id)))
        .order_by(Sluice.created_at)
    ).all()
    for sluice_id in unheard:
        announce_sluice(session, sluice_id)
    return len(unheard)
