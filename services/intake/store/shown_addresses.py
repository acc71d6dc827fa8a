"""Addresses whose holders once pressed a button behind a link of ours: nobody can have typed them in by mistake."""

from __future__ import annotations

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from services.intake.store.public_tables import Comment, Follower, NewsSubscriber


def is_shown(session: Session, address: str) -> bool:
    """True where somebody has shown that this address, in its canonical spelling, is theirs."""
    follows = exists().where(
        Follower.address == address,
        Follower.confirmed_at.is_not(None),
        Follower.why != "merged",  # a contact pressed that button
    )
    writes = exists().where(Comment.address == address, Comment.confirmed_at.is_not(None))
    reads = exists().where(NewsSubscriber.address == address, NewsSubscriber.confirmed_at.is_not(None))
    return bool(session.scalar(select(or_(follows, writes, reads))))
