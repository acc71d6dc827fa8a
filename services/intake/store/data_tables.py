"""Intake's tables of what is done with people's data."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.store.tables import Base, Sluice


class DataJob(Base):
    """One request or run that reads out, erases or removes people's data. Kept: it is the proof that it was done."""

    __tablename__ = "data_job"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """``access`` (GDPR article 15), ``erasure`` (article 17) or ``retention``."""
    state: Mapped[str] = mapped_column(server_default="running")
    """``running``, ``done``, ``failed`` or ``stopped``."""
    sluice_id: Mapped[UUID | None] = mapped_column(ForeignKey(Sluice.id))
    """The sluice whose rules were applied; null concerns all."""
    subject: Mapped[dict[str, Any] | None]
    """Whom it concerns, while it runs: ``address``, ``mobile``, and the ``names``, ``ideas`` and ``guests`` found."""
    subject_hash: Mapped[bytes | None]
    """Whom it concerned: a keyed hash of the folded address, so that the record itself names nobody."""
    mobile_hash: Mapped[bytes | None]
    """The same of their mobile number, where it was given."""
    decision: Mapped[str] = mapped_column(server_default="")
    """Number of the municipality's decision (gallringsbeslut) by which originals are removed too; empty keeps them."""
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
    pieces: Mapped[int] = mapped_column(server_default="1")
    """In how many pieces what the service holds comes."""
    finished_at: Mapped[datetime | None]


class DataJobContent(Base):
    """A piece of what a service holds about a person, as JSON text; thrown away when the job's time is over."""

    __tablename__ = "data_job_content"

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    piece: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[str]

    __table_args__ = (
        ForeignKeyConstraint(["job_id", "service"], [DataJobPart.job_id, DataJobPart.service], ondelete="CASCADE"),
    )
