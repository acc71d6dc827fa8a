"""The record of what people did by hand: who, what, to which thing, why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.notify.store.tables import Operation
from shared.ids import new_id


def record(session: Session, *, at: datetime, actor: str, act: str, target: str, reason: str = "") -> None:
    """Keep what somebody did.

    :param act: a code such as ``queue-retry``; ``act.<code>`` is its text.
    :param target: a kind and an id, such as ``notification:01a2…``.
    """
    session.add(Operation(id=new_id(), at=at, actor=actor, act=act, target=target, reason=reason))


def newest(session: Session, limit: int) -> Sequence[Operation]:
    """The latest acts, newest first."""
    return session.scalars(select(Operation).order_by(Operation.at.desc(), Operation.id.desc()).limit(limit)).all()


def about(session: Session, target: str) -> Sequence[Operation]:
    """What was done to one thing, oldest first."""
    return session.scalars(select(Operation).where(Operation.target == target).order_by(Operation.at)).all()
