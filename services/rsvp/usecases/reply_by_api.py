"""Take down a reply that another system sends on somebody's behalf, once for each Idempotency-Key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from services.rsvp.domain.states import ActorKind, Answer, Source
from services.rsvp.store import newcomers, seats
from services.rsvp.store.tables import Event
from services.rsvp.usecases.record_reply import GivenReply, Outcome, register
from shared.errors import Conflict, Rejected
from shared.mail.addresses import canonical
from shared.questions import SEPARATOR, Question, QuestionKind, load, read_answers

Told = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyByApi:
    """What was sent."""

    email: str
    name: str
    answer: str
    party_size: int = 1
    party: tuple[Mapping[str, str], ...] = ()
    diet: str = ""
    answers: Mapping[str, Any]
    """By the question's id: words or number of an option, a list of them, true or false, or text."""
    comment: str = ""
    organisation: str = ""
    language: str | None = None
    wants_at_once: bool = True


def reply_by_api(
    session: Session,
    slug: str,
    sent: ReplyByApi,
    *,
    key: str | None,
    actor: str,
    moment: datetime,
    tell: Callable[[Event, Outcome], Told],
) -> Told:
    """Record the reply and give what the caller is told; the same again for a ``key`` that was used before.

    The event is held from the first statement, so two requests with one key wait for each other.

    :param tell: makes the answer of what it came to: plain data (JSON).
    :raises NotFound: there is no such event.
    :raises Conflict: the key was used for another reply.
    :raises Rejected: as ``record_reply``; an answer to a question is wrong or missing.
    """
    event = seats.lock_event_by_slug(session, slug)
    digest = hashlib.sha256(json.dumps(asdict(sent), sort_keys=True).encode()).digest()
    look = newcomers.look(session, event, address_key=canonical(sent.email), key=key)
    if look.sha256 is not None:
        if look.sha256 != digest:
            raise Conflict("This Idempotency-Key was used for another reply.")
        known: Told = look.told
        return known
    language = sent.language if sent.language in event.languages else event.languages[0]
    told: Told = {}

    def keep(outcome: Outcome) -> newcomers.Told:
        told.update(tell(event, outcome))
        return newcomers.Told(key or "", digest, told)

    outcome = register(
        session,
        event.id,
        name=sent.name,
        address=sent.email,
        organisation=sent.organisation,
        language=language,
        source=Source.API,
        given=GivenReply(
            Answer(sent.answer),
            party_size=sent.party_size,
            party=sent.party,
            diet=sent.diet,
            answers=_answers(event, sent, language),
            comment=sent.comment,
            wants_at_once=sent.wants_at_once,
            name=sent.name,
        ),
        actor=actor,
        actor_kind=ActorKind.API,
        moment=moment,
        event=event,
        look=look,
        keep=keep if key is not None else None,
    )
    return told or tell(event, outcome)


def _answers(event: Event, sent: ReplyByApi, language: str) -> Mapping[str, Any]:
    """What was answered to the event's questions, as a form's would be kept. Who does not come is asked nothing."""
    questions = load(event.questions)
    unknown = set(sent.answers) - {question.id for question in questions}
    if unknown:
        raise Rejected(f"answers.{min(unknown)}", "unknown_question")
    if not questions or sent.answer == Answer.NO:
        return {}
    by_field = {
        question.field_name: _as_in_a_form(question, sent.answers[question.id], language)
        for question in questions
        if sent.answers.get(question.id) is not None
    }
    read = read_answers(questions, by_field, language)
    names = {question.field_name: question.id for question in questions}
    for name, fault in read.faults.items():
        raise Rejected(f"answers.{names[name]}", fault)
    return read.kept


def _as_in_a_form(question: Question, value: Any, language: str) -> str:
    """An answer as a form sends it: options by number, yes and no by those words."""
    if question.kind is QuestionKind.YES_NO and isinstance(value, bool):
        return "yes" if value else "no"
    if question.kind in (QuestionKind.CHOICE, QuestionKind.SEVERAL):
        several = value if isinstance(value, list) else [value]
        options = list(question.options_in(language))
        return SEPARATOR.join(str(options.index(one)) if one in options else str(one) for one in several)
    return str(value)
