"""Who may see which idea, and who may act on it: the one place where that is decided.

Every use case that takes an idea by its reference or id for somebody signed in asks here. What a person may not see
does not exist for them (404, never 403: a reference tells nothing).
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from services.intake.store.tables import Contact, Idea, Sluice
from services.intake.store.work_tables import IdeaSluice
from shared.errors import Conflict, NotFound
from shared.viewer import Viewer


def own_sluices(viewer: Viewer) -> ColumnElement[bool]:
    """True for rows of ``sluice`` whose ideas the viewer may act on: a contact's, a coach's, or all."""
    return true() if viewer.is_administrator else Sluice.slug.in_(sorted(viewer.sluices))


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """True for ideas that the viewer may see: their sluices', and those shared with or passed on by them."""
    if viewer.is_administrator:
        return true()
    ids = select(Sluice.id).where(own_sluices(viewer))
    linked = select(IdeaSluice.idea_id).where(IdeaSluice.sluice_id.in_(ids))
    return or_(Idea.sluice_id.in_(ids), Idea.id.in_(linked))


def seen_idea(session: Session, viewer: Viewer, reference: str) -> Idea:
    """The idea with that reference, where the viewer may see it.

    :raises NotFound: there is none, for them.
    """
    idea = session.scalar(select(Idea).where(Idea.reference == reference, visible(viewer)))
    if idea is None:
        raise NotFound(f"idea {reference}")
    return idea


def own_idea(session: Session, viewer: Viewer, reference: str, *, version: int | None = None) -> Idea:
    """The idea with that reference, locked, where the viewer may act on it.

    :param version: what the viewer looked at, where it matters; None acts on whatever is there.
    :raises NotFound: there is none, for them.
    :raises Conflict: somebody else has changed it since.
    """
    ids = select(Sluice.id).where(own_sluices(viewer))
    idea = session.scalar(select(Idea).where(Idea.reference == reference, Idea.sluice_id.in_(ids)).with_for_update())
    if idea is None:
        raise NotFound(f"idea {reference}")
    if version is not None and idea.version != version:
        raise Conflict("somebody else has changed the idea meanwhile")
    return idea


def as_contact(session: Session, viewer: Viewer, sluice_id: UUID) -> Contact | None:
    """The viewer as a contact or coach of that sluice: whose name stands under an answer. None for others."""
    return session.scalar(
        select(Contact).where(
            Contact.sluice_id == sluice_id, Contact.address == viewer.address, Contact.removed_at.is_(None)
        )
    )
