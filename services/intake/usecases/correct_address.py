"""A contact corrected a submitter's address: the idea gets the right one, and keeps who did it and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.store.tables import Idea
from services.intake.usecases.receive import note
from shared import logs
from shared.mail.addresses import canonical
from shared.words import one_line

log = logs.get(__name__)


def correct_address(session: Session, told: Mapping[str, Any]) -> None:
    """Act on ``submitter.address_corrected.v1``, where the idea still has the wrong address: once is enough.

    Nobody vouches for the right address, whoever vouched for the wrong one.
    """
    idea = session.scalar(select(Idea).where(Idea.reference == told["idea_reference"]).with_for_update())
    if idea is None or idea.submitter_address is None:
        log.warning("address_corrected_of_nobody", idea_reference=told["idea_reference"])
        return
    right = one_line(told["right"])
    if canonical(idea.submitter_address) != canonical(told["wrong"]) or idea.submitter_address == right:
        log.info("address_correction_passed_over", idea_id=str(idea.id))
        return
    note(
        session,
        idea,
        event="address_corrected",
        at=told["at"],
        actor=one_line(told["corrected_by"]),
        actor_kind="contact",
        facts={"wrong": idea.submitter_address, "right": right},
        public=False,
    )
    idea.submitter_address = right
    idea.vouched = False
    idea.updated_at = max(idea.updated_at, told["at"])
    log.info("address_corrected", idea_id=str(idea.id))
