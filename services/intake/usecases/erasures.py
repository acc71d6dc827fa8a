"""What was erased since ever, in a form that names nobody: so that an older backup, restored, forgets it again."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.store.data_tables import DataJob
from services.intake.store.retention_tables import Removed
from services.intake.store.tables import Idea
from shared.mail.addresses import canonical
from shared.signing import Signer

PURPOSE = "person"
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

    ``people``: keyed hashes, and whether originals went too. ``ideas``: ids of those that lost their submitter's name.
    ``removed_ideas``: ids of those that retention took away.
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
    removed = session.scalars(select(Removed.idea_id).order_by(Removed.idea_id))
    return {
        "people": people,
        "ideas": [str(each) for each in ideas],
        "removed_ideas": [str(each) for each in removed],
    }
