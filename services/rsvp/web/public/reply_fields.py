"""From the request that answers an invitation to what was filled in, to what the use cases take, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.rsvp.domain import reply_form
from services.rsvp.domain.reply_form import ASK_FIRST, AT_ONCE, MOST_NAMED, Companion, FilledReply
from services.rsvp.domain.said import said
from services.rsvp.domain.states import Answer
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event, Sluice
from services.rsvp.usecases.record_reply import GivenReply
from services.rsvp.web.number_words import number
from shared import questions
from shared.questions import SEPARATOR, Answers, Question, QuestionKind, read_answers
from shared.web.form_text import answers_text
from shared.web.language import spoken

FEW_SEATS = 10
"""With more left than this nobody is asked what they want on the waiting list."""
_NO = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to put right: where, the text's key after ``form.fault.``, and the name that the text needs."""

    field: str
    key: str
    name: str = ""
    is_again: bool = False
    """Files are chosen again; there are none here."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What came, and what is wrong with it."""

    form: FilledReply
    answers: Answers
    faults: tuple[Fault, ...]

    @property
    def given(self) -> GivenReply:
        """The reply; only where nothing is wrong with it."""
        form = self.form
        size = (form.size or 1) if form.comes else 1
        return GivenReply(
            answer=Answer(form.answer),
            party_size=size,
            party=[{"name": one.name, "diet": one.diet} for one in form.companions] if form.comes else [],
            diet=form.diet if form.comes else "",
            answers=self.answers.kept if form.comes else {},
            comment=form.comment,
            wants_at_once=form.wants != ASK_FIRST,
            name=form.name or None,
        )


def read(event: Event, *, is_open: bool) -> Reading:
    """Read the present request's form.

    :param is_open: somebody whom we do not know fills it in.
    """
    typed = answers_text()
    asked = questions.load(event.questions)
    rows = range(1, MOST_NAMED + 1)
    form = FilledReply(
        **{name: typed.get(name, "") for name in ("answer", "name", "diet", "comment")},
        email=typed.get("email", "").strip(),
        party_size=typed.get("party_size", "1"),
        party=tuple(Companion(typed.get(f"party-{row}-name", ""), typed.get(f"party-{row}-diet", "")) for row in rows),
        wants=typed.get("wants", AT_ONCE),
        consent=typed.get("consent", "").strip().lower() not in _NO,
        answers={question.field_name: typed.get(question.field_name, "") for question in asked},
    )
    answers = read_answers(asked, form.answers, spoken()[1])
    labels = {question.field_name: question.label_in(spoken()[1]) for question in asked}
    return Reading(form, answers, tuple(_faults(form, answers, labels, is_open=is_open)))


def _faults(form: FilledReply, answers: Answers, labels: Mapping[str, str], *, is_open: bool) -> Iterable[Fault]:
    """In the page's order; the event's own questions after the party, and only of those who come."""
    found = reply_form.faults(form, is_open=is_open)
    before = [name for name in found if name not in ("comment", "consent")]
    for name in before:
        yield Fault("party-1-name" if name == "party" else name, f"reply.{name}.{found[name]}")
    if form.comes:
        for name, fault in answers.faults.items():
            yield Fault(name, f"reply.question.{fault}", labels[name])
    for name in ("comment", "consent"):
        if name in found:
            yield Fault(name, f"reply.{name}.{found[name]}")


def party_fault(key: str) -> Fault | None:
    """What ``record_reply`` says is wrong with the party's size, beside its field; None for any other refusal."""
    return Fault("party_size", f"reply.party_size.{key}") if key in ("too_large", "too_small", "no_room") else None


def of_guest(event: Event, guest: Guest, held_answer: str | None) -> FilledReply:
    """The form as the guest's reply fills it in; what waits for their yes is filled in and not yet said."""
    others = [Companion(one.get("name", ""), one.get("diet", "")) for one in guest.party[:MOST_NAMED]]
    others += [Companion()] * (MOST_NAMED - len(others))
    return FilledReply(
        answer=guest.answer or held_answer or "",
        name=guest.name,
        email=guest.address or "",
        party_size=str(guest.party_size),
        party=tuple(others),
        diet=guest.diet,
        comment=guest.comment,
        wants=AT_ONCE if guest.wants_at_once else ASK_FIRST,
        answers=typed_answers(questions.load(event.questions), guest.answers),
    )


def typed_answers(asked: Sequence[Question], kept: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Kept answers as the form's fields had them, whatever language they were given in."""
    found = {}
    for question in asked:
        answer = kept.get(question.id, {}).get("answer", "")
        if answer:
            found[question.field_name] = _typed(question, answer)
    return found


def _typed(question: Question, answer: str) -> str:
    if question.kind not in questions.WITH_OPTIONS:
        return answer
    chosen = answer.split("; ") if question.kind is QuestionKind.SEVERAL else [answer]
    numbers = [
        str(number) for words in question.options.values() for number, word in enumerate(words) if word in chosen
    ]
    return SEPARATOR.join(dict.fromkeys(numbers))


def facts_for(event: Event, sluice: Sluice, form: FilledReply, faults: Sequence[Fault]) -> dict[str, object]:
    """What every template with the reply's form needs."""
    return {
        "event": event,
        "sluice": sluice,
        "form": form,
        "faults": faults,
        "faults_of": lambda name: [fault for fault in faults if fault.field == name],
        "questions": questions.load(event.questions),
        "question_limit": questions.limit_of,
        "limits": reply_form,
        "few_seats": FEW_SEATS,
        "number": lambda value: value if isinstance(value, str) else number(value),
        "numbered": lambda words: [(str(number), word) for number, word in enumerate(words)],
    }


def consent_words(event: Event, sluice: Sluice) -> str:
    """What whoever registers agrees to."""
    texts, language = spoken()
    title = said(event.title, language)
    return texts.get(language, "public.consent", name=sluice.name, title=title, days=event.anonymise_days)
