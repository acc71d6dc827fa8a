"""A contact answers an idea and moves it: every move carries an official answer."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.intake.domain.idea import Stage, after_answer
from services.intake.store.tables import Idea
from services.intake.usecases import acts, official
from services.intake.usecases.access import own_idea
from services.intake.usecases.acts import Done
from services.intake.usecases.announce import Announcer
from services.intake.usecases.tell_followers import is_followed
from shared.errors import Rejected
from shared.viewer import Viewer
from shared.web.own_links import without_tokens
from shared.words import clean, one_line


def move_idea(
    session: Session,
    announcer: Announcer,
    viewer: Viewer,
    reference: str,
    *,
    to: Stage,
    answer: str,
    close_reason: str | None = None,
    version: int | None,
) -> Done:
    """Answer officially and move the idea to a stage; a plain answer stays where it is, or begins the looking.

    It can be undone where nobody was mailed: the submitter left no address and nobody follows the idea.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    :raises Rejected: ``answer`` or ``close_reason`` is missing or too long, or the idea is held or merged.
    """
    idea = own_idea(session, viewer, reference, version=version)
    words, reason = check(idea, to=to, answer=answer, close_reason=close_reason)
    if to is Stage(idea.stage):
        to = after_answer(to)
    before = {name: getattr(idea, name) for name in ("stage", "close_reason", "answered_at", "asked_at")}
    mails = bool(idea.submitter_address) or is_followed(session, idea)
    signed_by = acts.name_of(session, viewer, idea.sluice_id)
    official.give(session, announcer, idea, to=to, text=words, signed_by=signed_by, close_reason=reason)
    return Done(idea, None if mails else acts.record(session, viewer, "moved", idea, before))


def check(idea: Idea, *, to: Stage, answer: str, close_reason: str | None) -> tuple[str, str | None]:
    """The answer and the reason as they will be kept: what a preview shows.

    :raises Rejected: see ``move_idea``.
    """
    hindered(idea)
    words = clean(answer).strip()
    if not words:
        raise Rejected("answer", "answer_is_empty")
    if len(words) > official.MAX_ANSWER:
        raise Rejected("answer", "answer_is_too_long")
    if to is not Stage.CLOSED:
        return words, None
    if len(close_reason or "") > official.MAX_REASON:
        raise Rejected("close_reason", "close_reason_is_too_long")
    # It stands on the submitter's page and in their mail as it is kept.
    reason = one_line(without_tokens(close_reason or ""), official.MAX_REASON)
    if not reason:
        raise Rejected("close_reason", "close_reason_is_empty")
    return words, reason


def hindered(idea: Idea) -> None:
    """Go on only with an idea that may be acted on.

    :raises Rejected: it is held, so that nobody knows who wrote it; or it has become part of another.
    """
    if idea.held is not None:
        raise Rejected("idea", "idea_is_held")
    if idea.merged_into is not None:
        raise Rejected("idea", "idea_is_merged")
