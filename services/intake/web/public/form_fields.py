"""From the public form's request to what was filled in, and back to what the page shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import request

from services.intake.domain import idea_form
from services.intake.domain.idea_form import FilledForm
from services.intake.domain.sluice import SluiceProfile
from services.intake.mail.model import Attachment as ReceivedFile
from services.intake.mail.parts.attachments import of_bytes
from shared.questions import Answers, Question, read_answers
from shared.web.form_text import answers_text
from shared.web.language import spoken

ROOM_FOR_ALL = 32 * 1024 * 1024
"""More than the files may be together, so that whoever sends somewhat too much gets their text back."""
_NO = frozenset({"", "0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Something to put right: where, the text's key after ``form.fault.``, and the name that the text needs."""

    field: str
    key: str
    name: str = ""

    @property
    def is_again(self) -> bool:
        """Must files be chosen again, though nothing is wrong with them? Not where a script kept them."""
        return self == AGAIN


AGAIN = Fault("files", "files.again")


@dataclass(frozen=True, slots=True)
class Reading:
    """What came, and what is wrong with it."""

    form: FilledForm
    files: tuple[ReceivedFile, ...]
    answers: Answers
    faults: list[Fault] = field(default_factory=list)


def read(questions: tuple[Question, ...]) -> Reading:
    """Read the present request's form and files."""
    typed = answers_text()
    form = FilledForm(
        **{name: typed.get(name, "") for name in ("title", "text", "kind", "name")},
        email=typed.get("email", "").strip(),
        anonymous=_is_yes(typed.get("anonymous", "")),
        consent=_is_yes(typed.get("consent", "")),
        answers={question.field_name: typed.get(question.field_name, "") for question in questions},
    )
    files = tuple(
        of_bytes(sent.read(), name=sent.filename or "", declared=sent.mimetype or "", number=number)
        for number, sent in enumerate((one for one in request.files.getlist("files") if one.filename), 1)
    )
    answers = read_answers(questions, form.answers, spoken()[1])
    labels = {question.field_name: question.label_in(spoken()[1]) for question in questions}
    return Reading(form, files, answers, _faults(form, files, answers, labels))


def consent_words(sluice: SluiceProfile) -> str:
    """What whoever sends the form agrees to: the sluice's own words, or ours."""
    texts, language = spoken()
    own = own_words(sluice, "consent")
    return own or texts.get(language, "form.consent", name=sluice.name)


def own_words(sluice: SluiceProfile, part: str) -> str:
    """The sluice's own words (``intro``, ``consent``, ``after``) in the page's language, or nothing."""
    words = sluice.form_texts.get(spoken()[1]) or {}
    return str(words.get(part) or "").strip()


def _faults(
    form: FilledForm, files: tuple[ReceivedFile, ...], answers: Answers, labels: Mapping[str, str]
) -> list[Fault]:
    """In the page's order: each field's fault, files after the text, questions after the files."""
    named = {name: Fault(name, f"{name}.{fault}") for name, fault in idea_form.faults(form).items()}
    before = [named.pop(name) for name in ("title", "text") if name in named]
    of_files = [Fault("files", f"files.{fault}", name) for fault, name in idea_form.file_faults(files)]
    asked = [Fault(name, f"question.{fault}", labels[name]) for name, fault in answers.faults.items()]
    return [*before, *of_files, *asked, *named.values()]


def _is_yes(given: str) -> bool:
    return given.strip().lower() not in _NO
