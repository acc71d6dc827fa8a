"""Intake's tables of how long things are kept, of what was removed, and of the clock that removing goes by."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.domain.retention import Rule
from services.intake.store.data_tables import DataJob
from services.intake.store.tables import Base, Sluice

_DAYS = ", ".join(rule.column for rule in Rule)


class Retention(Base):
    """How long one sluice keeps what. A rule without days is not in force: that is kept for ever."""

    __tablename__ = "retention"

    sluice_id: Mapped[UUID] = mapped_column(ForeignKey(Sluice.id, ondelete="CASCADE"), primary_key=True)
    ideas_days: Mapped[int | None]
    implemented_days: Mapped[int | None]
    names_days: Mapped[int | None]
    mails_days: Mapped[int | None]
    strays_days: Mapped[int | None]
    files_days: Mapped[int | None]
    drafts_days: Mapped[int | None]
    followers_days: Mapped[int | None]
    decision: Mapped[str] = mapped_column(server_default="")
    """The number of the decision (gallringsbeslut) that allows it; no rule is in force without."""
    version: Mapped[int] = mapped_column(server_default="1")
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]

    __table_args__ = (
        CheckConstraint(f"0 < ALL (array_remove(ARRAY[{_DAYS}], NULL))", name="days"),
        CheckConstraint(f"decision <> '' OR num_nonnulls({_DAYS}) = 0", name="decision"),
    )


class Removed(Base):
    """What is left of an idea that was removed: that there was one. Its number is never given again."""

    __tablename__ = "removed"

    idea_id: Mapped[UUID] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    sluice_id: Mapped[UUID] = mapped_column(ForeignKey(Sluice.id))
    at: Mapped[datetime]
    decision: Mapped[str]
    job_id: Mapped[UUID] = mapped_column(ForeignKey(DataJob.id), index=True)


class SeenClock(Base):
    """The clock as it was seen last: see ``shared.sane_clock``."""

    __tablename__ = "seen_clock"

    name: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime]
    jumped_at: Mapped[datetime | None]
    looked_at: Mapped[datetime]
