"""An event's picture: kept with what it shows, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from services.rsvp.store.tables import Event, Picture
from services.rsvp.usecases.history import note_change
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.pictures import MAX_BYTES, kind_of


@dataclass(frozen=True, slots=True)
class PictureChange:
    """What a form says of the picture."""

    content: bytes | None = None
    """A new one; None keeps what is there."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What it shows, by language."""
    is_removed: bool = False


def check_picture(change: PictureChange, *, has_one: bool) -> None:
    """Go on only where the picture can be kept.

    :raises Rejected: it is too large, no picture that we take, or nothing says what it shows.
    """
    if change.content is not None and len(change.content) > MAX_BYTES:
        raise Rejected("picture", "picture_too_large")
    if change.content is not None and kind_of(change.content) is None:
        raise Rejected("picture", "picture_kind")
    if (change.content is not None or (has_one and not change.is_removed)) and not any(change.words.values()):
        raise Rejected("picture_words", "picture_words")


def change_picture(session: Session, event: Event, change: PictureChange, *, actor: str, moment: datetime) -> bool:
    """Give the event a picture, other words for it, or none; True where something changed.

    :raises Rejected: as ``check_picture``.
    """
    check_picture(change, has_one=event.picture_id is not None)
    present = None if event.picture_id is None else session.get(Picture, event.picture_id)
    words = {language: text for language, text in change.words.items() if text}
    if change.content is not None:
        picture = Picture(
            id=new_id(),
            sha256=hashlib.sha256(change.content).digest(),
            kind=kind_of(change.content),
            content=change.content,
            words=words,
        )
        session.add(picture)
        session.flush()
        event.picture_id = picture.id
    elif present is None or (not change.is_removed and present.words == words):
        return False
    elif change.is_removed:
        event.picture_id = None
    else:
        was = present.words
        if _shares(session, present.id) > 1:
            # The stops of a tour may show one picture: other words for one are not the others'.
            copy = Picture(id=new_id(), sha256=present.sha256, kind=present.kind, content=present.content, words=words)
            session.add(copy)
            session.flush()
            event.picture_id = copy.id
        else:
            present.words = words
        note_change(session, "event.picture", actor=actor, moment=moment, event_id=event.id, before=was, after=words)
        return True
    note_change(
        session,
        "event.picture",
        actor=actor,
        moment=moment,
        event_id=event.id,
        before=None if present is None else present.words,
        after=words if change.content is not None else None,
    )
    session.flush()
    if present is not None and _shares(session, present.id) == 0:
        session.execute(delete(Picture).where(Picture.id == present.id))
    return True


def find_picture(session: Session, picture_id: UUID) -> Picture:
    """A picture to be shown.

    :raises NotFound: there is none such.
    """
    found = session.get(Picture, picture_id)
    if found is None:
        raise NotFound(f"picture {picture_id}")
    return found


def _shares(session: Session, picture_id: UUID) -> int:
    """How many events show it."""
    return session.scalar(select(func.count()).select_from(Event).where(Event.picture_id == picture_id)) or 0
