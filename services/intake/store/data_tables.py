"""Intake's tables of what is done with people's data."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.store.tables import Base, Sluice


class DataJob(Base):
    """One request or run that reads out, erases or removes people's data. Kept: it is the proof that it was done."""

    __tablename__ = "data_job"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """``access`` (GDPR article 15), ``erasure`` (article 17) or ``retention``."""
    state: Mapped[str] = mapped_column(server_default="running")
    """``running``, ``done`` or ``failed``."""
    sluice_id: Mapped[UUID | None] = mapped_column(ForeignKey(Sluice.id))
    """The sluice whose rules were applied; null concerns all."""
    subject_hash: Mapped[bytes | None]
    """Whom it concerned: a keyed hash of the folded address, so that the record itself names nobody."""
    asked_by: Mapped[str]
    """Who asked for it, or ``Idéslussen`` where the clock did."""
    asked_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(server_default="")
    """Why, in the asker's words; for retention the number of the decision that allows it."""
    counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """What it touched: name of a kind of row → number."""
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    """When what was read out is thrown away."""
    last_error: Mapped[str | None]


class DataJobPart(Base):
    """One service's share of a job."""

    __tablename__ = "data_job_part"

    job_id: Mapped[UUID] = mapped_column(ForeignKey(DataJob.id, ondelete="CASCADE"), primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(server_default="running")
    counts: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    content: Mapped[bytes | None]
    """What the service holds about the person, as JSON in UTF-8; thrown away when the job's time is over."""
    finished_at: Mapped[datetime | None]
