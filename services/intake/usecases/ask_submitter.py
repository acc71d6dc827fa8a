"""A contact asks the submitter something; the reply comes back into the same idea by its signed address."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.intake.store import sluices
from services.intake.usecases import acts
from services.intake.usecases.access import own_idea
from services.intake.usecases.acts import Done
from services.intake.usecases.announce import Announcer
from services.intake.usecases.ask_for_mail import Recipient, ask_for_mail
from services.intake.usecases.move_idea import hindered
from services.intake.usecases.receive import note
from shared.clock import now
from shared.errors import Rejected
from shared.mail import reply_addresses
from shared.viewer import Viewer
from shared.web import links
from shared.web.own_links import without_tokens
from shared.words import clean

MAX_QUESTION = 5_000
"""Characters of a question."""


def ask_submitter(
    session: Session, announcer: Announcer, viewer: Viewer, reference: str, *, question: str, version: int | None
) -> Done:
    """Mail the question, and let the idea wait for its submitter. A mail cannot be undone.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    :raises Rejected: the question is empty or too long, nobody can be asked, or the idea is held or merged.
    """
    idea = own_idea(session, viewer, reference, version=version)
    hindered(idea)
    words = clean(question).strip()
    if idea.submitter_address is None:
        raise Rejected("question", "nobody_to_ask")
    if not words:
        raise Rejected("question", "question_is_empty")
    if len(words) > MAX_QUESTION:
        raise Rejected("question", "question_is_too_long")
    moment = now()
    idea.asked_at = moment
    idea.version += 1
    idea.updated_at = moment
    name = acts.name_of(session, viewer, idea.sluice_id)
    entry = note(session, idea, event="asked", at=moment, actor=name, actor_kind="contact", text=words)
    sluice = sluices.profile(session, idea.sluice_id)
    settings = announcer.settings
    ask_for_mail(
        session,
        settings,
        "question",
        about=entry.id,
        to=Recipient(idea.submitter_name, idea.submitter_address, idea.language),
        sluice=sluice,
        facts={
            "idea": {"reference": idea.reference, "title": idea.title, "text": without_tokens(idea.text)},
            "question": without_tokens(words),
            "signed_by": name,
            "follow_url": links.follow_url(settings, idea.reference),
        },
        idea=idea,
        reply_to=reply_addresses.make(settings.signer, sluice.address, reply_addresses.SUBMITTER, idea.reference),
    )
    return Done(idea)
