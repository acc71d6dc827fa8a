"""What was erased since ever, in a form that names nobody: so that an older backup, restored, forgets it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from services.intake.domain.retention import Rule
from services.intake.store import retention
from services.intake.store.data_tables import DataJob
from services.intake.store.people_tables import Administrator
from services.intake.store.retention_tables import Removed
from services.intake.store.tables import Contact, Idea
from shared import mentions
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.clock import now
from shared.contracts.registry import IDEAS_FORGOTTEN
from shared.ids import new_id
from shared.mail.addresses import canonical
from shared.mentions import Person
from shared.signing import Signer

PURPOSE = "person"
BY_A_RESTORE = "idesluss restore"
LENGTH = 52
"""Signs of base32: the whole of SHA-256."""


def fingerprint(signer: Signer, address: str) -> bytes:
    """A keyed hash of an address (or a number): the same for all spellings, and tells it to nobody without the key."""
    return signer.token(PURPOSE, canonical(address), length=LENGTH).encode()


def fingerprints(signer: Signer, address: str) -> list[str]:
    """What ``fingerprint`` gives, or gave, under each of the secret keys."""
    return [Signer([key]).token(PURPOSE, canonical(address), length=LENGTH) for key in signer.keys]


def is_same(signer: Signer, address: str, known: bytes) -> bool:
    """True where ``known`` is the address's, under any of the secret keys."""
    return signer.verify(PURPOSE, canonical(address), known.decode("ascii"))


def manifest(session: Session) -> dict[str, Any]:
    """Every erasure that intake knows of, as JSON can say it.

    ``people``: keyed hashes, and whether originals went too. ``ideas``: ids of those that lost their submitter's
    name. ``removed_ideas``: those that retention took away, when, and by which decision.
    """
    jobs = select(DataJob.subject_hash, DataJob.mobile_hash, DataJob.decision).where(
        DataJob.kind == "erasure", DataJob.subject_hash.is_not(None)
    )
    people = [
        {"hash": own.decode(), "mobile": mobile.decode() if mobile else None, "decision": decision}
        for own, mobile, decision in session.execute(jobs)
        if own
    ]
    ideas = session.scalars(select(Idea.id).where(Idea.erased_at.is_not(None)).order_by(Idea.id))
    removed = session.scalars(select(Removed).order_by(Removed.idea_id))
    return {
        "people": people,
        "ideas": [str(each) for each in ideas],
        "removed_ideas": [
            {"id": str(each.idea_id), "at": each.at.isoformat(), "decision": each.decision} for each in removed
        ],
    }


def remove_again(session: Session, told: Sequence[Mapping[str, Any]]) -> int:
    """Remove ideas that retention had removed before a restore brought them back; how many.

    One that others are part of by now stays: the next run of the rules looks at it.
    """
    gone = {UUID(each["id"]): each for each in told}
    part = aliased(Idea)
    parts = exists().where(part.merged_into == Idea.id, part.id.not_in(gone))
    there = select(Idea.id, Idea.sluice_id).where(Idea.id.in_(gone), ~parts).order_by(Idea.id).with_for_update()
    runs: dict[tuple[UUID, str, str], list[UUID]] = {}
    for idea_id, sluice_id in session.execute(there):
        runs.setdefault((sluice_id, gone[idea_id]["at"], gone[idea_id]["decision"]), []).append(idea_id)
    for (sluice_id, at, decision), ids in runs.items():
        moment = datetime.fromisoformat(at)
        job = DataJob(
            id=new_id(),
            kind="retention",
            state="done",
            sluice_id=sluice_id,
            asked_by=BY_A_RESTORE,
            asked_at=moment,
            finished_at=now(),
            reason=decision,
            counts={Rule.IDEAS.value: len(ids)},
        )
        session.add(job)
        session.flush()
        references = retention.remove_ideas(session, ids, moment=moment, decision=decision, job_id=job.id)
        said = {"references": list(references), "removed": True, "at": moment}
        outbox.put(session, IDEAS_FORGOTTEN, said, priority=Priority.BULK)
    return sum(map(len, runs.values()))


def end_offices(session: Session, person: Person) -> None:
    """Whoever was erased had no office then; a restored database may still think so."""
    for table in (Contact, Administrator):
        theirs = mentions.is_theirs(session, table.address, person)
        session.execute(update(table).where(theirs, table.removed_at.is_(None)).values(removed_at=now()))
