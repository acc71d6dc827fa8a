"""Take in an idea that was sent through the public form: once, however often its send button was pressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.intake.domain.idea import SubmitterKind
from services.intake.domain.sluice import SluiceProfile
from services.intake.mail.model import Attachment as ReceivedFile
from services.intake.store.hits import HITS
from services.intake.store.tables import Idea
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import TITLE_LIMIT, NewIdea, open_idea
from shared.clock import now
from shared.errors import Conflict
from shared.words import clean, one_line

USED_PROOF = "form-used-proof"


_KEY = "uq_idea_idempotency_key"


class SentBefore(Conflict):
    """The same form was sent before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentForm:
    """What was sent, with nothing wrong in it."""

    title: str
    text: str
    language: str
    consent: str
    """The words agreed to."""
    kind: SubmitterKind | None = None
    name: str = ""
    address: str | None = None
    """None for somebody who wants to be nobody: then the name is not kept either."""
    answers: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[ReceivedFile] = ()
    suspicion: str | None = None
    """Why it is held for a person to look at first."""
    key: str | None = None
    """Names the form that was fetched; the same one sent twice is one idea."""
    proof: tuple[str, datetime] | None = None
    """A solved task, good for one idea, and when it expires."""


def send_form(session: Session, announcer: Announcer, sluice: SluiceProfile, sent: SentForm) -> Idea:
    """Store the idea and announce it.

    The address is only what somebody typed: nobody vouches for it, so its confirmation bears no free text.

    :raises SentBefore: this very form made an idea already, perhaps a moment ago in another transaction. The present
        one is spoilt: ask ``sent_before`` in a new one.
    """
    held = sent.suspicion
    if held is None and sent.proof is not None and not HITS.spend(session, *sent.proof):
        held = USED_PROOF
    new = NewIdea(
        title=sent.title,
        text=sent.text,
        via="form",
        received_at=now(),
        language=sent.language,
        kind=sent.kind,
        submitter_name=sent.name if sent.address else "",
        submitter_address=sent.address,
        held=held,
        files=sent.files,
        answers=sent.answers,
        consent=sent.consent,
        idempotency_key=_key(sluice, sent),
    )
    try:
        return open_idea(session, announcer, sluice, new)
    except IntegrityError as error:
        # Seldom, so that everybody else is spared the question.
        if _KEY in str(error.orig):
            raise SentBefore("the same form was sent before") from error
        raise


def sent_before(session: Session, sluice: SluiceProfile, sent: SentForm) -> Idea | None:
    """The idea that this very form made, or None where it made another: somebody went back and wrote a new one."""
    known = session.scalars(select(Idea).where(Idea.idempotency_key == _key(sluice, sent))).one()
    is_same = (known.title, known.text) == (one_line(sent.title, TITLE_LIMIT), clean(sent.text))
    return known if is_same else None


def _key(sluice: SluiceProfile, sent: SentForm) -> str | None:
    return f"form:{sluice.slug}:{sent.key}" if sent.key else None
